/// What the first bytes of a captured packet are: a number of the registry at tcpdump.org/linktypes.html.
@frozen
public struct LinkType: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }
}

extension LinkType {
  /// BSD loopback: a 4-byte address family in the byte order of the capturing machine, then IP.
  public static let null = LinkType(rawValue: 0)
  /// Ethernet: destination, source, EtherType.
  public static let ethernet = LinkType(rawValue: 1)
  /// Point-to-point protocol.
  public static let ppp = LinkType(rawValue: 9)
  /// IP with no header before it; the version nibble says which.
  public static let raw = LinkType(rawValue: 101)
  /// IEEE 802.11.
  public static let ieee80211 = LinkType(rawValue: 105)
  /// OpenBSD loopback: as `null`, with the address family in network byte order.
  public static let loop = LinkType(rawValue: 108)
  /// Linux "cooked" capture, version 1: a 16-byte header.
  public static let linuxCooked = LinkType(rawValue: 113)
  /// IEEE 802.11 after a radiotap header.
  public static let ieee80211Radiotap = LinkType(rawValue: 127)
  /// Linux netlink messages.
  public static let netlink = LinkType(rawValue: 253)
  /// IPv4 with no header before it.
  public static let ipv4 = LinkType(rawValue: 228)
  /// IPv6 with no header before it.
  public static let ipv6 = LinkType(rawValue: 229)
  /// D-Bus messages.
  public static let dbus = LinkType(rawValue: 231)
  /// USB as Linux's usbmon records it.
  public static let usbLinuxMapped = LinkType(rawValue: 220)
  /// USB as Windows' USBPcap records it.
  public static let usbPcap = LinkType(rawValue: 249)
  /// Elektrobit's high-speed capture and replay.
  public static let ebhscr = LinkType(rawValue: 279)
  /// Linux "cooked" capture, version 2: a 20-byte header.
  public static let linuxCooked2 = LinkType(rawValue: 276)

  /// The registry's name, such as `EN10MB`, for the types named here.
  public var name: String? {
    Self.names[self]
  }

  private static let names: [LinkType: String] = [
    .null: "NULL", .ethernet: "EN10MB", .ppp: "PPP", .raw: "RAW", .ieee80211: "IEEE802_11",
    .loop: "LOOP", .linuxCooked: "LINUX_SLL", .ieee80211Radiotap: "IEEE802_11_RADIO",
    .netlink: "NETLINK", .ipv4: "IPV4", .ipv6: "IPV6", .dbus: "DBUS",
    .usbLinuxMapped: "USB_LINUX_MMAPPED", .usbPcap: "USBPCAP", .ebhscr: "EBHSCR",
    .linuxCooked2: "LINUX_SLL2",
  ]

  /// The most bytes that readers accept in one packet of this type; a longer one is taken for damage.
  ///
  /// The limits are those of libpcap and Wireshark: 256 KiB, and more where one message is larger.
  public var maximumCapturedLength: Int {
    switch self {
    case .dbus: 128 << 20
    case .ebhscr: 8 << 20
    case .usbLinuxMapped, .usbPcap: 128 << 20
    default: 256 << 10
    }
  }
}

extension LinkType: CustomStringConvertible {
  public var description: String {
    name ?? "link type \(rawValue)"
  }
}
