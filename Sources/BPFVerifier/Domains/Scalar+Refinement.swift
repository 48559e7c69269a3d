import BPFISA

/// What a conditional jump says of its operands, on the way where it is taken or where it is not.
enum Relation: Hashable, Sendable {
  case equal, notEqual
  case less, lessOrEqual, greater, greaterOrEqual
  case signedLess, signedLessOrEqual, signedGreater, signedGreaterOrEqual
  /// They have a set bit in common, or none.
  case bitsSet, bitsClear

  init(_ condition: Condition, isTaken: Bool) {
    self =
      switch condition {
      case .equal: isTaken ? .equal : .notEqual
      case .notEqual: isTaken ? .notEqual : .equal
      case .greater: isTaken ? .greater : .lessOrEqual
      case .greaterOrEqual: isTaken ? .greaterOrEqual : .less
      case .less: isTaken ? .less : .greaterOrEqual
      case .lessOrEqual: isTaken ? .lessOrEqual : .greater
      case .signedGreater: isTaken ? .signedGreater : .signedLessOrEqual
      case .signedGreaterOrEqual: isTaken ? .signedGreaterOrEqual : .signedLess
      case .signedLess: isTaken ? .signedLess : .signedGreaterOrEqual
      case .signedLessOrEqual: isTaken ? .signedLessOrEqual : .signedGreater
      case .bitsSet: isTaken ? .bitsSet : .bitsClear
      }
  }

  /// Whether two numbers are so related.
  func holds<W: Word>(_ left: W, _ right: W) -> Bool {
    switch self {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .signedLess: left.signed < right.signed
    case .signedLessOrEqual: left.signed <= right.signed
    case .signedGreater: left.signed > right.signed
    case .signedGreaterOrEqual: left.signed >= right.signed
    case .bitsSet: left & right != .zero
    case .bitsClear: left & right == .zero
    }
  }
}

extension Scalar {
  /// What is known of two numbers that are so related; nil where no two are.
  static func refine(
    _ left: Scalar, _ right: Scalar, _ relation: Relation
  ) -> (left: Scalar, right: Scalar)? {
    if right.bits.isConstant {
      let number = right.bits.value
      if relation == .equal { return left.contains(number) ? (right, right) : nil }
      // Only at a bound does it say anything.
      if relation == .notEqual, !left.bits.isConstant, !left.range.ends(with: number) {
        return (left, right)
      }
    }
    guard
      let (first, second) = View(left.bits, left.range).refined(
        with: View(right.bits, right.range), relation)
    else { return nil }
    var firstLow = left.low
    var secondLow = right.low
    if relation == .equal {
      guard let both = left.low.intersection(right.low) else { return nil }
      firstLow = both
      secondLow = both
    }
    guard let left = deduced(bits: first.bits, range: first.range, low: firstLow),
      let right = deduced(bits: second.bits, range: second.range, low: secondLow)
    else { return nil }
    return (left, right)
  }

  /// What is known of two numbers whose lower halves are so related; nil where no two are.
  static func refineHalves(
    _ left: Scalar, _ right: Scalar, _ relation: Relation
  ) -> (left: Scalar, right: Scalar)? {
    if relation == .notEqual, half(right.bits).isConstant, !half(left.bits).isConstant,
      !left.low.ends(with: half(right.bits.value))
    {
      return (left, right)
    }
    if relation == .equal, half(right.bits).isConstant,
      left.bits.maximum.shiftedRight(W.Half.bitWidth) == .zero
    {
      let number = half(right.bits.value)
      guard left.low.contains(number), half(left.bits).contains(number) else { return nil }
      return (Scalar(W(truncating: number.bits)), right)
    }
    guard
      let (first, second) = View(half(left.bits), left.low).refined(
        with: View(half(right.bits), right.low), relation),
      let left = left.withLowHalf(first), let right = right.withLowHalf(second)
    else { return nil }
    return (left, right)
  }

  private func withLowHalf(_ view: View<W.Half>) -> Scalar? {
    if view.bits == Self.half(bits), view.range == low { return self }
    // All of it is in the lower half.
    if (bits.value | bits.mask).shiftedRight(W.Half.bitWidth) == .zero {
      guard let known = Self.half(bits).intersection(view.bits) else { return nil }
      return Self.zeroExtendedIfAny(known, view.range)
    }
    guard let bits = bits.intersection(Self.withLowHalf(view.bits)) else { return nil }
    return Self.deduced(bits: bits, range: range, low: view.range)
  }
}

