import BPFISA
import BPFPlatform
import Testing

@testable import BPFVerifier

/// Each problem the verifier finds: a program that has it, and one beside it that has not.
@Suite struct VerdictPairTests {
  /// The problems that no pair has.
  private static let without: [ProblemCase: String] = [:]

  @Test func `there is a pair for each problem`() {
    let covered = Set(VerdictPair.all.map { ProblemCase($0.problem) })
    for problem in ProblemCase.allCases {
      #expect(covered.contains(problem) == (Self.without[problem] == nil), "\(problem)")
    }
    #expect(Set(VerdictPair.all.map(\.name)).count == VerdictPair.all.count)
  }

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
