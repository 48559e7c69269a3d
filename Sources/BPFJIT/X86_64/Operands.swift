/// A general register of x86-64, by its number.
enum GeneralRegister: UInt8, CaseIterable {
  case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
}

/// A place in memory: `[base + index * 2^scale + displacement]`.
struct Address: Hashable {
  var base: GeneralRegister?
  /// Never `rsp`, which cannot be one.
  var index: GeneralRegister?
  /// The index is shifted by 0 to 3.
  var scale: UInt8
  var displacement: Int32

  init(
    _ base: GeneralRegister?, index: GeneralRegister? = nil, scale: UInt8 = 0,
    _ displacement: Int32 = 0
  ) {
    self.base = base
    self.index = index
    self.scale = scale
    self.displacement = displacement
  }
}

/// How many bits an operation works on; one on 32 clears the upper half of the register it writes.
enum OperandWidth: UInt8, CaseIterable {
  case bits32, bits64
}

/// The size of what memory holds, in bytes: 1, 2, 4 or 8.
enum AccessSize: UInt8, CaseIterable {
  case byte = 1
  case half = 2
  case word = 4
  case double = 8
}

/// The operations of which all forms follow one pattern, by the number in their opcodes.
enum BinaryOperation: UInt8, CaseIterable {
  case add, or, addWithCarry, subtractWithBorrow, and, subtract, xor, compare
}

/// Shifts and rotations, by the number in their opcodes.
enum ShiftOperation: UInt8, CaseIterable {
  case rotateLeft = 0
  case rotateRight = 1
  case shiftLeft = 4
  case shiftRight = 5
  case shiftRightArithmetic = 7
}

/// Operations on one register or place, by the number in their opcodes. Those that multiply and divide work on `rdx` and `rax`.
enum UnaryOperation: UInt8, CaseIterable {
  case not = 2
  case negate = 3
  case multiply = 4
  case multiplySigned = 5
  case divide = 6
  case divideSigned = 7
}

/// What a jump or a conditional move looks at, by the number in their opcodes. The lowest bit inverts.
enum FlagCondition: UInt8, CaseIterable {
  case overflow, noOverflow, below, aboveOrEqual, equal, notEqual, belowOrEqual, above
  case negative, notNegative, parity, noParity, less, greaterOrEqual, lessOrEqual, greater

  var inverted: Self {
    guard let condition = Self(rawValue: rawValue ^ 1) else {
      preconditionFailure("conditions come in pairs")
    }
    return condition
  }
}
