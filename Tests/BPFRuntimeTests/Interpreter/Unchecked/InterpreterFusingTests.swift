import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Instructions that the interpreter does together with the ones after them.
@Suite struct InterpreterFusingTests {
  private static let words: [UInt64] = [
    0, 1, 5, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0005,
    0x8000_0000_0000_0000, .max,
  ]
  private static let constants: [Int32] = [0, 1, -1, 5, 33, .max, .min]

  /// Runs sequences with words in r1 to r4, and hashes r1 to r5 after each.
  private static func expectSame(
    _ sequences: [[Instruction]], _ comment: String
  ) throws {
    var builder = ProgramBuilder("fused")
    builder.move(.r0, 0)
    for sequence in sequences {
      for (index, word) in words.enumerated() {
        for (place, register) in [Register.r1, .r2, .r3, .r4].enumerated() {
          builder.moveWide(register, words[(index + 3 * place) % words.count] &+ word &>> 60)
        }
        builder.move(.r5, 0)
        for instruction in sequence { builder.emit(instruction) }
        for register in [Register.r1, .r2, .r3, .r4, .r5] {
          builder.apply(.multiply, .r0, .immediate(31))
          builder.apply(.xor, .r0, .register(register))
        }
      }
    }
    builder.exit()
    let both = try EveryEngine(builder.program())
    let outcome = try both.expectSame(comment)
    // A budget counts both of a pair.
    try both.unchecked.frame.load([])
    let counted = both.unchecked.program.run(both.unchecked.frame, budget: 1 << 30)
    #expect(counted.returnValue == outcome.returnValue, "\(comment)")
    #expect(counted.instructions == outcome.instructions, "\(comment)")
  }

  private static func operands(_ registers: [Register]) -> [Operand] {
    registers.map(Operand.register) + constants.map(Operand.immediate)
  }

  @Test func `a copy and an operation on it`() throws {
    for copyWidth in ArithmeticWidth.allCases {
      for width in ArithmeticWidth.allCases {
        for operation in ArithmeticOperation.allCases {
          let sequences = [Register.r1, .r2].flatMap { copied in
            Self.operands([.r1, .r2, .r3]).map { operand -> [Instruction] in
              [
                .arithmetic(.move, copyWidth, destination: .r1, source: .register(copied)),
                .arithmetic(operation, width, destination: .r1, source: operand),
              ]
            }
          }
          try Self.expectSame(sequences, "\(copyWidth) \(operation) \(width)")
        }
      }
    }
  }

  @Test func `a counter and the jump that ends its loop`() throws {
    for width in ArithmeticWidth.allCases {
      for jumpWidth in ArithmeticWidth.allCases {
        for condition in Condition.allCases {
          let sequences = Self.constants.flatMap { step in
            Self.operands([.r1, .r2]).map { operand -> [Instruction] in
              [
                .arithmetic(.add, width, destination: .r1, source: .immediate(step)),
                .jumpIf(condition, jumpWidth, .r1, operand, offset: 1),
                .arithmetic(.add, .bits64, destination: .r5, source: .immediate(9)),
              ]
            }
          }
          try Self.expectSame(sequences, "\(width) \(condition) \(jumpWidth)")
        }
      }
    }
  }

  @Test func `a load and the jump that compares it`() throws {
    for size in MemorySize.allCases {
      for width in ArithmeticWidth.allCases {
        for condition in [Condition.equal, .notEqual] {
          let sequences = (Self.constants + [0x80, 0x8000, 0xff, -128]).flatMap { constant in
            [constant, 7].map { stored -> [Instruction] in
              [
                .store(.double, base: .r10, offset: -8, source: .immediate(stored)),
                .load(size, signExtended: false, destination: .r1, base: .r10, offset: -8),
                .jumpIf(condition, width, .r1, .immediate(constant), offset: 1),
                .arithmetic(.add, .bits64, destination: .r5, source: .immediate(9)),
              ]
            }
          }
          try Self.expectSame(sequences, "\(size) \(condition) \(width)")
        }
      }
    }
  }

  @Test func `the address of an element and its load`() throws {
    for size in MemorySize.allCases {
      for target in [Register.r1, .r2, .r3] {
        func sequence(_ copied: Register, _ index: Register) -> [Instruction] {
          [
            .store(.double, base: .r10, offset: -8, source: .immediate(-2)),
            .store(.double, base: .r10, offset: -16, source: .register(.r4)),
            .arithmetic(.move, .bits64, destination: .r2, source: .immediate(-8)),
            .arithmetic(.move, .bits64, destination: .r3, source: .register(.r10)),
            .arithmetic(.move, .bits64, destination: .r1, source: .register(copied)),
            .arithmetic(.add, .bits64, destination: .r1, source: .register(index)),
            .load(size, signExtended: false, destination: target, base: .r1, offset: -8),
          ]
            // Nothing of an address counts.
            + [Register.r1, .r3].filter { $0 != target }.map {
              .arithmetic(.move, .bits64, destination: $0, source: .immediate(0))
            }
        }
        var sequences = [sequence(.r3, .r2), sequence(.r2, .r3)]
        // Without the copy, which is made elsewhere.
        sequences += sequences.map { sequence in
          var longer = sequence
          longer.insert(.arithmetic(.add, .bits64, destination: .r4, source: .immediate(1)), at: 5)
          return longer
        }
        try Self.expectSame(sequences, "\(size) into \(target)")
      }
    }
  }

  @Test func `copies and shifts in pairs`() throws {
    let registers: [Register] = [.r1, .r2, .r3]
    var sequences: [[Instruction]] = []
    for (first, second) in [(registers[0], registers[1]), (.r1, .r1), (.r2, .r1)] {
      for (one, other) in [(registers[0], registers[2]), (.r2, .r1), (.r3, .r2)] {
        sequences.append([
          .arithmetic(.move, .bits64, destination: first, source: .register(one)),
          .arithmetic(.move, .bits64, destination: second, source: .register(other)),
        ])
      }
    }
    for (left, right) in [(0, 0), (1, 63), (32, 32), (48, 48), (56, 24), (63, 1)]
      as [(Int32, Int32)]
    {
      for operation in [ArithmeticOperation.shiftRight, .arithmeticShiftRight] {
        sequences.append([
          .arithmetic(.shiftLeft, .bits64, destination: .r1, source: .immediate(left)),
          .arithmetic(operation, .bits64, destination: .r1, source: .immediate(right)),
        ])
      }
    }
    try Self.expectSame(sequences, "pairs")
  }

  /// The second instruction of a pair is there for a branch that leads to it.
  @Test func `branches lead into pairs`() throws {
    let text = """
      r0 = 0
      r6 = 0
      r7 = 100
      if r6 == 0 goto second
      again: r1 = r7
      second: r1 += 5
      r0 += r1
      r6 += 1
      if r6 == 2 goto jump
      if r6 s> 8 goto out
      goto again
      counted: r6 += 1
      jump: if r6 < 3 goto counted
      r2 = r10
      r2 += -8
      *(u64 *)(r2 + 0) = 42
      r3 = -8
      r2 = r10
      goto sum
      r2 = r3
      sum: r2 += r3
      r2 = *(u8 *)(r2 + 0)
      r0 += r2
      if r6 s< 10 goto again
      out: exit
      """
    try EveryEngine("r1 = 7\n" + text).expectSame()
  }
}
