/// What is known of a number in a register: its bits, and bounds of it and of its lower half, signed and unsigned.
///
/// Each part holds for every number the scalar stands for, and says what the others imply: they are deduced from
/// each other until nothing more follows.
@frozen
public struct Scalar<W: WideWord>: Hashable, Sendable {
  /// The bits that are known.
  public let bits: Tnum<W>
  /// Bounds of the whole word.
  public let range: NumberRange<W>
  /// Bounds of the lower half, which 32-bit operations see.
  public let low: NumberRange<W.Half>

  private init(bits: Tnum<W>, range: NumberRange<W>, low: NumberRange<W.Half>) {
    self.bits = bits
    self.range = range
    self.low = low
  }

  @inline(__always)
  public static func == (left: Scalar, right: Scalar) -> Bool {
    left.bits == right.bits && left.range == right.range && left.low == right.low
  }

  /// The scalar of parts that were deduced from each other before.
  @inline(__always)
  init(parts bits: Tnum<W>, _ range: NumberRange<W>, _ low: NumberRange<W.Half>) {
    self.init(bits: bits, range: range, low: low)
  }

  /// The scalar of one number.
  init(_ value: W) {
    bits = Tnum(value)
    range = NumberRange(value)
    low = NumberRange(Self.half(value))
  }

  /// The scalar of all numbers.
  static var unknown: Scalar { Scalar(bits: .unknown, range: .full, low: .full) }

  /// Whether it stands for all numbers.
  @inline(__always)
  var isUnknown: Bool { bits.isUnknown && range == .full && low == .full }

  /// What three descriptions of one number say together.
  ///
  /// - Returns: nil where no number fits them. Not always found out: then some part of the scalar stands for numbers
  ///   that another excludes.
  static func deduced(
    bits: Tnum<W>, range: NumberRange<W>, low: NumberRange<W.Half>
  ) -> Scalar? {
    if bits.isConstant {
      let scalar = Scalar(bits.value)
      let fits = range.contains(bits.value) && low.contains(Self.half(bits.value))
      return fits ? scalar : nil
    }
    if range == .full, low == .full {
      // All that bits alone say.
      let half = half(bits)
      return Scalar(
        bits: bits,
        range: NumberRange(
          bits.minimum, bits.maximum, signed: bits.signedMinimum, bits.signedMaximum),
        low: NumberRange(
          half.minimum, half.maximum, signed: half.signedMinimum, half.signedMaximum))
    }
    if let scalar = lowest(bits: bits, range: range, low: low) { return scalar }
    var bits = bits
    var range = range
    var low = low
    // Each round only narrows; more than a few find next to nothing.
    for _ in 0..<4 {
      let before = Scalar(bits: bits, range: range, low: low)
      guard let fromBits = narrowed(range, by: bits),
        let narrowLow = narrowed(low, by: half(bits)),
        let lowFromWhole = narrowLow.narrowed(byLowHalfOf: fromBits),
        let whole = fromBits.narrowed(byLowHalf: lowFromWhole),
        let wholeBits = bits.intersection(.range(whole.minimum, whole.maximum)),
        let allBits = wholeBits.intersection(
          Self.withLowHalf(.range(lowFromWhole.minimum, lowFromWhole.maximum)))
      else { return nil }
      bits = allBits
      range = whole
      low = lowFromWhole
      if before == Scalar(bits: bits, range: range, low: low) { break }
    }
    return Scalar(bits: bits, range: range, low: low)
  }

  /// All numbers of some low bits, where that is what the bits say and bounds say no more; otherwise nil.
  @inline(__always)
  private static func lowest(
    bits: Tnum<W>, range: NumberRange<W>, low: NumberRange<W.Half>
  ) -> Scalar? {
    let most = bits.mask
    let mostOfHalf = half(most)
    guard bits.value == .zero, most & (most &+ .one) == .zero,
      W(truncating: mostOfHalf.bits) == most, !mostOfHalf.isNegative,
      range.allows(upTo: most), low.allows(upTo: mostOfHalf)
    else { return nil }
    return Scalar(
      parts: bits, NumberRange(.zero, most, signed: .zero, most),
      NumberRange(.zero, mostOfHalf, signed: .zero, mostOfHalf))
  }

  /// As ``deduced(bits:range:low:)``, for the result of an operation: of operands for which there was no number after all,
  /// it can be anything.
  static func result(
    bits: Tnum<W> = .unknown, range: NumberRange<W> = .full, low: NumberRange<W.Half> = .full
  ) -> Scalar {
    deduced(bits: bits, range: range, low: low) ?? .unknown
  }

  static func narrowed<V: Word>(
    _ range: NumberRange<V>, by bits: Tnum<V>
  ) -> NumberRange<V>? {
    if bits.isUnknown { return range.tightened() }
    let fromBits = NumberRange(
      bits.minimum, bits.maximum, signed: bits.signedMinimum, bits.signedMaximum)
    guard let both = range.intersection(fromBits)?.tightened() else { return nil }
    guard let low = bits.least(from: both.minimum), let high = bits.greatest(upTo: both.maximum),
      low <= high
    else { return nil }
    return NumberRange(low, high, signed: both.signedMinimum, both.signedMaximum).tightened()
  }

