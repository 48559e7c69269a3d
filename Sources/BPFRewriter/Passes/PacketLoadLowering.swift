import BPFISA
public import BPFPlatform

/// Makes legacy packet loads (RFC 9669 section 5.5) ordinary code: from the packet itself where the context gives its
/// bounds and the bytes lie within them, else through `bpf_skb_load_bytes`. Where the packet has no such bytes, the function
/// returns 0.
///
/// Negative offsets count from the network or the link-layer header, as in Linux, and go through
/// `bpf_skb_load_bytes_relative`. The bytes come through 8 bytes below the function's own stack: where, ``StackRoom`` says.
public struct PacketLoadLowering: Pass {
  public static let name = "packet-loads"

  private let type: ProgramType
  private let room: StackRoom
  /// Whether the context is the runtime structure.
  private let isConverted: Bool
  /// Where the context keeps the packet's bounds; nil where programs may not have them.
  private let bounds: PacketBounds?

  /// - Parameter type: what the program is, which says what its context holds.
  public init(for type: ProgramType) {
    self.type = type
    room = .belowUse
    isConverted = false
    // A socket filter's context has the fields too, and it may not read them.
    let fields = (ContextLayout(for: type)?.fields ?? []).filter { $0.access.contains(.read) }
    let start = fields.first { $0.kind == .packetStart }
    let end = fields.first { $0.kind == .packetEnd }
    if let start, let end, let startOffset = Int16(exactly: start.offset),
      let endOffset = Int16(exactly: end.offset)
    {
      bounds = PacketBounds(size: .word, start: startOffset, end: endOffset)
    } else {
      bounds = nil
    }
  }

  /// A pass whose code accesses the runtime structure of the context, as that of ``ContextConversion`` does.
  ///
  /// - Parameter layout: the context of the program's type.
  public init(for type: ProgramType, converted layout: ContextLayout, room: StackRoom) {
    self.type = type
    self.room = room
    isConverted = true
    let start = layout.fields.first { $0.kind == .packetStart }
    let end = layout.fields.first { $0.kind == .packetEnd }
    bounds =
      if let start, let end {
        PacketBounds(
          size: .double, start: Int16(start.storage.offset), end: Int16(end.storage.offset))
      } else {
        nil
      }
  }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var stack: StackUse?
    let flow = try patcher.controlFlow()
    var cursor = FlowCursor()
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      cursor.advance(to: instruction)
      guard case .loadPacket(let size, let offset) = instruction else { continue }
      // A context that gives no packet: it is not that of a socket buffer.
      guard type.loadsPacketsByLegacyInstructions, isConverted || ContextLayout(for: type) != nil
      else {
        throw .noPacketToLoadFrom(slot: place.original)
      }
      let buffer: Int16
      switch room {
      case .reserved: buffer = PassStack.packetBytes
      case .belowUse:
        let use = stack ?? StackUse(flow)
        stack = use
        buffer = try use.slot(
          0, inFunctionAt: cursor.position, patcher.program.subprogram(at: place.original).name)
      }
      patch.removeAll()
      var lowering = Lowering(
        size: size, buffer: buffer, bounds: bounds, hasContext: type != .raw, patch: patch)
      switch offset {
      case .absolute(let offset): lowering.load(at: offset)
      case .indirect(let register, let distance): lowering.load(at: register, plus: distance)
      }
      patch = lowering.patch
      try patcher.replace(at: &place, with: patch)
    }
  }
}

/// Where the context keeps the packet's bounds, and in how many bytes each.
private struct PacketBounds {
  let size: MemorySize
  let start: Int16
  let end: Int16
}

/// One packet load as ordinary code. It may use `r0` to `r5`, which the load clobbers.
private struct Lowering {
  let size: MemorySize
  /// Where a helper puts the bytes, as an offset to `r10`.
  let buffer: Int16
  let bounds: PacketBounds?
  /// Whether there is a context for helpers; without one a function of the runtime loads the bytes.
  let hasContext: Bool
  var patch: Patch

  /// Where negative offsets begin to count from the network header, and from the link-layer header (Linux's
  /// `SKF_NET_OFF` and `SKF_LL_OFF`).
  static let networkBase: Int32 = -0x10_0000
  static let linkBase: Int32 = -0x20_0000
  /// The headers that `bpf_skb_load_bytes_relative` counts from.
  static let linkHeader: Int32 = 0
  static let networkHeader: Int32 = 1
  /// The farthest that a verifier lets an address in a packet be moved.
  static let farthest: Int32 = 0x7fff

  /// A load at an offset that is known.
  mutating func load(at offset: Int32) {
    if offset < Self.linkBase { return returnZero() }
    let slow = patch.label()
    let outside = patch.label()
    if !hasContext {
      move(.r2, offset)
      call(.packetLoad)
    } else if offset >= 0 {
      if let bounds, offset <= Self.farthest - 8 {
        emit(load: bounds.size, .r1, .r6, bounds.start)
        emit(load: bounds.size, .r2, .r6, bounds.end)
        move(.r3, .r1)
        add(.r3, offset + Int32(size.byteCount))
        patch.emit(.jumpIf(.greater, .bits64, .r3, .register(.r2), offset: 0), to: .label(slow))
        emit(load: size, .r0, .r1, Int16(offset))
        toHostOrder()
        patch.emit(.jump(offset: 0), to: .end)
        patch.place(slow)
      }
      move(.r2, offset)
      call(.skbLoadBytes)
    } else {
      let isNetwork = offset >= Self.networkBase
      move(.r2, offset - (isNetwork ? Self.networkBase : Self.linkBase))
      move(.r5, isNetwork ? Self.networkHeader : Self.linkHeader)
      call(.skbLoadBytesRelative)
    }
    finish(outside)
  }

