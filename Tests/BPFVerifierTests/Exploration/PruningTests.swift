import BPFISA
import BPFPlatform
import BPFVerifier
import Testing

/// Paths that part and come together: what follows is looked at once if nothing depends on which way they came.
@Suite struct PruningTests {
  private static let wayCount = 24

  /// Instructions processed where one of two ways is gone many times, one after the other.
  ///
  /// - Parameters:
  ///   - way: What is done on one of the ways.
  ///   - end: What is done after all of them.
  private func processed(_ way: (Int) -> String, end: String = "") throws -> Int {
    let ways = (0..<Self.wayCount).map {
      """
      r2 = *(u32 *)(r9 + 0)
      if r2 == 7 goto skip\($0)
      \(way($0))
      skip\($0):
      """
    }
    let text = """
      r9 = r1
      r7 = 0
      *(u64 *)(r10 - 8) = r7
      *(u64 *)(r10 - 16) = r7
      \(ways.joined(separator: "\n"))
      \(end)
      r0 = 0
      exit
      """
    let program = try Program(name: "program", slots: Assembler.assemble(text))
    return try Verifier(for: .schedCLS).verify(program).statistics.processedInstructions
  }

  @Test func `a number in a register that decides nothing does not keep ways apart`() throws {
    #expect(try processed { "r7 += \($0)" } < 20 * Self.wayCount)
  }

  @Test func `a number on the stack that is read and decides nothing does not either`() throws {
    let count = try processed(
      { "*(u64 *)(r10 - 8) = \($0 + 1)" }, end: "r3 = *(u64 *)(r10 - 8); r3 += 1")
    #expect(count < 20 * Self.wayCount)
  }

  @Test func `a long way before each of them is followed once`() throws {
    let long = (0..<20).map { "r3 = \($0)" }.joined(separator: "; ")
    #expect(try processed { "r7 += \($0); \(long)" } < 60 * Self.wayCount)
  }

  /// Zero on the stack is known to be zero: where it leads to memory it matters, and a way that left another number there is
  /// not covered.
  @Test func `a number on the stack that leads to memory keeps ways apart`() throws {
    let end = "r3 = *(u64 *)(r10 - 8); r4 = r10; r4 += -16; r4 += r3; r5 = *(u64 *)(r4 + 0)"
    #expect(throws: Rejection.self) {
      try processed({ $0 == 0 ? "*(u64 *)(r10 - 8) = 64" : "r7 += 1" }, end: end)
    }
    #expect(try processed({ _ in "r7 += 1" }, end: end) < 20 * Self.wayCount)
  }
}
