import BPFISA
import BPFPlatform
import BPFRewriter
import TestSupport
import Testing

/// Every pass, and all of them together, leave what a program does as it was.
@Suite struct PassPropertyTests {
  static func passes(seed: UInt64) -> [any Pass] {
    [
      UnreachableCodeRemoval(), EmptyJumpRemoval(), DivisionGuards(), MayGotoLowering(),
      PacketLoadLowering(for: .schedCLS), HelperInlining([.jiffies64: .constant(5)]),
      ConstantBlinding(using: SeededGenerator(seed: seed)),
    ]
  }

  @Test func `random programs do the same after each pass and after all`() throws {
    for seed in 0..<300 as Range<UInt64> {
      let comparison = PassComparison(try RandomProgram.program(seed: seed))
      let passes = Self.passes(seed: seed)
      for pass in passes { try comparison.expectSame([pass]) }
      try comparison.expectSame(passes)
      try comparison.expectSame(passes + passes)
    }
  }

  @Test func `the conformance vectors give the same after each pass and after all`() throws {
    let vectors = try ConformanceVectors.all()
    #expect(vectors.count >= 577)
    for vector in vectors {
      guard let program = try? Program(name: vector.name, slots: vector.slots) else { continue }
      let comparison = PassComparison(program, type: .raw)
      // A raw program has no packet beside its memory.
      let passes = Self.passes(seed: 3).filter { !($0 is PacketLoadLowering) }
      let loadsPackets = program.slots.contains { [0x20, 0x40].contains($0.opcode & 0xe7) }
      for pass in passes where !(loadsPackets && pass is ConstantBlinding<SeededGenerator>) {
        try comparison.expectSame([pass], packet: vector.memory)
      }
      if !loadsPackets { try comparison.expectSame(passes, packet: vector.memory) }
    }
  }
}
