import BPFISA
import BPFPlatform
import Testing

@testable import BPFVerifier

/// What passes are told of the ways that a processor takes where it guesses wrong.
struct SpeculationFactsTests {
  private static let values = MapSpec(
    name: "values", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1)

  private func verify(
    _ text: String, type: ProgramType = .xdp, tracksSpeculation: Bool = true
  ) throws -> VerifiedProgram {
    let program = try Program(
      name: "program", slots: Assembler.assemble(text), mapNames: [Self.values.name])
    var options = VerifierOptions()
    options.tracksSpeculation = tracksSpeculation
    return try Verifier(for: type, options: options).verify(program, maps: [Self.values])
  }

  /// Slots 0 to 2: a number from the context in r2, a value's address in r3.
  private static let start = """
    r2 = *(u32 *)(r1 + 12)
    r3 = map[idx:0][0]+8

    """

  private func facts(_ text: String, type: ProgramType = .xdp) throws -> [InstructionFacts] {
    try verify(text, type: type).facts
  }

  private func mask(_ limit: PointerMask.Limit, inDestination: Bool = false) -> PointerMask {
    PointerMask(limit: limit, isNumberInDestination: inDestination)
  }

  @Test func numbersThatPointersAreMovedBy() throws {
    let upwards = try facts(
      Self.start + """
        r0 = 0
        if r2 > 20 goto end
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        end:
        r0 = 2
        exit
        """)
    #expect(upwards[5].mask == mask(.upTo(20)))
    #expect(upwards.allSatisfy { !$0.needsBarrier && !$0.needsBarrierAfter })

    let downwards = try facts(
      Self.start + """
        r2 &= 7
        r3 -= r2
        r0 = *(u8 *)(r3 + 0)
        r0 = 2
        exit
        """)
    #expect(downwards[4].mask == mask(.upTo(7)))

    let negative = try facts(
      Self.start + """
        r2 |= -8
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        r0 = 2
        exit
        """)
    #expect(negative[4].mask == mask(.downTo(-8)))

    let exchanged = try facts(
      Self.start + """
        r2 &= 7
        r2 += r3
        r0 = *(u8 *)(r2 + 0)
        r0 = 2
        exit
        """)
    #expect(exchanged[4].mask == mask(.upTo(7), inDestination: true))

    let constant = try facts(
      Self.start + """
        r2 = -3
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        r0 = 2
        exit
        """)
    #expect(constant[4].mask == mask(.exactly(-3)))
  }

  @Test func movesWithoutOneMask() throws {
    let eitherSign = try facts(
      Self.start + """
        r2 &= 7
        r2 -= 4
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        r0 = 2
        exit
        """)
    #expect(eitherSign[5].needsBarrier && eitherSign[5].mask == nil)

    let outside = try facts(
      Self.start + """
        r2 &= 63
        r3 += r2
        r3 -= 8
        r0 = *(u8 *)(r3 + 0)
        r0 = 2
        exit
        """)
    #expect(outside[4].needsBarrier && outside[4].mask == nil)

    let twoLimits = try facts(
      Self.start + """
        if r2 > 20 goto large
        r2 &= 7
        goto move
        large:
        r2 &= 31
        move:
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        r0 = 2
        exit
        """)
    #expect(twoLimits[7].needsBarrier && twoLimits[7].mask == nil)

    let numberToo = try facts(
      Self.start + """
        r4 = 0
        if r2 > 20 goto move
        r4 = r3
        move:
        r4 += r2
        if r2 > 20 goto end
        r0 = *(u8 *)(r4 + 0)
        end:
        r0 = 2
        exit
        """)
    #expect(numberToo[6].needsBarrier && numberToo[6].mask == nil)
  }

