import BPFISA
import BPFPlatform
import Testing

@testable import BPFVerifier

/// Each problem the verifier finds: a program that has it, and one beside it that has not.
@Suite struct VerdictPairTests {
  @Test func `the program without the problem is accepted`() throws {
    for pair in VerdictPair.all {
      if case .failure(let rejection) = try pair.verify(pair.accepted) {
        Issue.record("\(pair.name): \(rejection.problem) at \(rejection.slot)\n\(pair.accepted)")
      }
    }
  }

  @Test func `the program with the problem is rejected for it`() throws {
    for pair in VerdictPair.all {
      guard case .failure(let rejection) = try pair.verify(pair.rejected) else {
        Issue.record("\(pair.name) is accepted\n\(pair.rejected)")
        continue
      }
      #expect(
        rejection.problem == pair.problem,
        "\(pair.name): \(rejection.problem) at \(rejection.slot)")
    }
  }
}
