import BPFISA

/// An instruction made ready for the interpreter: one per slot, so that the program counter is the slot's index.
///
/// 16 bytes. The second slot of a 16-byte load immediate holds the upper half in `immediate`.
struct DecodedInstruction {
  var opcode: Opcode
  var destination: UInt8 = 0
  var source: UInt8 = 0
  /// The registers the instruction needs to hold something, a bit each.
  var reads: UInt16 = 0
  /// The registers that hold something afterwards.
  var writes: UInt16 = 0
  /// The displacement in bytes of an access, or in slots of a branch.
  var offset: Int16 = 0
  var immediate: Int32 = 0

  enum Opcode: UInt8 {
    case add64K, sub64K, mul64K, div64K, sdiv64K, or64K, and64K, lsh64K, rsh64K, mod64K, smod64K,
      xor64K, mov64K, arsh64K
    case add64X, sub64X, mul64X, div64X, sdiv64X, or64X, and64X, lsh64X, rsh64X, mod64X, smod64X,
      xor64X, mov64X, arsh64X
    case add32K, sub32K, mul32K, div32K, sdiv32K, or32K, and32K, lsh32K, rsh32K, mod32K, smod32K,
      xor32K, mov32K, arsh32K
    case add32X, sub32X, mul32X, div32X, sdiv32X, or32X, and32X, lsh32X, rsh32X, mod32X, smod32X,
      xor32X, mov32X, arsh32X
    case jeq64K, jgt64K, jge64K, jset64K, jne64K, jsgt64K, jsge64K, jlt64K, jle64K, jslt64K, jsle64K
    case jeq64X, jgt64X, jge64X, jset64X, jne64X, jsgt64X, jsge64X, jlt64X, jle64X, jslt64X, jsle64X
    case jeq32K, jgt32K, jge32K, jset32K, jne32K, jsgt32K, jsge32K, jlt32K, jle32K, jslt32K, jsle32K
    case jeq32X, jgt32X, jge32X, jset32X, jne32X, jsgt32X, jsge32X, jlt32X, jle32X, jslt32X, jsle32X
    case neg64, neg32
    case movsx64from8, movsx64from16, movsx64from32, movsx32from8, movsx32from16
    case le16, le32, le64, swap16, swap32, swap64
    case ldx8, ldx16, ldx32, ldx64, ldsx8, ldsx16, ldsx32
    case stx8, stx16, stx32, stx64, st8, st16, st32, st64
    case atomic32, atomic64, loadAcquire, storeRelease
    case loadWide
    case loadPacket
    case ja, jal, mayGoto
    case callHelper, callLocal, callRegister, exit
    /// The second slot of a 16-byte load immediate: not to be reached.
    case secondSlot
    /// Writes r10, which is read only.
    case writesFramePointer
    /// Decodable, but not run by this engine.
    case unsupported
    /// A branch that leads out of the program if it is taken.
    case strayBranch
    /// The slot after the last.
    case endOfProgram
  }
}

extension DecodedInstruction {
  /// For a branch or a local call, the displacement in slots from the next instruction.
  var displacement: Int? {
    if opcode == .jal || opcode == .callLocal { return Int(immediate) }
    let conditional = Opcode.jeq64K.rawValue...Opcode.jsle32X.rawValue
    let isShort = opcode == .ja || opcode == .mayGoto || conditional.contains(opcode.rawValue)
    return isShort ? Int(offset) : nil
  }
}

