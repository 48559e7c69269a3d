// Arithmetic between registers, constants and memory.
extension Encoder {
  @inline(__always)
  mutating func operate(
    _ operation: BinaryOperation, _ width: OperandWidth, _ destination: GeneralRegister,
    _ source: GeneralRegister
  ) {
    emit(
      operation.rawValue << 3 | 1, wide: width.isWide, source.rawValue, destination)
  }

  mutating func operate(
    _ operation: BinaryOperation, _ width: OperandWidth, _ destination: GeneralRegister,
    _ constant: Int32
  ) {
    if Self.isByte(constant) {
      emit(0x83, wide: width.isWide, operation.rawValue, destination)
      immediate(constant, count: 1)
    } else if destination == .rax {
      opcode(operation.rawValue << 3 | 5, wide: width.isWide, register: 0, base: 0)
      immediate(constant, count: 4)
    } else {
      emit(0x81, wide: width.isWide, operation.rawValue, destination)
      immediate(constant, count: 4)
    }
  }

  mutating func operate(
    _ operation: BinaryOperation, _ width: OperandWidth, _ destination: GeneralRegister,
    _ source: Address
  ) {
    emit(operation.rawValue << 3 | 3, wide: width.isWide, destination.rawValue, source)
  }

  mutating func operate(
    _ operation: BinaryOperation, _ width: OperandWidth, _ destination: Address,
    _ source: GeneralRegister, isLocked: Bool = false
  ) {
    emit(
      operation.rawValue << 3 | 1, .one, isLocked ? .lock : .none, wide: width.isWide,
      source.rawValue, destination)
  }

  /// Works on memory of a size; the constant is cut to it.
  mutating func operate(
    _ operation: BinaryOperation, _ size: AccessSize, _ destination: Address, _ constant: Int32
  ) {
    let prefix: Prefix = size == .half ? .operandSize : .none
    switch size {
    case .byte:
      emit(0x80, wide: false, operation.rawValue, destination)
      immediate(constant, count: 1)
    case .half, .word, .double:
      let isByte = Self.isByte(
        size == .half ? Int32(Int16(truncatingIfNeeded: constant)) : constant)
      emit(
        isByte ? 0x83 : 0x81, .one, prefix, wide: size == .double, operation.rawValue, destination)
      immediate(constant, count: isByte ? 1 : size == .half ? 2 : 4)
    }
  }

  mutating func test(
    _ width: OperandWidth, _ first: GeneralRegister, _ second: GeneralRegister
  ) {
    emit(0x85, wide: width.isWide, second.rawValue, first)
  }

  /// Sets flags by `register & constant`. Of a constant that fits 7 bits, only the lowest byte is looked at: the flags are the
  /// same.
  mutating func test(_ width: OperandWidth, _ register: GeneralRegister, _ constant: Int32) {
    if constant >= 0, constant < 0x80 {
      if register == .rax {
        opcode(0xa8, wide: false, register: 0, base: 0)
      } else {
        emit(0xf6, wide: false, 0, register, needsREX: register.byteNeedsREX)
      }
      immediate(constant, count: 1)
      return
    }
    // The upper half of a constant that is not negative is 0: so is that of the result.
    let isWide = width.isWide && constant < 0
    if register == .rax {
      opcode(0xa9, wide: isWide, register: 0, base: 0)
    } else {
      emit(0xf7, wide: isWide, 0, register)
    }
    immediate(constant, count: 4)
  }

  mutating func operate(
    _ operation: UnaryOperation, _ width: OperandWidth, _ register: GeneralRegister
  ) {
    emit(0xf7, wide: width.isWide, operation.rawValue, register)
  }

  mutating func multiply(
    _ width: OperandWidth, _ destination: GeneralRegister, _ source: GeneralRegister
  ) {
    emit(0xaf, .two, wide: width.isWide, destination.rawValue, source)
  }