/// A number at one width: its bits and its bounds.
private struct View<W: Word> {
  var bits: Tnum<W>
  var range: NumberRange<W>

  init(_ bits: Tnum<W>, _ range: NumberRange<W>) {
    self.bits = bits
    self.range = range
  }

  func refined(with other: View, _ relation: Relation) -> (View, View)? {
    switch relation {
    case .equal:
      guard let bits = bits.intersection(other.bits),
        let range = range.intersection(other.range)?.tightened()
      else { return nil }
      return (View(bits, range), View(bits, range))
    case .notEqual:
      guard let left = without(other.range.isConstant ? other.range.minimum : nil),
        let right = other.without(range.isConstant ? range.minimum : nil)
      else { return nil }
      return (left, right)
    case .less: return below(other, isStrict: true)
    case .lessOrEqual: return below(other, isStrict: false)
    case .greater: return other.below(self, isStrict: true).map { ($1, $0) }
    case .greaterOrEqual: return other.below(self, isStrict: false).map { ($1, $0) }
    case .signedLess: return signedBelow(other, isStrict: true)
    case .signedLessOrEqual: return signedBelow(other, isStrict: false)
    case .signedGreater: return other.signedBelow(self, isStrict: true).map { ($1, $0) }
    case .signedGreaterOrEqual: return other.signedBelow(self, isStrict: false).map { ($1, $0) }
    case .bitsSet:
      guard let left = sharing(other), let right = other.sharing(self) else { return nil }
      return (left, right)
    case .bitsClear:
      guard let left = clear(of: other), let right = other.clear(of: self) else { return nil }
      return (left, right)
    }
  }

  /// Without one number, where it is at a bound.
  private func without(_ number: W?) -> View? {
    guard let number else { return self }
    var low = range.minimum
    var high = range.maximum
    var signedLow = range.signedMinimum
    var signedHigh = range.signedMaximum
    if range.isConstant { return low == number ? nil : self }
    if low == number { low = low &+ .one }
    if high == number { high = high &- .one }
    if signedLow == number { signedLow = signedLow &+ .one }
    if signedHigh == number { signedHigh = signedHigh &- .one }
    guard low <= high, signedLow.signed <= signedHigh.signed,
      let range = NumberRange(low, high, signed: signedLow, signedHigh).tightened()
    else { return nil }
    return View(bits, range)
  }

  private func below(_ other: View, isStrict: Bool) -> (View, View)? {
    var most = other.range.maximum
    var least = range.minimum
    if isStrict {
      guard most != .zero, least != .allOnes else { return nil }
      most = most &- .one
      least = least &+ .one
    }
    guard
      let left = narrowed(
        NumberRange(.zero, most, signed: .signedMinimum, .signedMaximum)),
      let right = other.narrowed(
        NumberRange(least, .allOnes, signed: .signedMinimum, .signedMaximum))
    else { return nil }
    return (left, right)
  }

  private func signedBelow(_ other: View, isStrict: Bool) -> (View, View)? {
    var most = other.range.signedMaximum
    var least = range.signedMinimum
    if isStrict {
      guard most != .signedMinimum, least != .signedMaximum else { return nil }
      most = most &- .one
      least = least &+ .one
    }
    guard
      let left = narrowed(NumberRange(.zero, .allOnes, signed: .signedMinimum, most)),
      let right = other.narrowed(NumberRange(.zero, .allOnes, signed: least, .signedMaximum))
    else { return nil }
    return (left, right)
  }

  private func narrowed(_ bounds: NumberRange<W>) -> View? {
    range.intersection(bounds)?.tightened().map { View(bits, $0) }
  }

  /// With a set bit in common with another number.
  private func sharing(_ other: View) -> View? {
    let common = bits.maximum & other.bits.maximum
    if common == .zero { return nil }
    // The only bit they can share is set in both.
    let isSingle = common & (common &- .one) == .zero
    guard isSingle else { return without(.zero) }
    guard let bits = bits.intersection(Tnum(value: common, mask: ~common)) else { return nil }
    return View(bits, range)
  }

  /// Without a set bit in common with another number.
  private func clear(of other: View) -> View? {
    guard let bits = bits.intersection(Tnum(value: .zero, mask: ~other.bits.value)) else {
      return nil
    }
    return View(bits, range)
  }
}
