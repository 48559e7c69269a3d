import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// What helpers take, work on and invalidate, against the running kernel's verifier: it is given calls with one argument
/// that may be wrong, and says what it thinks of it.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct HelperArgumentKernelTests {
  typealias Kind = HelperPrototype.ArgumentKind

  /// A program type, and what the kernel wants to know to load it.
  struct Target {
    let type: ProgramType
    let attachType: UInt32
  }

  private static let targets: [Target] = [
    .init(type: .schedCLS, attachType: 0), .init(type: .xdp, attachType: 0),
    .init(type: .lwtXmit, attachType: 0), .init(type: .lwtIn, attachType: 0),
    .init(type: .lwtSeg6Local, attachType: 0), .init(type: .cgroupSKB, attachType: 0),
    .init(type: .socketFilter, attachType: 0), .init(type: .skSKB, attachType: 4),
    .init(type: .skMsg, attachType: 7), .init(type: .sockOps, attachType: 3),
    .init(type: .skLookup, attachType: 36), .init(type: .skReuseport, attachType: 39),
    .init(type: .cgroupSock, attachType: 2), .init(type: .cgroupSockAddr, attachType: 10),
    .init(type: .cgroupSysctl, attachType: 18), .init(type: .cgroupSockopt, attachType: 22),
    .init(type: .kprobe, attachType: 0), .init(type: .perfEvent, attachType: 0),
    .init(type: .rawTracepoint, attachType: 0),
  ]

  /// The ways in which an argument is tried.
  private enum Trial {
    case valid
    /// A number that is no address.
    case number
    case null
    /// A value of a map that programs may not write.
    case readOnlyMemory
  }

  /// Maps to pass, by kind; the first is one of read-only values.
  private struct Maps {
    let readOnly: KernelMap
    let byKind: [MapKind: KernelMap]

    init() throws {
      readOnly = try KernelMap(
        MapSpec(
          name: "constants", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1,
          flags: .readOnlyForPrograms))
      var byKind: [MapKind: KernelMap] = [:]
      for kind in MapKind.allCases {
        let sizes: (key: Int, value: Int, entries: Int) =
          switch kind {
          case .ringBuffer, .userRingBuffer: (0, 0, 4096)
          case .queue, .stack, .bloomFilter: (0, 8, 4)
          case .lpmTrie: (8, 8, 4)
          case .programArray, .perfEventArray, .cgroupArray, .deviceMap, .deviceMapHash, .cpuMap,
            .xskMap, .socketMap, .socketHash, .reuseportSocketArray:
            (4, 4, 4)
          default: (4, 8, 4)
          }
        byKind[kind] = try? KernelMap(
          MapSpec(
            name: "m", kind: kind, keySize: sizes.key, valueSize: sizes.value,
            maxEntries: sizes.entries, flags: kind == .lpmTrie ? .noPreallocation : []))
      }
      self.byKind = byKind
    }
  }

  private static func move(_ destination: UInt8, _ source: UInt8) -> RawInstruction {
    RawInstruction(opcode: 0xbf, destination: destination, source: source)
  }

  private static func move(_ destination: UInt8, number: Int32) -> RawInstruction {
    RawInstruction(opcode: 0xb7, destination: destination, immediate: number)
  }

  /// Puts a valid argument into a register; nil for what no short program has.
  private static func valid(_ kind: Kind, in register: UInt8) -> [RawInstruction]? {
    switch kind {
    case .anything, .anythingOrNothing: [move(register, number: 0)]
    case .size, .sizeOrZero, .reservationSize: [move(register, number: 8)]
    case .context, .contextOrNull: [move(register, 6)]
    case .map:
      [
        RawInstruction(opcode: 0x18, destination: register, source: 5, immediate: 0),
        RawInstruction(opcode: 0),
      ]
    case .mapKey, .mapValue, .mapValueOrNull, .uninitializedMapValue, .memory, .memoryOrNull,
      .writableMemory, .writableMemoryOrNull, .uninitializedMemory, .output, .input, .inputOutput:
      [
        move(register, 10),
        RawInstruction(opcode: 0x07, destination: register, immediate: -64 * Int32(register + 1)),
      ]
    case .stackOrNull, .reservedRecord, .constantString, .function, .spinLock, .timer,
      .kernelPointerSlot, .dynptr, .socketCommon, .socketCommonOrNull, .socket, .socketOrNull,
      .kernelObject, .kernelObjectOrNull, .perCPUKernelObject:
      nil
    }
  }

  /// What the kernel says of a program; nil where it takes it, or refuses it for what follows the call only.
  private static func complaint(
    _ slots: [RawInstruction], _ target: Target, maps: [KernelMap]
  ) throws -> String? {
    let program = try Program(name: "probe", slots: slots, mapNames: maps.map { $0.spec.name })
    do {
      _ = try KernelProgram(
        program, type: target.type, attachType: target.attachType, maps: maps)
      return nil
    } catch let refusal as KernelRefusal {
      return refusal.log.contains("reference leak") ? nil : refusal.log
    }
  }

  /// A call with valid arguments but for one; nil where an argument cannot be made.
  private static func call(
    _ prototype: HelperPrototype, in type: ProgramType, trying trial: Trial, at position: Int,
    prologue: [RawInstruction] = [], epilogue: [RawInstruction] = []
  ) -> [RawInstruction]? {
    var slots = [move(6, 1)]
    // Every byte of the stack holds something.
    for offset in stride(from: Int16(8), through: 512, by: 8) {
      slots.append(RawInstruction(opcode: 0x7a, destination: 10, offset: -offset))
    }
    slots += prologue
    for (index, kind) in prototype.arguments(in: type).enumerated() {
      let register = UInt8(index + 1)
      switch index == position ? trial : .valid {
      case .number: slots.append(move(register, number: 77))
      case .null: slots.append(move(register, number: 0))
      case .readOnlyMemory:
        slots.append(
          RawInstruction(opcode: 0x18, destination: register, source: 6, immediate: 1))
        slots.append(RawInstruction(opcode: 0))
      case .valid:
        if let valid = valid(kind, in: register) {
          slots += valid
        } else if index < position {
          return nil
        } else {
          slots.append(move(register, number: 1))
        }
      }
    }
    slots.append(RawInstruction(opcode: 0x85, immediate: prototype.id.rawValue))
    slots += epilogue
    return slots + [move(0, number: 0), RawInstruction(opcode: 0x95)]
  }

  /// What the kernel expects of a register that holds a number, or nil for any number.
  private static func expected(_ kind: Kind) -> String? {
    switch kind {
    case .anything, .anythingOrNothing, .size, .sizeOrZero, .reservationSize: nil
    case .context, .contextOrNull: "expected=ctx"
    case .map: "expected=map_ptr"
    case .mapKey, .mapValue, .mapValueOrNull, .uninitializedMapValue, .memory, .memoryOrNull,
      .writableMemory, .writableMemoryOrNull, .uninitializedMemory, .output, .input, .inputOutput:
      "expected=fp, pkt"
    case .stackOrNull: "expected=fp"
    case .reservedRecord: "expected=ringbuf_mem"
    case .constantString: "expected=map_value"
    case .function: "expected=func"
    case .spinLock, .timer: "expected=map_value"
    case .kernelPointerSlot: "expected=map_value, ptr_"
    case .dynptr: "expected=fp, dynptr_ptr"
    case .socketCommon, .socketCommonOrNull: "expected=sock_common"
    case .socket, .socketOrNull: "expected=sock"
    case .kernelObject, .kernelObjectOrNull: "expected=ptr_"
    case .perCPUKernelObject: "expected=percpu_ptr_"
    }
  }

  private static func takesMemory(_ kind: Kind) -> Bool {
    expected(kind) == "expected=fp, pkt"
  }

  private static func takesNull(_ kind: Kind) -> Bool {
    switch kind {
    case .mapValueOrNull, .memoryOrNull, .writableMemoryOrNull: true
    default: false
    }
  }

  private static func writes(_ kind: Kind) -> Bool {
    switch kind {
    case .uninitializedMapValue, .writableMemory, .writableMemoryOrNull, .uninitializedMemory,
      .output, .inputOutput:
      true
    default: false
    }
  }

  @Test func `arguments are what the kernel wants`() throws {
    let maps = try Maps()
    var checked = 0
    for prototype in HelperPrototype.all where !prototype.maySleep {
      // `bpf_get_local_storage` and `bpf_dynptr_from_mem` want more of their flags and memory than any program has here.
      if [.getLocalStorage, .dynptrFromMemory].contains(prototype.id) { continue }
      var seen: Set<[Kind]> = []
      for target in Self.targets where prototype.allowed(in: target.type) {
        let arguments = prototype.arguments(in: target.type)
        guard seen.insert(arguments).inserted else { continue }
        let kind = MapKind.allCases.first { prototype.accepts($0) && maps.byKind[$0] != nil }
        guard let map = maps.byKind[kind ?? .hash] else { continue }
        for (position, kind) in arguments.enumerated() {
          let register = "R\(position + 1) "
          func complaint(_ trial: Trial) throws -> String?? {
            try Self.call(prototype, in: target.type, trying: trial, at: position).map {
              try Self.complaint($0, target, maps: [map, maps.readOnly])
            }
          }
          let place: Comment = "\(prototype.name) in \(target.type.name), argument \(position + 1)"
          guard let ofNumber = try complaint(.number) else { break }
          // A helper that is not there in this kernel.
          if let ofNumber, ofNumber.contains("cannot use helper") { break }
          checked += 1
          if let expected = Self.expected(kind) {
            let text = ofNumber ?? ""
            #expect(text.contains(register + "type=scalar " + expected), place)
          } else {
            #expect(ofNumber?.contains(register + "type=") != true, place)
          }
          if Self.takesMemory(kind) {
            let ofNull = try complaint(.null) ?? nil
            // Null with a size that is not 0 is refused in other words.
            #expect(
              ofNull?.contains(register + "type=scalar expected=fp, pkt") != Self.takesNull(kind)
                || (ofNull == nil && Self.takesNull(kind)), place)
            let ofReadOnly = try complaint(.readOnlyMemory) ?? nil
            #expect(
              ofReadOnly?.contains("write into map forbidden") ?? false == Self.writes(kind), place)
          }
          if kind == .size || kind == .sizeOrZero {
            let ofZero = try complaint(.null) ?? nil
            #expect(
              ofZero?.contains(register + "invalid zero-sized read") ?? false == (kind == .size),
              place)
          }
        }
      }
    }
    #expect(checked > 400)
  }

  @Test func `helpers work on the kinds of map the kernel lets them`() throws {
    let maps = try Maps()
    var checked = 0
    for prototype in HelperPrototype.all {
      guard let target = Self.targets.first(where: { prototype.allowed(in: $0.type) }),
        prototype.arguments(in: target.type).contains(.map)
      else { continue }
      for kind in MapKind.allCases {
        // What may be put into a map of sockets depends on the program.
        if [.socketMap, .socketHash].contains(kind),
          [.mapUpdateElement, .mapDeleteElement].contains(prototype.id)
        {
          continue
        }
        guard let map = maps.byKind[kind],
          let slots = Self.call(prototype, in: target.type, trying: .valid, at: 5)
        else { continue }
        let complaint = try Self.complaint(slots, target, maps: [map, maps.readOnly])
        if let complaint, complaint.contains("cannot pass map_type") {
          #expect(!prototype.accepts(kind), "\(prototype.name) on \(kind.name)")
          checked += 1
        } else if complaint == nil {
          #expect(prototype.accepts(kind), "\(prototype.name) on \(kind.name)")
          checked += 1
        }
      }
    }
    #expect(checked > 250)
  }

  @Test func `packet pointers are invalid after the helpers that move packets`() throws {
    let maps = try Maps()
    // Where the context has the packet's start and end, and the instruction that loads them.
    let layouts: [(type: ProgramType, start: Int16, end: Int16, load: UInt8)] = [
      (.schedCLS, 76, 80, 0x61), (.lwtXmit, 76, 80, 0x61), (.lwtIn, 76, 80, 0x61),
      (.skSKB, 76, 80, 0x61), (.xdp, 0, 4, 0x61), (.skMsg, 0, 8, 0x79),
    ]
    var checked = 0
    var found: Set<HelperID> = []
    for layout in layouts {
      guard let target = Self.targets.first(where: { $0.type == layout.type }) else { continue }
      let prologue = [
        RawInstruction(
          opcode: layout.load, destination: 7, source: 6, offset: layout.start),
        RawInstruction(opcode: layout.load, destination: 8, source: 6, offset: layout.end),
        Self.move(2, 7), RawInstruction(opcode: 0x07, destination: 2, immediate: 1),
        // if r2 <= r8 goto +2; exit with 0 otherwise
        RawInstruction(opcode: 0xbd, destination: 2, source: 8, offset: 2),
        Self.move(0, number: 0), RawInstruction(opcode: 0x95),
      ]
      let epilogue = [RawInstruction(opcode: 0x71, destination: 3, source: 7)]
      for prototype in HelperPrototype.all where prototype.allowed(in: layout.type) {
        let kind = MapKind.allCases.first { prototype.accepts($0) && maps.byKind[$0] != nil }
        guard let map = maps.byKind[kind ?? .hash],
          let slots = Self.call(
            prototype, in: layout.type, trying: .valid, at: 5, prologue: prologue,
            epilogue: epilogue)
        else { continue }
        let complaint = try Self.complaint(slots, target, maps: [map, maps.readOnly])
        let isInvalid = complaint?.contains("R7 invalid mem access") ?? false
        // Anything else is about the call itself.
        guard complaint == nil || isInvalid else { continue }
        #expect(
          prototype.invalidatesPacketPointers == isInvalid,
          "\(prototype.name) in \(layout.type.name)")
        checked += 1
        if isInvalid { found.insert(prototype.id) }
      }
    }
    #expect(checked > 150)
    #expect(found.count > 15)
  }
}
