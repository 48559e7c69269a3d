import BPFISA
import TestSupport

/// Makes programs that a verifier accepts: registers and stack are written first, branches go forwards.
struct ProgramGenerator {
  private var choices: SeededGenerator
  private static let scalars: [Register] = [.r0, .r1, .r2, .r3, .r4, .r5, .r6, .r7, .r8, .r9]

  init(seed: UInt64) { choices = SeededGenerator(seed: seed) }

  mutating func program() throws -> [RawInstruction] {
    var instructions: [Instruction] = []
    for register in Self.scalars {
      instructions.append(.loadWide(destination: register, .value(choices.value())))
    }
    for offset in stride(from: -64, to: 0, by: 8) {
      instructions.append(
        .store(
          .double, base: .r10, offset: Int16(offset),
          source: .immediate(Int32(truncatingIfNeeded: choices.value()))))
    }
    let count = 20 + choices.below(60)
    for position in 0..<count {
      instructions.append(instruction(remaining: count - position - 1))
    }
    // Every register counts for the result, and both halves of it.
    for register in Self.scalars.dropFirst() {
      instructions.append(.arithmetic(.multiply, .bits64, destination: .r0, source: .immediate(31)))
      instructions.append(.arithmetic(.xor, .bits64, destination: .r0, source: .register(register)))
    }
    for offset in stride(from: -64, to: 0, by: 8) {
      instructions.append(
        .load(.double, signExtended: false, destination: .r1, base: .r10, offset: Int16(offset)))
      instructions.append(.arithmetic(.multiply, .bits64, destination: .r0, source: .immediate(31)))
      instructions.append(.arithmetic(.xor, .bits64, destination: .r0, source: .register(.r1)))
    }
    instructions.append(.arithmetic(.move, .bits64, destination: .r1, source: .register(.r0)))
    instructions.append(.arithmetic(.shiftRight, .bits64, destination: .r1, source: .immediate(32)))
    instructions.append(.arithmetic(.xor, .bits64, destination: .r0, source: .register(.r1)))
    instructions.append(.exit)
    var slots: [RawInstruction] = []
    for instruction in instructions { slots += try instruction.encoded.slots }
    return slots
  }

  private mutating func instruction(remaining: Int) -> Instruction {
    let width = choices.pick([ArithmeticWidth.bits32, .bits64])
    let destination = choices.pick(Self.scalars)
    let source = choices.pick(Self.scalars)
    switch choices.below(12) {
    case 0...4:
      let operation = choices.pick(ArithmeticOperation.allCases)
      let isShift = [.shiftLeft, .shiftRight, .arithmeticShiftRight].contains(operation)
      let divides = [.divide, .signedDivide, .modulo, .signedModulo].contains(operation)
      if choices.below(2) == 0 {
        return .arithmetic(operation, width, destination: destination, source: .register(source))
      }
      var immediate = Int32(truncatingIfNeeded: choices.value())
      if isShift { immediate &= width == .bits32 ? 31 : 63 }
      // The verifier refuses division by an immediate zero.
      if divides && immediate == 0 { immediate = 7 }
      return .arithmetic(operation, width, destination: destination, source: .immediate(immediate))
    case 5: return .negate(width, destination: destination)
    case 6:
      return .byteSwap(
        choices.pick(ByteSwap.allCases), choices.pick(SwapWidth.allCases), destination: destination)
    case 7:
      let sizes: [MemorySize] = width == .bits32 ? [.byte, .half] : [.byte, .half, .word]
      return .moveSignExtended(
        width, from: choices.pick(sizes), destination: destination, source: source)
    case 8:
      guard remaining > 1 else { return .negate(width, destination: destination) }
      let right: Operand =
        choices.below(2) == 0
        ? .register(source) : .immediate(Int32(truncatingIfNeeded: choices.value()))
      return .jumpIf(
        choices.pick(Condition.allCases), width, destination, right,
        offset: Int16(1 + choices.below(min(remaining, 6) - 1)))
    case 9:
      let size = choices.pick(MemorySize.allCases)
      let offset = Int16(-64 + choices.below(64 / size.byteCount) * size.byteCount)
      if choices.below(2) == 0 {
        return .store(size, base: .r10, offset: offset, source: .register(source))
      }
      return .load(
        size, signExtended: size != .double && choices.below(2) == 0, destination: destination,
        base: .r10,
        offset: offset)
    case 10:
      let size = choices.pick([MemorySize.word, .double])
      let offset = Int16(-64 + choices.below(64 / size.byteCount) * size.byteCount)
      return .atomic(
        choices.pick(AtomicOperation.allCases), size, base: .r10, offset: offset, source: source)
    default:
      return .store(
        choices.pick(MemorySize.allCases), base: .r10, offset: Int16(-64 + choices.below(8) * 8),
        source: .immediate(Int32(truncatingIfNeeded: choices.value())))
    }
  }
}
