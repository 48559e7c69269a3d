extension InstructionTable {
  /// Jumps, conditional and not.
  static let jumps: [InstructionForm] =
    [
      InstructionForm(.jump, opcode: 0x05, offset: .operand(.displacement)),
      InstructionForm(.jumpLong, opcode: 0x06, immediate: .operand(.displacement)),
      InstructionForm(.jumpIndirect, opcode: 0x0d, destination: .register(.read)),
      InstructionForm(
        .mayGoto, opcode: 0xe5, source: .selector(0), offset: .operand(.displacement)),
    ]
    + Condition.allCases.flatMap { condition in
      ArithmeticWidth.allCases.flatMap { width in
        Operation.SecondOperand.allCases.map { operand in
          InstructionForm(
            .jumpIf(condition, width, operand),
            opcode: width.jumpClass | operand.opcodeBit | condition.opcodeBits,
            destination: .register(.read),
            source: operand == .register ? .register(.read) : .unused,
            offset: .operand(.displacement),
            immediate: operand == .register ? .unused : .operand(.value))
        }
      }
    }

  static let calls: [InstructionForm] = [
    InstructionForm(
      .call(.helper), opcode: 0x85, source: .selector(0), immediate: .operand(.helper)),
    InstructionForm(
      .call(.local), opcode: 0x85, source: .selector(1), immediate: .operand(.displacement)),
    InstructionForm(
      .call(.kernelFunction), opcode: 0x85, source: .selector(2), offset: .operand(.moduleIndex),
      immediate: .operand(.kernelFunction)),
    InstructionForm(.call(.register), opcode: 0x8d, destination: .register(.read)),
    InstructionForm(.exit, opcode: 0x95),
  ]

  /// What only the kernel's own passes produce.
  static let internalForms: [InstructionForm] =
    [internalForm(.perCPUAddress, opcode: 0xbf, offset: .selector(-1))]
    + [
      (Operation.InternalOperation.speculationBarrier, [0xc2]),
      (.tailCall, [0xf5]),
      (.probeLoad, [0x21, 0x29, 0x31, 0x39]),
      (.probeSignExtendedLoad, [0x41, 0x49, 0x51]),
      (.probeArenaLoad, [0xa1, 0xa9, 0xb1, 0xb9]),
      (.probeArenaSignExtendedLoad, [0xc1, 0xc9, 0xd1]),
      (.probeArenaStore, [0xa2, 0xaa, 0xb2, 0xba, 0xa3, 0xab, 0xb3, 0xbb]),
      (.probeArenaAtomic, [0xe3, 0xeb, 0xf3, 0xfb]),
    ].flatMap { (operation: Operation.InternalOperation, opcodes: [UInt8]) in
      opcodes.map { internalForm(operation, opcode: $0, offset: .any) }
    }

  private static func internalForm(
    _ operation: Operation.InternalOperation, opcode: UInt8, offset: FieldUse
  ) -> InstructionForm {
    InstructionForm(
      .internalOnly(operation), opcode: opcode, destination: .any, source: .any, offset: offset,
      immediate: .any)
  }
}
