extension InstructionTable {
  /// `destination = destination op source`, in both widths, with both kinds of second operand.
  static let arithmetic: [InstructionForm] = ArithmeticOperation.allCases.flatMap { operation in
    ArithmeticWidth.allCases.flatMap { width in
      Operation.SecondOperand.allCases.map { operand in
        InstructionForm(
          .arithmetic(operation, width, operand),
          opcode: width.arithmeticClass | operand.opcodeBit | operation.opcodeBits,
          destination: .register(operation == .move ? .written : .readAndWritten),
          source: operand == .register ? .register(.read) : .unused,
          offset: offsetUse(operation, operand),
          immediate: operand == .register ? .unused : .operand(.value))
      }
    }
  }

  /// The offset selects the operation where an opcode has several.
  private static func offsetUse(
    _ operation: ArithmeticOperation, _ operand: Operation.SecondOperand
  ) -> FieldUse {
    switch operation {
    case .divide, .signedDivide, .modulo, .signedModulo:
      .selector(Int32(operation.selectingOffset))
    case .move:
      // Only the register form has sign-extending variants.
      operand == .register ? .selector(0) : .unused
    case .add, .subtract, .multiply, .or, .and, .shiftLeft, .shiftRight, .xor,
      .arithmeticShiftRight:
      .unused
    }
  }

  /// Negations, sign-extending moves and the address space cast.
  static let moves: [InstructionForm] =
    ArithmeticWidth.allCases.map { width in
      InstructionForm(
        .negate(width), opcode: width.arithmeticClass | 0x80,
        destination: .register(.readAndWritten))
    }
    + [
      (ArithmeticWidth.bits32, MemorySize.byte), (.bits32, .half),
      (.bits64, .byte), (.bits64, .half), (.bits64, .word),
    ].map { width, size in
      InstructionForm(
        .moveSignExtended(width, from: size),
        opcode: width.arithmeticClass | opcodeRegisterBit | 0xb0,
        destination: .register(.written), source: .register(.read),
        offset: .selector(Int32(size.byteCount) * 8))
    }
    + [
      InstructionForm(
        .castAddressSpace, opcode: 0xbf, destination: .register(.written), source: .register(.read),
        offset: .selector(1), immediate: .operand(.addressSpaces))
    ]

  static let byteSwaps: [InstructionForm] = ByteSwap.allCases.flatMap { swap in
    SwapWidth.allCases.map { width in
      InstructionForm(
        .byteSwap(swap, width), opcode: swap.opcode, destination: .register(.readAndWritten),
        immediate: .selector(Int32(width.rawValue)))
    }
  }
}

extension ByteSwap {
  /// The whole opcode (RFC 9669 section 4.2).
  var opcode: UInt8 {
    switch self {
    case .toLittleEndian: 0xd4
    case .toBigEndian: 0xdc
    case .unconditional: 0xd7
    }
  }
}
