// Each operation gives bounds that hold for every result of the operation on numbers in its operands' bounds.
extension NumberRange {
  // MARK: Sums

  static func + (left: NumberRange, right: NumberRange) -> NumberRange {
    let low = left.minimum &+ right.minimum
    let high = left.maximum &+ right.maximum
    // Where both bounds wrap, or neither does, the sums between do as they do.
    let isContiguous = (low < left.minimum) == (high < left.maximum)
    let signedLow = left.signedMinimum &+ right.signedMinimum
    let signedHigh = left.signedMaximum &+ right.signedMaximum
    let isSignedContiguous =
      wrap(left.signedMinimum, right.signedMinimum, signedLow)
      == wrap(left.signedMaximum, right.signedMaximum, signedHigh)
    return NumberRange(
      isContiguous ? low : .zero, isContiguous ? high : .allOnes,
      signed: isSignedContiguous ? signedLow : .signedMinimum,
      isSignedContiguous ? signedHigh : .signedMaximum)
  }

  static func - (left: NumberRange, right: NumberRange) -> NumberRange {
    let low = left.minimum &- right.maximum
    let high = left.maximum &- right.minimum
    let isContiguous = (left.minimum < right.maximum) == (left.maximum < right.minimum)
    let signedLow = left.signedMinimum &- right.signedMaximum
    let signedHigh = left.signedMaximum &- right.signedMinimum
    let isSignedContiguous =
      wrap(signedLow, right.signedMaximum, left.signedMinimum)
      == wrap(signedHigh, right.signedMinimum, left.signedMaximum)
    return NumberRange(
      isContiguous ? low : .zero, isContiguous ? high : .allOnes,
      signed: isSignedContiguous ? signedLow : .signedMinimum,
      isSignedContiguous ? signedHigh : .signedMaximum)
  }

  /// Which way the sum of two signed numbers wraps: above (1), below (-1) or not (0).
  private static func wrap(_ left: W, _ right: W, _ sum: W) -> Int {
    if left.isNegative != right.isNegative || sum.isNegative == left.isNegative { return 0 }
    return left.isNegative ? -1 : 1
  }

  // MARK: Products

  static func * (left: NumberRange, right: NumberRange) -> NumberRange {
    var low = W.zero
    var high = W.allOnes
    if !overflows(left.maximum, right.maximum) {
      low = left.minimum &* right.minimum
      high = left.maximum &* right.maximum
    }
    var signedLow = Int64.max
    var signedHigh = Int64.min
    for first in [left.signedMinimum.signed, left.signedMaximum.signed] {
      for second in [right.signedMinimum.signed, right.signedMaximum.signed] {
        let (product, overflow) = first.multipliedReportingOverflow(by: second)
        guard !overflow, W(signed: product).signed == product else {
          return NumberRange(low, high, signed: .signedMinimum, .signedMaximum)
        }
        signedLow = min(signedLow, product)
        signedHigh = max(signedHigh, product)
      }
    }
    return NumberRange(low, high, signed: W(signed: signedLow), W(signed: signedHigh))
  }

  private static func overflows(_ left: W, _ right: W) -> Bool {
    let (product, overflow) = left.bits.multipliedReportingOverflow(by: right.bits)
    return overflow || product > W.allOnes.bits
  }

  // MARK: Quotients (RFC 9669 section 4.1: division by zero gives 0, modulo zero leaves the dividend)

  func divided(by divisor: NumberRange) -> NumberRange {
    let least = max(divisor.minimum, .one)
    let low =
      divisor.minimum == .zero
      ? W.zero : W(truncating: minimum.bits / divisor.maximum.bits)
    return .unsigned(low, W(truncating: maximum.bits / least.bits))
  }

  func remainder(by divisor: NumberRange) -> NumberRange {
    if divisor.minimum > maximum { return self }
    let high =
      divisor.minimum == .zero ? maximum : min(maximum, divisor.maximum &- .one)
    return .unsigned(.zero, high)
  }

  func signedDivided(by divisor: NumberRange) -> NumberRange {
    let low = signedMinimum.signed
    let high = signedMaximum.signed
    let most = W.signedMinimum.signed
    if divisor.isConstant, divisor.minimum != .zero {
      let number = divisor.minimum.signed
      if number > 0 { return .signed(W(signed: low / number), W(signed: high / number)) }
      if number < -1 || low != most {
        return .signed(W(signed: high / number), W(signed: low / number))
      }
    }
    if divisor.signedMinimum.signed >= 0 {
      // The quotient is no farther from zero than the dividend.
      let least = max(divisor.signedMinimum.signed, 1)
      let greatest = max(divisor.signedMaximum.signed, 1)
      var first = low / (low < 0 ? least : greatest)
      var last = high / (high > 0 ? least : greatest)
      if divisor.signedMinimum == .zero {
        first = min(first, 0)
        last = max(last, 0)
      }
      return .signed(W(signed: first), W(signed: last))
    }
    // The least number divided by -1 is itself.
    if low == most { return .full }
    let bound = max(abs(low), abs(high))
    return .signed(W(signed: -bound), W(signed: bound))
  }

