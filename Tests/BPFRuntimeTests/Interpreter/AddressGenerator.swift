import BPFISA
import TestSupport

/// Makes programs that compute addresses, gather bytes and shift as compilers have them do: what compilers to machine code fuse.
///
/// `r1` has to point to ``memorySize`` bytes. Each register holds an address in them or in the stack with so much room after it,
/// a small number, or any number; branches go forwards over instructions that change no register's kind, and one loop goes
/// round a few times.
struct AddressGenerator {
  static let memorySize = 256
  /// Small numbers are below this.
  private static let smallLimit = 32
  private static let stackSize = 128

  private enum Content: Equatable {
    /// An address with at least so many bytes before and after it.
    case address(before: Int, after: Int)
    case small
    case number

    var isAddress: Bool {
      if case .address = self { true } else { false }
    }
  }

  private var choices: SeededGenerator
  private var contents: [Content]
  private var instructions: [Instruction] = []
  private static let registers: [Register] = [.r0, .r1, .r2, .r3, .r4, .r5, .r6, .r7, .r8]

  init(seed: UInt64) {
    choices = SeededGenerator(seed: seed)
    contents = [Content](repeating: .number, count: 9)
  }

  mutating func program() throws -> [RawInstruction] {
    contents[1] = .address(before: 0, after: Self.memorySize)
    for register in Self.registers where register != .r1 {
      if choices.below(2) == 0 {
        set(
          register, .small,
          .arithmetic(
            .move, .bits64, destination: register,
            source: .immediate(Int32(choices.below(Self.smallLimit)))))
      } else {
        set(register, .number, .loadWide(destination: register, .value(choices.value())))
      }
    }
    for offset in stride(from: -Self.stackSize, to: 0, by: 8) {
      emit(
        .store(
          .double, base: .r10, offset: Int16(offset),
          source: .immediate(Int32(truncatingIfNeeded: choices.value()))))
    }
    emit(.arithmetic(.move, .bits64, destination: .r9, source: .immediate(3)))
    for _ in 0..<choices.below(40) { step() }
    let start = instructions.count
    let kinds = contents
    for _ in 0..<10 + choices.below(30) { step() }
    // The loop goes round where every register is what it was.
    for register in Self.registers
    where contents[Int(register.rawValue)] != kinds[Int(register.rawValue)] {
      restore(register, kinds[Int(register.rawValue)])
    }
    if contents == kinds {
      emit(.arithmetic(.subtract, .bits64, destination: .r9, source: .immediate(1)))
      let slots = instructions[start...].reduce(1) { $0 + $1.slotCount }
      emit(.jumpIf(.notEqual, .bits64, .r9, .immediate(0), offset: Int16(-slots)))
    }
    for _ in 0..<choices.below(20) { step() }
    sum()
    var slots: [RawInstruction] = []
    for instruction in instructions { slots += try instruction.encoded.slots }
    return slots
  }

  private mutating func emit(_ instruction: Instruction) { instructions.append(instruction) }

  private mutating func set(_ register: Register, _ content: Content, _ instruction: Instruction) {
    contents[Int(register.rawValue)] = content
    emit(instruction)
  }

  /// Makes a register hold what it held, as far as its kind goes.
  private mutating func restore(_ register: Register, _ content: Content) {
    switch content {
    case .address: break
    case .small:
      guard contents[Int(register.rawValue)] != .small else { return }
      set(
        register, .small,
        .arithmetic(
          .move, .bits32, destination: register,
          source: .immediate(Int32(choices.below(Self.smallLimit)))))
    case .number:
      if contents[Int(register.rawValue)].isAddress {
        set(
          register, .number,
          .arithmetic(
            .move, .bits64, destination: register,
            source: .immediate(Int32(truncatingIfNeeded: choices.value()))))
      } else {
        contents[Int(register.rawValue)] = .number
      }
    }
  }

  private func holding(_ matches: (Content) -> Bool) -> [Register] {
    Self.registers.filter { matches(contents[Int($0.rawValue)]) }
  }

  private mutating func any(_ matches: (Content) -> Bool) -> Register? {
    let registers = holding(matches)
    return registers.isEmpty ? nil : choices.pick(registers)
  }

  /// A place for `size` bytes: a register with an address, and a displacement.
  private mutating func place(_ size: Int) -> (Register, Int16) {
    for _ in 0..<4 {
      guard let base = any({ $0.isAddress }),
        case .address(let before, let after) = contents[Int(base.rawValue)], before + after >= size
      else { continue }
      let range = before + after - size
      let offset = choices.below(min(range, 24) + 1) - min(before, 12)
      return (base, Int16(max(-before, min(after - size, offset))))
    }
    return (.r10, Int16(-Self.stackSize + choices.below(Self.stackSize - size + 1)))
  }

