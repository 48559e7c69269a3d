/// Packets of many shapes, for what helpers do with them. All begin with an Ethernet header.
enum PacketSamples {
  static let ipv4: [UInt8] = [0x08, 0x00]
  static let ipv6: [UInt8] = [0x86, 0xdd]
  static let vlan: [UInt8] = [0x81, 0x00]
  static let serviceVLAN: [UInt8] = [0x88, 0xa8]

  /// A frame to the loopback device, another device, a group or all.
  static func frame(
    to destination: [UInt8] = [0, 0, 0, 0, 0, 0], _ type: [UInt8], _ payload: [UInt8]
  ) -> [UInt8] {
    destination + [2, 0, 0, 0, 0, 1] + type + payload
  }

  /// Bytes that tell where they are.
  static func counted(_ count: Int, from first: UInt8 = 0x40) -> [UInt8] {
    (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
  }

  static func ipv4Packet(
    protocol number: UInt8, options: Int = 0, service: UInt8 = 0, _ payload: [UInt8]
  ) -> [UInt8] {
    let length = 20 + options + payload.count
    return [
      0x45 + UInt8(options / 4), service, UInt8(truncatingIfNeeded: length >> 8),
      UInt8(truncatingIfNeeded: length), 0x12, 0x34, 0x40, 0, 64, number, 0xb1, 0xe6,
      10, 0, 0, 1, 10, 0, 0, 2,
    ] + [UInt8](repeating: 1, count: options) + payload
  }

  static func ipv6Packet(
    next number: UInt8, trafficClass: UInt8 = 0, label: UInt8 = 0, _ payload: [UInt8]
  ) -> [UInt8] {
    [
      0x60 | trafficClass >> 4, trafficClass << 4, 0, label,
      UInt8(truncatingIfNeeded: payload.count >> 8), UInt8(truncatingIfNeeded: payload.count),
      number, 64,
    ] + [0x20, 0x01, 0x0d, 0xb8] + counted(12, from: 1) + [0x20, 0x01, 0x0d, 0xb8]
      + counted(12, from: 0x81) + payload
  }

  static func tcp(_ payload: Int, flags: UInt8 = 0x18, options: [UInt8] = []) -> [UInt8] {
    [
      0x1f, 0x90, 0x01, 0xbb, 0, 0, 0, 7, 0, 0, 0, 9,
      UInt8((20 + options.count) / 4) << 4, flags, 0x10, 0, 0xab, 0xcd, 0, 0,
    ] + options + counted(payload)
  }

  static func udp(_ payload: Int) -> [UInt8] {
    let length = 8 + payload
    return [
      0x13, 0x88, 0x00, 0x35, UInt8(truncatingIfNeeded: length >> 8),
      UInt8(truncatingIfNeeded: length), 0x12, 0x21,
    ] + counted(payload)
  }

  static let icmp: [UInt8] = [8, 0, 0x5c, 0x2b, 0, 1, 0, 2] + counted(24)

  private static let others: [UInt8] = [2, 0, 0, 0, 0, 9]
  private static let everybody = [UInt8](repeating: 0xff, count: 6)
  private static let group: [UInt8] = [1, 0, 0x5e, 0, 0, 1]
  private static let segmentSize: [UInt8] = [2, 4, 5, 0xb4]

  /// IPv4 in its varieties: protocols, options, fragments, lengths.
  static let ipv4Frames: [[UInt8]] = [
    frame(ipv4, ipv4Packet(protocol: 6, tcp(0))),
    frame(
      ipv4, ipv4Packet(protocol: 6, service: 1, tcp(100, options: segmentSize + [1, 1, 1, 0]))),
    frame(to: others, ipv4, ipv4Packet(protocol: 17, service: 2, udp(18))),
    frame(to: everybody, ipv4, ipv4Packet(protocol: 17, options: 8, service: 3, udp(31))),
    frame(to: group, ipv4, ipv4Packet(protocol: 1, service: 0xb9, icmp)),
    frame(ipv4, ipv4Packet(protocol: 17, udp(1472))),
    frame(ipv4, ipv4Packet(protocol: 6, options: 40, tcp(3000))),
    frame(ipv4, ipv4Packet(protocol: 47, [0, 0, 8, 0] + ipv4Packet(protocol: 17, udp(5)))),
    frame(ipv4, ipv4Packet(protocol: 4, ipv4Packet(protocol: 6, tcp(9)))),
    frame(ipv4, ipv4Packet(protocol: 41, ipv6Packet(next: 17, udp(12)))),
    // No more than the header, and a header that says it is shorter.
    frame(ipv4, ipv4Packet(protocol: 17, [])),
    frame(ipv4, [0x41] + ipv4Packet(protocol: 17, udp(2)).dropFirst()),
  ]

  static let ipv6Frames: [[UInt8]] = [
    frame(ipv6, ipv6Packet(next: 6, tcp(0))),
    frame(ipv6, ipv6Packet(next: 17, trafficClass: 1, udp(33))),
    frame(to: others, ipv6, ipv6Packet(next: 17, trafficClass: 0xb9, label: 7, udp(1200))),
    frame(to: group, ipv6, ipv6Packet(next: 58, trafficClass: 3, icmp)),
    frame(ipv6, ipv6Packet(next: 0, [6, 0, 1, 4, 0, 0, 0, 0] + tcp(20))),
    frame(ipv6, ipv6Packet(next: 41, ipv6Packet(next: 6, tcp(2)))),
    frame(ipv6, ipv6Packet(next: 4, ipv4Packet(protocol: 17, udp(40)))),
    frame(ipv6, ipv6Packet(next: 17, [])),
  ]

  /// Everything else: tags, ARP, MPLS, 802.3, frames cut short.
  static let otherFrames: [[UInt8]] = [
    frame(vlan, [0x20, 5] + ipv4 + ipv4Packet(protocol: 17, service: 2, udp(20))),
    frame(vlan, [0xe0, 9] + ipv6 + ipv6Packet(next: 6, trafficClass: 2, tcp(10))),
    frame(serviceVLAN, [0, 7] + vlan + [0x30, 8] + ipv4 + ipv4Packet(protocol: 6, tcp(40))),
    frame(
      vlan, [0, 1] + vlan + [0, 2] + vlan + [0, 3] + ipv6 + ipv6Packet(next: 17, udp(4))),
    frame(vlan, [0, 5, 0, 40, 0xff, 0xff] + counted(38)),
    frame(vlan, [0, 5, 0, 40, 0xaa, 0xaa] + counted(38)),
    frame(vlan, [0, 5] + vlan + [0, 6, 0x88, 0xb5]),
    frame(vlan, [0, 5] + vlan),
    frame(vlan, [0, 5]),
    frame(vlan, [0, 0, 0x88, 0xb5]),
    frame(vlan, []),
    frame(to: everybody, [0x08, 0x06], [0, 1, 8, 0, 6, 4, 0, 1] + counted(20) + [0, 0]),
    frame([0x88, 0x47], [0, 1, 0x01, 64] + ipv4Packet(protocol: 17, udp(8))),
    frame([0, 46], [0xaa, 0xaa, 3, 0, 0, 0, 8, 0] + counted(38)),
    frame([0, 46], [0xff, 0xff] + counted(44)),
    frame([0x88, 0xb5], counted(46)),
    frame([0x88, 0xb5], [1]),
    frame([0x88, 0xb5], []),
    frame([0x88, 0xb5], counted(3690)),
  ]

  static let all = ipv4Frames + ipv6Frames + otherFrames
}
