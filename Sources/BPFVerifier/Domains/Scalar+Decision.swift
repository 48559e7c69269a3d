import BPFISA

extension Scalar {
  /// Which way a comparison goes for all numbers; nil where it is not the same for all.
  static func decide(_ condition: Condition, _ left: Scalar, _ right: Scalar) -> Bool? {
    decide(condition, left.bits, left.range, right.bits, right.range)
  }

  /// The same of the lower halves.
  static func decideHalves(_ condition: Condition, _ left: Scalar, _ right: Scalar) -> Bool? {
    decide(condition, half(left.bits), left.low, half(right.bits), right.low)
  }

  private static func decide<V: Word>(
    _ condition: Condition, _ leftBits: Tnum<V>, _ left: NumberRange<V>, _ rightBits: Tnum<V>,
    _ right: NumberRange<V>
  ) -> Bool? {
    switch condition {
    case .equal: return equal(leftBits, left, rightBits, right)
    case .notEqual: return equal(leftBits, left, rightBits, right).map { !$0 }
    case .bitsSet:
      if leftBits.value & rightBits.value != .zero { return true }
      return leftBits.maximum & rightBits.maximum == .zero ? false : nil
    case .greater: return greater(left, right)
    case .lessOrEqual: return greater(left, right).map { !$0 }
    case .less: return greater(right, left)
    case .greaterOrEqual: return greater(right, left).map { !$0 }
    case .signedGreater: return signedGreater(left, right)
    case .signedLessOrEqual: return signedGreater(left, right).map { !$0 }
    case .signedLess: return signedGreater(right, left)
    case .signedGreaterOrEqual: return signedGreater(right, left).map { !$0 }
    }
  }

  private static func equal<V: Word>(
    _ leftBits: Tnum<V>, _ left: NumberRange<V>, _ rightBits: Tnum<V>, _ right: NumberRange<V>
  ) -> Bool? {
    if leftBits.isConstant, rightBits.isConstant { return leftBits.value == rightBits.value }
    if (leftBits.value ^ rightBits.value) & ~(leftBits.mask | rightBits.mask) != .zero {
      return false
    }
    if left.maximum < right.minimum || right.maximum < left.minimum { return false }
    if left.signedMaximum.signed < right.signedMinimum.signed
      || right.signedMaximum.signed < left.signedMinimum.signed
    {
      return false
    }
    return nil
  }

  private static func greater<V: Word>(_ left: NumberRange<V>, _ right: NumberRange<V>) -> Bool? {
    if left.minimum > right.maximum { return true }
    return left.maximum <= right.minimum ? false : nil
  }

  private static func signedGreater<V: Word>(_ left: NumberRange<V>, _ right: NumberRange<V>)
    -> Bool?
  {
    if left.signedMinimum.signed > right.signedMaximum.signed { return true }
    return left.signedMaximum.signed <= right.signedMinimum.signed ? false : nil
  }
}