  /// What is a pointer on one path is a number on the other, and only a guess leads from the one to the access.
  @Test func waysThatAreNotTaken() throws {
    let facts = try facts(
      Self.start + """
        r4 = 4096
        if r2 > 20 goto second
        r4 = r3
        second:
        if r2 > 20 goto end
        r0 = *(u8 *)(r4 + 0)
        end:
        r0 = 2
        exit
        """)
    #expect(facts[7].needsBarrier)
    #expect(facts.indices.filter { facts[$0].needsBarrier } == [7])
  }

  /// Facts of other kinds say nothing of ways that only a guess leads.
  @Test func guessesReachNothing() throws {
    let verified = try verify(
      """
      r0 = 1
      if r0 == 1 goto end
      r0 = *(u64 *)(r0 + 0)
      end:
      exit
      """)
    #expect(verified.facts.map(\.isReached) == [true, true, false, true])
    #expect(verified.facts[1].isTaken && !verified.facts[1].isNotTaken)
    #expect(verified.facts[2].needsBarrier)
    #expect(verified.statistics.processedInstructions == 4)
  }

  /// A loop that ends after some rounds does not end where that is guessed.
  @Test func loopsThatAreGuessedToGoOn() throws {
    let verified = try verify(
      Self.start + """
        r4 = 0
        loop:
        r5 = r3
        r5 += r4
        r0 = *(u8 *)(r5 + 0)
        r4 += 1
        if r4 != 8 goto loop
        r0 = 2
        exit
        """)
    // The number is another in each round.
    #expect(verified.facts[5].needsBarrier)
    #expect(!verified.facts[6].needsBarrier)
  }

  @Test func provedBytesOfPackets() throws {
    let facts = try facts(
      """
      r2 = *(u32 *)(r1 + 0)
      r3 = *(u32 *)(r1 + 4)
      r4 = r2
      r4 += 14
      if r4 > r3 goto end
      r5 = *(u8 *)(r2 + 13)
      r5 = *(u8 *)(r2 + 0)
      end:
      r0 = 2
      exit
      """)
    #expect(facts.indices.filter { facts[$0].needsBarrier } == [5])

    let raw = try self.facts(
      """
      if r2 < 4 goto end
      r0 = *(u32 *)(r1 + 0)
      end:
      r0 = 2
      exit
      """, type: .raw)
    #expect(raw.indices.filter { raw[$0].needsBarrier } == [1])
  }

  @Test func storesThatLoadsPass() throws {
    let facts = try facts(
      """
      *(u64 *)(r10 - 8) = 1
      *(u64 *)(r10 - 8) = 2
      *(u64 *)(r10 - 8) = r1
      *(u64 *)(r10 - 8) = 3
      *(u32 *)(r10 - 16) = 3
      *(u32 *)(r10 - 12) = 3
      r0 = 2
      exit
      """)
    #expect(facts.indices.filter { facts[$0].needsBarrierAfter } == [0, 2, 3, 4, 5])
  }

  @Test func sizesOfMemory() throws {
    let facts = try facts(
      """
      r2 = *(u32 *)(r1 + 12)
      *(u64 *)(r10 - 8) = 1
      r1 = r10
      r1 += -8
      if r2 > 8 goto end
      r3 = r1
      r4 = r2
      r1 = 0
      r2 = 0
      r5 = 0
      call 28
      end:
      r0 = 2
      exit
      """)
    #expect(facts[10].needsBarrier)
  }

  @Test func onRequest() throws {
    let text =
      Self.start + """
        r2 &= 7
        r3 += r2
        *(u64 *)(r10 - 8) = r3
        r0 = 2
        exit
        """
    let verified = try verify(text, tracksSpeculation: false)
    #expect(!verified.tracksSpeculation)
    #expect(
      verified.facts.allSatisfy {
        $0.mask == nil && !$0.needsBarrier && !$0.needsBarrierAfter
      })
    #expect(try verify(text).tracksSpeculation)
    var options = VerifierOptions()
    #expect(!options.tracksSpeculation)
    options.isPrivileged = false
    #expect(options.tracksSpeculation)
  }
}