  func signedRemainder(by divisor: NumberRange) -> NumberRange {
    var low = min(signedMinimum.signed, 0)
    var high = max(signedMaximum.signed, 0)
    let hasZero = divisor.signedMinimum.signed <= 0 && divisor.signedMaximum.signed >= 0
    if !hasZero {
      // The remainder is nearer to zero than the divisor; that of the least number is too.
      let most = max(
        divisor.signedMinimum.signed.magnitude, divisor.signedMaximum.signed.magnitude)
      let bound = Int64(truncatingIfNeeded: min(most - 1, UInt64(Int64.max)))
      low = max(low, -bound)
      high = min(high, bound)
    }
    return .signed(
      W(signed: signedMinimum.signed >= 0 ? 0 : low),
      W(signed: signedMaximum.signed <= 0 ? 0 : high))
  }

  // MARK: Bits

  static func & (left: NumberRange, right: NumberRange) -> NumberRange {
    let high = signedMax(left.signedMaximum, right.signedMaximum)
    var low = W.zero
    if left.signedMinimum.isNegative, right.signedMinimum.isNegative {
      // No bit above the highest that either has clear below its sign gets clear.
      low = ~(~signedMin(left.signedMinimum, right.signedMinimum)).smeared
    }
    return NumberRange(.zero, min(left.maximum, right.maximum), signed: low, high)
  }

  static func | (left: NumberRange, right: NumberRange) -> NumberRange {
    let low = signedMin(left.signedMinimum, right.signedMinimum)
    var high = W.allOnes
    if !left.signedMaximum.isNegative, !right.signedMaximum.isNegative {
      high = signedMax(left.signedMaximum, right.signedMaximum).smeared
    }
    return NumberRange(
      max(left.minimum, right.minimum), (left.maximum | right.maximum).smeared, signed: low, high)
  }

  static func ^ (left: NumberRange, right: NumberRange) -> NumberRange {
    .unsigned(.zero, (left.maximum | right.maximum).smeared)
  }

  // MARK: Shifts, by counts from `least` to `most`, less than the width

  func shiftedLeft(_ least: Int, _ most: Int) -> NumberRange {
    var low = W.zero
    var high = W.allOnes
    if maximum.shiftedLeft(most).shiftedRight(most) == maximum {
      low = minimum.shiftedLeft(least)
      high = maximum.shiftedLeft(most)
    }
    var signedLow = W.signedMinimum
    var signedHigh = W.signedMaximum
    let keepsSign =
      signedMinimum.shiftedLeft(most).arithmeticShiftedRight(most) == signedMinimum
      && signedMaximum.shiftedLeft(most).arithmeticShiftedRight(most) == signedMaximum
    if keepsSign {
      signedLow = signedMinimum.shiftedLeft(signedMinimum.isNegative ? most : least)
      signedHigh = signedMaximum.shiftedLeft(signedMaximum.isNegative ? least : most)
    }
    return NumberRange(low, high, signed: signedLow, signedHigh)
  }

  func shiftedRight(_ least: Int, _ most: Int) -> NumberRange {
    .unsigned(minimum.shiftedRight(most), maximum.shiftedRight(least))
  }

  func arithmeticShiftedRight(_ least: Int, _ most: Int) -> NumberRange {
    .signed(
      signedMinimum.arithmeticShiftedRight(signedMinimum.isNegative ? least : most),
      signedMaximum.arithmeticShiftedRight(signedMaximum.isNegative ? most : least))
  }

  // MARK: Extensions

  /// The low bits, with zeros above.
  func zeroExtended(fromBits count: Int) -> NumberRange {
    let low = W.allOnes.shiftedRight(W.bitWidth - count)
    if count == W.bitWidth { return self }
    guard minimum.shiftedRight(count) == maximum.shiftedRight(count) else {
      return .unsigned(.zero, low)
    }
    return .unsigned(minimum & low, maximum & low)
  }

  /// The low bits, with copies of the highest of them above.
  func signExtended(fromBits count: Int) -> NumberRange {
    let above = W.bitWidth - count
    func extended(_ word: W) -> W { word.shiftedLeft(above).arithmeticShiftedRight(above) }
    if extended(signedMinimum) == signedMinimum, extended(signedMaximum) == signedMaximum {
      return self
    }
    let low = extended(minimum)
    let high = extended(maximum)
    if count < W.bitWidth, minimum.shiftedRight(count) == maximum.shiftedRight(count),
      low.signed <= high.signed, low.isNegative == high.isNegative
    {
      return .signed(low, high)
    }
    let most = W.signedMaximum.arithmeticShiftedRight(above)
    return .signed(~most, most)
  }
}
