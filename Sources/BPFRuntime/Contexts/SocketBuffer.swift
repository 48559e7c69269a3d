/// What a socket buffer (Linux's `struct sk_buff`) holds beside its bytes and what its context shows.
///
/// The places of headers are 16-bit numbers that count from the start of the kernel's buffer and wrap, so that helpers
/// come to the same results as the kernel's, those for odd packets included.
struct SocketBuffer {
  /// The bytes before a fresh packet, and the steps by which the kernel makes them more (`NET_SKB_PAD`).
  static let headroomStep = 64
  /// The longest a program may make a packet (`SKB_MAX_ALLOC`).
  static let maximumLength = 16064
  /// The longest a packet may get where only memory bounds it: large packets that a device cuts, and headers pushed one
  /// before the other.
  static let memoryLimit = 1 << 24
  /// The place of a header nobody set.
  static let unset: UInt16 = 0xffff

  /// The bytes from the buffer's start to the packet's.
  var headroom = headroomStep
  /// The link-layer header's place.
  var linkHeader = UInt16(headroomStep)
  var networkHeader = UInt16(headroomStep)
  var transportHeader = unset
  var innerTransportHeader: UInt16 = 0
  /// The link-layer header's length as helpers for VLAN tags last noted it (`mac_len`).
  var linkHeaderLength: UInt16 = 0
  var isEncapsulated = false
  /// Whether the context's hash is one to keep.
  var hasHash = false
  var checksum = PacketChecksum.none
  var segmentation = SegmentationKind()
  var tunnel: TunnelMetadata?

  /// Where the network header is, counted from the packet's first byte.
  var networkOffset: Int { Int(networkHeader) - headroom }
  /// Where the link-layer header is, counted from the packet's first byte.
  var linkOffset: Int { Int(linkHeader) - headroom }
  /// From the link-layer header to the network header, as helpers measure it.
  var linkToNetwork: Int { Int(networkHeader) - Int(linkHeader) }

  /// A buffer as a test run of the kernel makes it.
  ///
  /// - Parameter hidesLinkHeader: whether the packet starts after its Ethernet header.
  init(hidesLinkHeader: Bool = false) {
    networkHeader += UInt16(PacketBuffer.linkHeaderSize)
    if hidesLinkHeader { headroom += PacketBuffer.linkHeaderSize }
  }

  /// Moves the packet's first byte towards the buffer's start so that `count` bytes precede it.
  ///
  /// The kernel shifts every header's place along, a transport header that nobody set as well.
  mutating func growHeadroom(to count: Int) {
    let missing = count - headroom
    guard missing > 0 else { return }
    let step = (missing + Self.headroomStep - 1) / Self.headroomStep * Self.headroomStep
    let shift = UInt16(truncatingIfNeeded: step)
    headroom += step
    transportHeader &+= shift
    networkHeader &+= shift
    innerTransportHeader &+= shift
    if linkHeader != Self.unset { linkHeader &+= shift }
  }
}

/// What is known of a packet's transport checksum (`ip_summed` of Linux's `struct sk_buff`).
public enum PacketChecksum: Hashable, Sendable {
  /// Nothing: whoever needs to know computes it.
  case none
  /// A device verified as many checksums, counted from the outermost, as the level plus one; 3 at most.
  case unnecessary(level: UInt8)
  /// The one's-complement sum of all bytes from the network header on, as a device summed it.
  case complete(sum: UInt32)
}

/// What kind of large packet it is that a device will cut (`gso_type` of Linux's `struct skb_shared_info`).
public struct SegmentationKind: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let tcp4 = SegmentationKind(rawValue: 1)
  /// Its headers have to be checked first.
  public static let untrusted = SegmentationKind(rawValue: 1 << 1)
  public static let tcp6 = SegmentationKind(rawValue: 1 << 4)
  public static let gre = SegmentationKind(rawValue: 1 << 6)
  public static let ipInIP4 = SegmentationKind(rawValue: 1 << 8)
  public static let ipInIP6 = SegmentationKind(rawValue: 1 << 9)
  public static let udpTunnel = SegmentationKind(rawValue: 1 << 10)
  public static let udpDatagrams = SegmentationKind(rawValue: 1 << 17)

  var isTCP: Bool { !isDisjoint(with: [.tcp4, .tcp6]) }
}
