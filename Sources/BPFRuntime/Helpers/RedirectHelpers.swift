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
  /// What `bpf_redirect_map` returns if the map has no such entry.
  static let actionMask: UInt64 = 3
  static let broadcast: UInt64 = 8
  static let excludeIngress: UInt64 = 16
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

  /// `bpf_redirect_map`. An entry that is missing takes an earlier redirect back.
  ///
  /// SAFETY: as for the map helpers.
  @unsafe
  func redirect(through map: UInt64, index: UInt64, flags: UInt64) -> UInt64 {
    unsafe withMap(map, or: Verdict.xdpAborted) { map in
      var allowed = RedirectFlags.actionMask
      if map.spec.kind == .deviceMap || map.spec.kind == .deviceMapHash {
        allowed |= RedirectFlags.broadcast | RedirectFlags.excludeIngress
      }
      guard flags & ~allowed == 0 else { return Verdict.xdpAborted }
      var key = UInt32(truncatingIfNeeded: index)
      let isPresent = unsafe withUnsafeBytes(of: &key) { key in
        guard let key = key.baseAddress else { return false }
        return unsafe map.lookup(key, worker: worker) != nil
      }
      guard isPresent || flags & RedirectFlags.broadcast != 0 else {
        redirect = nil
        return flags & RedirectFlags.actionMask
      }
      redirect = .mapEntry(map: map.spec.name, index: key, flags: flags)
      return Verdict.xdpRedirect
    }
  }
}
