extension HelperPrototype {
  /// The prototype of a helper, or nil for a number the kernel gave to none.
  ///
  /// - Complexity: O(1).
  public init?(for id: HelperID) {
    let number = Int(id.rawValue)
    guard number >= 0, number < Self.byNumber.count, let prototype = Self.byNumber[number] else {
      return nil
    }
    self = prototype
  }

  /// The prototype of a helper by its kernel name, with or without the `bpf_` prefix.
  ///
  /// - Complexity: O(1).
  public static func named(_ name: String) -> HelperPrototype? {
    HelperID(name: name).flatMap(HelperPrototype.init(for:))
  }

  /// The prototype of every helper, by rising number.
  public static let all: [HelperPrototype] = table.sorted { $0.id.rawValue < $1.id.rawValue }

  private static let byNumber: [HelperPrototype?] = {
    var prototypes = [HelperPrototype?](
      repeating: nil, count: Int(HelperID.all.last?.rawValue ?? 0) + 1)
    for prototype in table { prototypes[Int(prototype.id.rawValue)] = prototype }
    return prototypes
  }()

  private static var table: [HelperPrototype] {
    [
      mapHelpers, storageHelpers, eventHelpers, callbackHelpers, textHelpers, dynptrHelpers,
      timeHelpers, taskHelpers, memoryHelpers, tracingHelpers, securityHelpers, infraredHelpers,
      packetHelpers, checksumHelpers, routingHelpers, socketBufferHelpers, socketHelpers,
      socketObjectHelpers, cgroupHelpers,
    ].flatMap { $0 }
  }

  /// What a helper does besides computing its result.
  struct Effects: OptionSet {
    let rawValue: Int

    static let needsGPL = Effects(rawValue: 1)
    static let movesPackets = Effects(rawValue: 2)
    static let acquires = Effects(rawValue: 4)
    static let maySleep = Effects(rawValue: 8)
  }

  /// An entry of the table.
  static func entry(
    _ id: HelperID, _ arguments: [ArgumentKind], _ result: ResultKind,
    releasing released: Int? = nil,
    _ effects: Effects = [], in programTypes: Set<ProgramType> = .everywhere,
    otherwise variant: Variant? = nil
  ) -> HelperPrototype {
    guard let name = id.name else {
      preconditionFailure("every helper in the table has a number the kernel gave out")
    }
    return HelperPrototype(
      id: id, name: name, arguments: arguments, result: result,
      invalidatesPacketPointers: effects.contains(.movesPackets),
      acquiresReference: effects.contains(.acquires), releasedArgument: released,
      maySleep: effects.contains(.maySleep), requiresGPL: effects.contains(.needsGPL),
      programTypes: programTypes.union([.ext]), variant: variant)
  }
}

/// Who may call what, as the `get_func_proto` functions of Linux 6.18 say it; a helper that only some attach types of
/// a program type are given counts as given to the type. `ext` programs may call what the program they replace may:
/// everything, as far as the table can tell. `raw` counts as a program without a kernel around it, and `seccomp`
/// programs call nothing.
extension Set<ProgramType> {
  static let everywhere = programs.union([.lircMode2])

  /// All but infrared decoders, which have a short list of their own.
  static let programs = kernelPrograms.union([.raw, .hostDefined])

  /// Those of ``programs`` that have a kernel around them.
  static let kernelPrograms = Set(ProgramType.allCases)
    .subtracting([.unspecified, .seccomp, .raw, .hostDefined, .lircMode2])

  static let trafficControl: Set<ProgramType> = [.schedCLS, .schedACT]

  static let lightweightTunnels: Set<ProgramType> = [.lwtIn, .lwtOut, .lwtXmit, .lwtSeg6Local]

  /// What runs where something of the kernel is traced.
  static let tracingPrograms: Set<ProgramType> = typedTracing.union([
    .kprobe, .tracepoint, .perfEvent, .rawTracepoint, .rawTracepointWritable,
  ])

  /// Those that see the kernel's objects by their BTF types.
  static let typedTracing: Set<ProgramType> = [.tracing, .lsm, .syscall]
}