  /// A load at an offset that a register has a part in. The sum is one of 32 bits.
  mutating func load(at register: Register, plus distance: Int32) {
    let slow = patch.label()
    let outside = patch.label()
    let negative = patch.label()
    let linkRelative = patch.label()
    let loaded = patch.label()
    patch.emit(
      .arithmetic(.move, .bits32, destination: .r2, source: .register(register)))
    if distance != 0 {
      patch.emit(.arithmetic(.add, .bits32, destination: .r2, source: .immediate(distance)))
    }
    if !hasContext {
      call(.packetLoad)
      return finish(outside)
    }
    patch.emit(.jumpIf(.signedLess, .bits32, .r2, .immediate(0), offset: 0), to: .label(negative))
    if let bounds {
      patch.emit(
        .jumpIf(.greater, .bits64, .r2, .immediate(Self.farthest), offset: 0), to: .label(slow))
      emit(load: bounds.size, .r1, .r6, bounds.start)
      emit(load: bounds.size, .r3, .r6, bounds.end)
      patch.emit(.arithmetic(.add, .bits64, destination: .r1, source: .register(.r2)))
      move(.r4, .r1)
      add(.r4, Int32(size.byteCount))
      patch.emit(.jumpIf(.greater, .bits64, .r4, .register(.r3), offset: 0), to: .label(slow))
      emit(load: size, .r0, .r1, 0)
      toHostOrder()
      patch.emit(.jump(offset: 0), to: .end)
      patch.place(slow)
    }
    call(.skbLoadBytes)
    patch.emit(.jump(offset: 0), to: .label(loaded))

    patch.place(negative)
    patch.emit(
      .jumpIf(.signedLess, .bits32, .r2, .immediate(Self.networkBase), offset: 0),
      to: .label(linkRelative))
    patch.emit(
      .arithmetic(.subtract, .bits32, destination: .r2, source: .immediate(Self.networkBase)))
    move(.r5, Self.networkHeader)
    call(.skbLoadBytesRelative)
    patch.emit(.jump(offset: 0), to: .label(loaded))

    patch.place(linkRelative)
    patch.emit(
      .jumpIf(.signedLess, .bits32, .r2, .immediate(Self.linkBase), offset: 0),
      to: .label(outside))
    patch.emit(
      .arithmetic(.subtract, .bits32, destination: .r2, source: .immediate(Self.linkBase)))
    move(.r5, Self.linkHeader)
    call(.skbLoadBytesRelative)
    patch.place(loaded)
    finish(outside)
  }

  // MARK: Parts

  /// Calls a helper that loads bytes, with their offset in `r2` and what it counts from in `r5`.
  private mutating func call(_ helper: HelperID) {
    move(.r1, .r6)
    move(.r3, .r10)
    add(.r3, Int32(buffer))
    move(.r4, Int32(size.byteCount))
    patch.emit(.call(.helper(helper.rawValue)))
  }

  /// Gives the bytes a helper loaded, or returns 0 where it could not.
  private mutating func finish(_ outside: Patch.Label) {
    patch.emit(.jumpIf(.notEqual, .bits64, .r0, .immediate(0), offset: 0), to: .label(outside))
    emit(load: size, .r0, .r10, buffer)
    toHostOrder()
    patch.emit(.jump(offset: 0), to: .end)
    patch.place(outside)
    returnZero()
  }

  private mutating func returnZero() {
    move(.r0, 0)
    patch.emit(.exit)
  }

  /// Packets are big-endian.
  private mutating func toHostOrder() {
    switch size {
    case .byte: break
    case .half: patch.emit(.byteSwap(.toBigEndian, .bits16, destination: .r0))
    case .word: patch.emit(.byteSwap(.toBigEndian, .bits32, destination: .r0))
    case .double: patch.emit(.byteSwap(.toBigEndian, .bits64, destination: .r0))
    }
  }

  private mutating func emit(
    load size: MemorySize, _ destination: Register, _ base: Register, _ offset: Int16
  ) {
    patch.emit(
      .load(size, signExtended: false, destination: destination, base: base, offset: offset))
  }

  private mutating func move(_ destination: Register, _ source: Register) {
    patch.emit(
      .arithmetic(.move, .bits64, destination: destination, source: .register(source)))
  }

  private mutating func move(_ destination: Register, _ value: Int32) {
    patch.emit(.arithmetic(.move, .bits64, destination: destination, source: .immediate(value)))
  }

  private mutating func add(_ destination: Register, _ value: Int32) {
    patch.emit(.arithmetic(.add, .bits64, destination: destination, source: .immediate(value)))
  }
}