  // MARK: Halves

  @inline(__always) static func half(_ word: W) -> W.Half { W.Half(truncating: word.bits) }

  @inline(__always)
  static func half(_ bits: Tnum<W>) -> Tnum<W.Half> {
    Tnum(value: half(bits.value), mask: half(bits.mask))
  }

  /// All numbers with a lower half that a tnum stands for.
  static func withLowHalf(_ bits: Tnum<W.Half>) -> Tnum<W> {
    let high = W.allOnes.shiftedLeft(W.Half.bitWidth)
    return Tnum(value: W(truncating: bits.value.bits), mask: W(truncating: bits.mask.bits) | high)
  }

  // MARK: What it stands for

  public func contains(_ word: W) -> Bool {
    bits.contains(word) && range.contains(word) && low.contains(Self.half(word))
  }

  /// Whether it stands for every number that another stands for.
  func contains(_ other: Scalar) -> Bool {
    bits.contains(other.bits) && range.contains(other.range) && low.contains(other.low)
  }

  /// Its number, if it is only one.
  public var constant: W? { bits.isConstant ? bits.value : nil }

  func union(_ other: Scalar) -> Scalar {
    Scalar(
      bits: bits.union(other.bits), range: range.union(other.range), low: low.union(other.low))
  }

  /// What both say; nil where they contradict each other.
  func intersection(_ other: Scalar) -> Scalar? {
    guard let bits = bits.intersection(other.bits), let range = range.intersection(other.range),
      let low = low.intersection(other.low)
    else { return nil }
    return Self.deduced(bits: bits, range: range, low: low)
  }
}

extension NumberRange {
  /// Bounds of the lower half of a word in `range`, together with these; nil where they contradict each other.
  fileprivate func narrowed<Whole: WideWord>(
    byLowHalfOf range: NumberRange<Whole>
  ) -> NumberRange? where Whole.Half == W {
    let count = W.bitWidth
    var low = self
    if range.minimum.shiftedRight(count) == range.maximum.shiftedRight(count) {
      let bounds = NumberRange.unsigned(
        W(truncating: range.minimum.bits), W(truncating: range.maximum.bits))
      guard let both = low.intersection(bounds)?.tightened() else { return nil }
      low = both
    }
    // Numbers that fit half a word signed are that half's signed numbers.
    let signedLow = W(signed: range.signedMinimum.signed)
    let signedHigh = W(signed: range.signedMaximum.signed)
    if signedLow.signed == range.signedMinimum.signed,
      signedHigh.signed == range.signedMaximum.signed
    {
      guard let both = low.intersection(.signed(signedLow, signedHigh))?.tightened() else {
        return nil
      }
      low = both
    }
    return low
  }
}

extension NumberRange where W: WideWord {
  /// The bounds moved inwards to numbers whose lower half lies in bounds of its own; nil where there are none.
  fileprivate func narrowed(byLowHalf low: NumberRange<W.Half>) -> NumberRange? {
    guard low != .full else { return self }
    guard let least = Self.least(from: minimum, low, limit: .allOnes),
      let greatest = Self.greatest(upTo: maximum, low, limit: .zero),
      let signedLeast = Self.least(from: signedMinimum, low, limit: .signedMaximum),
      let signedGreatest = Self.greatest(upTo: signedMaximum, low, limit: .signedMinimum),
      least <= greatest, signedLeast.signed <= signedGreatest.signed
    else { return nil }
    return NumberRange(least, greatest, signed: signedLeast, signedGreatest).tightened()
  }

  /// The first number from a bound on, up to a limit, whose lower half lies in bounds.
  private static func least(from bound: W, _ low: NumberRange<W.Half>, limit: W) -> W? {
    let count = W.Half.bitWidth
    let half = W.Half(truncating: bound.bits)
    let above = bound.shiftedRight(count)
    if half < low.minimum {
      return above.shiftedLeft(count) | W(truncating: low.minimum.bits)
    }
    if half <= low.maximum { return bound }
    if above == limit.shiftedRight(count) { return nil }
    return (above &+ .one).shiftedLeft(count) | W(truncating: low.minimum.bits)
  }

  /// The last number down from a bound, down to a limit, whose lower half lies in bounds.
  private static func greatest(upTo bound: W, _ low: NumberRange<W.Half>, limit: W) -> W? {
    let count = W.Half.bitWidth
    let half = W.Half(truncating: bound.bits)
    let above = bound.shiftedRight(count)
    if half > low.maximum {
      return above.shiftedLeft(count) | W(truncating: low.maximum.bits)
    }
    if half >= low.minimum { return bound }
    if above == limit.shiftedRight(count) { return nil }
    return (above &- .one).shiftedLeft(count) | W(truncating: low.maximum.bits)
  }
}
