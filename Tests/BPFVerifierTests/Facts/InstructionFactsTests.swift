import BPFISA
import BPFPlatform
import Testing

@testable import BPFVerifier

/// What passes are told of each instruction of a verified program.
struct InstructionFactsTests {
  private func verify(_ text: String, maps: [MapSpec] = []) throws -> VerifiedProgram {
    let program = try Program(
      name: "program", slots: Assembler.assemble(text), mapNames: maps.map(\.name))
    return try Verifier(for: .xdp).verify(program, maps: maps)
  }

  private func facts(_ text: String, maps: [MapSpec] = []) throws -> [InstructionFacts] {
    try verify(text, maps: maps).facts
  }

  @Test func reachabilityAndConstantBranches() throws {
    let facts = try facts(
      """
      r0 = 1
      if r0 == 1 goto end
      r0 = 2
      end:
      r1 = *(u32 *)(r1 + 12)
      if r1 == 7 goto last
      r0 = 3
      last:
      exit
      """)
    #expect(facts.map(\.isReached) == [true, true, false, true, true, true, true])
    #expect(facts[1].isTaken && !facts[1].isNotTaken)
    #expect(facts[4].isTaken && facts[4].isNotTaken)
  }

  @Test func memoryOfAccesses() throws {
    let facts = try facts(
      """
      r2 = *(u32 *)(r1 + 0)
      r3 = *(u32 *)(r1 + 4)
      *(u64 *)(r10 - 8) = r1
      r4 = r2
      r4 += 14
      if r4 > r3 goto end
      r5 = *(u8 *)(r2 + 13)
      end:
      r0 = 2
      exit
      """)
    #expect(
      facts.map(\.access) == [
        .context, .context, .stack, nil, nil, nil, .packet, nil, nil,
      ])
  }

  /// A function that the program and a global one call: what either does counts.
  @Test func globalFunctionsAddToWhatTheProgramDoes() throws {
    let text = """
      r1 = 3
      call shared
      r1 = 3
      call global
      r0 = 0
      exit
      shared:
      if r1 == 3 goto end
      r1 = 0
      end:
      r0 = 0
      exit
      global:
      if r1 == 3 goto last
      call shared
      last:
      r0 = 0
      exit
      """
    let assembled = try Assembler().assemble(utf8: Array(text.utf8))
    func program(isGlobal: Bool) throws -> Program {
      try Program(
        name: "program", slots: assembled.slots,
        subprograms: [Subprogram(name: "program", start: 0)]
          + assembled.labels.filter { ["shared", "global"].contains($0.name) }.map {
            Subprogram(
              name: $0.name, start: $0.start,
              prototype: isGlobal && $0.name == "global"
                ? FunctionPrototype(parameters: [.init(.number)], result: .number) : nil)
          })
    }
    // Followed with each call, it is never given anything but 3.
    let followed = try Verifier(for: .xdp).verify(program(isGlobal: false)).facts
    #expect(followed[6].isTaken && !followed[6].isNotTaken)
    #expect(!followed[11].isReached)
    let alone = try Verifier(for: .xdp).verify(program(isGlobal: true))
    #expect(alone.facts[6].isTaken && alone.facts[6].isNotTaken)
    #expect(alone.facts[10].isTaken && alone.facts[10].isNotTaken)
    let unreached = alone.facts.indices.filter { !alone.facts[$0].isReached }
    #expect(unreached.isEmpty)
    #expect(
      alone.statistics.processedInstructions
        == alone.facts.reduce(0) { $0 + Int($1.processedCount) })
  }

  @Test func mapsAndKeysOfLookups() throws {
    let map = MapSpec(name: "counts", kind: .array, keySize: 4, valueSize: 8, maxEntries: 4)
    let facts = try facts(
      """
      *(u32 *)(r10 - 8) = 3
      r2 = r10
      r2 += -8
      r1 = map[idx:0]
      call 1
      r0 = *(u64 *)(r0 + 0)
      exit
      """, maps: [map])
    #expect(facts[5].map == 0)
    #expect(facts[5].constantKey == 3)
    #expect(facts[6].access == .mapValue)
  }

  @Test func zeroExtensions() throws {
    let program = try verify(
      """
      w2 = *(u32 *)(r1 + 12)
      w3 = w2
      w2 += 1
      r3 += r2
      w4 = w3
      w4 += 5
      w0 = w4
      exit
      """)
    // The halves that 64-bit instructions look at: those of the sum's operands and the result.
    #expect(program.zeroExtensionsNeeded() == [1, 2, 6])
  }

  @Test func zeroExtensionAcrossBranches() throws {
    let program = try verify(
      """
      w0 = *(u32 *)(r1 + 12)
      w2 = w0
      if w0 == 1 goto wide
      w0 = w2
      exit
      wide:
      r0 = r2
      exit
      """)
    #expect(program.zeroExtensionsNeeded() == [1, 3])
  }
}
