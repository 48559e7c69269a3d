import BPFISA

// Jumps (RFC 9669 section 4.3), with the comparison they take.
extension CodeGenerator {
  mutating func jump(to target: Int) {
    settle(neededBefore(target))
    if target != slot + 1 { branches.emit(nil, to: target, &encoder) }
    forgetAll()
  }

  /// Compiles a conditional jump; the slot to go on with.
  mutating func branch(
    _ condition: Condition, _ width: OperandWidth, _ left: Register, _ right: Operand,
    to target: Int, next: Int
  ) -> Int {
    if let select = select(target, next) {
      self.select(condition, width, left, right, select)
      return next + 1
    }
    var target = target
    var following = next
    var isInverted = false
    // A jump over a jump is one with the opposite condition.
    let line = listing.lines[next]
    if target == next + 1, line.flow == .jump, !line.isLabel {
      target = Int(line.target)
      following = next + 1
      isInverted = true
    }
    let flags = compare(condition, width, left, right, neededBefore(target))
    branches.emit(isInverted ? flags.inverted : flags, to: target, &encoder)
    return following
  }

  /// A jump over one copy: a register gets another value unless the jump is taken.
  private struct Select {
    let destination: Register
    let width: OperandWidth
    let source: Operand
  }

  /// The copy that a jump leads over, to the instruction after it or to where that jumps.
  private func select(_ target: Int, _ next: Int) -> Select? {
    guard !listing.lines[next].isLabel,
      case .arithmetic(.move, let width, let destination, let source) = listing.instructions[next]
    else { return nil }
    let after = listing.lines[next + 1]
    guard
      target == next + 1 || !after.isLabel && after.flow == .jump && Int(after.target) == target
    else { return nil }
    return Select(destination: destination, width: OperandWidth(width), source: source)
  }

  private mutating func select(
    _ condition: Condition, _ width: OperandWidth, _ left: Register, _ right: Operand,
    _ select: Select
  ) {
    let destination = select.destination
    _ = read(destination)
    evict(destination)
    var other = GeneralRegister.r9
    var isZeroExtended = zeroExtended & destination.bit != 0
    switch select.source {
    case .immediate(let constant):
      let extended = UInt64(bitPattern: Int64(constant))
      let value = select.width == .bits64 ? extended : extended & 0xffff_ffff
      encoder.move(other, value)
      isZeroExtended = isZeroExtended && value >> 32 == 0
    case .register(let source):
      let register = read(source)
      let hasUpper = zeroExtended & source.bit == 0
      if select.width == .bits32, hasUpper {
        encoder.move(.bits32, other, register)
      } else {
        other = register
        isZeroExtended = isZeroExtended && !hasUpper
      }
    }
    let flags = compare(condition, width, left, right, destination.bit)
    encoder.moveIf(flags.inverted, .bits64, destination.machine, other)
    mark(destination, isZeroExtended: isZeroExtended)
  }

  /// Compares, with all that is needed where the jump leads in its register; what the jump is to look at.
  private mutating func compare(
    _ condition: Condition, _ width: OperandWidth, _ left: Register, _ right: Operand,
    _ neededThere: UInt16
  ) -> FlagCondition {
    switch right {
    case .register(let right):
      let first = read(left)
      let second = read(right)
      materialize(neededThere)
      if condition == .bitsSet {
        encoder.test(width, first, second)
        return .notEqual
      }
      // Words suffice where neither has an upper half and signs do not matter: a prefix less.
      let isNarrow =
        condition.isUnsigned && zeroExtended & left.bit != 0 && zeroExtended & right.bit != 0
      encoder.operate(.compare, isNarrow ? .bits32 : width, first, second)
      return condition.flags
    case .immediate(let constant):
      return compare(condition, width, left, constant, neededThere)
    }
  }

  private mutating func compare(
    _ condition: Condition, _ width: OperandWidth, _ left: Register, _ constant: Int32,
    _ neededThere: UInt16
  ) -> FlagCondition {
    let isDead = dies(left)
    if isDead, let value = pendingValue(left) {
      // A byte is compared where it lies.
      if value.isPlainLoad, value.size == 1, (0...0xff).contains(constant),
        condition.isUnsigned
      {
        materialize(neededThere)
        if let value = pendingValue(left), value.isPlainLoad {
          drop(left)
          encoder.operate(.compare, .byte, Self.address(value), constant)
          return condition.flags
        }
      }
      if value.isPlainLoad, value.size == (width == .bits64 ? 8 : 4), condition != .bitsSet {
        materialize(neededThere)
        if let value = pendingValue(left), value.isPlainLoad {
          drop(left)
          encoder.operate(
            .compare, width == .bits64 ? .double : .word, Self.address(value), constant)
          return condition.flags
        }
      }
      // Bits that are only looked at need not be kept.
      if value.kind == .and, constant == 0, condition == .equal || condition == .notEqual {
        let tested = value.isZeroExtended ? OperandWidth.bits32 : value.width
        materialize(neededThere)
        if let value = pendingValue(left), let base = value.base {
          drop(left)
          encoder.test(tested, base.machine, value.displacement)
          return condition.flags
        }
      }
    }
    let register = read(left)
    materialize(neededThere)
    if condition == .bitsSet {
      encoder.test(width, register, constant)
      return .notEqual
    }
    if constant == 0, condition == .equal || condition == .notEqual {
      if let flags, flags.register == left, flags.width == width || flags.width == .bits32,
        flags.offset == encoder.code.count
      {
        return condition.flags
      }
    }
    let isNarrow =
      width == .bits64 && zeroExtended & left.bit != 0 && constant >= 0 && condition.isUnsigned
    let compared = isNarrow ? .bits32 : width
    if constant == 0 {
      encoder.test(compared, register, register)
    } else {
      encoder.operate(.compare, compared, register, constant)
    }
    return condition.flags
  }
}

extension Condition {
  /// Whether it compares without signs: for equality, or unsigned.
  fileprivate var isUnsigned: Bool {
    switch self {
    case .equal, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual: true
    case .signedGreater, .signedGreaterOrEqual, .signedLess, .signedLessOrEqual, .bitsSet: false
    }
  }

  /// What a jump looks at after a comparison.
  fileprivate var flags: FlagCondition {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .greater: .above
    case .greaterOrEqual: .aboveOrEqual
    case .less: .below
    case .lessOrEqual: .belowOrEqual
    case .signedGreater: .greater
    case .signedGreaterOrEqual: .greaterOrEqual
    case .signedLess: .less
    case .signedLessOrEqual: .lessOrEqual
    case .bitsSet: .notEqual
    }
  }
}
