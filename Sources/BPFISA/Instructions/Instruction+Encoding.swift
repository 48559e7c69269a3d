/// The slots of one instruction.
@frozen
public struct EncodedInstruction: Hashable, Sendable {
  public var first: RawInstruction
  /// The second slot, of a 16-byte load immediate only.
  public var second: RawInstruction?

  @inlinable
  public init(_ first: RawInstruction, _ second: RawInstruction? = nil) {
    self.first = first
    self.second = second
  }

  /// The slots in order, one or two.
  public var slots: [RawInstruction] {
    if let second { [first, second] } else { [first] }
  }
}

extension Instruction {
  /// The slots that decode to this instruction.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``EncodingError`` for a combination of operation, size and register that does not exist.
  public var encoded: EncodedInstruction {
    get throws(EncodingError) {
      switch self {
      case .arithmetic(let operation, let width, let destination, let operand):
        return EncodedInstruction(
          try slot(
            width.arithmeticClass | operation.opcodeBits, destination, operand,
            offset: operation.selectingOffset))
      case .negate(let width, let destination):
        return EncodedInstruction(try slot(width.arithmeticClass | 0x80, destination))
      case .moveSignExtended(let width, let size, let destination, let source):
        let widest: MemorySize =
          switch width {
          case .bits32: .half
          case .bits64: .word
          }
        try check(size, isIn: .byte...widest)
        return EncodedInstruction(
          try slot(
            width.arithmeticClass | 0xb0, destination, .register(source),
            offset: Int16(size.byteCount * 8)))
      case .byteSwap(let swap, let width, let destination):
        return EncodedInstruction(
          try slot(swap.opcode, destination, immediate: Int32(width.rawValue)))
      case .castAddressSpace(let destination, let source, let to, let from):
        return EncodedInstruction(
          try slot(
            0xbf, destination, source: source, offset: 1,
            immediate: Int32(bitPattern: UInt32(to) << 16 | UInt32(from))))
      case .load(let size, let signExtended, let destination, let base, let offset):
        return EncodedInstruction(
          try load(size, signExtended: signExtended, destination, base: base, offset: offset))
      case .store(let size, let base, let offset, let operand):
        return EncodedInstruction(try store(size, base: base, offset: offset, operand))
      case .atomic(let operation, let size, let base, let offset, let source):
        try check(size, isIn: .word ... .double)
        return EncodedInstruction(
          try atomic(size, base, source, offset, operation.selectingImmediate))
      case .loadAcquire(let size, let destination, let base, let offset):
        return EncodedInstruction(try atomic(size, destination, base, offset, 0x100))
      case .storeRelease(let size, let base, let offset, let source):
        return EncodedInstruction(try atomic(size, base, source, offset, 0x110))
      case .loadWide(let destination, let immediate):
        return try loadWide(destination, immediate)
      case .loadPacket(let size, let packetOffset):
        try check(size, isIn: .byte ... .word)
        switch packetOffset {
        case .absolute(let immediate):
          return EncodedInstruction(
            RawInstruction(opcode: OpcodeMode.absolute | size.opcodeBits, immediate: immediate))
        case .indirect(let register, let immediate):
          return EncodedInstruction(
            RawInstruction(
              opcode: OpcodeMode.indirect | size.opcodeBits,
              source: try number(register, .source), immediate: immediate))
        }
      case .jump(let offset):
        return EncodedInstruction(RawInstruction(opcode: 0x05, offset: offset))
      case .jumpLong(let offset):
        return EncodedInstruction(RawInstruction(opcode: 0x06, immediate: offset))
      case .jumpIndirect(let register):
        return EncodedInstruction(try slot(0x0d, register))
      case .jumpIf(let condition, let width, let first, let second, let offset):
        return EncodedInstruction(
          try slot(width.jumpClass | condition.opcodeBits, first, second, offset: offset))
      case .mayGoto(let offset):
        return EncodedInstruction(RawInstruction(opcode: 0xe5, offset: offset))
      case .call(let target):
        return EncodedInstruction(try call(target))
      case .exit:
        return EncodedInstruction(RawInstruction(opcode: 0x95))
      }
    }
  }

