extension HelperPrototype {
  /// The prototype of a helper, or nil for one that BPFKit knows by name only.
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

  /// Every prototype there is, by rising number.
  public static let all: [HelperPrototype] = table.sorted { $0.id.rawValue < $1.id.rawValue }

  private static let byNumber: [HelperPrototype?] = {
    var prototypes = [HelperPrototype?](
      repeating: nil, count: Int(HelperID.all.last?.rawValue ?? 0) + 1)
    for prototype in table { prototypes[Int(prototype.id.rawValue)] = prototype }
    return prototypes
  }()

  private static let table: [HelperPrototype] =
    mapHelpers + ringBufferHelpers + hostHelpers + textHelpers + packetHelpers

  private static let mapHelpers: [HelperPrototype] = [
    entry(.mapLookupElement, [.map, .mapKey], .mapValueOrNull),
    entry(.mapUpdateElement, [.map, .mapKey, .mapValue, .anything], .integer),
    entry(.mapDeleteElement, [.map, .mapKey], .integer),
    entry(
      .mapLookupPerCPUElement, [.map, .mapKey, .anything], .mapValueOrNull, in: .notInLIRC),
    entry(.loop, [.anything, .function, .stackOrNull, .anything], .integer, in: .notInLIRC),
    entry(
      .forEachMapElement, [.map, .function, .stackOrNull, .anything], .integer, in: .notInLIRC),
    entry(
      .tailCall, [.context, .map, .anything], .void, invalidatesPacketPointers: true),
  ]

  private static let ringBufferHelpers: [HelperPrototype] = [
    entry(
      .perfEventOutput, [.context, .map, .anything, .memory, .sizeOrZero], .integer,
      gpl: true, in: .notInLIRC.subtracting([.netfilter, .skReuseport, .flowDissector])),
    entry(
      .ringBufferOutput, [.map, .memory, .sizeOrZero, .anything], .integer, in: .notInLIRC),
    entry(
      .ringBufferReserve, [.map, .reservationSize, .anything], .reservedRecordOrNull,
      in: .notInLIRC),
    entry(.ringBufferSubmit, [.reservedRecord, .anything], .void, in: .notInLIRC),
    entry(.ringBufferDiscard, [.reservedRecord, .anything], .void, in: .notInLIRC),
    entry(.ringBufferQuery, [.map, .anything], .integer, in: .notInLIRC),
  ]

  /// Time, chance, and where and for whom the program runs.
  private static let hostHelpers: [HelperPrototype] = [
    entry(.ktimeGetNanoseconds, [], .integer),
    entry(.ktimeGetBootNanoseconds, [], .integer),
    entry(.ktimeGetTAINanoseconds, [], .integer, in: .notInLIRC),
    entry(
      .ktimeGetCoarseNanoseconds, [], .integer,
      in: .networking.subtracting([.cgroupDevice, .cgroupSockopt, .netfilter])),
    entry(.jiffies64, [], .integer, in: .notInLIRC),
    entry(.getRandomU32, [], .integer),
    entry(.getProcessorID, [], .integer),
    entry(.getNUMANodeID, [], .integer, in: .notInLIRC),
    entry(.getCurrentPIDTGID, [], .integer, in: .notInLIRC),
    entry(.getCurrentUIDGID, [], .integer, in: .notInLIRC),
    entry(.getCurrentComm, [.uninitializedMemory, .size], .integer, in: .notInLIRC),
  ]

  private static let textHelpers: [HelperPrototype] = [
    entry(
      .tracePrintk, [.memory, .size, .anythingOrNothing, .anythingOrNothing, .anythingOrNothing],
      .integer, gpl: true),
    entry(
      .traceVprintk, [.memory, .size, .memoryOrNull, .sizeOrZero], .integer, gpl: true,
      in: .notInLIRC),
    entry(.stringCompare, [.memory, .size, .constantString], .integer, in: .notInLIRC),
    entry(.stringToLong, [.memory, .size, .anything, .output(size: 8)], .integer, in: .notInLIRC),
    entry(
      .stringToUnsignedLong, [.memory, .size, .anything, .output(size: 8)], .integer,
      in: .notInLIRC),
  ]

