import BPFISA

// Where values are: in their registers, or pending.
//
// What is pending is made of machine registers' contents. Before such a register gets another content, what is made of it is
// computed. A pending value made of other registers than its own is only ever made where computing what is made of its own
// register changes none of them; so computing one never leads back to it.
extension CodeGenerator {
  func isPending(_ register: Register) -> Bool { pendingMask & register.bit != 0 }

  func pendingValue(_ register: Register) -> Pending? {
    isPending(register) ? pending[register] : nil
  }

  /// Whether the value that a register has now is not needed after this instruction.
  func dies(_ register: Register) -> Bool { neededAfter & register.bit == 0 }

  /// Gives a register a value without computing it.
  mutating func assign(_ register: Register, _ value: Pending) {
    drop(register)
    if value.references & ~register.bit != 0 {
      guard value.references & dependents(of: register) == 0 else {
        // Each is made of the other's content.
        emit(value, into: .r9)
        evict(register)
        encoder.move(.bits64, register.machine, .r9)
        mark(register, isZeroExtended: value.isZeroExtended)
        return
      }
      evict(register)
    }
    if value.isCopy, value.base == register,
      value.width == .bits64 || zeroExtended & register.bit != 0
    {
      return
    }
    pending[register] = value
    pendingMask |= register.bit
    if value.kind == .load { loadMask |= register.bit }
  }

  /// Forgets what is pending for a register.
  mutating func drop(_ register: Register) {
    pendingMask &= ~register.bit
    loadMask &= ~register.bit
  }

  /// Computes what is made of a machine register's content, before that changes.
  mutating func evict(_ register: Register) {
    var others = pendingMask & ~register.bit
    while others != 0 {
      let other = Self.lowest(others)
      others &= others - 1
      // One computed before may have made another go.
      guard isPending(other), pending[other].references & register.bit != 0 else {
        continue
      }
      if needed & other.bit != 0 { materialize(other) } else { drop(other) }
    }
  }

  /// The registers whose values are computed before a machine register's content changes: those made of it, and those
  /// made of theirs.
  func dependents(of register: Register) -> UInt16 {
    var dependents = register.bit
    var isGrowing = true
    while isGrowing {
      isGrowing = false
      var rest = pendingMask & ~dependents
      while rest != 0 {
        let bit = rest & ~(rest - 1)
        rest &= rest - 1
        if pending[lowestOf: bit].references & dependents != 0 {
          dependents |= bit
          isGrowing = true
        }
      }
    }
    return dependents & ~register.bit
  }

  /// Makes ready to write a new value into a register: its old one goes.
  mutating func define(_ register: Register) {
    drop(register)
    evict(register)
    zeroExtended &= ~register.bit
  }

  /// Computes those values of some registers that are pending, and forgets the others.
  mutating func settle(_ registers: UInt16) {
    materialize(registers)
    pendingMask = 0
    loadMask = 0
  }

  /// Computes those values of some registers that are pending.
  mutating func materialize(_ registers: UInt16) {
    var rest = registers & pendingMask
    while rest != 0 {
      materialize(Self.lowest(rest))
      rest &= rest - 1
      rest &= pendingMask
    }
  }

  static func lowest(_ registers: UInt16) -> Register {
    guard
      let register = Register(rawValue: UInt8(truncatingIfNeeded: registers.trailingZeroBitCount))
    else { preconditionFailure("bits of a set of registers stand for registers") }
    return register
  }

  /// The machine register that holds a register's value, which is computed if it is pending.
  @inline(__always)
  mutating func read(_ register: Register) -> GeneralRegister {
    if isPending(register) { materialize(register) }
    return register.machine
  }

  /// Computes a register's value into its machine register.
  mutating func materialize(_ register: Register) {
    guard isPending(register) else { return }
    let value = pending[register]
    drop(register)
    evict(register)
    if emit(value, into: register.machine) {
      flags = (register, value.isZeroExtended ? .bits32 : value.width, encoder.code.count)
    }
    mark(register, isZeroExtended: value.isZeroExtended)
  }

