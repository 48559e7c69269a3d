// What moves values between registers, constants and memory.
extension Encoder {
  mutating func move(
    _ width: OperandWidth, _ destination: GeneralRegister, _ source: GeneralRegister
  ) {
    emit(0x89, wide: width.isWide, source.rawValue, destination)
  }

  /// Loads a constant of 64 bits in as few bytes as it takes. Zero clobbers flags.
  mutating func move(_ destination: GeneralRegister, _ constant: UInt64) {
    if constant == 0 {
      operate(.xor, .bits32, destination, destination)
    } else if constant >> 32 == 0 {
      opcode(0xb8 | destination.rawValue & 7, wide: false, register: 0, base: destination.rawValue)
      code.append(constant, count: 4)
    } else if Int64(bitPattern: constant) >> 31 == -1 {
      emit(0xc7, wide: true, 0, destination)
      code.append(constant, count: 4)
    } else {
      opcode(0xb8 | destination.rawValue & 7, wide: true, register: 0, base: destination.rawValue)
      code.append(constant, count: 8)
    }
  }

  /// Loads, and clears what is above.
  mutating func load(_ size: AccessSize, _ destination: GeneralRegister, _ source: Address) {
    switch size {
    case .byte: emit(0xb6, .two, wide: false, destination.rawValue, source)
    case .half: emit(0xb7, .two, wide: false, destination.rawValue, source)
    case .word: emit(0x8b, wide: false, destination.rawValue, source)
    case .double: emit(0x8b, wide: true, destination.rawValue, source)
    }
  }

  /// Loads, and copies the sign to all 64 bits.
  mutating func loadSigned(_ size: AccessSize, _ destination: GeneralRegister, _ source: Address) {
    switch size {
    case .byte: emit(0xbe, .two, wide: true, destination.rawValue, source)
    case .half: emit(0xbf, .two, wide: true, destination.rawValue, source)
    case .word: emit(0x63, wide: true, destination.rawValue, source)
    case .double: emit(0x8b, wide: true, destination.rawValue, source)
    }
  }

  /// Loads 4 or 8 bytes in reverse order (MOVBE).
  mutating func loadSwapped(
    _ width: OperandWidth, _ destination: GeneralRegister, _ source: Address
  ) {
    emit(0xf0, .three38, wide: width.isWide, destination.rawValue, source)
  }

  mutating func store(_ size: AccessSize, _ destination: Address, _ source: GeneralRegister) {
    switch size {
    case .byte:
      emit(0x88, wide: false, source.rawValue, destination, needsREX: source.byteNeedsREX)
    case .half: emit(0x89, .one, .operandSize, wide: false, source.rawValue, destination)
    case .word: emit(0x89, wide: false, source.rawValue, destination)
    case .double: emit(0x89, wide: true, source.rawValue, destination)
    }
  }

  /// Stores a constant, sign-extended where 8 bytes are stored.
  mutating func store(_ size: AccessSize, _ destination: Address, _ constant: Int32) {
    switch size {
    case .byte: emit(0xc6, wide: false, 0, destination)
    case .half: emit(0xc7, .one, .operandSize, wide: false, 0, destination)
    case .word, .double: emit(0xc7, wide: size == .double, 0, destination)
    }
    immediate(constant, count: min(Int(size.rawValue), 4))
  }

  /// Copies the lowest bytes of a register and clears what is above.
  mutating func extendZero(
    _ size: AccessSize, _ destination: GeneralRegister, _ source: GeneralRegister
  ) {
    switch size {
    case .byte:
      emit(
        0xb6, .two, wide: false, destination.rawValue, source, needsREX: source.byteNeedsREX)
    case .half: emit(0xb7, .two, wide: false, destination.rawValue, source)
    case .word: move(.bits32, destination, source)
    case .double: move(.bits64, destination, source)
    }
  }

  /// Copies the lowest bytes of a register and their sign to all bits of the width.
  mutating func extendSign(
    _ size: AccessSize, to width: OperandWidth, _ destination: GeneralRegister,
    _ source: GeneralRegister
  ) {
    let isWide = width.isWide
    switch size {
    case .byte:
      emit(
        0xbe, .two, wide: isWide, destination.rawValue, source, needsREX: source.byteNeedsREX)
    case .half: emit(0xbf, .two, wide: isWide, destination.rawValue, source)
    case .word where isWide: emit(0x63, wide: true, destination.rawValue, source)
    case .word, .double: move(width, destination, source)
    }
  }

  mutating func loadAddress(
    _ width: OperandWidth, _ destination: GeneralRegister, _ address: Address
  ) {
    emit(0x8d, wide: width.isWide, destination.rawValue, address)
  }

  mutating func moveIf(
    _ condition: FlagCondition, _ width: OperandWidth, _ destination: GeneralRegister,
    _ source: GeneralRegister
  ) {
    emit(0x40 | condition.rawValue, .two, wide: width.isWide, destination.rawValue, source)
  }

  mutating func push(_ register: GeneralRegister) {
    opcode(0x50 | register.rawValue & 7, wide: false, register: 0, base: register.rawValue)
  }

  mutating func pop(_ register: GeneralRegister) {
    opcode(0x58 | register.rawValue & 7, wide: false, register: 0, base: register.rawValue)
  }

  // MARK: Atomic operations

  /// Adds to memory; the register becomes what was there.
  mutating func exchangeAndAdd(_ width: OperandWidth, _ place: Address, _ register: GeneralRegister)
  {
    emit(0xc1, .two, .lock, wide: width.isWide, register.rawValue, place)
  }

  /// Exchanges, always atomically.
  mutating func exchange(_ width: OperandWidth, _ place: Address, _ register: GeneralRegister) {
    emit(0x87, wide: width.isWide, register.rawValue, place)
  }

  /// Stores the register if memory holds what `rax` does; else loads `rax` from it.
  mutating func compareAndExchange(
    _ width: OperandWidth, _ place: Address, _ register: GeneralRegister
  ) {
    emit(0xb1, .two, .lock, wide: width.isWide, register.rawValue, place)
  }
}
