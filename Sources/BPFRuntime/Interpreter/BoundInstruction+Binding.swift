import BPFISA
import BPFPlatform

extension BoundInstruction {
  /// What a program's instructions are bound to.
  @safe
  struct Binding {
    /// Of the program that is bound.
    let program: Program
    let type: ProgramType
    let maps: [Map]
    let hostHelpers: HostHelpers
    /// The address of the first bound instruction.
    let start: UnsafeMutablePointer<BoundInstruction>
    /// The host's helpers that instructions refer to, which have to live as long as those.
    private(set) var helpers: [BoundHelper] = []

    init(
      program: Program, type: ProgramType, maps: [Map], hostHelpers: HostHelpers,
      start: UnsafeMutablePointer<BoundInstruction>
    ) {
      self.program = program
      self.type = type
      self.maps = maps
      self.hostHelpers = hostHelpers
      unsafe self.start = start
    }
  }

  /// The most slots a program may have: a branch over all of them has a displacement in 32 bits of bytes.
  static let maximumSlots = Int(Int32.max) / MemoryLayout<BoundInstruction>.stride
}

extension BoundInstruction.Binding {
  typealias Opcode = BoundInstruction.Opcode

  /// Binds the program's instructions: one for each slot, and one past the end that stops a program running off it.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError/unrunnable(program:slot:_:)`` for an instruction that verified programs do not have.
  mutating func bind() throws(LoadError) {
    let slots = program.slots
    // SAFETY: there is room for one instruction per slot and one more.
    var slot = 0
    while slot < slots.count {
      let instruction = program.instruction(at: slot)
      unsafe (start + slot).initialize(to: try bound(instruction, at: slot))
      if instruction.slotCount == 2 {
        unsafe (start + slot + 1).initialize(to: BoundInstruction(opcode: .secondSlot))
      }
      slot += instruction.slotCount
    }
    unsafe (start + slot).initialize(to: BoundInstruction(opcode: .endOfProgram))
    // Branches may lead backwards and forwards: where they lead is known now.
    for slot in slots.indices {
      let bound = unsafe start[slot]
      guard bound.opcode.isBranch else { continue }
      let distance = Int(bound.offset) / MemoryLayout<BoundInstruction>.stride
      let target = slot + 1 + distance
      guard slots.indices.contains(target), unsafe start[target].opcode != .secondSlot else {
        throw refusal(slot, .strayBranch(to: target))
      }
    }
  }

  private func refusal(_ slot: Int, _ reason: UnrunnableReason) -> LoadError {
    .unrunnable(program: program.name, slot: slot, reason)
  }

  private mutating func bound(
    _ instruction: Instruction, at slot: Int
  ) throws(LoadError) -> BoundInstruction {
    guard let bound = try boundOrNil(instruction, at: slot), instruction.hasRegistersOfPrograms
    else { throw refusal(slot, .instruction(instruction)) }
    return bound
  }

