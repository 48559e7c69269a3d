import BPFISA

extension DecodedInstruction {
  /// Makes a program's slots ready: one decoded instruction for each, and one past the end that stops a program
  /// running off it.
  ///
  /// - Parameter wideImmediate: the value of a 16-byte load immediate in this process, or nil where it has none.
  /// - Complexity: O(*n*), *n* the number of slots.
  static func decode(
    _ program: Program, wideImmediate: (WideImmediate, _ slot: Int) -> UInt64?
  ) -> [DecodedInstruction] {
    var result: [DecodedInstruction] = []
    result.reserveCapacity(program.slots.count + 1)
    var slot = 0
    while slot < program.slots.count {
      let instruction = program.instruction(at: slot)
      if case .loadWide(let destination, let immediate) = instruction {
        let bit = UInt16(1) << UInt16(destination.rawValue)
        if let value = wideImmediate(immediate, slot) {
          result.append(
            DecodedInstruction(
              opcode: .loadWide, destination: destination.rawValue, writes: bit,
              immediate: Int32(truncatingIfNeeded: value)))
          result.append(
            DecodedInstruction(
              opcode: .secondSlot, immediate: Int32(truncatingIfNeeded: value >> 32)))
        } else {
          result.append(DecodedInstruction(opcode: .unsupported))
          result.append(DecodedInstruction(opcode: .secondSlot))
        }
      } else {
        result.append(DecodedInstruction(instruction))
      }
      slot += instruction.slotCount
    }
    return result
  }

