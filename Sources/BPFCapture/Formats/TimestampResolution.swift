/// The unit of a capture's timestamps, as the octet of pcapng's `if_tsresol` option.
///
/// With the top bit clear, the rest is a negative power of ten (6: microseconds); with it set, a negative power of two.
public struct TimestampResolution: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  /// The resolution an octet stands for, or nil where a second would have more than 2^64 units.
  public init?(rawValue: UInt8) {
    guard rawValue & 0x7f < (rawValue & 0x80 == 0 ? 20 : 64) else { return nil }
    self.rawValue = rawValue
  }

  private init(power: UInt8) {
    rawValue = power
  }

  public static let seconds = TimestampResolution(power: 0)
  public static let milliseconds = TimestampResolution(power: 3)
  public static let microseconds = TimestampResolution(power: 6)
  public static let nanoseconds = TimestampResolution(power: 9)

  /// How many of these units a second has.
  public var unitsPerSecond: UInt64 {
    let exponent = Int(rawValue & 0x7f)
    guard rawValue & 0x80 == 0 else { return 1 << UInt64(exponent) }
    return (0..<exponent).reduce(1) { power, _ in power * 10 }
  }
}

extension TimestampResolution: CustomStringConvertible {
  public var description: String {
    switch self {
    case .seconds: "s"
    case .milliseconds: "ms"
    case .microseconds: "µs"
    case .nanoseconds: "ns"
    default: (rawValue & 0x80 == 0 ? "10^-" : "2^-") + "\(rawValue & 0x7f) s"
    }
  }
}
