extension InstructionTable {
  /// Plain and sign-extending loads, and stores of registers and immediates.
  static let memory: [InstructionForm] =
    stackArguments
    + MemorySize.allCases.map { size in
      InstructionForm(
        .load(size, signExtended: false),
        opcode: OpcodeMode.memory | size.opcodeBits | OpcodeClass.loadRegister,
        destination: .register(.written), source: .register(.base), offset: .operand(.memoryOffset))
    }
    + [MemorySize.byte, .half, .word].map { size in
      InstructionForm(
        .load(size, signExtended: true),
        opcode: OpcodeMode.memorySignExtended | size.opcodeBits | OpcodeClass.loadRegister,
        destination: .register(.written), source: .register(.base), offset: .operand(.memoryOffset))
    }
    + MemorySize.allCases.map { size in
      InstructionForm(
        .store(size, .immediate),
        opcode: OpcodeMode.memory | size.opcodeBits | OpcodeClass.storeImmediate,
        destination: .register(.base), offset: .operand(.memoryOffset), immediate: .operand(.value))
    }
    + MemorySize.allCases.map { size in
      InstructionForm(
        .store(size, .register),
        opcode: OpcodeMode.memory | size.opcodeBits | OpcodeClass.storeRegister,
        destination: .register(.base), source: .register(.read), offset: .operand(.memoryOffset))
    }

  /// The three forms that may name `r11`.
  private static let stackArguments: [InstructionForm] = [
    InstructionForm(
      .load(.double, signExtended: false), opcode: 0x79, destination: .register(.written),
      source: .stackArguments, offset: .operand(.stackArgumentRead)),
    InstructionForm(
      .store(.double, .immediate), opcode: 0x7a, destination: .stackArguments,
      offset: .operand(.stackArgumentWrite), immediate: .operand(.value)),
    InstructionForm(
      .store(.double, .register), opcode: 0x7b, destination: .stackArguments,
      source: .register(.read), offset: .operand(.stackArgumentWrite)),
  ]

  /// Atomic read-modify-write operations, load-acquire and store-release.
  static let atomics: [InstructionForm] =
    [MemorySize.word, .double].flatMap { size in
      AtomicOperation.allCases.map { operation in
        InstructionForm(
          .atomic(operation, size),
          opcode: OpcodeMode.atomic | size.opcodeBits | OpcodeClass.storeRegister,
          destination: .register(.base), source: .register(operation.sourceUse),
          offset: .operand(.memoryOffset), immediate: .selector(operation.selectingImmediate))
      }
    }
    + MemorySize.allCases.flatMap { size in
      [
        InstructionForm(
          .loadAcquire(size),
          opcode: OpcodeMode.atomic | size.opcodeBits | OpcodeClass.storeRegister,
          destination: .register(.written), source: .register(.base),
          offset: .operand(.memoryOffset), immediate: .selector(0x100)),
        InstructionForm(
          .storeRelease(size),
          opcode: OpcodeMode.atomic | size.opcodeBits | OpcodeClass.storeRegister,
          destination: .register(.base), source: .register(.read),
          offset: .operand(.memoryOffset), immediate: .selector(0x110)),
      ]
    }

  /// The 16-byte load immediate; the source field says what of.
  static let wideLoads: [InstructionForm] = Operation.WideKind.allCases.map { kind in
    let (first, second): (FieldUse, FieldUse) =
      switch kind {
      case .value: (.operand(.lowHalf), .operand(.highHalf))
      case .map: (.operand(.mapDescriptor), .unused)
      case .mapValue: (.operand(.mapDescriptor), .operand(.mapValueOffset))
      case .variable: (.operand(.variable), .operand(.btfDescriptor))
      case .function: (.operand(.displacement), .unused)
      case .mapIndex: (.operand(.mapIndex), .unused)
      case .mapIndexValue: (.operand(.mapIndex), .operand(.mapValueOffset))
      }
    return InstructionForm(
      .loadWide(kind), opcode: 0x18, destination: .register(.written),
      source: .selector(Int32(kind.rawValue)), immediate: first, secondImmediate: second)
  }

  /// Legacy packet loads, into `r0`.
  static let packetLoads: [InstructionForm] = [MemorySize.byte, .half, .word].flatMap { size in
    [
      InstructionForm(
        .loadPacket(size, .absolute),
        opcode: OpcodeMode.absolute | size.opcodeBits | OpcodeClass.load,
        immediate: .operand(.packetOffset)),
      InstructionForm(
        .loadPacket(size, .indirect),
        opcode: OpcodeMode.indirect | size.opcodeBits | OpcodeClass.load,
        source: .register(.read), immediate: .operand(.packetOffset)),
    ]
  }
}

extension AtomicOperation {
  /// Whether the source register receives the old value of memory.
  var sourceUse: FieldUse.RegisterUse {
    switch self {
    case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange: .readAndWritten
    case .add, .or, .and, .xor, .compareExchange: .read
    }
  }
}