  mutating func multiply(
    _ width: OperandWidth, _ destination: GeneralRegister, _ source: Address
  ) {
    emit(0xaf, .two, wide: width.isWide, destination.rawValue, source)
  }

  mutating func multiply(
    _ width: OperandWidth, _ destination: GeneralRegister, _ source: GeneralRegister,
    by constant: Int32
  ) {
    let isByte = Self.isByte(constant)
    emit(isByte ? 0x6b : 0x69, wide: width.isWide, destination.rawValue, source)
    immediate(constant, count: isByte ? 1 : 4)
  }

  /// Fills `rdx` with the sign of `rax`.
  mutating func extendSignOfRAX(_ width: OperandWidth) {
    opcode(0x99, wide: width.isWide, register: 0, base: 0)
  }

  mutating func shift(
    _ operation: ShiftOperation, _ width: OperandWidth, _ register: GeneralRegister, by count: UInt8
  ) {
    emit(count == 1 ? 0xd1 : 0xc1, wide: width.isWide, operation.rawValue, register)
    if count != 1 { immediate(Int32(count), count: 1) }
  }

  /// Shifts by the lowest byte of `rcx`.
  mutating func shiftByRCX(
    _ operation: ShiftOperation, _ width: OperandWidth, _ register: GeneralRegister
  ) {
    emit(0xd3, wide: width.isWide, operation.rawValue, register)
  }

  /// Rotates the lower 16 bits of a register; the others stay.
  mutating func rotateHalf(_ register: GeneralRegister, by count: UInt8) {
    emit(
      count == 1 ? 0xd1 : 0xc1, .one, .operandSize, wide: false,
      ShiftOperation.rotateLeft.rawValue, register)
    if count != 1 { immediate(Int32(count), count: 1) }
  }

  /// Shifts one register by another into a third, without flags (BMI2).
  mutating func shift(
    _ operation: ShiftOperation, _ width: OperandWidth, _ destination: GeneralRegister,
    _ source: GeneralRegister, by count: GeneralRegister
  ) {
    let prefix: UInt8
    switch operation {
    case .shiftLeft: prefix = 1
    case .shiftRightArithmetic: prefix = 2
    case .shiftRight: prefix = 3
    case .rotateLeft, .rotateRight:
      preconditionFailure("no instruction rotates by a register without flags")
    }
    vex(0xf7, map: 2, prefix: prefix, width, destination, second: count, source)
  }

  /// Rotates a register to the right into another, without flags (BMI2).
  mutating func rotateRight(
    _ width: OperandWidth, _ destination: GeneralRegister, _ source: GeneralRegister,
    by count: UInt8
  ) {
    vex(0xf0, map: 3, prefix: 3, width, destination, second: nil, source)
    immediate(Int32(count), count: 1)
  }

  /// An instruction with a VEX prefix of three bytes.
  private mutating func vex(
    _ opcode: UInt8, map: UInt8, prefix: UInt8, _ width: OperandWidth,
    _ register: GeneralRegister, second: GeneralRegister?, _ other: GeneralRegister
  ) {
    let first: UInt8 =
      (register.rawValue < 8 ? 0x80 : 0) | 0x40 | (other.rawValue < 8 ? 0x20 : 0) | map
    let number: UInt8 = second.map { ~$0.rawValue & 0xf } ?? 0xf
    let last = (width.isWide ? 0x80 : 0) | number << 3 | prefix
    let operand = 0xc0 | (register.rawValue & 7) << 3 | other.rawValue & 7
    code.append(
      0xc4 | UInt64(first) << 8 | UInt64(last) << 16 | UInt64(opcode) << 24
        | UInt64(operand) << 32, count: 5)
  }

  mutating func swapBytes(_ width: OperandWidth, _ register: GeneralRegister) {
    opcode(
      0xc8 | register.rawValue & 7, .two, wide: width.isWide, register: 0, base: register.rawValue)
  }
}