  private mutating func step() {
    let destination = choices.pick(Self.registers)
    switch choices.below(16) {
    case 0:
      // An address anew: of the stack, or of what another has.
      set(
        destination, .address(before: 0, after: Self.stackSize),
        .arithmetic(.move, .bits64, destination: destination, source: .register(.r10)))
      emit(
        .arithmetic(
          .add, .bits64, destination: destination, source: .immediate(-Int32(Self.stackSize))))
    case 1, 2:
      guard let source = any({ $0.isAddress }) else { return }
      set(
        destination, contents[Int(source.rawValue)],
        .arithmetic(.move, .bits64, destination: destination, source: .register(source)))
    case 3, 4:
      // An index, perhaps scaled, is added.
      guard let base = any({ $0.isAddress }), let index = any({ $0 == .small }),
        case .address(let before, let after) = contents[Int(base.rawValue)],
        after >= Self.smallLimit
      else { return }
      emit(.arithmetic(.add, .bits64, destination: base, source: .register(index)))
      contents[Int(base.rawValue)] = .address(before: before, after: after - Self.smallLimit + 1)
    case 5:
      guard let base = any({ $0.isAddress }),
        case .address(let before, let after) = contents[Int(base.rawValue)]
      else { return }
      let distance = choices.below(min(before + after, 24) + 1) - min(before, 8)
      guard distance <= after, distance >= -before else { return }
      emit(.arithmetic(.add, .bits64, destination: base, source: .immediate(Int32(distance))))
      contents[Int(base.rawValue)] = .address(before: before + distance, after: after - distance)
    case 6:
      // A small number scaled into an index of its own, or made of any number.
      guard let source = any({ !$0.isAddress }) else { return }
      let width = choices.pick([ArithmeticWidth.bits32, .bits64])
      set(
        destination, .number,
        .arithmetic(.move, width, destination: destination, source: .register(source)))
      set(
        destination, .small,
        .arithmetic(
          .and, choices.pick([.bits32, .bits64]), destination: destination,
          source: .immediate(choices.pick([31, 15, 7, 1]))))
      if contents[Int(source.rawValue)] == .small, source != destination, choices.below(2) == 0 {
        emit(
          .arithmetic(
            .and, .bits32, destination: destination, source: .immediate(3)))
        emit(
          .arithmetic(
            .shiftLeft, width, destination: destination,
            source: .immediate(choices.pick([1, 2, 3]))))
      }
    case 7, 8, 9:
      let size = choices.pick([MemorySize.byte, .byte, .half, .word, .double])
      let (base, offset) = place(size.byteCount)
      set(
        destination, .number,
        .load(
          size, signExtended: size != .double && choices.below(5) == 0, destination: destination,
          base: base, offset: offset))
    case 10:
      let size = choices.pick(MemorySize.allCases)
      guard let source = any({ !$0.isAddress }) else { return }
      let (base, offset) = place(size.byteCount)
      let operand: Operand =
        choices.below(3) == 0
        ? .immediate(Int32(truncatingIfNeeded: choices.value())) : .register(source)
      emit(.store(size, base: base, offset: offset, source: operand))
    case 11: gather()
    case 12: rotate()
    case 13: skip()
    case _: compute()
    }
  }

  /// Bytes that lie beside each other, put together.
  private mutating func gather() {
    let numbers = holding { !$0.isAddress }
    guard numbers.count >= 2 else { return }
    let count = choices.pick([2, 2, 4, 3])
    let (base, offset) = place(count)
    let isBig = choices.below(3) == 0
    let total = choices.pick(numbers)
    let part = choices.pick(numbers.filter { $0 != total })
    guard base != total, base != part else { return }
    let width = choices.pick([ArithmeticWidth.bits32, .bits64])
    for index in 0..<count {
      let register = index == 0 ? total : part
      set(
        register, .number,
        .load(
          .byte, signExtended: false, destination: register, base: base,
          offset: offset + Int16(index)))
      let shift = 8 * (isBig ? count - 1 - index : index)
      if shift > 0 {
        emit(
          .arithmetic(.shiftLeft, width, destination: register, source: .immediate(Int32(shift))))
      }
      if index > 0 {
        emit(
          .arithmetic(
            choices.pick([.or, .or, .add, .xor]), width, destination: total,
            source: .register(part)))
      }
      if choices.below(8) == 0 { compute() }
    }
  }

