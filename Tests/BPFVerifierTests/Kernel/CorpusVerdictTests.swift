import BPFISA
import BPFObject
import BPFPlatform
import Foundation
import TestSupport
import Testing

@testable import BPFVerifier

/// Verdicts of real programs, beside those that Linux 6.18 gave (`../shared/corpus/verdicts.jsonl`).
@Suite(.enabled(if: SharedFolder.path != nil, "the shared folder is not here"))
struct CorpusVerdictTests {
  /// The programs that are refused and that Linux accepts, with the reason (`Documentation/VerifierParity.md`).
  private static let wrongRejections: [String: Rejection.Problem] = [
    "linux/tcp_bufs_kern.o bpf_bufs": .unsupported("the context of sock_ops programs")
  ]

  /// Programs with more are left to optimised builds.
  #if DEBUG
  private static let processedLimit = 1_000
  #else
  private static let processedLimit = Int.max
  #endif

  private struct Recorded: Decodable {
    let object: String
    let section: String?
    let program: String?
    let type: String?
    let verdict: String
    let processed: Int?
  }

  @Test func `verdicts are those of Linux`() throws {
    let root = try #require(SharedFolder.path) + "/corpus/"
    let lines = try String(contentsOfFile: root + "verdicts.jsonl", encoding: .utf8)
    var compared = 0
    var wrong: [String: Rejection.Problem] = [:]
    for line in lines.split(separator: "\n") {
      let recorded = try JSONDecoder().decode(Recorded.self, from: Data(line.utf8))
      guard recorded.verdict == "accept" || recorded.verdict == "reject",
        let name = recorded.program, let type = recorded.type.flatMap({ ProgramType(name: $0) })
      else { continue }
      guard (recorded.processed ?? 0) <= Self.processedLimit else { continue }
      let title = "\(recorded.object) \(name)"
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: root + recorded.object)))
      let object = try ObjectFile(bytes: bytes)
      let named = object.programs.filter { $0.name == name }
      let program = try #require(
        named.first { recorded.section == nil || $0.sectionName == recorded.section }
          ?? named.first, "\(title)")
      let linked = try object.link(program)
      var verifier = Verifier(for: type)
      verifier.options.attachType = linked.attachType
      compared += 1
      let statistics: VerificationStatistics
      do {
        statistics = try verifier.verify(linked.program, maps: linked.maps).statistics
        #expect(recorded.verdict == "accept", "\(title) is accepted, and Linux refuses it")
      } catch {
        if recorded.verdict == "accept" { wrong[title] = error.problem }
        continue
      }
      // Not more than Linux by over a quarter.
      #expect(
        statistics.processedInstructions <= (recorded.processed ?? 0) * 5 / 4 + 2,
        "\(title): \(statistics.processedInstructions), Linux \(recorded.processed ?? 0)")
    }
    #expect(wrong == Self.wrongRejections)
    #expect(compared > 100)
  }
}
