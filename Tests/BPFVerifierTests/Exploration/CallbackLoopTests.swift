import BPFISA
import BPFPlatform
import BPFVerifier
import Testing

/// Loops that helpers make: they are followed until a round tells nothing new.
struct CallbackLoopTests {
  private func verify(_ text: String) throws -> VerificationStatistics {
    let program = try Program(name: "program", slots: Assembler.assemble(text))
    return try Verifier(for: .schedCLS).verify(program).statistics
  }

  /// Calls of `bpf_loop`, one after the other, each with a number of rounds and a callback that adds to what is at `r10 - 16`.
  private func sums(_ rounds: [String]) -> String {
    let calls = rounds.map {
      """
      r1 = \($0)
      r2 = subprog[add]
      r3 = r10
      r3 += -16
      r4 = 0
      call 181
      """
    }
    return """
      r6 = *(u32 *)(r1 + 0)
      *(u64 *)(r10 - 16) = 0
      \(calls.joined(separator: "\n"))
      r0 = *(u64 *)(r10 - 16)
      exit
      add:
      r3 = *(u64 *)(r2 + 0)
      r3 += r1
      *(u64 *)(r2 + 0) = r3
      r0 = 0
      exit
      """
  }

  @Test func `a sum of unknown length is a number after a few rounds`() throws {
    #expect(try verify(sums(["r6"])).processedInstructions < 60)
  }

  /// Where one loop is cut must not make all that matters to the one before it, or its sum is followed number by number.
  @Test func `loops after each other are each followed for a few rounds`() throws {
    #expect(try verify(sums(["r6", "10"])).processedInstructions < 120)
    #expect(try verify(sums(["10", "r6", "r6"])).processedInstructions < 250)
  }

  /// What a round does depends on a number that the round before it left: both have to be followed.
  @Test func `what rounds hand on to each other matters`() throws {
    #expect(throws: Rejection.self) {
      try verify(
        """
        *(u64 *)(r10 - 8) = 0
        *(u64 *)(r10 - 16) = 0
        r1 = 8
        r2 = subprog[hand]
        r3 = r10
        r3 += -16
        r4 = 0
        call 181
        r0 = 0
        exit
        hand:
        r3 = *(u64 *)(r2 + 0)
        r4 = *(u64 *)(r2 + 8)
        *(u64 *)(r2 + 0) = r4
        *(u64 *)(r2 + 8) = 400
        if r3 > 500 goto done
        r5 = r10
        r5 -= r3
        r0 = *(u8 *)(r5 - 200)
        done:
        r0 = 0
        exit
        """)
    }
  }
}
