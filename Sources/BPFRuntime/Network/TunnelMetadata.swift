/// What is known of the tunnel a packet came through or is to take (`struct ip_tunnel_info` of Linux).
public struct TunnelMetadata: Hashable, Sendable {
  /// The tunnel's identifier, as a VXLAN's.
  public var identifier: UInt64
  /// The outer header's addresses, both of the same version.
  public var source: IPAddress
  public var destination: IPAddress
  /// The outer header's type of service or traffic class.
  public var trafficClass: UInt8
  public var hopLimit: UInt8
  /// The outer IPv6 header's flow label.
  public var flowLabel: UInt32
  /// Flags of the tunnel's header, as numbers: 1 checksum, 4 key, 8 sequence number, 0x100 do not fragment.
  public var flags: UInt16
  /// The options of the tunnel's header, at most 255 bytes; nil where it has none.
  public var options: [UInt8]?
  /// Whether the program made it (`bpf_skb_set_tunnel_key`).
  public internal(set) var isFromProgram = false

  public init(
    identifier: UInt64, source: IPAddress, destination: IPAddress, trafficClass: UInt8 = 0,
    hopLimit: UInt8 = 0, flowLabel: UInt32 = 0, flags: UInt16 = 0, options: [UInt8]? = nil
  ) {
    self.identifier = identifier
    self.source = source
    self.destination = destination
    self.trafficClass = trafficClass
    self.hopLimit = hopLimit
    self.flowLabel = flowLabel
    self.flags = flags
    self.options = options
  }

  /// Flags that say which kind of options there are.
  static let optionFlags: UInt16 = 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15
}