  private func load(
    _ size: MemorySize, signExtended: Bool, _ destination: Register, base: Register, offset: Int16
  ) throws(EncodingError) -> RawInstruction {
    if signExtended {
      try check(size, isIn: .byte ... .word)
    }
    let mode = signExtended ? OpcodeMode.memorySignExtended : OpcodeMode.memory
    return RawInstruction(
      opcode: mode | size.opcodeBits | OpcodeClass.loadRegister,
      destination: try number(destination, .destination),
      source: try baseNumber(
        base, .source, isDouble: size == .double,
        isLegalOffset: StackArgument.isReadable(at: offset), offset), offset: offset)
  }

  private func store(
    _ size: MemorySize, base: Register, offset: Int16, _ operand: Operand
  ) throws(EncodingError) -> RawInstruction {
    let destination = try baseNumber(
      base, .destination, isDouble: size == .double,
      isLegalOffset: StackArgument.isWritable(at: offset), offset)
    switch operand {
    case .register(let source):
      return RawInstruction(
        opcode: OpcodeMode.memory | size.opcodeBits | OpcodeClass.storeRegister,
        destination: destination, source: try number(source, .source), offset: offset)
    case .immediate(let immediate):
      return RawInstruction(
        opcode: OpcodeMode.memory | size.opcodeBits | OpcodeClass.storeImmediate,
        destination: destination, offset: offset, immediate: immediate)
    }
  }

  private func atomic(
    _ size: MemorySize, _ destination: Register, _ source: Register, _ offset: Int16,
    _ immediate: Int32
  ) throws(EncodingError) -> RawInstruction {
    try slot(
      OpcodeMode.atomic | size.opcodeBits | OpcodeClass.storeRegister, destination,
      source: source, offset: offset, immediate: immediate)
  }

  private func loadWide(
    _ destination: Register, _ immediate: WideImmediate
  ) throws(EncodingError) -> EncodedInstruction {
    let (kind, first, second) = immediate.fields
    return EncodedInstruction(
      RawInstruction(
        opcode: 0x18, destination: try number(destination, .destination), source: kind.rawValue,
        immediate: first),
      RawInstruction(opcode: 0, immediate: second))
  }

  private func call(_ target: CallTarget) throws(EncodingError) -> RawInstruction {
    switch target {
    case .helper(let helper): RawInstruction(opcode: 0x85, immediate: helper)
    case .local(let displacement): RawInstruction(opcode: 0x85, source: 1, immediate: displacement)
    case .kernelFunction(let identifier, let module):
      RawInstruction(opcode: 0x85, source: 2, offset: module, immediate: identifier)
    case .register(let register): try slot(0x8d, register)
    }
  }

  // MARK: Slots

  private func slot(
    _ opcode: UInt8, _ destination: Register, source: Register? = nil, offset: Int16 = 0,
    immediate: Int32 = 0
  ) throws(EncodingError) -> RawInstruction {
    var sourceNumber: UInt8 = 0
    if let source {
      sourceNumber = try number(source, .source)
    }
    return RawInstruction(
      opcode: opcode, destination: try number(destination, .destination), source: sourceNumber,
      offset: offset, immediate: immediate)
  }

  private func slot(
    _ opcode: UInt8, _ destination: Register, _ operand: Operand, offset: Int16
  ) throws(EncodingError) -> RawInstruction {
    switch operand {
    case .register(let source):
      try slot(opcode | opcodeRegisterBit, destination, source: source, offset: offset)
    case .immediate(let immediate):
      try slot(opcode, destination, offset: offset, immediate: immediate)
    }
  }

  // MARK: Checks

  private func check(
    _ size: MemorySize, isIn sizes: ClosedRange<MemorySize>
  ) throws(EncodingError) {
    guard sizes.contains(size) else {
      throw EncodingError(instruction: self, reason: .noSuchSize(size))
    }
  }

  private func number(
    _ register: Register, _ field: DecodingError.Field
  ) throws(EncodingError) -> UInt8 {
    guard register != .r11 else {
      throw EncodingError(instruction: self, reason: .stackArgumentBase(field))
    }
    return register.rawValue
  }

  private func baseNumber(
    _ register: Register, _ field: DecodingError.Field, isDouble: Bool, isLegalOffset: Bool,
    _ offset: Int16
  ) throws(EncodingError) -> UInt8 {
    guard register == .r11, isDouble else { return try number(register, field) }
    guard isLegalOffset else {
      throw EncodingError(instruction: self, reason: .stackArgumentOffset(offset))
    }
    return register.rawValue
  }
}

extension MemorySize: Comparable {
  /// Orders sizes by their number of bytes.
  @inlinable
  public static func < (left: MemorySize, right: MemorySize) -> Bool {
    left.rawValue < right.rawValue
  }
}
