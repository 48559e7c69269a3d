extension Instruction {
  /// Decodes the instruction that starts at a slot.
  ///
  /// Strict: an instruction is what ``InstructionTable`` lists and nothing else, with every unused field zero
  /// (RFC 9669 section 3). Values are not judged: a shift count beyond the width is masked when it is run
  /// (RFC 9669 section 4.1), and where a branch lands is not looked at.
  ///
  /// - Precondition: `index` is an index of `slots`.
  /// - Complexity: O(1).
  /// - Throws: ``DecodingError`` if the slot begins no instruction.
  public init(decoding slots: [RawInstruction], at index: Int) throws(DecodingError) {
    let slot = slots[index]
    let hasSecond = slot.isWide && index + 1 < slots.count
    try self.init(decoding: slot, second: hasSecond ? slots[index + 1] : nil, at: index)
  }

  /// Decodes the instruction that a slot begins: without the array it is in, which a caller in a loop would retain for it.
  ///
  /// - Parameters:
  ///   - second: the slot after it, of a 16-byte load immediate.
  ///   - index: the index of the slot, for errors.
  /// - Complexity: O(1).
  /// - Throws: ``DecodingError`` if the slot begins no instruction.
  package init(
    decoding slot: RawInstruction, second: RawInstruction?, at index: Int
  ) throws(DecodingError) {
    guard let matcher = FormMatcher.first(matching: slot) else {
      throw DecodingError.noForm(of: slot, at: index)
    }
    if slot.bits & matcher.reservedMask != 0 {
      throw DecodingError.reservedField(of: slot, mask: matcher.reservedMask, at: index)
    }
    self = try SlotReader(slot: slot, second: second, index: index, matcher: matcher).instruction()
  }

  /// Decodes a whole program.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Returns: The instructions, each with the slot at which it starts.
  /// - Throws: ``DecodingError`` for the first slot that is no instruction.
  public static func decodeAll(
    _ slots: [RawInstruction]
  ) throws(DecodingError) -> [(slot: Int, instruction: Instruction)] {
    var instructions: [(slot: Int, instruction: Instruction)] = []
    instructions.reserveCapacity(slots.count)
    var index = 0
    while index < slots.count {
      let instruction = try Instruction(decoding: slots, at: index)
      instructions.append((index, instruction))
      index += instruction.slotCount
    }
    return instructions
  }
}

/// Reads the operands of a slot whose form is known.
private struct SlotReader {
  let slot: RawInstruction
  /// The slot after it, where there is one and the instruction may have two.
  let second: RawInstruction?
  let index: Int
  let matcher: FormMatcher

  func destination() throws(DecodingError) -> Register {
    try register(slot.destination, .destination, stackArguments: matcher.writesStackArgument)
  }

  func source() throws(DecodingError) -> Register {
    try register(slot.source, .source, stackArguments: matcher.readsStackArgument)
  }

  private func register(
    _ number: UInt8, _ field: DecodingError.Field, stackArguments: Bool
  ) throws(DecodingError) -> Register {
    guard let register = Register(rawValue: number), stackArguments || register != .r11 else {
      throw DecodingError(
        slot: index, reason: .noSuchRegister(opcode: slot.opcode, field: field, value: number))
    }
    return register
  }

  func operand(_ kind: Operation.SecondOperand) throws(DecodingError) -> Operand {
    switch kind {
    case .immediate: .immediate(slot.immediate)
    case .register: .register(try source())
    }
  }

  /// The offset of a memory access, which for stack arguments has a sign and an alignment.
  func memoryOffset() throws(DecodingError) -> Int16 {
    let offset = slot.offset
    let isLegal =
      (!matcher.readsStackArgument || StackArgument.isReadable(at: offset))
      && (!matcher.writesStackArgument || StackArgument.isWritable(at: offset))
    guard isLegal else {
      throw DecodingError(
        slot: index,
        reason: .unknownVariant(opcode: slot.opcode, field: .offset, value: Int64(offset)))
    }
    return offset
  }

  /// The second slot of a 16-byte load immediate: its immediate, the one field it has.
  func secondImmediate() throws(DecodingError) -> Int32 {
    guard let second else {
      throw DecodingError(slot: index, reason: .missingSecondSlot)
    }
    let field: DecodingError.Field
    let value: Int64
    if second.opcode != 0 {
      (field, value) = (.secondOpcode, Int64(second.opcode))
    } else if second.registers != 0 {
      (field, value) = (.secondRegisters, Int64(second.registers))
    } else if second.offset != 0 {
      (field, value) = (.secondOffset, Int64(second.offset))
    } else if matcher.secondImmediateIsReserved, second.immediate != 0 {
      (field, value) = (.secondImmediate, Int64(second.immediate))
    } else {
      return second.immediate
    }
    throw DecodingError(
      slot: index,
      reason: .reservedFieldNotZero(opcode: slot.opcode, field: field, value: value))
  }

