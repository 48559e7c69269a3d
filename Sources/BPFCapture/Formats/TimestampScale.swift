/// Converts between the units of one interface's timestamps and nanoseconds since 1970.
struct TimestampScale: Hashable, Sendable {
  /// Units in a second.
  private let unitsPerSecond: UInt64
  /// Nanoseconds in a unit where that is a whole number, else 0.
  private let nanosecondsPerUnit: UInt64
  /// Nanoseconds to add; nil where the file's offset is beyond what 64 bits of nanoseconds hold.
  private let offset: Int64?

  private static let billion: UInt64 = 1_000_000_000

  /// - Parameter offset: seconds to add to every timestamp (`if_tsoffset`).
  init(_ resolution: TimestampResolution, offset: Int64 = 0) {
    unitsPerSecond = resolution.unitsPerSecond
    let (quotient, remainder) = Self.billion.quotientAndRemainder(dividingBy: unitsPerSecond)
    nanosecondsPerUnit = remainder == 0 ? quotient : 0
    let (product, overflow) = offset.multipliedReportingOverflow(by: Int64(Self.billion))
    self.offset = overflow ? nil : product
  }

  /// Nanoseconds since 1970, rounded down, or nil outside the years 1677 to 2262 that 64 bits hold.
  func nanoseconds(_ units: UInt64) -> Int64? {
    guard let offset else { return nil }
    let magnitude: UInt64
    if nanosecondsPerUnit != 0 {
      let (product, overflow) = units.multipliedReportingOverflow(by: nanosecondsPerUnit)
      guard !overflow else { return nil }
      magnitude = product
    } else {
      let wide = units.multipliedFullWidth(by: Self.billion)
      guard wide.high < unitsPerSecond else { return nil }
      magnitude = unitsPerSecond.dividingFullWidth(wide).quotient
    }
    // With a negative offset the sum may fit where the magnitude alone does not.
    let (sum, overflow) = offset.addingReportingOverflow(Int64(truncatingIfNeeded: magnitude))
    let exceeded = magnitude > UInt64(Int64.max)
    // Reinterpreting a magnitude above Int64.max subtracted 2^64; the sum is right exactly if adding it wrapped.
    return overflow == exceeded ? sum : nil
  }

  /// The timestamp in the interface's units, rounded down, or nil where it is before the interface's zero.
  func units(_ nanoseconds: Int64) -> UInt64? {
    guard let offset, nanoseconds >= offset else { return nil }
    let magnitude = UInt64(bitPattern: nanoseconds &- offset)
    guard nanosecondsPerUnit == 0 else { return magnitude / nanosecondsPerUnit }
    let wide = magnitude.multipliedFullWidth(by: unitsPerSecond)
    guard wide.high < Self.billion else { return nil }
    return Self.billion.dividingFullWidth(wide).quotient
  }
}
