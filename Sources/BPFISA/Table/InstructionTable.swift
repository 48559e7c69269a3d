/// The instruction table: every form of every instruction, the single description from which the decoder's
/// strictness, the documentation page and the exhaustive tests are derived.
///
/// RFC 9669, and what Linux added since. Where several forms match a slot, the first does.
public enum InstructionTable {
  /// All forms, by rising opcode.
  public static let forms: [InstructionForm] = {
    let all =
      arithmetic + moves + byteSwaps + memory + atomics + wideLoads + packetLoads + jumps + calls
      + internalForms
    // The order within an opcode is the order of matching: a stable sort keeps it.
    return all.enumerated().sorted {
      ($0.element.opcode, $0.offset) < ($1.element.opcode, $1.offset)
    }
    .map(\.element)
  }()

  /// The forms of an opcode, in matching order; empty if no instruction has the opcode.
  ///
  /// - Complexity: O(log *n* + *m*), *n* forms in all, *m* of the opcode.
  public static func forms(opcode: UInt8) -> [InstructionForm] {
    FormMatcher.range(opcode: opcode).map { forms[$0] }
  }
}

// MARK: Opcode arithmetic (RFC 9669 section 3.1)

/// The class in the low three bits of an opcode.
enum OpcodeClass {
  static let load: UInt8 = 0
  static let loadRegister: UInt8 = 1
  static let storeImmediate: UInt8 = 2
  static let storeRegister: UInt8 = 3
  static let arithmetic32: UInt8 = 4
  static let jump: UInt8 = 5
  static let jump32: UInt8 = 6
  static let arithmetic64: UInt8 = 7
}

/// The mode in the high three bits of a load or store opcode.
enum OpcodeMode {
  static let immediate: UInt8 = 0x00
  static let absolute: UInt8 = 0x20
  static let indirect: UInt8 = 0x40
  static let memory: UInt8 = 0x60
  static let memorySignExtended: UInt8 = 0x80
  static let atomic: UInt8 = 0xc0
}

/// The bit of an arithmetic or jump opcode that says the second operand is a register.
let opcodeRegisterBit: UInt8 = 0x08

extension MemorySize {
  /// The size bits of a load or store opcode.
  var opcodeBits: UInt8 {
    switch self {
    case .word: 0x00
    case .half: 0x08
    case .byte: 0x10
    case .double: 0x18
    }
  }
}

extension ArithmeticWidth {
  /// The class of an arithmetic opcode.
  var arithmeticClass: UInt8 {
    switch self {
    case .bits32: 4
    case .bits64: 7
    }
  }

  /// The class of a conditional jump's opcode.
  var jumpClass: UInt8 {
    switch self {
    case .bits32: 6
    case .bits64: 5
    }
  }
}

extension Operation.SecondOperand {
  /// The bit of an arithmetic or jump opcode that names the second operand.
  var opcodeBit: UInt8 {
    switch self {
    case .immediate: 0x00
    case .register: 0x08
    }
  }
}

extension ArithmeticOperation {
  /// The operation bits of the opcode (RFC 9669 table 3).
  var opcodeBits: UInt8 {
    switch self {
    case .add: 0x00
    case .subtract: 0x10
    case .multiply: 0x20
    case .divide, .signedDivide: 0x30
    case .or: 0x40
    case .and: 0x50
    case .shiftLeft: 0x60
    case .shiftRight: 0x70
    case .modulo, .signedModulo: 0x90
    case .xor: 0xa0
    case .move: 0xb0
    case .arithmeticShiftRight: 0xc0
    }
  }

  /// The offset that tells a signed from an unsigned operation, for the two that have both.
  var selectingOffset: Int16 {
    switch self {
    case .signedDivide, .signedModulo: 1
    case .add, .subtract, .multiply, .divide, .or, .and, .shiftLeft, .shiftRight, .modulo, .xor,
      .move, .arithmeticShiftRight:
      0
    }
  }
}

extension Condition {
  /// The operation bits of the opcode (RFC 9669 table 5).
  var opcodeBits: UInt8 {
    switch self {
    case .equal: 0x10
    case .greater: 0x20
    case .greaterOrEqual: 0x30
    case .bitsSet: 0x40
    case .notEqual: 0x50
    case .signedGreater: 0x60
    case .signedGreaterOrEqual: 0x70
    case .less: 0xa0
    case .lessOrEqual: 0xb0
    case .signedLess: 0xc0
    case .signedLessOrEqual: 0xd0
    }
  }
}

extension AtomicOperation {
  /// The immediate that selects the operation (RFC 9669 tables 11 and 12).
  var selectingImmediate: Int32 {
    switch self {
    case .add: 0x00
    case .or: 0x40
    case .and: 0x50
    case .xor: 0xa0
    case .fetchAdd: 0x01
    case .fetchOr: 0x41
    case .fetchAnd: 0x51
    case .fetchXor: 0xa1
    case .exchange: 0xe1
    case .compareExchange: 0xf1
    }
  }
}