extension DecodedInstruction.Opcode {
  init(_ operation: ArithmeticOperation, _ width: ArithmeticWidth, isImmediate: Bool) {
    self =
      switch (operation, width) {
      case (.add, .bits64): isImmediate ? .add64K : .add64X
      case (.subtract, .bits64): isImmediate ? .sub64K : .sub64X
      case (.multiply, .bits64): isImmediate ? .mul64K : .mul64X
      case (.divide, .bits64): isImmediate ? .div64K : .div64X
      case (.signedDivide, .bits64): isImmediate ? .sdiv64K : .sdiv64X
      case (.or, .bits64): isImmediate ? .or64K : .or64X
      case (.and, .bits64): isImmediate ? .and64K : .and64X
      case (.shiftLeft, .bits64): isImmediate ? .lsh64K : .lsh64X
      case (.shiftRight, .bits64): isImmediate ? .rsh64K : .rsh64X
      case (.modulo, .bits64): isImmediate ? .mod64K : .mod64X
      case (.signedModulo, .bits64): isImmediate ? .smod64K : .smod64X
      case (.xor, .bits64): isImmediate ? .xor64K : .xor64X
      case (.move, .bits64): isImmediate ? .mov64K : .mov64X
      case (.arithmeticShiftRight, .bits64): isImmediate ? .arsh64K : .arsh64X
      case (.add, .bits32): isImmediate ? .add32K : .add32X
      case (.subtract, .bits32): isImmediate ? .sub32K : .sub32X
      case (.multiply, .bits32): isImmediate ? .mul32K : .mul32X
      case (.divide, .bits32): isImmediate ? .div32K : .div32X
      case (.signedDivide, .bits32): isImmediate ? .sdiv32K : .sdiv32X
      case (.or, .bits32): isImmediate ? .or32K : .or32X
      case (.and, .bits32): isImmediate ? .and32K : .and32X
      case (.shiftLeft, .bits32): isImmediate ? .lsh32K : .lsh32X
      case (.shiftRight, .bits32): isImmediate ? .rsh32K : .rsh32X
      case (.modulo, .bits32): isImmediate ? .mod32K : .mod32X
      case (.signedModulo, .bits32): isImmediate ? .smod32K : .smod32X
      case (.xor, .bits32): isImmediate ? .xor32K : .xor32X
      case (.move, .bits32): isImmediate ? .mov32K : .mov32X
      case (.arithmeticShiftRight, .bits32): isImmediate ? .arsh32K : .arsh32X
      }
  }

  init(_ condition: Condition, _ width: ArithmeticWidth, isImmediate: Bool) {
    self =
      switch (condition, width) {
      case (.equal, .bits64): isImmediate ? .jeq64K : .jeq64X
      case (.greater, .bits64): isImmediate ? .jgt64K : .jgt64X
      case (.greaterOrEqual, .bits64): isImmediate ? .jge64K : .jge64X
      case (.bitsSet, .bits64): isImmediate ? .jset64K : .jset64X
      case (.notEqual, .bits64): isImmediate ? .jne64K : .jne64X
      case (.signedGreater, .bits64): isImmediate ? .jsgt64K : .jsgt64X
      case (.signedGreaterOrEqual, .bits64): isImmediate ? .jsge64K : .jsge64X
      case (.less, .bits64): isImmediate ? .jlt64K : .jlt64X
      case (.lessOrEqual, .bits64): isImmediate ? .jle64K : .jle64X
      case (.signedLess, .bits64): isImmediate ? .jslt64K : .jslt64X
      case (.signedLessOrEqual, .bits64): isImmediate ? .jsle64K : .jsle64X
      case (.equal, .bits32): isImmediate ? .jeq32K : .jeq32X
      case (.greater, .bits32): isImmediate ? .jgt32K : .jgt32X
      case (.greaterOrEqual, .bits32): isImmediate ? .jge32K : .jge32X
      case (.bitsSet, .bits32): isImmediate ? .jset32K : .jset32X
      case (.notEqual, .bits32): isImmediate ? .jne32K : .jne32X
      case (.signedGreater, .bits32): isImmediate ? .jsgt32K : .jsgt32X
      case (.signedGreaterOrEqual, .bits32): isImmediate ? .jsge32K : .jsge32X
      case (.less, .bits32): isImmediate ? .jlt32K : .jlt32X
      case (.lessOrEqual, .bits32): isImmediate ? .jle32K : .jle32X
      case (.signedLess, .bits32): isImmediate ? .jslt32K : .jslt32X
      case (.signedLessOrEqual, .bits32): isImmediate ? .jsle32K : .jsle32X
      }
  }
}
