import BPFISA
import BPFPlatform
import TestSupport

/// Programs of every arithmetic, jump, swap, stack and atomic instruction that a verifier accepts: registers and stack are
/// written first, loops are counted, and functions call one another downwards.
///
/// Every register and every byte of stack counts for the result, so that all registers are in use nearly everywhere.
struct RandomProgram {
  private var choices: SeededGenerator
  private var instructions: [Instruction] = []
  /// Where each branch leads, by index of instruction.
  private var targets: [Int: Int] = [:]
  private var functions: [(name: String, start: Int)] = []
  private static let scalars: [Register] = [.r0, .r1, .r2, .r3, .r4, .r5, .r6, .r7, .r8, .r9]
  /// How much of the stack the first function uses, in bytes.
  private let depth: Int

  init(seed: UInt64, depth: Int = 64) {
    choices = SeededGenerator(seed: seed)
    self.depth = depth
  }

  static func program(seed: UInt64, depth: Int = 64) throws -> Program {
    var random = RandomProgram(seed: seed, depth: depth)
    return try random.make(name: "random\(seed)")
  }

  private mutating func make(name: String) throws -> Program {
    let count = 1 + choices.below(3)
    for index in 0..<count { function(index, of: count) }
    var starts: [Int] = []
    var slot = 0
    for instruction in instructions {
      starts.append(slot)
      slot += instruction.slotCount
    }
    var slots: [RawInstruction] = []
    for (index, instruction) in instructions.enumerated() {
      var instruction = instruction
      if let target = targets[index] {
        instruction = instruction.with(displacement: starts[target] - starts[index] - 1) ?? .exit
      }
      slots += try instruction.encoded.slots
    }
    var lines: [LineInfo] = []
    for (index, start) in starts.enumerated() where index == 0 || choices.below(3) == 0 {
      lines.append(
        LineInfo(slot: start, file: "random.c", line: index + 1, column: 1, text: "line(\(index));")
      )
    }
    return try Program(
      name: name, slots: slots,
      subprograms: functions.map { Subprogram(name: $0.name, start: starts[$0.start]) },
      lines: lines)
  }

  // MARK: Functions

  private mutating func immediate() -> Int32 { Int32(truncatingIfNeeded: choices.value()) }

  private mutating func emit(_ instruction: Instruction, to target: Int? = nil) {
    if let target { targets[instructions.count] = target }
    instructions.append(instruction)
  }

  private mutating func function(_ index: Int, of count: Int) {
    functions.append((index == 0 ? "main" : "function\(index)", instructions.count))
    let bytes = index == 0 ? depth : 64
    for register in Self.scalars where index == 0 || !RegisterSet.arguments.contains(register) {
      emit(.loadWide(destination: register, .value(choices.value())))
    }
    for offset in stride(from: -bytes, to: 0, by: 8) {
      emit(.store(.double, base: .r10, offset: Int16(offset), source: .immediate(immediate())))
    }
    for _ in 0..<1 + choices.below(4) {
      switch choices.below(4) {
      case 0: loop(bytes: bytes)
      case 1 where index + 1 < count: pendingCall(to: index + 1 + choices.below(count - index - 1))
      case 2: skippedCode(bytes: bytes)
      default: straightCode(5 + choices.below(20), bytes: bytes, avoiding: [])
      }
    }
    for register in Self.scalars.dropFirst() {
      emit(.arithmetic(.multiply, .bits64, destination: .r0, source: .immediate(31)))
      emit(.arithmetic(.xor, .bits64, destination: .r0, source: .register(register)))
    }
    for offset in stride(from: -bytes, to: 0, by: 8) {
      emit(.load(.double, signExtended: false, destination: .r1, base: .r10, offset: Int16(offset)))
      emit(.arithmetic(.multiply, .bits64, destination: .r0, source: .immediate(31)))
      emit(.arithmetic(.xor, .bits64, destination: .r0, source: .register(.r1)))
    }
    emit(.arithmetic(.move, .bits64, destination: .r1, source: .register(.r0)))
    emit(.arithmetic(.shiftRight, .bits64, destination: .r1, source: .immediate(32)))
    emit(.arithmetic(.xor, .bits64, destination: .r0, source: .register(.r1)))
    emit(.exit)
    // The calls of this function and its starts are known once the callee is written.
    for call in pendingCalls where call.callee == index {
      targets[call.place] = functions[index].start
    }
  }

