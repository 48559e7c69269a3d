import BPFISA

// What instructions do to numbers (RFC 9669 section 4.1). A result stands for every number the instruction can give.
extension Scalar {
  /// The result of an operation on the whole words.
  static func apply(_ operation: ArithmeticOperation, _ left: Scalar, _ right: Scalar) -> Scalar {
    if let first = left.constant, let second = right.constant {
      return Scalar(evaluate(operation, first, second))
    }
    if left.isUnknown || right.isUnknown, operation.hidesOperands { return .unknown }
    switch operation {
    case .add:
      return result(
        bits: left.bits + right.bits, range: left.range + right.range, low: left.low + right.low)
    case .subtract:
      return result(
        bits: left.bits - right.bits, range: left.range - right.range, low: left.low - right.low)
    case .multiply:
      return result(
        bits: left.bits * right.bits, range: left.range * right.range, low: left.low * right.low)
    case .and:
      return result(
        bits: left.bits & right.bits, range: left.range & right.range, low: left.low & right.low)
    case .or:
      return result(
        bits: left.bits | right.bits, range: left.range | right.range, low: left.low | right.low)
    case .xor:
      return result(
        bits: left.bits ^ right.bits, range: left.range ^ right.range, low: left.low ^ right.low)
    case .divide: return result(range: left.range.divided(by: right.range))
    case .modulo: return result(range: left.range.remainder(by: right.range))
    case .signedDivide: return result(range: left.range.signedDivided(by: right.range))
    case .signedModulo: return result(range: left.range.signedRemainder(by: right.range))
    case .move: return right
    case .shiftLeft:
      let count = ShiftCount(right.bits, right.range)
      let fitsHalf = count.most < W.Half.bitWidth
      return result(
        bits: count.shift(left.bits) { $0.shiftedLeft($1) },
        range: left.range.shiftedLeft(count.least, count.most),
        low: fitsHalf ? left.low.shiftedLeft(count.least, count.most) : .full)
    case .shiftRight:
      let count = ShiftCount(right.bits, right.range)
      return result(
        bits: count.shift(left.bits) { $0.shiftedRight($1) },
        range: left.range.shiftedRight(count.least, count.most))
    case .arithmeticShiftRight:
      let count = ShiftCount(right.bits, right.range)
      return result(
        bits: count.shift(left.bits) { $0.arithmeticShiftedRight($1) },
        range: left.range.arithmeticShiftedRight(count.least, count.most))
    }
  }

  /// The result of an operation on the lower halves, with zeros above.
  static func applyToHalves(
    _ operation: ArithmeticOperation, _ left: Scalar, _ right: Scalar
  ) -> Scalar {
    let leftBits = half(left.bits)
    let rightBits = half(right.bits)
    if leftBits.isConstant, rightBits.isConstant {
      return Scalar(
        W(truncating: evaluate(operation, leftBits.value, rightBits.value).bits))
    }
    let leftSaysNothing = leftBits.isUnknown && left.low == .full
    let rightSaysNothing = rightBits.isUnknown && right.low == .full
    if leftSaysNothing || rightSaysNothing, operation.hidesOperands { return anyHalf }
    switch operation {
    case .add: return zeroExtended(leftBits + rightBits, left.low + right.low)
    case .subtract: return zeroExtended(leftBits - rightBits, left.low - right.low)
    case .multiply: return zeroExtended(leftBits * rightBits, left.low * right.low)
    case .and: return zeroExtended(leftBits & rightBits, left.low & right.low)
    case .or: return zeroExtended(leftBits | rightBits, left.low | right.low)
    case .xor: return zeroExtended(leftBits ^ rightBits, left.low ^ right.low)
    case .divide: return zeroExtended(.unknown, left.low.divided(by: right.low))
    case .modulo: return zeroExtended(.unknown, left.low.remainder(by: right.low))
    case .signedDivide: return zeroExtended(.unknown, left.low.signedDivided(by: right.low))
    case .signedModulo: return zeroExtended(.unknown, left.low.signedRemainder(by: right.low))
    case .move: return zeroExtended(rightBits, right.low)
    case .shiftLeft:
      let count = ShiftCount(rightBits, right.low)
      return zeroExtended(
        count.shift(leftBits) { $0.shiftedLeft($1) },
        left.low.shiftedLeft(count.least, count.most))
    case .shiftRight:
      let count = ShiftCount(rightBits, right.low)
      return zeroExtended(
        count.shift(leftBits) { $0.shiftedRight($1) },
        left.low.shiftedRight(count.least, count.most))
    case .arithmeticShiftRight:
      let count = ShiftCount(rightBits, right.low)
      return zeroExtended(
        count.shift(leftBits) { $0.arithmeticShiftedRight($1) },
        left.low.arithmeticShiftedRight(count.least, count.most))
    }
  }

  /// All numbers of a half, with zeros above.
  private static var anyHalf: Scalar {
    let most = W.allOnes.shiftedRight(W.bitWidth - W.Half.bitWidth)
    return Scalar(
      parts: Tnum(value: .zero, mask: most), NumberRange.unsigned(.zero, most), .full)
  }

  /// The whole word of a half, with zeros above: bits and bounds of the half are deduced from each other, and say all there
  /// is to know of the whole.
  private static func zeroExtended(
    _ bits: Tnum<W.Half>, _ low: NumberRange<W.Half>
  ) -> Scalar {
    zeroExtendedIfAny(bits, low) ?? anyHalf
  }

