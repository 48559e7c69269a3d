extension HelperPrototype {
  /// The bytes of socket buffers and XDP frames.
  static let packetHelpers: [HelperPrototype] = [
    entry(
      .skbStoreBytes, [.context, .anything, .memory, .size, .anything], .integer, .movesPackets,
      in: .trafficControl.union([.lwtXmit, .skSKB])),
    entry(
      .skbVLANPush, [.context, .anything, .anything], .integer, .movesPackets,
      in: .trafficControl),
    entry(
      .skbVLANPop, [.context], .integer, .movesPackets,
      in: .trafficControl),
    entry(
      .skbLoadBytes, [.context, .anything, .uninitializedMemory, .size], .integer,
      in: .lightweightTunnels.union(Set.trafficControl).union([
        .socketFilter, .cgroupSKB, .skSKB, .skReuseport, .flowDissector,
      ])),
    entry(
      .skbChangeProtocol, [.context, .anything, .anything], .integer, .movesPackets,
      in: .trafficControl),
    entry(
      .skbChangeTail, [.context, .anything, .anything], .integer, .movesPackets,
      in: .trafficControl.union([.lwtXmit, .skSKB])),
    entry(
      .skbPullData, [.context, .anything], .integer, .movesPackets,
      in: .lightweightTunnels.union(Set.trafficControl).union([.skSKB])),
    entry(
      .skbChangeHead, [.context, .anything, .anything], .integer, .movesPackets,
      in: .trafficControl.union([.lwtXmit, .skSKB])),
    entry(
      .xdpAdjustHead, [.context, .anything], .integer, .movesPackets,
      in: [.xdp]),
    entry(
      .skbAdjustRoom, [.context, .anything, .anything, .anything], .integer, .movesPackets,
      in: .trafficControl.union([.skSKB])),
    entry(
      .xdpAdjustMetadata, [.context, .anything], .integer, .movesPackets,
      in: [.xdp]),
    entry(
      .xdpAdjustTail, [.context, .anything], .integer, .movesPackets,
      in: [.xdp]),
    entry(
      .skbLoadBytesRelative, [.context, .anything, .uninitializedMemory, .size, .anything],
      .integer,
      in: .trafficControl.union([.socketFilter, .cgroupSKB, .skReuseport])),
    entry(
      .lwtPushEncapsulation, [.context, .anything, .memory, .size], .integer, .movesPackets,
      in: [.lwtIn, .lwtXmit]),
    entry(
      .lwtSeg6StoreBytes, [.context, .anything, .memory, .size], .integer, .movesPackets,
      in: [.lwtSeg6Local]),
    entry(
      .lwtSeg6AdjustSRH, [.context, .anything, .anything], .integer, .movesPackets,
      in: [.lwtSeg6Local]),
    entry(
      .lwtSeg6Action, [.context, .anything, .memory, .size], .integer, .movesPackets,
      in: [.lwtSeg6Local]),
    entry(
      .xdpGetBufferLength, [.context], .integer,
      in: .typedTracing.union([.xdp]),
      otherwise: .init(in: [.tracing, .lsm, .syscall], [.kernelObject])),
    entry(
      .xdpLoadBytes, [.context, .anything, .uninitializedMemory, .size], .integer,
      in: [.xdp]),
    entry(
      .xdpStoreBytes, [.context, .anything, .memory, .size], .integer,
      in: [.xdp]),
  ]

  /// Checksums.
  static let checksumHelpers: [HelperPrototype] = [
    entry(
      .l3ChecksumReplace, [.context, .anything, .anything, .anything, .anything], .integer,
      .movesPackets,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .l4ChecksumReplace, [.context, .anything, .anything, .anything, .anything], .integer,
      .movesPackets,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .checksumDifference, [.memoryOrNull, .sizeOrZero, .memoryOrNull, .sizeOrZero, .anything],
      .integer,
      in: .lightweightTunnels.union(Set.trafficControl).union([.xdp, .raw])),
    entry(
      .checksumUpdate, [.context, .anything], .integer,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .checksumLevel, [.context, .anything], .integer,
      in: .trafficControl.union([.lwtXmit])),
  ]
}
