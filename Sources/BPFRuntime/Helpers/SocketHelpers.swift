import BPFPlatform

/// Helpers that ask for a packet's socket or cgroup. A process has none, so each gives what the kernel gives for a packet
/// without one.
extension ExecutionFrame {
  /// The user the kernel names where there is no socket (`overflowuid`).
  private static let nobody: UInt64 = 65534

  /// `bpf_get_socket_uid`.
  func socketUser() -> UInt64 { Self.nobody }

  /// `bpf_skb_get_xfrm_state`: no packet came through IPsec. The buffer is cleared.
  ///
  /// SAFETY: the buffer is as large as the size beside it says, which the engine checked.
  @unsafe
  func skbGetTransformState(into buffer: UInt64, size: UInt64) -> UInt64 {
    unsafe hostPointer(buffer)?.initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(UInt32(truncatingIfNeeded: size)))
    return KernelError.invalidArgument.result
  }

  /// Helpers that give a socket, a cgroup or a realm of the packet's: there is none. Nil for every other helper.
  func withoutSocket(_ id: HelperID) -> UInt64? {
    switch id {
    case .socketLookupTCP, .socketLookupUDP, .socketCommonLookupTCP, .socketFullsock, .tcpSock,
      .getListenerSock, .socketRelease, .getSocketCookie, .getCgroupClassID, .skbCgroupClassID,
      .skbCgroupID, .skbAncestorCgroupID, .socketCgroupID, .socketAncestorCgroupID, .getRouteRealm,
      .socketCommonToTCP6Sock, .socketCommonToTCPSock, .socketCommonToTCPTimeWaitSock,
      .socketCommonToTCPRequestSock, .socketCommonToUDP6Sock, .socketCommonToUnixSock,
      .socketCommonToMPTCPSock:
      0
    case .socketAssign, .tcpCheckSYNCookie, .tcpGenSYNCookie: KernelError.invalidArgument.result
    case .skbUnderCgroup: KernelError.noSuchEntry.result
    default: nil
    }
  }
}
