// Each operation gives a tnum that has every result of the operation on numbers its operands stand for.
extension Tnum {
  static func + (left: Tnum, right: Tnum) -> Tnum {
    let masks = left.mask &+ right.mask
    let values = left.value &+ right.value
    // Where a carry from unknown bits may or may not come in.
    let carries = (masks &+ values) ^ values
    return Tnum(value: values, mask: carries | left.mask | right.mask)
  }

  static func - (left: Tnum, right: Tnum) -> Tnum {
    let values = left.value &- right.value
    let borrows = (values &+ left.mask) ^ (values &- right.mask)
    return Tnum(value: values, mask: borrows | left.mask | right.mask)
  }

  static func & (left: Tnum, right: Tnum) -> Tnum {
    let value = left.value & right.value
    return Tnum(value: value, mask: left.maximum & right.maximum & ~value)
  }

  static func | (left: Tnum, right: Tnum) -> Tnum {
    let value = left.value | right.value
    return Tnum(value: value, mask: (left.mask | right.mask) & ~value)
  }

  static func ^ (left: Tnum, right: Tnum) -> Tnum {
    Tnum(value: left.value ^ right.value, mask: left.mask | right.mask)
  }

  /// Long multiplication: for each bit of the left operand, add the right one, or do not, or perhaps.
  ///
  /// - Complexity: O(*w*), *w* the bits of the left operand up to its highest that can be 1.
  static func * (left: Tnum, right: Tnum) -> Tnum {
    if left.isConstant && right.isConstant { return Tnum(left.value &* right.value) }
    if left.isUnknown && right.isUnknown { return .unknown }
    // The shorter loop.
    if left.maximum > right.maximum { return right * left }
    var sum = Tnum(.zero)
    var value = left.value
    var mask = left.mask
    var addend = right
    while value | mask != .zero {
      if value & .one != .zero {
        sum = sum + addend
      } else if mask & .one != .zero {
        sum = sum.union(sum + addend)
      }
      value = value.shiftedRight(1)
      mask = mask.shiftedRight(1)
      addend = addend.shiftedLeft(1)
    }
    return sum
  }

  func shiftedLeft(_ count: Int) -> Tnum {
    Tnum(value: value.shiftedLeft(count), mask: mask.shiftedLeft(count))
  }

  func shiftedRight(_ count: Int) -> Tnum {
    Tnum(value: value.shiftedRight(count), mask: mask.shiftedRight(count))
  }

  func arithmeticShiftedRight(_ count: Int) -> Tnum {
    Tnum(value: value.arithmeticShiftedRight(count), mask: mask.arithmeticShiftedRight(count))
  }

  /// The low bits, with zeros above.
  func zeroExtended(fromBits count: Int) -> Tnum {
    let low = W.allOnes.shiftedRight(W.bitWidth - count)
    return Tnum(value: value & low, mask: mask & low)
  }

  /// The low bits, with copies of the highest of them above.
  func signExtended(fromBits count: Int) -> Tnum {
    let above = W.bitWidth - count
    return shiftedLeft(above).arithmeticShiftedRight(above)
  }
}