  /// The decoded form of an instruction of one slot.
  private init(_ instruction: Instruction) {
    func bit(_ register: Register) -> UInt16 { 1 << UInt16(register.rawValue) }
    switch instruction {
    case .arithmetic(let operation, let width, let destination, let source):
      var reads = operation == .move ? 0 : bit(destination)
      switch source {
      case .register(let register):
        reads |= bit(register)
        self.init(
          opcode: Opcode(operation, width, isImmediate: false), destination: destination.rawValue,
          source: register.rawValue, reads: reads, writes: bit(destination))
      case .immediate(let value):
        self.init(
          opcode: Opcode(operation, width, isImmediate: true), destination: destination.rawValue,
          reads: reads, writes: bit(destination), immediate: value)
      }

    case .negate(let width, let destination):
      self.init(
        opcode: width == .bits64 ? .neg64 : .neg32, destination: destination.rawValue,
        reads: bit(destination), writes: bit(destination))

    case .moveSignExtended(let width, let size, let destination, let source):
      let opcode: Opcode =
        switch (width, size) {
        case (.bits64, .byte): .movsx64from8
        case (.bits64, .half): .movsx64from16
        case (.bits64, .word), (.bits64, .double): .movsx64from32
        case (.bits32, .byte): .movsx32from8
        case (.bits32, .half), (.bits32, .word), (.bits32, .double): .movsx32from16
        }
      self.init(
        opcode: opcode, destination: destination.rawValue, source: source.rawValue,
        reads: bit(source), writes: bit(destination))

    case .byteSwap(let order, let width, let destination):
      // The host is little endian, as every target of this package.
      let opcode: Opcode =
        switch (order, width) {
        case (.toLittleEndian, .bits16): .le16
        case (.toLittleEndian, .bits32): .le32
        case (.toLittleEndian, .bits64): .le64
        case (.toBigEndian, .bits16), (.unconditional, .bits16): .swap16
        case (.toBigEndian, .bits32), (.unconditional, .bits32): .swap32
        case (.toBigEndian, .bits64), (.unconditional, .bits64): .swap64
        }
      self.init(
        opcode: opcode, destination: destination.rawValue, reads: bit(destination),
        writes: bit(destination))

    case .load(let size, let signExtended, let destination, let base, let offset):
      let opcode: Opcode =
        switch (size, signExtended) {
        case (.byte, false): .ldx8
        case (.half, false): .ldx16
        case (.word, false): .ldx32
        case (.double, false), (.double, true): .ldx64
        case (.byte, true): .ldsx8
        case (.half, true): .ldsx16
        case (.word, true): .ldsx32
        }
      self.init(
        opcode: opcode, destination: destination.rawValue, source: base.rawValue, reads: bit(base),
        writes: bit(destination), offset: offset)

    case .store(let size, let base, let offset, .register(let source)):
      let opcode: Opcode =
        switch size {
        case .byte: .stx8
        case .half: .stx16
        case .word: .stx32
        case .double: .stx64
        }
      self.init(
        opcode: opcode, destination: base.rawValue, source: source.rawValue,
        reads: bit(base) | bit(source), offset: offset)

    case .store(let size, let base, let offset, .immediate(let value)):
      let opcode: Opcode =
        switch size {
        case .byte: .st8
        case .half: .st16
        case .word: .st32
        case .double: .st64
        }
      self.init(
        opcode: opcode, destination: base.rawValue, reads: bit(base), offset: offset,
        immediate: value)

    case .atomic(let operation, let size, let base, let offset, let source):
      var reads = bit(base) | bit(source)
      var writes: UInt16 = 0
      switch operation {
      case .add, .or, .and, .xor: break
      case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange: writes = bit(source)
      case .compareExchange:
        reads |= bit(.r0)
        writes = bit(.r0)
      }
      self.init(
        opcode: size == .double ? .atomic64 : .atomic32, destination: base.rawValue,
        source: source.rawValue, reads: reads, writes: writes, offset: offset,
        immediate: Int32(operation.rawValue))

    case .loadAcquire(let size, let destination, let base, let offset):
      self.init(
        opcode: .loadAcquire, destination: destination.rawValue, source: base.rawValue,
        reads: bit(base), writes: bit(destination), offset: offset, immediate: Int32(size.rawValue))

    case .storeRelease(let size, let base, let offset, let source):
      self.init(
        opcode: .storeRelease, destination: base.rawValue, source: source.rawValue,
        reads: bit(base) | bit(source), offset: offset, immediate: Int32(size.rawValue))

    case .loadWide:
      preconditionFailure("a 16-byte load immediate takes two slots and is decoded with them")

    case .loadPacket(let size, .absolute(let offset)):
      self.init(
        opcode: .loadPacket, destination: size.rawValue, reads: bit(.r6), writes: bit(.r0),
        immediate: offset)

    case .loadPacket(let size, .indirect(let register, let offset)):
      self.init(
        opcode: .loadPacket, destination: size.rawValue, source: register.rawValue,
        reads: bit(.r6) | bit(register), writes: bit(.r0), offset: 1, immediate: offset)

    case .jump(let offset): self.init(opcode: .ja, offset: offset)
    case .jumpLong(let offset): self.init(opcode: .jal, immediate: offset)
    case .mayGoto(let offset): self.init(opcode: .mayGoto, offset: offset)

    case .jumpIf(let condition, let width, let left, .register(let right), let offset):
      self.init(
        opcode: Opcode(condition, width, isImmediate: false), destination: left.rawValue,
        source: right.rawValue, reads: bit(left) | bit(right), offset: offset)

    case .jumpIf(let condition, let width, let left, .immediate(let value), let offset):
      self.init(
        opcode: Opcode(condition, width, isImmediate: true), destination: left.rawValue,
        reads: bit(left), offset: offset, immediate: value)

    case .call(.helper(let number)): self.init(opcode: .callHelper, immediate: number)
    case .call(.local(let displacement)):
      self.init(opcode: .callLocal, immediate: displacement)
    case .call(.register(let register)):
      self.init(opcode: .callRegister, destination: register.rawValue, reads: bit(register))
    case .exit: self.init(opcode: .exit)

    case .castAddressSpace, .jumpIndirect, .call(.kernelFunction):
      self.init(opcode: .unsupported)
    }
    // r11 is the base of stack arguments, which this engine does not have.
    if (reads | writes) & bit(.r11) != 0 { self = DecodedInstruction(opcode: .unsupported) }
    if writes & bit(.r10) != 0 { self = DecodedInstruction(opcode: .writesFramePointer) }
  }
}
