extension HelperPrototype {
  /// Sockets, and messages between them.
  static let socketHelpers: [HelperPrototype] = [
    entry(
      .getSocketCookie, [.context], .integer,
      in: .typedTracing.union(Set.trafficControl).union([
        .socketFilter, .cgroupSKB, .cgroupSock, .sockOps, .skSKB, .cgroupSockAddr, .skReuseport,
      ]),
      otherwise: .init(in: [.skReuseport, .tracing, .lsm, .syscall], [.socketCommonOrNull])),
    entry(
      .getSocketUID, [.context], .integer,
      in: .trafficControl.union([.socketFilter, .cgroupSKB, .skSKB])),
    entry(
      .setSocketOption, [.context, .anything, .anything, .memory, .size], .integer,
      in: [.sockOps, .cgroupSockAddr, .cgroupSockopt, .tracing, .structOps, .lsm],
      otherwise: .init(
        in: [.cgroupSockopt, .tracing, .lsm, .structOps],
        [.socketCommon, .anything, .anything, .memory, .size])),
    entry(
      .socketRedirectMap, [.context, .map, .anything, .anything], .integer,
      in: [.skSKB]),
    entry(
      .sockMapUpdate, [.context, .map, .mapKey, .anything], .integer,
      in: [.sockOps]),
    entry(
      .getSocketOption, [.context, .anything, .anything, .uninitializedMemory, .size], .integer,
      in: [.sockOps, .cgroupSockAddr, .cgroupSockopt, .tracing, .structOps, .lsm],
      otherwise: .init(
        in: [.cgroupSockopt, .tracing, .lsm, .structOps],
        [.socketCommon, .anything, .anything, .uninitializedMemory, .size])),
    entry(
      .sockOpsCallbackFlagsSet, [.context, .anything], .integer,
      in: [.sockOps]),
    entry(
      .messageRedirectMap, [.context, .map, .anything, .anything], .integer,
      in: [.skMsg]),
    entry(
      .messageApplyBytes, [.context, .anything], .integer,
      in: [.skMsg]),
    entry(
      .messageCorkBytes, [.context, .anything], .integer,
      in: [.skMsg]),
    entry(
      .messagePullData, [.context, .anything, .anything, .anything], .integer, .movesPackets,
      in: [.skMsg]),
    entry(
      .bind, [.context, .memory, .size], .integer,
      in: [.cgroupSockAddr]),
    entry(
      .sockHashUpdate, [.context, .map, .mapKey, .anything], .integer,
      in: [.sockOps]),
    entry(
      .messageRedirectHash, [.context, .map, .mapKey, .anything], .integer,
      in: [.skMsg]),
    entry(
      .socketRedirectHash, [.context, .map, .mapKey, .anything], .integer,
      in: [.skSKB]),
    entry(
      .socketSelectReuseport, [.context, .map, .mapKey, .anything], .integer,
      in: [.skReuseport]),
    entry(
      .messagePushData, [.context, .anything, .anything, .anything], .integer, .movesPackets,
      in: [.skMsg]),
    entry(
      .messagePopData, [.context, .anything, .anything, .anything], .integer, .movesPackets,
      in: [.skMsg]),
    entry(
      .getNetNSCookie, [.contextOrNull], .integer,
      in: .trafficControl.union([
        .socketFilter, .cgroupSKB, .cgroupSock, .sockOps, .skMsg, .cgroupSockAddr, .cgroupSockopt,
      ])),
    entry(
      .loadHeaderOption, [.context, .writableMemory, .size, .anything], .integer,
      in: [.sockOps]),
    entry(
      .storeHeaderOption, [.context, .memory, .size, .anything], .integer, .movesPackets,
      in: [.sockOps]),
    entry(
      .reserveHeaderOption, [.context, .anything, .anything], .integer,
      in: [.sockOps]),
  ]

