import BPFPlatform

/// What an XDP program or a traffic classifier returns, where a helper says so.
private enum Verdict {
  static let xdpAborted: UInt64 = 0
  static let xdpRedirect: UInt64 = 4
  static let trafficShot: UInt64 = 2
  static let trafficRedirect: UInt64 = 7
}

/// Flags of the redirecting helpers (`BPF_F_…`).
private enum RedirectFlags {
  static let ingress: UInt64 = 1
}

extension ExecutionFrame {
  /// `bpf_redirect`.
  func redirect(to interface: UInt64, flags: UInt64) -> UInt64 {
    let target = UInt32(truncatingIfNeeded: interface)
    if type == .xdp {
      guard flags == 0 else { return Verdict.xdpAborted }
      redirect = .interface(target, flags: flags)
      return Verdict.xdpRedirect
    }
    guard flags & ~RedirectFlags.ingress == 0 else { return Verdict.trafficShot }
    redirect = .interface(target, flags: flags)
    return Verdict.trafficRedirect
  }
}