  private mutating func rotate() {
    let numbers = holding { !$0.isAddress }
    guard numbers.count >= 2 else { return }
    let value = choices.pick(numbers)
    let part = choices.pick(numbers.filter { $0 != value })
    let width = choices.pick([ArithmeticWidth.bits32, .bits64])
    let count = Int32(1 + choices.below(width == .bits32 ? 31 : 63))
    let rest = choices.below(6) == 0 ? count : (width == .bits32 ? 32 : 64) - count
    let isLeft = choices.below(2) == 0
    contents[Int(value.rawValue)] = .number
    set(part, .number, .arithmetic(.move, width, destination: part, source: .register(value)))
    emit(
      .arithmetic(
        isLeft ? .shiftLeft : .shiftRight, width, destination: part, source: .immediate(count)))
    emit(
      .arithmetic(
        isLeft ? .shiftRight : .shiftLeft, width, destination: value, source: .immediate(rest)))
    let (to, from) = choices.below(2) == 0 ? (value, part) : (part, value)
    emit(
      .arithmetic(
        choices.pick([.or, .xor, .add]), choices.pick([width, .bits64]), destination: to,
        source: .register(from)))
  }

  /// Arithmetic on numbers.
  private mutating func compute() {
    guard let destination = any({ $0 == .number }), let source = any({ !$0.isAddress }) else {
      return
    }
    let width = choices.pick([ArithmeticWidth.bits32, .bits64])
    let operation = choices.pick(ArithmeticOperation.allCases)
    let constants: [Int32] = [0, 1, -1, 2, 3, 5, 8, 9, 16, 24, 31, 127, 128, -128, 255, 0xffff]
    let constant = choices.pick(constants)
    switch choices.below(10) {
    case 0: emit(.negate(width, destination: destination))
    case 1:
      emit(
        .byteSwap(
          choices.pick(ByteSwap.allCases), choices.pick(SwapWidth.allCases),
          destination: destination))
    case 2:
      emit(
        .moveSignExtended(
          width, from: choices.pick(width == .bits32 ? [.byte, .half] : [.byte, .half, .word]),
          destination: destination, source: source))
    case 3...5:
      emit(.arithmetic(operation, width, destination: destination, source: .register(source)))
    case _:
      let isShift = [.shiftLeft, .shiftRight, .arithmeticShiftRight].contains(operation)
      let isDivision = [.divide, .signedDivide, .modulo, .signedModulo].contains(operation)
      emit(
        .arithmetic(
          operation, width, destination: destination,
          source: .immediate(isShift ? constant & 31 : isDivision && constant == 0 ? 7 : constant)))
    }
  }

  /// A branch over instructions that leave every register what it is.
  private mutating func skip() {
    guard let left = any({ !$0.isAddress }), let right = any({ !$0.isAddress }) else { return }
    let site = instructions.count
    for _ in 0..<1 + choices.below(4) { compute() }
    let skipped = instructions[site...].reduce(0) { $0 + $1.slotCount }
    let operand: Operand =
      choices.below(2) == 0
      ? .register(right) : .immediate(choices.pick([0, 1, -1, 5, 128, 255, .min, .max]))
    instructions.insert(
      .jumpIf(
        choices.pick(Condition.allCases), choices.pick([.bits32, .bits64]), left, operand,
        offset: Int16(skipped)), at: site)
  }

  /// Every number, and what every address leads to, counts for the result.
  private mutating func sum() {
    var terms: [Register] = []
    for register in Self.registers {
      switch contents[Int(register.rawValue)] {
      case .address(_, let after) where after > 0:
        emit(
          .load(.byte, signExtended: false, destination: register, base: register, offset: 0))
        terms.append(register)
      case .address: break
      case .small, .number: terms.append(register)
      }
    }
    emit(.arithmetic(.move, .bits64, destination: .r9, source: .immediate(1)))
    for register in terms {
      emit(.arithmetic(.multiply, .bits64, destination: .r9, source: .immediate(31)))
      emit(.arithmetic(.xor, .bits64, destination: .r9, source: .register(register)))
    }
    emit(.arithmetic(.move, .bits64, destination: .r0, source: .register(.r9)))
    for offset in stride(from: -Self.stackSize, to: 0, by: 8) {
      emit(.load(.double, signExtended: false, destination: .r1, base: .r10, offset: Int16(offset)))
      emit(.arithmetic(.multiply, .bits64, destination: .r0, source: .immediate(31)))
      emit(.arithmetic(.xor, .bits64, destination: .r0, source: .register(.r1)))
    }
    emit(.exit)
  }
}
