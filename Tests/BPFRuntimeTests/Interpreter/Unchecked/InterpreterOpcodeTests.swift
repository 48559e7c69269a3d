import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Foundation
import Testing

/// Every instruction does what the checked interpreter, the reference, does.
@Suite struct InterpreterOpcodeTests {
  private static let words: [UInt64] = [
    0, 1, 2, 31, 32, 63, 64, 0x7f, 0x80, 0xff80, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_8000_0000,
    0x1122_3344_5566_7788, .max,
  ]
  private static let constants: [Int32] = [0, 1, -1, 2, 31, 33, 64, 127, -128, .max, .min]

  /// Runs `instructions` on pairs of operands in r1 and r2, one after another, with r0 as a hash of what r1 to r3 became.
  private static func expectSame(
    _ instructions: [Instruction], pairs: [(UInt64, UInt64)], _ comment: String
  ) throws {
    var builder = ProgramBuilder("opcode")
    builder.move(.r0, 0)
    for (first, second) in pairs {
      builder.moveWide(.r1, first)
      builder.moveWide(.r2, second)
      builder.move(.r3, 77)
      for instruction in instructions { builder.emit(instruction) }
      for register in [Register.r1, .r2, .r3] {
        builder.apply(.multiply, .r0, .immediate(31))
        builder.apply(.xor, .r0, .register(register))
      }
    }
    builder.exit()
    try EveryEngine(builder.program()).expectSame(comment)
  }

  private static let allPairs = words.flatMap { first in words.map { (first, $0) } }

  @Test func arithmetic() throws {
    for operation in ArithmeticOperation.allCases {
      for width in ArithmeticWidth.allCases {
        try Self.expectSame(
          [.arithmetic(operation, width, destination: .r1, source: .register(.r2))],
          pairs: Self.allPairs, "\(operation) \(width)")
        try Self.expectSame(
          [.arithmetic(operation, width, destination: .r1, source: .register(.r1))],
          pairs: Self.words.map { ($0, $0) }, "\(operation) \(width) with itself")
        for constant in Self.constants {
          try Self.expectSame(
            [.arithmetic(operation, width, destination: .r1, source: .immediate(constant))],
            pairs: Self.words.map { ($0, 0) }, "\(operation) \(width) \(constant)")
        }
      }
    }
  }

  @Test func `negation, extension and swaps`() throws {
    var instructions: [Instruction] = ArithmeticWidth.allCases.map {
      .negate($0, destination: .r1)
    }
    for size in [MemorySize.byte, .half, .word] {
      instructions.append(.moveSignExtended(.bits64, from: size, destination: .r3, source: .r1))
      if size != .word {
        instructions.append(.moveSignExtended(.bits32, from: size, destination: .r3, source: .r1))
      }
    }
    for order in ByteSwap.allCases {
      for width in SwapWidth.allCases {
        instructions.append(.byteSwap(order, width, destination: .r1))
      }
    }
    for instruction in instructions {
      try Self.expectSame(
        [instruction], pairs: Self.words.map { ($0, 0) }, "\(instruction)")
    }
  }

  @Test func conditions() throws {
    for condition in Condition.allCases {
      for width in ArithmeticWidth.allCases {
        func jump(_ right: Operand) -> [Instruction] {
          [
            .jumpIf(condition, width, .r1, right, offset: 1),
            .arithmetic(.move, .bits64, destination: .r3, source: .immediate(5)),
          ]
        }
        try Self.expectSame(
          jump(.register(.r2)), pairs: Self.allPairs, "\(condition) \(width)")
        for constant in Self.constants {
          try Self.expectSame(
            jump(.immediate(constant)), pairs: Self.words.map { ($0, 0) },
            "\(condition) \(width) \(constant)")
        }
      }
    }
  }

  @Test func `loads, stores and atomic operations`() throws {
    for size in MemorySize.allCases {
      let prepare: [Instruction] = [
        .store(.double, base: .r10, offset: -8, source: .register(.r1)),
        .store(.double, base: .r10, offset: -16, source: .immediate(-3)),
      ]
      let load = Instruction.load(
        .double, signExtended: false, destination: .r3, base: .r10, offset: -8)
      var accesses: [[Instruction]] = [
        [.store(size, base: .r10, offset: -8, source: .register(.r2))],
        [.store(size, base: .r10, offset: -8, source: .immediate(-77))],
        [.load(size, signExtended: false, destination: .r1, base: .r10, offset: -8)],
        [.loadAcquire(size, destination: .r1, base: .r10, offset: -8)],
        [.storeRelease(size, base: .r10, offset: -8, source: .r2)],
      ]
      if size != .double {
        accesses.append([.load(size, signExtended: true, destination: .r1, base: .r10, offset: -8)])
      }
      if size == .word || size == .double {
        for operation in AtomicOperation.allCases {
          accesses.append([.atomic(operation, size, base: .r10, offset: -8, source: .r2)])
          // With r0 as it would be where a compare-and-exchange succeeds.
          accesses.append([
            .arithmetic(.move, .bits64, destination: .r0, source: .register(.r1)),
            .atomic(operation, size, base: .r10, offset: -8, source: .r2),
          ])
        }
      }
      for access in accesses {
        try Self.expectSame(
          prepare + access + [load], pairs: Self.allPairs.filter { $0.0 % 3 == 0 }, "\(access)")
      }
    }
  }

  /// Sequences of instructions as compilers write them, where one instruction works on what the one before it made.
  @Test func `random programs`() throws {
    for seed in 0..<600 {
      var generator = ProgramGenerator(seed: UInt64(seed))
      let program = try Program(name: "random", slots: generator.program())
      try EveryEngine(program).expectSame("seed \(seed)")
    }
  }

  /// Addresses, gathered bytes and rotations, which engines make other instructions of.
  @Test func `random addresses`() throws {
    let asked = ProcessInfo.processInfo.environment["BPFKIT_NATIVE_PROGRAMS"].flatMap { Int($0) }
    let count = asked ?? 600
    for seed in 0..<count {
      var generator = AddressGenerator(seed: UInt64(seed))
      let program = try Program(name: "addresses", slots: generator.program())
      try EveryEngine(program).expectSame(
        on: (0..<AddressGenerator.memorySize).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) },
        "seed \(seed)")
    }
  }

  /// Every vector of the conformance suites; what verified programs do not have is refused when it is loaded.
  @Test func `conformance vectors`() throws {
    var ran = 0
    for vector in try ConformanceVectors.all() {
      let program = try Program(name: vector.name, slots: vector.slots)
      let loaded: [LoadedProgram]
      do throws(LoadError) {
        loaded = unsafe [
          try LoadedProgram(unchecked: program, type: .raw, maps: []),
          try LoadedProgram(unchecked: program, type: .raw, maps: [], engine: .jit),
        ]
      } catch {
        guard case .unrunnable(program: vector.name, slot: _, .instruction) = error else {
          throw error
        }
        let isRefused = program.slots.indices.contains { slot in
          program.slots[slot].opcode == 0x8d
            || [0x20, 0x28, 0x30, 0x40, 0x48, 0x50].contains(
              program.slots[slot].opcode)
        }
        #expect(isRefused, "\(vector.name)")
        continue
      }
      for loaded in loaded {
        let frame = loaded.makeFrame()
        for budget in [nil, 1 << 20] {
          try frame.load(vector.memory)
          let outcome = loaded.run(frame, budget: budget)
          #expect(
            outcome.fault == nil && outcome.returnValue == vector.result,
            "\(vector.name) \(loaded.engine)")
        }
      }
      ran += 1
    }
    #expect(ran >= 570)
  }
}