  private mutating func boundOrNil(
    _ instruction: Instruction, at slot: Int
  ) throws(LoadError) -> BoundInstruction? {
    switch instruction {
    case .arithmetic(let operation, let width, let destination, let source):
      return operate(Opcode(operation, width, source), destination, source)
    case .negate(let width, let destination):
      return BoundInstruction(
        opcode: width == .bits64 ? .neg64 : .neg32, destination: destination.rawValue)
    case .moveSignExtended(let width, let size, let destination, let source):
      let opcode: Opcode =
        switch (width, size) {
        case (.bits64, .byte): .movsx64from8
        case (.bits64, .half): .movsx64from16
        case (.bits64, .word), (.bits64, .double): .movsx64from32
        case (.bits32, .byte): .movsx32from8
        case (.bits32, .half), (.bits32, .word), (.bits32, .double): .movsx32from16
        }
      return BoundInstruction(
        opcode: opcode, destination: destination.rawValue, source: source.rawValue)
    case .byteSwap(let order, let width, let destination):
      return BoundInstruction(opcode: Opcode(order, width), destination: destination.rawValue)

    case .load(let size, let signExtended, let destination, let base, let offset):
      return BoundInstruction(
        opcode: Opcode(load: size, signExtended: signExtended), destination: destination.rawValue,
        source: base.rawValue, offset: Int32(offset))
    case .store(let size, let base, let offset, let source):
      return operate(Opcode(store: size, source), base, source, offset: Int32(offset))
    case .atomic(let operation, let size, let base, let offset, let source):
      let isWide = size == .double
      let opcode: Opcode =
        operation == .add
        ? (isWide ? .atomicAdd64 : .atomicAdd32) : (isWide ? .atomic64 : .atomic32)
      return BoundInstruction(
        opcode: opcode, destination: base.rawValue, source: source.rawValue, offset: Int32(offset),
        immediate: UInt64(operation.rawValue))
    case .loadAcquire(let size, let destination, let base, let offset):
      return BoundInstruction(
        opcode: .loadAcquire, destination: destination.rawValue, source: base.rawValue,
        offset: Int32(offset), immediate: UInt64(size.rawValue))
    case .storeRelease(let size, let base, let offset, let source):
      return BoundInstruction(
        opcode: .storeRelease, destination: base.rawValue, source: source.rawValue,
        offset: Int32(offset), immediate: UInt64(size.rawValue))
    case .loadWide(let destination, let immediate):
      return BoundInstruction(
        opcode: .loadWide, destination: destination.rawValue,
        immediate: try address(immediate, at: slot))

    case .jump(let offset): return try branch(.jump, Int(offset), at: slot)
    case .jumpLong(let offset): return try branch(.jump, Int(offset), at: slot)
    case .jumpIf(let condition, let width, let left, let right, let offset):
      var bound = operate(Opcode(condition, width, right), left, right)
      bound.offset = try branch(.jump, Int(offset), at: slot).offset
      return bound
    case .call(.local(let displacement)): return try branch(.callLocal, Int(displacement), at: slot)
    case .call(.helper(let number)): return try call(HelperID(rawValue: number), at: slot)
    case .exit: return BoundInstruction(opcode: .exit)

    case .loadPacket, .mayGoto, .castAddressSpace, .jumpIndirect, .call(.register),
      .call(.kernelFunction):
      return nil
    }
  }

  /// An instruction with a register and an operand.
  private func operate(
    _ opcode: Opcode, _ register: Register, _ operand: Operand, offset: Int32 = 0
  ) -> BoundInstruction {
    switch operand {
    case .register(let source):
      BoundInstruction(
        opcode: opcode, destination: register.rawValue, source: source.rawValue, offset: offset)
    case .immediate(let value):
      BoundInstruction(
        opcode: opcode, destination: register.rawValue, offset: offset,
        immediate: UInt64(bitPattern: Int64(value)))
    }
  }

  private func branch(
    _ opcode: Opcode, _ displacement: Int, at slot: Int
  ) throws(LoadError) -> BoundInstruction {
    // Only a displacement that stays in the program is known to have so few bytes.
    guard program.slots.indices.contains(slot + 1 + displacement) else {
      throw refusal(slot, .strayBranch(to: slot + 1 + displacement))
    }
    let bytes = displacement * MemoryLayout<BoundInstruction>.stride
    return BoundInstruction(opcode: opcode, offset: Int32(bytes))
  }

  /// What a 16-byte load immediate stands for in this process.
  private func address(_ immediate: WideImmediate, at slot: Int) throws(LoadError) -> UInt64 {
    switch immediate {
    case .value(let value): return value
    case .mapIndex(let index):
      guard maps.indices.contains(Int(index)) else { break }
      return unsafe UInt64(
        UInt(bitPattern: Unmanaged.passUnretained(maps[Int(index)]).toOpaque()))
    case .mapIndexValue(let index, let offset):
      guard maps.indices.contains(Int(index)), let memory = maps[Int(index)].valueMemory,
        offset >= 0, Int(offset) <= memory.stride * memory.count
      else { break }
      return unsafe UInt64(UInt(bitPattern: memory.base + Int(offset)))
    case .function(let displacement):
      // A pointer to its first instruction: callbacks are entered there.
      let target = slot + 1 + Int(displacement)
      guard program.slots.indices.contains(target) else { break }
      return unsafe UInt64(UInt(bitPattern: start + target))
    case .map, .mapValue, .variable: break
    }
    throw refusal(slot, .reference(immediate))
  }