  private var pendingCalls: [(place: Int, callee: Int)] = []

  private mutating func pendingCall(to callee: Int) {
    pendingCalls.append((instructions.count, callee))
    emit(.call(.local(0)))
    for register in RegisterSet.arguments.registers {
      emit(.loadWide(destination: register, .value(choices.value())))
    }
  }

  /// A loop of a few rounds, counted in a register and by `may_goto`.
  private mutating func loop(bytes: Int) {
    emit(
      .arithmetic(.move, .bits64, destination: .r9, source: .immediate(Int32(1 + choices.below(5))))
    )
    let head = instructions.count
    straightCode(3 + choices.below(8), bytes: bytes, avoiding: RegisterSet(.r9))
    let isCounted = choices.below(2) == 0
    let end = instructions.count + (isCounted ? 3 : 2)
    if isCounted { emit(.mayGoto(offset: 0), to: end) }
    emit(.arithmetic(.subtract, .bits64, destination: .r9, source: .immediate(1)))
    emit(.jumpIf(.notEqual, .bits64, .r9, .immediate(0), offset: 0), to: head)
  }

  /// Code that a jump skips, and a jump that skips nothing.
  private mutating func skippedCode(bytes: Int) {
    let jump = instructions.count
    emit(.jump(offset: 0))
    straightCode(1 + choices.below(6), bytes: bytes, avoiding: [])
    targets[jump] = instructions.count
    emit(.jump(offset: 0), to: instructions.count + 1)
  }

  private mutating func straightCode(_ count: Int, bytes: Int, avoiding: RegisterSet) {
    let end = instructions.count + count
    while instructions.count < end {
      let left = end - instructions.count
      let instruction = instruction(bytes: bytes, avoiding: avoiding)
      if instruction.isBranch {
        emit(instruction, to: instructions.count + 1 + choices.below(min(left, 6)))
      } else {
        emit(instruction)
      }
    }
  }

  private mutating func instruction(bytes: Int, avoiding: RegisterSet) -> Instruction {
    let width = choices.pick([ArithmeticWidth.bits32, .bits64])
    let destination = choices.pick(Self.scalars.filter { !avoiding.contains($0) })
    let source = choices.pick(Self.scalars)
    switch choices.below(13) {
    case 0...4:
      let operation = choices.pick(ArithmeticOperation.allCases)
      let isShift = [.shiftLeft, .shiftRight, .arithmeticShiftRight].contains(operation)
      if choices.below(2) == 0 {
        return .arithmetic(operation, width, destination: destination, source: .register(source))
      }
      var value = immediate()
      if isShift { value &= width == .bits32 ? 31 : 63 }
      return .arithmetic(operation, width, destination: destination, source: .immediate(value))
    case 5: return .negate(width, destination: destination)
    case 6:
      return .byteSwap(
        choices.pick(ByteSwap.allCases), choices.pick(SwapWidth.allCases), destination: destination)
    case 7:
      let sizes: [MemorySize] = width == .bits32 ? [.byte, .half] : [.byte, .half, .word]
      return .moveSignExtended(
        width, from: choices.pick(sizes), destination: destination, source: source)
    case 8:
      let right: Operand = choices.below(2) == 0 ? .register(source) : .immediate(immediate())
      return .jumpIf(choices.pick(Condition.allCases), width, destination, right, offset: 0)
    case 9:
      let size = choices.pick(MemorySize.allCases)
      let offset = Int16(-bytes + choices.below(bytes / size.byteCount) * size.byteCount)
      if choices.below(2) == 0 {
        return .store(size, base: .r10, offset: offset, source: .register(source))
      }
      return .load(
        size, signExtended: size != .double && choices.below(2) == 0, destination: destination,
        base: .r10,
        offset: offset)
    case 10:
      let size = choices.pick([MemorySize.word, .double])
      let offset = Int16(-bytes + choices.below(bytes / size.byteCount) * size.byteCount)
      return .atomic(
        // What it leaves in its source may not be a loop's counter.
        choices.pick(AtomicOperation.allCases), size, base: .r10, offset: offset,
        source: destination)
    case 11: return .loadWide(destination: destination, .value(choices.value()))
    default:
      return .store(
        choices.pick(MemorySize.allCases), base: .r10,
        offset: Int16(-bytes + choices.below(bytes / 8) * 8),
        source: .immediate(immediate()))
    }
  }
}
