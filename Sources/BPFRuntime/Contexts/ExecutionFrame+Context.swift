import BPFPlatform

extension ExecutionFrame {
  /// Makes bytes the program's packet, and the context describe it as BPF_PROG_TEST_RUN does.
  ///
  /// Programs on socket buffers get an Ethernet frame; those of the network layer (`cgroup_skb`, `socket_filter`)
  /// see it from after its Ethernet header. For `raw` programs the bytes are the memory r1 points to. Fields the
  /// host set with ``setContext(_:to:)`` have their values again; what a program wrote to the context is gone.
  ///
  /// - Complexity: O(*n*), *n* the number of bytes.
  /// - Throws: ``ContextError`` if a frame is shorter than an Ethernet header.
  public func load(_ bytes: RawSpan) throws(ContextError) {
    if layout != nil, type != .hostDefined, bytes.byteCount < PacketBuffer.linkHeaderSize {
      throw .packetTooShort(length: bytes.byteCount, minimum: PacketBuffer.linkHeaderSize)
    }
    packet.load(bytes, hidesLinkHeader: hidesLinkHeader)
    unsafe context.copyMemory(from: UnsafeRawBufferPointer(contextTemplate))
    if isSocketBuffer { describeSocketBuffer() }
    pointContextAtPacket()
  }

  /// As ``load(_:)-(RawSpan)``, for bytes in an array.
  public func load(_ bytes: [UInt8]) throws(ContextError) {
    // SAFETY: a byte has no padding.
    try unsafe load(bytes.span.bytes)
  }

  /// Sets a scalar field of the context, in host byte order, for every packet from the next one on.
  ///
  /// An element of an array field is named with its index, as `cb[2]`.
  ///
  /// - Throws: ``ContextError`` if the context has no such field, or it cannot hold the value.
  public func setContext(_ name: String, to value: UInt64) throws(ContextError) {
    let slot = try scalar(name)
    if slot.size < 8, value >> UInt64(8 * slot.size) != 0 {
      throw .valueTooLarge(field: name, value: value, size: slot.size)
    }
    unsafe withUnsafeBytes(of: value.littleEndian) { bytes in
      // SAFETY: the layout's fields lie inside the storage, and the word has 8 bytes.
      for index in 0..<slot.size {
        unsafe contextTemplate[slot.offset + index] = bytes[index]
        unsafe context[slot.offset + index] = bytes[index]
      }
    }
  }

  /// The value of a scalar field of the context, as the program left it.
  ///
  /// - Throws: ``ContextError`` if the context has no such field.
  public func context(_ name: String) throws(ContextError) -> UInt64 {
    let slot = try scalar(name)
    var value: UInt64 = 0
    for index in (0..<slot.size).reversed() {
      value = value << 8 | UInt64(unsafe context[slot.offset + index])
    }
    return value
  }

  /// The big-endian integer at a place of the packet, as a legacy packet load sees it: counted from the packet's
  /// first byte, or for a negative offset from a header (`SKF_NET_OFF`, `SKF_LL_OFF`). Nil where it is not inside.
  func packetInteger(at offset: Int, size: Int) -> UInt64? {
    let networkBase = -0x10_0000
    let linkBase = -0x20_0000
    let start: Int
    if offset >= 0 {
      start = packet.start + offset
    } else if offset >= networkBase {
      start = packet.start + socketBuffer.networkOffset + offset - networkBase
    } else if offset >= linkBase {
      start = packet.start + socketBuffer.linkOffset + offset - linkBase
    } else {
      return nil
    }
    let lowest = packet.start + min(socketBuffer.linkOffset, 0)
    guard start >= max(lowest, 0), start + size <= packet.end else { return nil }
    var value: UInt64 = 0
    // SAFETY: the bytes lie between the headroom's start and the packet's end.
    for index in start..<start + size { value = unsafe value << 8 | UInt64(packet.memory[index]) }
    return value
  }

