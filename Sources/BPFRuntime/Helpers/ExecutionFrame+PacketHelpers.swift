import BPFPlatform

extension ExecutionFrame {
  /// The helpers of ``implementedHelpers`` that edit a socket buffer's packet, send it on, or ask about where it comes from.
  static let packetHelpers: Set<HelperID> = [
    .skbChangeProtocol, .skbChangeType, .skbChangeTail, .skbChangeHead, .skbAdjustRoom,
    .skbVLANPush, .skbVLANPop, .getHashRecalc, .setHash, .setHashInvalid, .skbSetTimestamp,
    .skbECNSetCE, .checksumUpdate, .checksumLevel,
    .cloneRedirect, .redirectPeer, .redirectNeigh, .fibLookup, .checkMTU, .skbGetTunnelKey,
    .skbSetTunnelKey, .skbGetTunnelOption, .skbSetTunnelOption, .skbGetXFRMState, .getSocketUID,
    .getNetNSCookie, .socketLookupTCP, .socketLookupUDP, .socketCommonLookupTCP, .socketFullsock,
    .tcpSock, .getListenerSock, .socketRelease, .socketAssign, .tcpCheckSYNCookie,
    .tcpGenSYNCookie, .getSocketCookie, .getCgroupClassID, .skbCgroupClassID, .skbCgroupID,
    .skbAncestorCgroupID, .socketCgroupID, .socketAncestorCgroupID, .skbUnderCgroup,
    .getRouteRealm, .tcpRawGenSYNCookieIPv4, .tcpRawGenSYNCookieIPv6, .tcpRawCheckSYNCookieIPv4,
    .tcpRawCheckSYNCookieIPv6, .lwtPushEncapsulation, .socketCommonToTCP6Sock,
    .socketCommonToTCPSock, .socketCommonToTCPTimeWaitSock, .socketCommonToTCPRequestSock,
    .socketCommonToUDP6Sock, .socketCommonToUnixSock, .socketCommonToMPTCPSock,
  ]

  /// Runs one of ``packetHelpers``; arguments and result are those of ``callHelper(_:_:_:_:_:_:)``.
  @unsafe
  func callPacketHelper(
    _ id: HelperID, _ a1: UInt64, _ a2: UInt64, _ a3: UInt64, _ a4: UInt64, _ a5: UInt64
  ) -> UInt64 {
    switch id {
    case .skbChangeProtocol: return skbChangeProtocol(to: a2, flags: a3)
    case .lwtPushEncapsulation: return unsafe pushTunnelHeader(mode: a2, header: a3, size: a4)
    case .skbChangeType: return skbChangeType(to: a2)
    case .skbChangeTail: return skbChangeTail(to: a2, flags: a3)
    case .skbChangeHead: return skbChangeHead(by: a2, flags: a3)
    case .skbAdjustRoom: return skbAdjustRoom(by: a2, mode: a3, flags: a4)
    case .skbVLANPush: return skbPushTag(protocol: a2, tag: a3)
    case .skbVLANPop: return skbPopTag()
    case .getHashRecalc: return flowHash()
    case .setHash: return setHash(a2)
    case .setHashInvalid: return clearHash()
    case .skbSetTimestamp: return skbSetTimestamp(a2, clock: a3)
    case .skbECNSetCE: return skbSetCongestionExperienced()
    case .checksumUpdate: return updateChecksum(by: a2)
    case .checksumLevel: return checksumLevel(a2)

    case .cloneRedirect: return cloneRedirect(to: a2, flags: a3)
    case .redirectPeer: return redirectToPeer(of: a1, flags: a2)
    case .redirectNeigh:
      return unsafe redirectToNeighbor(on: a1, parameters: a2, size: a3, flags: a4)
    case .fibLookup: return unsafe lookUpRoute(a2, size: a3, flags: a4)
    case .checkMTU: return unsafe checkLength(interface: a2, length: a3, difference: a4, flags: a5)
    case .skbGetTunnelKey: return unsafe skbGetTunnelKey(into: a2, size: a3, flags: a4)
    case .skbSetTunnelKey: return unsafe skbSetTunnelKey(from: a2, size: a3, flags: a4)
    case .skbGetTunnelOption: return unsafe skbGetTunnelOptions(into: a2, size: a3)
    case .skbSetTunnelOption: return unsafe skbSetTunnelOptions(from: a2, size: a3)
    case .skbGetXFRMState: return unsafe skbGetTransformState(into: a3, size: a4)
    case .getSocketUID: return socketUser()
    case .getNetNSCookie: return networkNamespaceCookie
    case .tcpRawGenSYNCookieIPv4:
      return unsafe generateSYNCookie(header: a1, tcp: a2, size: a3, isVersion6: false)
    case .tcpRawGenSYNCookieIPv6:
      return unsafe generateSYNCookie(header: a1, tcp: a2, size: a3, isVersion6: true)
    case .tcpRawCheckSYNCookieIPv4:
      return unsafe checkSYNCookie(header: a1, tcp: a2, isVersion6: false)
    case .tcpRawCheckSYNCookieIPv6:
      return unsafe checkSYNCookie(header: a1, tcp: a2, isVersion6: true)
    default:
      guard let result = withoutSocket(id) else {
        preconditionFailure(
          "an engine calls implemented helpers only, and does control flow itself")
      }
      return result
    }
  }
}