  private static let packetHelpers: [HelperPrototype] = [
    entry(
      .redirect, [.anything, .anything], .integer,
      in: .trafficControl.union([.xdp, .lwtXmit])),
    entry(.redirectMap, [.map, .anything, .anything], .integer, in: [.xdp]),
    entry(
      .checksumDifference,
      [.memoryOrNull, .sizeOrZero, .memoryOrNull, .sizeOrZero, .anything], .integer,
      in: Set.trafficControl.union(Set.lightweightTunnel).union([.xdp, .raw])),
    entry(
      .xdpAdjustHead, [.context, .anything], .integer, invalidatesPacketPointers: true,
      in: [.xdp]),
    entry(
      .xdpAdjustMetadata, [.context, .anything], .integer, invalidatesPacketPointers: true,
      in: [.xdp]),
    entry(
      .xdpAdjustTail, [.context, .anything], .integer, invalidatesPacketPointers: true,
      in: [.xdp]),
    entry(.xdpGetBufferLength, [.context], .integer, in: [.xdp]),
    entry(
      .xdpLoadBytes, [.context, .anything, .uninitializedMemory, .size], .integer, in: [.xdp]),
    entry(.xdpStoreBytes, [.context, .anything, .memory, .size], .integer, in: [.xdp]),
    entry(
      .skbLoadBytes, [.context, .anything, .uninitializedMemory, .size], .integer,
      in: Set.trafficControl.union(Set.lightweightTunnel)
        .union([.socketFilter, .cgroupSKB, .skSKB, .skReuseport, .flowDissector])),
    entry(
      .skbLoadBytesRelative,
      [.context, .anything, .uninitializedMemory, .size, .anything], .integer,
      in: .trafficControl.union([.socketFilter, .cgroupSKB, .skReuseport])),
    entry(
      .skbStoreBytes, [.context, .anything, .memory, .size, .anything], .integer,
      invalidatesPacketPointers: true, in: .trafficControl.union([.lwtXmit, .skSKB])),
    entry(
      .skbPullData, [.context, .anything], .integer, invalidatesPacketPointers: true,
      in: Set.trafficControl.union(Set.lightweightTunnel).union([.skSKB])),
    entry(
      .l3ChecksumReplace, [.context, .anything, .anything, .anything, .anything], .integer,
      invalidatesPacketPointers: true, in: .trafficControl.union([.lwtXmit])),
    entry(
      .l4ChecksumReplace, [.context, .anything, .anything, .anything, .anything], .integer,
      invalidatesPacketPointers: true, in: .trafficControl.union([.lwtXmit])),
  ]

  private static func entry(
    _ id: HelperID, _ arguments: [ArgumentKind], _ result: ResultKind,
    invalidatesPacketPointers: Bool = false, gpl: Bool = false,
    in programTypes: Set<ProgramType> = .everywhere
  ) -> HelperPrototype {
    guard let name = id.name else {
      preconditionFailure("every helper in the table has a number the kernel gave out")
    }
    return HelperPrototype(
      id: id, name: name, arguments: arguments, result: result,
      invalidatesPacketPointers: invalidatesPacketPointers, requiresGPL: gpl,
      programTypes: programTypes)
  }
}

/// Who may call what, as the `get_func_proto` functions of Linux 6.18 say it. `raw` counts as a program without
/// kernel objects around it; `seccomp` programs call nothing.
extension Set<ProgramType> {
  fileprivate static let everywhere = Set(ProgramType.allCases)
    .subtracting([.unspecified, .seccomp])

  fileprivate static let notInLIRC = everywhere.subtracting([.lircMode2])

  fileprivate static let trafficControl: Set<ProgramType> = [.schedCLS, .schedACT]

  fileprivate static let lightweightTunnel: Set<ProgramType> = [
    .lwtIn, .lwtOut, .lwtXmit, .lwtSeg6Local,
  ]

  /// All but the tracing kinds.
  fileprivate static let networking = notInLIRC.subtracting([
    .kprobe, .tracepoint, .perfEvent, .rawTracepoint, .rawTracepointWritable, .tracing, .structOps,
    .ext, .lsm, .syscall,
  ])
}