  /// As ``zeroExtended(_:_:)``; nil where no number fits both.
  static func zeroExtendedIfAny(
    _ bits: Tnum<W.Half>, _ low: NumberRange<W.Half>
  ) -> Scalar? {
    let most = bits.mask
    if bits.value == .zero, most != .zero, most & (most &+ .one) == .zero, !most.isNegative,
      low.allows(upTo: most)
    {
      // All numbers of some low bits.
      let whole = W(truncating: most.bits)
      return Scalar(
        parts: Tnum(value: .zero, mask: whole), NumberRange(.zero, whole, signed: .zero, whole),
        NumberRange(.zero, most, signed: .zero, most))
    }
    var bits = bits
    var low = low
    for _ in 0..<2 {
      guard let narrow = narrowed(low, by: bits),
        let known = bits.intersection(.range(narrow.minimum, narrow.maximum))
      else { return nil }
      let isSettled = narrow == low && known == bits
      low = narrow
      bits = known
      if isSettled { break }
    }
    if bits.isConstant { return Scalar(W(truncating: bits.value.bits)) }
    return Scalar(
      parts: Tnum(value: W(truncating: bits.value.bits), mask: W(truncating: bits.mask.bits)),
      .unsigned(W(truncating: low.minimum.bits), W(truncating: low.maximum.bits)), low)
  }

  // MARK: Unary operations

  var negated: Scalar { Self.apply(.subtract, Scalar(.zero), self) }

  /// The lower half negated, with zeros above.
  var halfNegated: Scalar { Self.applyToHalves(.subtract, Scalar(.zero), self) }

  /// The low bits, with zeros above: what a load or a byte swap of fewer bytes leaves.
  func zeroExtended(fromBits count: Int) -> Scalar {
    // They are all of it.
    if count < W.bitWidth, range.maximum.shiftedRight(count) == .zero { return self }
    return Self.result(
      bits: bits.zeroExtended(fromBits: count), range: range.zeroExtended(fromBits: count),
      low: count >= W.Half.bitWidth ? low : low.zeroExtended(fromBits: count))
  }

  /// The low bits, with copies of the highest of them above.
  func signExtended(fromBits count: Int) -> Scalar {
    let lowCount = min(count, W.Half.bitWidth)
    return Self.result(
      bits: bits.signExtended(fromBits: count), range: range.signExtended(fromBits: count),
      low: low.signExtended(fromBits: lowCount))
  }

  /// The low bits of the lower half, with copies of the highest of them up to its end and zeros above.
  func halfSignExtended(fromBits count: Int) -> Scalar {
    Self.zeroExtended(
      Self.half(bits).signExtended(fromBits: count), low.signExtended(fromBits: count))
  }

  // MARK: One number each

  private static func evaluate<V: Word>(_ operation: ArithmeticOperation, _ left: V, _ right: V)
    -> V
  {
    let count = Int(truncatingIfNeeded: right.bits) & (V.bitWidth - 1)
    switch operation {
    case .add: return left &+ right
    case .subtract: return left &- right
    case .multiply: return left &* right
    case .divide: return right == .zero ? .zero : V(truncating: left.bits / right.bits)
    case .modulo: return right == .zero ? left : V(truncating: left.bits % right.bits)
    case .signedDivide:
      if right == .zero { return .zero }
      return V(signed: left.signed.dividedReportingOverflow(by: right.signed).partialValue)
    case .signedModulo:
      if right == .zero { return left }
      return V(
        signed: left.signed.remainderReportingOverflow(dividingBy: right.signed).partialValue)
    case .and: return left & right
    case .or: return left | right
    case .xor: return left ^ right
    case .move: return right
    case .shiftLeft: return left.shiftedLeft(count)
    case .shiftRight: return left.shiftedRight(count)
    case .arithmeticShiftRight: return left.arithmeticShiftedRight(count)
    }
  }
}

/// How far a shift may go: its count, masked to the width.
private struct ShiftCount {
  let least: Int
  let most: Int

  init<W: Word>(_ bits: Tnum<W>, _ range: NumberRange<W>) {
    let width = UInt64(W.bitWidth)
    if range.maximum.bits < width {
      least = Int(range.minimum.bits)
      most = Int(range.maximum.bits)
    } else {
      // The width is a power of two for the words of programs; for those of tests that it is not, anything goes.
      let isPower = width & (width - 1) == 0
      let masked = bits & Tnum(W(truncating: width - 1))
      least = isPower ? Int(masked.minimum.bits) : 0
      most = isPower ? Int(masked.maximum.bits) : Int(width) - 1
    }
  }

  /// What shifting by any of the counts can give.
  func shift<W: Word>(_ bits: Tnum<W>, _ body: (Tnum<W>, Int) -> Tnum<W>) -> Tnum<W> {
    var all = body(bits, least)
    var count = least
    while count < most, !all.isUnknown {
      count += 1
      all = all.union(body(bits, count))
    }
    return all
  }
}

extension ArithmeticOperation {
  /// Whether nothing is known of the result where nothing is known of one operand.
  fileprivate var hidesOperands: Bool {
    switch self {
    case .add, .subtract, .xor: true
    case .multiply, .divide, .signedDivide, .or, .and, .shiftLeft, .shiftRight, .modulo,
      .signedModulo, .move, .arithmeticShiftRight:
      false
    }
  }
}