  private mutating func call(
    _ helper: HelperID, at slot: Int
  ) throws(LoadError) -> BoundInstruction {
    if let helper = hostHelpers[helper], helper.prototype.allowed(in: type) {
      return call(helper)
    }
    let opcode: Opcode
    switch helper {
    case .hashMapLookup: opcode = .callHashLookup
    case .prefixMapLookup: opcode = .callPrefixLookup
    case .packetLoad: opcode = .callHelper
    // Between two instructions of a program run some of the interpreter's, which no processor guesses through so soon.
    case .speculationBarrier: opcode = .nothing
    default:
      let typeBit = CheckedCall.bit(of: type)
      guard let call = unsafe CheckedCall.to(helper.rawValue, in: typeBit),
        unsafe call.pointee.isImplemented, unsafe call.pointee.allowed(in: typeBit)
      else { throw refusal(slot, .helper(helper)) }
      opcode = unsafe call.pointee.isOfTheEngine ? .callControlFlow : .callHelper
    }
    return BoundInstruction(
      opcode: opcode, immediate: UInt64(bitPattern: Int64(helper.rawValue)))
  }

  private mutating func call(_ helper: HostHelper) -> BoundInstruction {
    switch helper.body {
    case .function(let function):
      return unsafe BoundInstruction(
        opcode: .callFunction, immediate: UInt64(unsafeBitCast(function, to: UInt.self)))
    case .closure:
      let bound = BoundHelper(helper)
      helpers.append(bound)
      return unsafe BoundInstruction(
        opcode: .callHost,
        immediate: UInt64(UInt(bitPattern: Unmanaged.passUnretained(bound).toOpaque())))
    }
  }
}

extension Instruction {
  /// Whether it writes no frame pointer and knows no stack arguments.
  fileprivate var hasRegistersOfPrograms: Bool {
    !registersWritten.contains(.r10) && !registersWritten.contains(.r11)
      && !registersRead.contains(.r11)
  }
}

extension BoundInstruction.Opcode {
  /// Whether ``BoundInstruction/offset`` leads to another instruction.
  fileprivate var isBranch: Bool {
    let conditional = Self.jeq64K.rawValue...Self.jsle32X.rawValue
    return conditional.contains(rawValue) || self == .jump || self == .callLocal
  }

  /// The opcode some steps after another.
  private init(_ first: Self, _ distance: UInt8) {
    guard let opcode = Self(rawValue: first.rawValue + distance) else {
      preconditionFailure("the opcodes of all operations follow the first")
    }
    self = opcode
  }

  fileprivate init(_ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ source: Operand) {
    let first: Self =
      switch (width, source) {
      case (.bits64, .immediate): .add64K
      case (.bits64, .register): .add64X
      case (.bits32, .immediate): .add32K
      case (.bits32, .register): .add32X
      }
    self.init(first, operation.rawValue)
  }

  fileprivate init(_ condition: Condition, _ width: ArithmeticWidth, _ right: Operand) {
    let first: Self =
      switch (width, right) {
      case (.bits64, .immediate): .jeq64K
      case (.bits64, .register): .jeq64X
      case (.bits32, .immediate): .jeq32K
      case (.bits32, .register): .jeq32X
      }
    self.init(first, condition.rawValue)
  }

  fileprivate init(_ order: ByteSwap, _ width: SwapWidth) {
    // The host is little endian, as every target of this package.
    self =
      switch (order, width) {
      case (.toLittleEndian, .bits16): .le16
      case (.toLittleEndian, .bits32): .le32
      case (.toLittleEndian, .bits64): .nothing
      case (.toBigEndian, .bits16), (.unconditional, .bits16): .swap16
      case (.toBigEndian, .bits32), (.unconditional, .bits32): .swap32
      case (.toBigEndian, .bits64), (.unconditional, .bits64): .swap64
      }
  }

  fileprivate init(load size: MemorySize, signExtended: Bool) {
    self =
      switch (size, signExtended) {
      case (.byte, false): .ldx8
      case (.half, false): .ldx16
      case (.word, false): .ldx32
      case (.double, false), (.double, true): .ldx64
      case (.byte, true): .ldsx8
      case (.half, true): .ldsx16
      case (.word, true): .ldsx32
      }
  }

  fileprivate init(store size: MemorySize, _ source: Operand) {
    self =
      switch (size, source) {
      case (.byte, .register): .stx8
      case (.half, .register): .stx16
      case (.word, .register): .stx32
      case (.double, .register): .stx64
      case (.byte, .immediate): .st8
      case (.half, .immediate): .st16
      case (.word, .immediate): .st32
      case (.double, .immediate): .st64
      }
  }
}