  func wideImmediate(_ kind: Operation.WideKind) throws(DecodingError) -> WideImmediate {
    WideImmediate(kind, first: slot.immediate, second: try secondImmediate())
  }

  /// A store; of several things wrong with it, the registers are reported first.
  func store(
    _ size: MemorySize, _ kind: Operation.SecondOperand
  ) throws(DecodingError) -> Instruction {
    let base = try destination()
    let source = try operand(kind)
    return .store(size, base: base, offset: try memoryOffset(), source: source)
  }

  func callTarget(_ kind: Operation.CallKind) throws(DecodingError) -> CallTarget {
    switch kind {
    case .helper: .helper(slot.immediate)
    case .local: .local(slot.immediate)
    case .kernelFunction: .kernelFunction(id: slot.immediate, module: slot.offset)
    case .register: .register(try destination())
    }
  }

  func instruction() throws(DecodingError) -> Instruction {
    switch matcher.operation {
    case .arithmetic(let operation, let width, let kind):
      .arithmetic(operation, width, destination: try destination(), source: try operand(kind))
    case .negate(let width):
      .negate(width, destination: try destination())
    case .moveSignExtended(let width, let size):
      .moveSignExtended(width, from: size, destination: try destination(), source: try source())
    case .byteSwap(let swap, let width):
      .byteSwap(swap, width, destination: try destination())
    case .castAddressSpace:
      .castAddressSpace(
        destination: try destination(), source: try source(),
        to: UInt16(truncatingIfNeeded: slot.immediate >> 16),
        from: UInt16(truncatingIfNeeded: slot.immediate))
    case .load(let size, let signExtended):
      .load(
        size, signExtended: signExtended, destination: try destination(), base: try source(),
        offset: try memoryOffset())
    case .store(let size, let kind):
      try store(size, kind)
    case .atomic(let operation, let size):
      .atomic(
        operation, size, base: try destination(), offset: slot.offset, source: try source())
    case .loadAcquire(let size):
      .loadAcquire(
        size, destination: try destination(), base: try source(), offset: slot.offset)
    case .storeRelease(let size):
      .storeRelease(size, base: try destination(), offset: slot.offset, source: try source())
    case .loadWide(let kind):
      .loadWide(destination: try destination(), try wideImmediate(kind))
    case .loadPacket(let size, .absolute):
      .loadPacket(size, .absolute(slot.immediate))
    case .loadPacket(let size, .indirect):
      .loadPacket(size, .indirect(try source(), slot.immediate))
    case .jump:
      .jump(offset: slot.offset)
    case .jumpLong:
      .jumpLong(offset: slot.immediate)
    case .jumpIndirect:
      .jumpIndirect(try destination())
    case .jumpIf(let condition, let width, let kind):
      .jumpIf(condition, width, try destination(), try operand(kind), offset: slot.offset)
    case .mayGoto:
      .mayGoto(offset: slot.offset)
    case .call(let kind):
      .call(try callTarget(kind))
    case .exit:
      .exit
    case .internalOnly:
      throw DecodingError(slot: index, reason: .internalInstruction(opcode: slot.opcode))
    }
  }
}

/// Where stack arguments lie in relation to `r11`.
enum StackArgument {
  static func isReadable(at offset: Int16) -> Bool { offset > 0 && offset % 8 == 0 }
  static func isWritable(at offset: Int16) -> Bool { offset < 0 && offset % 8 == 0 }
}

extension DecodingError {
  /// The error for a slot with bits where its form has none.
  fileprivate static func reservedField(
    of slot: RawInstruction, mask: UInt64, at index: Int
  ) -> DecodingError {
    for field in [SlotField.destination, .source, .offset, .immediate]
    where slot.bits & mask & field.mask != 0 {
      let reason = Reason.reservedFieldNotZero(
        opcode: slot.opcode, field: field.name, value: field.value(in: slot))
      return DecodingError(slot: index, reason: reason)
    }
    preconditionFailure("a reserved field is one of the four fields of a slot")
  }

  /// The error for a slot that no form of its opcode matches.
  fileprivate static func noForm(
    of slot: RawInstruction, at index: Int
  ) -> DecodingError {
    guard let form = InstructionTable.forms(opcode: slot.opcode).first else {
      return DecodingError(slot: index, reason: .unknownOpcode(slot.opcode))
    }
    for field in [SlotField.destination, .source, .offset, .immediate] {
      if case .selector = field.use(in: form) {
        let reason = Reason.unknownVariant(
          opcode: slot.opcode, field: field.name, value: field.value(in: slot))
        return DecodingError(slot: index, reason: reason)
      }
    }
    preconditionFailure("an opcode without selectors has a form that matches every slot")
  }
}
