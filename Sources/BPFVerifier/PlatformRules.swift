import BPFISA
import BPFPlatform

/// What a program of a type may touch and call, as exploration asks for it.
struct PlatformRules {
  let type: ProgramType
  let context: ContextLayout?
  let options: VerifierOptions
  /// The program's maps, then the maps inside its maps of maps.
  let maps: [MapRules]
  private let hostHelpers: [HelperID: HelperPrototype]

  /// - Parameter context: what programs see of their context, where the type does not say.
  init(
    type: ProgramType, context: ContextLayout?, maps: [MapSpec], options: VerifierOptions
  ) {
    self.type = type
    self.context = context ?? ContextLayout(verifying: type)
    self.options = options
    hostHelpers = Dictionary(
      options.hostHelpers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var rules = maps.map { MapRules($0, isInner: false) }
    for (index, spec) in maps.enumerated() {
      guard let inner = spec.inner?.value else { continue }
      rules[index].inner = rules.count
      rules.append(MapRules(inner, isInner: true))
    }
    self.maps = rules
  }

  /// What a helper takes and gives: one of the kernel's, or one of the host's.
  func prototype(of id: HelperID) -> HelperPrototype? {
    HelperPrototype(for: id) ?? hostHelpers[id]
  }

  /// Sets what the program is given when it starts.
  func setArguments(_ registers: inout TrailedArray<Value>) {
    if type == .raw {
      // Memory of a length that the program learns by comparing: a packet, and how long it is.
      registers[1] = .pointer(.packet)
      registers[2] = .scalar(.unknown)
      registers[2].flags = .length
    } else {
      registers[1] = .pointer(.context)
    }
  }

  /// The numbers the program may return.
  var returnRange: ClosedRange<Int64>? {
    switch type {
    case .cgroupSKB:
      // An egress program may ask for congestion to be told.
      options.attachType == 1 ? 0...3 : 0...1
    case .cgroupSock, .cgroupDevice, .cgroupSysctl, .cgroupSockopt: 0...1
    case .cgroupSockAddr:
      switch options.attachType {
      // recvmsg and getpeername, getsockname: cannot refuse.
      case 19, 20, 29, 30, 31, 32, 51, 52, 53: 1...1
      // bind may ask to skip the check of privileged ports.
      case 8, 9: 0...3
      case .some, nil: 0...1
      }
    case .sockOps: 0...1
    case .skLookup: 0...1
    case .netfilter: 0...1
    case .unspecified, .socketFilter, .kprobe, .schedCLS, .schedACT, .tracepoint, .xdp, .perfEvent,
      .lwtIn, .lwtOut, .lwtXmit, .skSKB, .skMsg, .rawTracepoint, .lwtSeg6Local, .lircMode2,
      .skReuseport, .flowDissector, .rawTracepointWritable, .tracing, .structOps, .ext, .lsm,
      .syscall, .raw, .seccomp, .hostDefined:
      nil
    }
  }
}

/// A map, as exploration asks for it.
struct MapRules {
  let spec: MapSpec
  /// As ``spec`` says: asked at each access.
  let valueSize: Int
  /// Which map the maps in this one look like.
  var inner: Int?
  /// Whether it is an array of as many elements as ``spec`` says: one inside a map of maps may have another number.
  let hasKnownSize: Bool
  /// Where in a value no byte may be accessed as such, by rising offset.
  let special: [MapSpec.SpecialField]
  let lockOffset: Int?
  let timerOffset: Int?
  let isReadable: Bool
  let isWritable: Bool
  /// The value's bytes, where nothing can change them any more.
  let constants: [UInt8]?

  init(_ spec: MapSpec, isInner: Bool) {
    self.spec = spec
    valueSize = spec.valueSize
    hasKnownSize =
      switch spec.kind {
      case .array: !isInner || !spec.flags.contains(.innerMap)
      case .perCPUArray: !isInner
      case _: false
      }
    special = spec.specialFields
    lockOffset = special.first { $0.kind == .spinLock }?.offset
    timerOffset = special.first { $0.kind == .timer }?.offset
    isReadable = !spec.flags.contains(.writeOnlyForPrograms)
    isWritable = !spec.flags.contains(.readOnlyForPrograms)
    // What a map inside a map of maps holds is not known from the one it looks like.
    if !isInner, spec.isFrozen, spec.flags.contains(.readOnlyForPrograms), spec.kind == .array,
      spec.maxEntries == 1, let entry = spec.contents.first, case .bytes(let bytes) = entry.value
    {
      constants = bytes
    } else {
      constants = nil
    }
  }
}

extension ContextLayout {
  /// The context of a program type as it is verified: those that a process has to give, and those that are a block of
  /// memory of a known size in every kernel.
  init?(verifying type: ProgramType) {
    if let layout = ContextLayout(for: type) {
      self = layout
      return
    }
    switch type {
    case .raw: self.init(name: "memory", size: 0, storageSize: 0, fields: [])
    case .seccomp: self = .block("seccomp_data", size: 64, access: [.read, .narrowRead])
    // `struct pt_regs` of x86-64: 21 registers.
    case .kprobe: self = .block("pt_regs", size: 168, access: [.read, .narrowRead])
    case .tracepoint: self = .block("trace_event", size: 8_192, access: [.read, .narrowRead])
    case .rawTracepoint: self = .block("bpf_raw_tracepoint_args", size: 96, access: [.read])
    case .rawTracepointWritable:
      self = .block("bpf_raw_tracepoint_args", size: 96, access: [.read])
    case .perfEvent: self = .block("bpf_perf_event_data", size: 184, access: [.read, .narrowRead])
    case .unspecified, .cgroupSock, .sockOps, .skSKB, .cgroupDevice, .skMsg, .cgroupSockAddr,
      .lircMode2, .skReuseport, .flowDissector, .cgroupSysctl, .cgroupSockopt, .tracing,
      .structOps, .ext, .lsm, .skLookup, .syscall, .netfilter, .xdp, .schedCLS, .schedACT,
      .socketFilter, .cgroupSKB, .lwtIn, .lwtOut, .lwtXmit, .lwtSeg6Local, .hostDefined:
      return nil
    }
  }

  private static func block(_ name: String, size: Int, access: Access) -> ContextLayout {
    ContextLayout(
      name: name, size: size, storageSize: size,
      fields: [
        Field(
          name: name, offset: 0, size: size, elementSize: 8, valueSize: 8, access: access,
          kind: .scalar, storage: Storage(offset: 0, size: size))
      ])
  }
}