  /// Sockets as objects.
  static let socketObjectHelpers: [HelperPrototype] = [
    entry(
      .socketLookupTCP, [.context, .memory, .sizeOrZero, .anything, .anything], .socketOrNull,
      .acquires,
      in: .trafficControl.union([.xdp, .cgroupSKB, .skSKB, .cgroupSockAddr])),
    entry(
      .socketLookupUDP, [.context, .memory, .sizeOrZero, .anything, .anything], .socketOrNull,
      .acquires,
      in: .trafficControl.union([.xdp, .cgroupSKB, .skSKB, .cgroupSockAddr])),
    entry(
      .socketRelease, [.socketCommon], .integer, releasing: 0,
      in: .trafficControl.union([.xdp, .cgroupSKB, .skSKB, .cgroupSockAddr, .skLookup])),
    entry(
      .socketFullsock, [.socketCommon], .socketOrNull,
      in: .trafficControl.union([.cgroupSKB])),
    entry(
      .tcpSock, [.socketCommon], .tcpSocketOrNull,
      in: .trafficControl.union([.cgroupSKB, .sockOps, .cgroupSockopt])),
    entry(
      .getListenerSock, [.socketCommon], .socketOrNull,
      in: .trafficControl.union([.cgroupSKB])),
    entry(
      .socketCommonLookupTCP, [.context, .memory, .sizeOrZero, .anything, .anything],
      .socketCommonOrNull,
      .acquires,
      in: .trafficControl.union([.xdp, .cgroupSKB, .skSKB, .cgroupSockAddr])),
    entry(
      .tcpCheckSYNCookie, [.socketCommon, .memory, .sizeOrZero, .memory, .sizeOrZero], .integer,
      .needsGPL,
      in: .trafficControl.union([.xdp])),
    entry(
      .tcpGenSYNCookie, [.socketCommon, .memory, .sizeOrZero, .memory, .sizeOrZero], .integer,
      .needsGPL,
      in: .trafficControl.union([.xdp])),
    entry(
      .tcpSendAck, [.kernelObject, .anything], .integer,
      in: [.structOps]),
    entry(
      .socketAssign, [.context, .socketCommon, .anything], .integer,
      in: .trafficControl.union([.skLookup]),
      otherwise: .init(in: [.skLookup], [.context, .socketOrNull, .anything])),
    entry(
      .socketCgroupID, [.socketCommon], .integer,
      in: [.cgroupSKB]),
    entry(
      .socketAncestorCgroupID, [.socketCommon, .anything], .integer,
      in: [.cgroupSKB]),
    entry(
      .socketCommonToTCP6Sock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .socketCommonToTCPSock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .socketCommonToTCPTimeWaitSock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .socketCommonToTCPRequestSock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .socketCommonToUDP6Sock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .sockFromFile, [.kernelObject], .kernelObjectOrNull,
      in: .typedTracing),
    entry(
      .socketCommonToUnixSock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .socketCommonToMPTCPSock, [.socketCommon], .kernelObjectOrNull,
      in: .kernelPrograms.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupSock, .cgroupDevice, .rawTracepoint, .skReuseport,
        .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .structOps, .netfilter,
      ])),
    entry(
      .tcpRawGenSYNCookieIPv4, [.input(size: 20), .memory, .sizeOrZero], .integer, .needsGPL,
      in: .trafficControl.union([.xdp])),
    entry(
      .tcpRawGenSYNCookieIPv6, [.input(size: 40), .memory, .sizeOrZero], .integer, .needsGPL,
      in: .trafficControl.union([.xdp])),
    entry(
      .tcpRawCheckSYNCookieIPv4, [.input(size: 20), .input(size: 20)], .integer, .needsGPL,
      in: .trafficControl.union([.xdp])),
    entry(
      .tcpRawCheckSYNCookieIPv6, [.input(size: 40), .input(size: 20)], .integer, .needsGPL,
      in: .trafficControl.union([.xdp])),
  ]

  /// Control groups: what their programs decide.
  static let cgroupHelpers: [HelperPrototype] = [
    entry(
      .sysctlGetName, [.context, .writableMemory, .size, .anything], .integer,
      in: [.cgroupSysctl]),
    entry(
      .sysctlGetCurrentValue, [.context, .uninitializedMemory, .size], .integer,
      in: [.cgroupSysctl]),
    entry(
      .sysctlGetNewValue, [.context, .uninitializedMemory, .size], .integer,
      in: [.cgroupSysctl]),
    entry(
      .sysctlSetNewValue, [.context, .memory, .size], .integer,
      in: [.cgroupSysctl]),
    entry(
      .getReturnValue, [], .integer,
      in: [.cgroupSock, .cgroupDevice, .cgroupSockAddr, .cgroupSysctl, .cgroupSockopt, .lsm]),
    entry(
      .setReturnValue, [.anything], .integer,
      in: [.cgroupSock, .cgroupDevice, .cgroupSockAddr, .cgroupSysctl, .cgroupSockopt, .lsm]),
  ]
}
