/// A copy of the packet that a program sent with `bpf_clone_redirect`.
public struct PacketClone: Hashable, Sendable {
  /// The packet as it was, from its link-layer header on.
  public let bytes: [UInt8]
  /// The index of the interface it was sent to.
  public let interface: UInt32
  /// The helper's flags: 1 for the interface's ingress.
  public let flags: UInt64
  /// The VLAN tag that goes with it outside of its bytes.
  public let tag: VLANTag?
}

/// A VLAN tag (IEEE 802.1Q) that is not among its packet's bytes.
public struct VLANTag: Hashable, Sendable {
  /// 0x8100, or 0x88a8 for a service tag.
  public let etherType: UInt16
  /// Priority, drop eligibility and VLAN identifier.
  public let control: UInt16
}

extension ExecutionFrame {
  /// The VLAN tag that goes with the packet outside of its bytes, as the program left it.
  public var pendingTag: VLANTag? {
    guard isSocketBuffer, self[.hasTag] != 0 else { return nil }
    return VLANTag(
      etherType: UInt16(truncatingIfNeeded: self[.tagProtocol]).bigEndian,
      control: UInt16(truncatingIfNeeded: self[.tag]))
  }
}
