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

  /// `bpf_redirect_peer`: into the namespace of an interface's other end.
  func redirectToPeer(of interface: UInt64, flags: UInt64) -> UInt64 {
    guard flags == 0 else { return Verdict.trafficShot }
    redirect = .peer(UInt32(truncatingIfNeeded: interface))
    return Verdict.trafficRedirect
  }

  /// `bpf_redirect_neigh`: with a link-layer header for the next hop in a `struct bpf_redir_neigh`, if there is one.
  ///
  /// SAFETY: the parameters are as large as the size beside them says, which the engine checked.
  @unsafe
  func redirectToNeighbor(
    on interface: UInt64, parameters: UInt64, size: UInt64, flags: UInt64
  ) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    let structureSize: UInt64 = 20
    guard size == 0 || size >= structureSize, flags == 0 else { return Verdict.trafficShot }
    var nextHop: IPAddress?
    if size > 0 {
      let bytes = unsafe copyBytes(parameters, count: structureSize)
      switch UInt32(bytes[0]) | UInt32(bytes[1]) << 8 | UInt32(bytes[2]) << 16
        | UInt32(bytes[3]) << 24
      {
      case AddressFamily.ipv4: nextHop = IPAddress(bytes: bytes[4..<8])
      case AddressFamily.ipv6: nextHop = IPAddress(bytes: bytes[4..<20])
      default: break
      }
    }
    redirect = .neighbor(UInt32(truncatingIfNeeded: interface), nextHop: nextHop)
    return Verdict.trafficRedirect
  }

  /// `bpf_clone_redirect`: sends a copy of the packet as it is now. Any interface will do where the host names none.
  func cloneRedirect(to interface: UInt64, flags: UInt64) -> UInt64 {
    guard flags & ~RedirectFlags.ingress == 0 else { return KernelError.invalidArgument.result }
    guard !isSegmented || !socketBuffer.segmentation.isEmpty else {
      return KernelError.badMessage.result
    }
    let interface = UInt32(truncatingIfNeeded: interface)
    guard network == nil || network?.interface(interface) != nil else {
      return KernelError.invalidArgument.result
    }
    guard clones.count < cloneLimit else { return KernelError.noMemory.result }
    guard socketBuffer.linkHeader < socketBuffer.networkHeader, packet.count > 0 else {
      return KernelError.outOfRange.result
    }
    clones.append(
      PacketClone(bytes: packet.bytes, interface: interface, flags: flags, tag: pendingTag))
    return 0
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