  /// Notes whether a register that was written has an upper half.
  mutating func mark(_ register: Register, isZeroExtended: Bool) {
    if isZeroExtended {
      zeroExtended |= register.bit
    } else {
      zeroExtended &= ~register.bit
    }
  }

  /// Computes a value; whether the flags are those of its comparison with 0.
  @discardableResult
  private mutating func emit(_ value: Pending, into target: GeneralRegister) -> Bool {
    switch value.kind {
    case .constant: encoder.move(target, value.constant)
    case .sum: return emitSum(value, into: target)
    case .load: emitLoad(value, into: target)
    case .shiftLeft: emitShift(.shiftLeft, value, into: target)
    case .shiftRight: emitShift(.shiftRight, value, into: target)
    case .shiftRightArithmetic: emitShift(.shiftRightArithmetic, value, into: target)
    case .rotateLeft: emitRotation(value, into: target)
    case .and:
      let width = value.isZeroExtended ? OperandWidth.bits32 : value.width
      copy(value, into: target)
      encoder.operate(.and, width, target, value.displacement)
      return true
    case .extendZero:
      if let source = value.base?.machine {
        encoder.extendZero(Self.accessSize(value.size), target, source)
      }
    case .extendSign:
      if let source = value.base?.machine {
        encoder.extendSign(Self.accessSize(value.size), to: value.width, target, source)
      }
    }
    return false
  }

  static func accessSize(_ bytes: UInt8) -> AccessSize {
    guard let size = AccessSize(rawValue: bytes) else {
      preconditionFailure("one instruction accesses 1, 2, 4 or 8 bytes")
    }
    return size
  }

  /// Copies the content that a value is made of to where the value will be.
  private mutating func copy(_ value: Pending, into target: GeneralRegister) {
    if let source = value.base?.machine, source != target {
      encoder.move(value.width, target, source)
    }
  }

  /// The place in memory at a sum.
  static func address(_ sum: Pending) -> Address {
    Address(
      sum.base?.machine, index: sum.index?.machine, scale: sum.scale, sum.displacement)
  }

  private mutating func emitSum(_ value: Pending, into target: GeneralRegister) -> Bool {
    let width = value.width
    let constant = value.displacement
    guard let base = value.base?.machine else {
      // A scaled index alone.
      guard let index = value.index?.machine else {
        let extended = UInt64(bitPattern: Int64(constant))
        encoder.move(target, width == .bits64 ? extended : extended & 0xffff_ffff)
        return false
      }
      if constant == 0, value.scale != 1 || index == target {
        if index != target { encoder.move(width, target, index) }
        encoder.shift(.shiftLeft, width, target, by: value.scale)
      } else if constant == 0 {
        encoder.loadAddress(width, target, Address(index, index: index))
      } else {
        encoder.loadAddress(width, target, Self.address(value))
      }
      return false
    }
    if let index = value.index?.machine {
      if value.scale == 0, constant == 0, base == target || index == target {
        encoder.operate(.add, width, target, base == target ? index : base)
        return true
      } else {
        encoder.loadAddress(width, target, Self.address(value))
      }
    } else if constant == 0 {
      if base != target || width == .bits32 { encoder.move(width, target, base) }
    } else if base == target {
      if constant == 128 {
        encoder.operate(.subtract, width, target, -128)
      } else {
        encoder.operate(.add, width, target, constant)
      }
      return true
    } else {
      encoder.loadAddress(width, target, Self.address(value))
    }
    return false
  }

  private mutating func emitShift(
    _ operation: ShiftOperation, _ value: Pending, into target: GeneralRegister
  ) {
    copy(value, into: target)
    encoder.shift(operation, value.width, target, by: value.shift)
  }

  private mutating func emitRotation(_ value: Pending, into target: GeneralRegister) {
    if let source = value.base?.machine, source != target, options.features.hasBMI2 {
      encoder.rotateRight(value.width, target, source, by: value.width.bitCount - value.shift)
    } else {
      copy(value, into: target)
      encoder.shift(.rotateLeft, value.width, target, by: value.shift)
    }
  }

