/// Bounds of a word, as an unsigned number and as a signed one. All are inclusive.
///
/// Never empty: `minimum <= maximum`, and the same as signed numbers.
@frozen
public struct NumberRange<W: Word>: Hashable, Sendable {
  public let minimum: W
  public let maximum: W
  /// The least value as a signed number (``Word/signed``).
  public let signedMinimum: W
  public let signedMaximum: W

  @inline(__always)
  init(_ minimum: W, _ maximum: W, signed signedMinimum: W, _ signedMaximum: W) {
    self.minimum = minimum
    self.maximum = maximum
    self.signedMinimum = signedMinimum
    self.signedMaximum = signedMaximum
  }

  @inline(__always)
  init(_ value: W) { self.init(value, value, signed: value, value) }

  @inline(__always) static var full: NumberRange {
    NumberRange(.zero, .allOnes, signed: .signedMinimum, .signedMaximum)
  }

  /// What is known of a number from its unsigned bounds alone.
  @inline(__always)
  static func unsigned(_ minimum: W, _ maximum: W) -> NumberRange {
    minimum.isNegative == maximum.isNegative
      ? NumberRange(minimum, maximum, signed: minimum, maximum)
      : NumberRange(minimum, maximum, signed: .signedMinimum, .signedMaximum)
  }

  /// What is known of a number from its signed bounds alone.
  @inline(__always)
  static func signed(_ minimum: W, _ maximum: W) -> NumberRange {
    minimum.isNegative == maximum.isNegative
      ? NumberRange(minimum, maximum, signed: minimum, maximum)
      : NumberRange(.zero, .allOnes, signed: minimum, maximum)
  }

  @inline(__always)
  public static func == (left: NumberRange, right: NumberRange) -> Bool {
    left.minimum == right.minimum && left.maximum == right.maximum
      && left.signedMinimum == right.signedMinimum && left.signedMaximum == right.signedMaximum
  }

  @inline(__always) public var isConstant: Bool { minimum == maximum }

  public func contains(_ word: W) -> Bool {
    minimum <= word && word <= maximum && signedMinimum.signed <= word.signed
      && word.signed <= signedMaximum.signed
  }

  /// Whether a number is one of the bounds.
  @inline(__always)
  func ends(with word: W) -> Bool {
    word == minimum || word == maximum || word == signedMinimum || word == signedMaximum
  }

  /// Whether it has all numbers from 0 to one that is not negative.
  @inline(__always)
  func allows(upTo most: W) -> Bool {
    minimum == .zero && maximum >= most && signedMinimum.signed <= 0
      && signedMaximum.signed >= most.signed
  }

  func contains(_ other: NumberRange) -> Bool {
    minimum <= other.minimum && other.maximum <= maximum
      && signedMinimum.signed <= other.signedMinimum.signed
      && other.signedMaximum.signed <= signedMaximum.signed
  }

  /// The bounds of either.
  func union(_ other: NumberRange) -> NumberRange {
    NumberRange(
      min(minimum, other.minimum), max(maximum, other.maximum),
      signed: signedMin(signedMinimum, other.signedMinimum),
      signedMax(signedMaximum, other.signedMaximum))
  }

  /// The bounds of what lies in both; nil where nothing does.
  @inline(__always)
  func intersection(_ other: NumberRange) -> NumberRange? {
    let low = max(minimum, other.minimum)
    let high = min(maximum, other.maximum)
    let signedLow = signedMax(signedMinimum, other.signedMinimum)
    let signedHigh = signedMin(signedMaximum, other.signedMaximum)
    guard low <= high, signedLow.signed <= signedHigh.signed else { return nil }
    return NumberRange(low, high, signed: signedLow, signedHigh)
  }

  /// The same numbers, with each pair of bounds as tight as the other pair lets it be; nil where there is none.
  @inline(__always)
  func tightened() -> NumberRange? {
    if signedMinimum.isNegative == signedMaximum.isNegative {
      // The signed bounds are unsigned ones too.
      let low = max(minimum, signedMinimum)
      let high = min(maximum, signedMaximum)
      return low <= high ? NumberRange(low, high, signed: low, high) : nil
    }
    if minimum.isNegative == maximum.isNegative {
      let low = signedMax(signedMinimum, minimum)
      let high = signedMin(signedMaximum, maximum)
      return low.signed <= high.signed ? NumberRange(low, high, signed: low, high) : nil
    }
    // Both cross zero: numbers lie in [minimum, signedMaximum] or in [signedMinimum, maximum].
    let hasPositive = minimum <= signedMaximum
    let hasNegative = signedMinimum <= maximum
    switch (hasPositive, hasNegative) {
    case (true, true): return self
    case (true, false):
      return NumberRange(minimum, signedMaximum, signed: minimum, signedMaximum)
    case (false, true):
      return NumberRange(signedMinimum, maximum, signed: signedMinimum, maximum)
    case (false, false): return nil
    }
  }
}
