/// Numbers of address families, as Linux has them.
enum AddressFamily {
  static let ipv4: UInt32 = 2
  static let ipv6: UInt32 = 10
}