  private mutating func emitLoad(_ value: Pending, into target: GeneralRegister) {
    let address = Self.address(value)
    switch value.size {
    case 1: loadOne(.byte)
    case 2 where value.isSwapped:
      encoder.load(.half, target, address)
      encoder.rotateHalf(target, by: 8)
    case 2: loadOne(.half)
    case 4 where value.isSwapped: loadSwapped(.bits32)
    case 8 where value.isSwapped: loadSwapped(.bits64)
    case 4: loadOne(.word)
    case 8: loadOne(.double)
    case _: loadPieces()
    }
    if value.shift > 0 {
      let width: OperandWidth = value.size * 8 + value.shift > 32 ? .bits64 : .bits32
      encoder.shift(.shiftLeft, width, target, by: value.shift)
    }

    func loadOne(_ size: AccessSize) {
      if value.isSigned {
        encoder.loadSigned(size, target, address)
      } else {
        encoder.load(size, target, address)
      }
    }
    func loadSwapped(_ width: OperandWidth) {
      if options.features.hasMOVBE {
        encoder.loadSwapped(width, target, address)
      } else {
        encoder.load(width == .bits64 ? .double : .word, target, address)
        encoder.swapBytes(width, target)
      }
    }
    /// 3, 5, 6 or 7 bytes, from loads of 4, 2 and 1.
    func loadPieces() {
      var offset: UInt8 = 0
      for size in [UInt8(4), 2, 1] where value.size & size != 0 {
        var place = address
        place.displacement += Int32(offset)
        let piece: GeneralRegister = offset == 0 ? .r10 : .r11
        encoder.load(Self.accessSize(size), piece, place)
        if value.isSwapped, size == 2 { encoder.rotateHalf(piece, by: 8) }
        if value.isSwapped, size == 4 { encoder.swapBytes(.bits32, piece) }
        let shift = 8 * (value.isSwapped ? value.size - offset - size : offset)
        if shift > 0 { encoder.shift(.shiftLeft, .bits64, piece, by: shift) }
        if offset > 0 { encoder.operate(.or, .bits64, .r10, .r11) }
        offset += size
      }
      encoder.move(.bits64, target, .r10)
    }
  }

  /// The address that a register and a displacement make, to be used before anything else is computed.
  mutating func address(_ base: Register, _ offset: Int16) -> Pending {
    if let sum = sum(of: base, .bits64), sum.base != nil {
      let (displacement, overflows) = sum.displacement.addingReportingOverflow(Int32(offset))
      if !overflows {
        var sum = sum
        sum.displacement = displacement
        return sum
      }
    }
    _ = read(base)
    return .sum(base, Int32(offset))
  }

  /// A register's value as a sum, if it is one.
  func sum(of register: Register, _ width: OperandWidth) -> Pending? {
    guard let value = pendingValue(register) else { return .sum(register, width: width) }
    switch value.kind {
    case .constant:
      guard options.foldsConstants else { return nil }
      let constant: Int32
      if width == .bits32 {
        constant = Int32(truncatingIfNeeded: value.constant)
      } else {
        guard let exact = Int32(exactly: Int64(bitPattern: value.constant)) else { return nil }
        constant = exact
      }
      var sum = Pending(.sum, width)
      sum.displacement = constant
      return sum
    case .sum where value.width == width || width == .bits32:
      // The two parts of a constant that was hidden would make the constant.
      guard options.foldsConstants || value.displacement == 0 else { return nil }
      var sum = value
      sum.width = width
      return sum
    case .shiftLeft where value.shift <= 3 && (value.width == width || width == .bits32):
      var sum = Pending(.sum, width)
      sum.index = value.base
      sum.scale = value.shift
      return sum
    case .sum, .load, .shiftLeft, .shiftRight, .shiftRightArithmetic, .rotateLeft, .and,
      .extendZero, .extendSign:
      return nil
    }
  }
}