  /// Copies bytes of the packet as ``packetInteger(at:size:)`` finds them; -1 where there are none.
  @unsafe
  func loadPacket(at offset: UInt64, into address: UInt64, size: UInt64) -> UInt64 {
    let size = Int(truncatingIfNeeded: size)
    guard let value = packetInteger(at: Int(Int32(truncatingIfNeeded: offset)), size: size),
      let target = unsafe hostPointer(address)
    else { return UInt64(bitPattern: -1) }
    for index in 0..<size {
      unsafe target.storeBytes(
        of: UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - index))),
        toByteOffset: index, as: UInt8.self)
    }
    return 0
  }

  /// Writes the packet's bounds, as host addresses, where the context keeps them.
  func pointContextAtPacket() {
    guard let base = unsafe packet.memory.baseAddress else { return }
    func store(_ offset: Int, at place: Int?) {
      guard let place else { return }
      // SAFETY: the layout's fields lie inside the storage; those of bounds have 8 bytes.
      unsafe context.storeBytes(
        of: UInt64(UInt(bitPattern: base + offset)), toByteOffset: place, as: UInt64.self)
    }
    store(packet.start, at: packetPlaces.start)
    store(packet.end, at: packetPlaces.end)
    store(packet.metadataStart, at: packetPlaces.metadataStart)
  }

  /// Where a field that a host may set is kept.
  private func scalar(_ name: String) throws(ContextError) -> ContextLayout.Storage {
    guard let layout else { throw .noSuchField(name, context: type.name) }
    var base = name
    var index = 0
    var isElement = false
    if name.hasSuffix("]"), let bracket = name.firstIndex(of: "[") {
      guard let number = Int(name[name.index(after: bracket)...].dropLast()) else {
        throw .noSuchField(name, context: layout.name)
      }
      base = String(name[..<bracket])
      index = number
      isElement = true
    }
    guard let field = layout.field(named: base) else {
      throw .noSuchField(name, context: layout.name)
    }
    guard field.kind == .scalar else { throw .notSettable(name, context: layout.name) }
    // Every array of a kernel context is one of 32-bit words.
    let isArray = field.size > 8
    guard isArray == isElement, !isArray || (0..<field.size / 4).contains(index) else {
      throw .noSuchField(name, context: layout.name)
    }
    return ContextLayout.Storage(
      offset: field.storage.offset + 4 * index, size: isArray ? 4 : field.size)
  }
}

/// Why a context cannot be set up as asked.
public enum ContextError: Error, Hashable, Sendable {
  case noSuchField(String, context: String)
  /// The field takes no value from the host: it follows from the packet.
  case notSettable(String, context: String)
  case valueTooLarge(field: String, value: UInt64, size: Int)
  /// The packet is shorter than an Ethernet header.
  case packetTooShort(length: Int, minimum: Int)
}

extension ContextError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noSuchField(let name, let context):
      "the context \(context) has no field \(name) that holds a number"
    case .notSettable(let name, let context):
      "the field \(name) of \(context) follows from the packet and cannot be set"
    case .valueTooLarge(let field, let value, let size):
      "the value \(value) does not fit the \(size) bytes of the field \(field)"
    case .packetTooShort(let length, let minimum):
      "the packet has \(length) bytes, fewer than the \(minimum) of an Ethernet header"
    }
  }
}

extension ExecutionFrame {
  /// What a program has in `r1` and `r2`.
  @inline(__always)
  var nativeArguments: (UInt64, UInt64) {
    if isRaw { return rawArguments }
    // A host may have moved the packet since it was loaded.
    pointContextAtPacket()
    return unsafe (UInt64(UInt(bitPattern: context.baseAddress)), 0)
  }

  /// What a program without a context has in `r1` and `r2`: the packet's address and size, both 0 where there is none.
  @inline(__always)
  var rawArguments: (UInt64, UInt64) {
    let count = packet.count
    guard count > 0, let base = unsafe packet.memory.baseAddress else { return (0, 0) }
    return unsafe (UInt64(UInt(bitPattern: base + packet.start)), UInt64(count))
  }
}
