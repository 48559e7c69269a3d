import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable import BPFVerifier

/// What took the verifier's work, and the limits that name it.
@Suite struct SourceCostTests {
  /// A loop of 100 rounds, in lines 1 (before), 2 and 3 (the loop), 4 (after).
  private static func loop(hasLines: Bool) throws -> Program {
    var builder = ProgramBuilder("loop")
    builder.move(.r0, 0)
    builder.label("top")
    builder.apply(.add, .r0, .immediate(1))
    builder.jump(if: .less, .r0, .immediate(100), to: "top")
    builder.move(.r0, 0)
    builder.exit()
    let slots = try builder.program().slots
    let lines = [(0, 1), (1, 2), (2, 3), (3, 4)].map {
      LineInfo(slot: $0.0, file: "loop.c", line: $0.1, column: 1, text: "line \($0.1)")
    }
    return try Program(name: "loop", slots: slots, lines: hasLines ? lines : [])
  }

  @Test(arguments: [true, false])
  func `costs add up to what was processed`(hasLines: Bool) throws {
    let program = try Self.loop(hasLines: hasLines)
    let verified = try Verifier(for: .socketFilter).verify(program)
    let costs = SourceCost.costs(of: program, verified.statistics)
    #expect(verified.statistics.processedInstructions > 200)
    #expect(
      costs.reduce(0) { $0 + $1.processedInstructions }
        == verified.statistics.processedInstructions)
    #expect(costs.map(\.processedInstructions) == costs.map(\.processedInstructions).sorted(by: >))
    #expect(costs.map { $0.line?.line } == (hasLines ? [2, 3, 4, 1] : [nil, nil, nil, nil, nil]))
    #expect(costs.first?.slot == 1)
  }

  @Test(arguments: [true, false])
  func `a limit names the loop`(hasLines: Bool) throws {
    var verifier = Verifier(for: .socketFilter)
    verifier.limits.processedInstructions = 50
    let program = try Self.loop(hasLines: hasLines)
    do throws(Rejection) {
      _ = try verifier.verify(program)
      Issue.record("accepted")
    } catch {
      #expect(error.problem == .tooManyInstructions(limit: 50))
      #expect(
        error.summary.contains("the loop at \(hasLines ? "loop.c:2, " : "")instructions 1 to 2"))
    }
  }
}
