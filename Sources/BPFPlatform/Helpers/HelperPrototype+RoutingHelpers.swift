extension HelperPrototype {
  /// Where packets go.
  static let routingHelpers: [HelperPrototype] = [
    entry(
      .cloneRedirect, [.context, .anything, .anything], .integer, .movesPackets,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .redirect, [.anything, .anything], .integer,
      in: .trafficControl.union([.xdp, .lwtXmit])),
    entry(
      .getRouteRealm, [.context], .integer,
      in: .lightweightTunnels.union(Set.trafficControl)),
    entry(
      .redirectMap, [.map, .anything, .anything], .integer,
      in: [.xdp]),
    entry(
      .fibLookup, [.context, .writableMemory, .size, .anything], .integer, .needsGPL,
      in: .trafficControl.union([.xdp])),
    entry(
      .redirectNeigh, [.anything, .memoryOrNull, .sizeOrZero, .anything], .integer,
      in: .trafficControl),
    entry(
      .redirectPeer, [.anything, .anything], .integer,
      in: .trafficControl),
    entry(
      .checkMTU, [.context, .anything, .inputOutput(size: 4), .anything, .anything], .integer,
      .needsGPL,
      in: .trafficControl.union([.xdp])),
  ]

  /// What the kernel knows of a socket buffer.
  static let socketBufferHelpers: [HelperPrototype] = [
    entry(
      .getCgroupClassID, [], .integer,
      in: .kernelPrograms,
      otherwise: .init(
        in: [.schedCLS, .schedACT, .lwtIn, .lwtOut, .lwtXmit, .lwtSeg6Local], [.context])),
    entry(
      .skbGetTunnelKey, [.context, .uninitializedMemory, .size, .anything], .integer,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .skbSetTunnelKey, [.context, .memory, .size, .anything], .integer,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .skbGetTunnelOption, [.context, .uninitializedMemory, .size], .integer,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .skbSetTunnelOption, [.context, .memory, .size], .integer,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .skbChangeType, [.context, .anything], .integer,
      in: .trafficControl),
    entry(
      .skbUnderCgroup, [.context, .map, .anything], .integer,
      in: .lightweightTunnels.union(Set.trafficControl)),
    entry(
      .getHashRecalc, [.context], .integer,
      in: .lightweightTunnels.union(Set.trafficControl)),
    entry(
      .setHashInvalid, [.context], .integer,
      in: .trafficControl.union([.lwtXmit])),
    entry(
      .setHash, [.context, .anything], .integer,
      in: .trafficControl),
    entry(
      .skbGetXFRMState, [.context, .anything, .uninitializedMemory, .size, .anything], .integer,
      in: .trafficControl),
    entry(
      .skbCgroupID, [.context], .integer,
      in: .trafficControl.union([.cgroupSKB])),
    entry(
      .skbAncestorCgroupID, [.context, .anything], .integer,
      in: .trafficControl.union([.cgroupSKB])),
    entry(
      .skbECNSetCE, [.context], .integer,
      in: .trafficControl.union([.cgroupSKB])),
    entry(
      .skbCgroupClassID, [.context], .integer,
      in: .trafficControl),
    entry(
      .skbSetTimestamp, [.context, .anything, .anything], .integer,
      in: .trafficControl),
  ]
}
