/// An Internet address.
public enum IPAddress: Hashable, Sendable {
  /// The address's 32 bits, as a number: 10.0.0.1 is 0x0a000001.
  case v4(UInt32)
  /// The address's bits 127 to 64, and 63 to 0.
  case v6(UInt64, UInt64)

  /// The address of 4 or 16 bytes in network order; nil for any other number.
  ///
  /// - Complexity: O(1).
  public init?(bytes: some Collection<UInt8>) {
    func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
      bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
    switch bytes.count {
    case 4: self = .v4(UInt32(truncatingIfNeeded: number(bytes)))
    case 16: self = .v6(number(bytes.prefix(8)), number(bytes.dropFirst(8)))
    default: return nil
    }
  }

  /// The address's 4 or 16 bytes in network order.
  public var bytes: [UInt8] {
    switch self {
    case .v4(let bits): (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) }
    case .v6(let high, let low):
      (0..<16).map {
        UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8)))
      }
    }
  }

  /// The number of bits: 32 or 128.
  public var width: Int {
    switch self {
    case .v4: 32
    case .v6: 128
    }
  }

  /// The address with all but its first bits 0.
  func masked(to length: Int) -> IPAddress {
    switch self {
    case .v4(let bits): .v4(length <= 0 ? 0 : bits & ~UInt32(0) << UInt32(max(32 - length, 0)))
    case .v6(let high, let low):
      .v6(
        length <= 0 ? 0 : high & ~UInt64(0) << UInt64(max(64 - length, 0)),
        length <= 64 ? 0 : low & ~UInt64(0) << UInt64(max(128 - length, 0)))
    }
  }

  /// Whether the kernel never forwards it: link-local, multicast, or loopback of version 6.
  var isStrict: Bool {
    guard case .v6(let high, let low) = self else { return false }
    return high >> 54 == 0x3fa || high >> 56 == 0xff || high == 0 && low == 1
  }
}
