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

  /// The programs for which more than a quarter more instructions are looked at than in Linux, and how many.
  private static let slowPrograms: [String: Int] = [
    "cilium/bpf_lxc.o tail_handle_ipv4": 181_601,
    "cilium/bpf_lxc.o handle_ingress": 128,
    "cilium/bpf_xdp_dsr_linux.o __send_drop_notify": 144,
    "cilium/bpf_xdp_dsr_linux.o tail_nodeport_nat_ipv6": 145_795,
    "cilium/bpf_xdp_dsr_linux.o tail_nodeport_ipv4_dsr": 1_065,
    "cilium/bpf_xdp_dsr_linux.o tail_nodeport_nat_ipv4": 192_493,
    "cilium-core/bpf_host.o tail_handle_snat_fwd_ipv4": 97_033,
    "ovs/datapath.o tail-32": 18_959,
    "linux/cpustat_kern.o bpf_prog2": 124,
    "build/map_in_map.o func": 23,
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
      let limit = Self.slowPrograms[title] ?? (recorded.processed ?? 0) * 5 / 4 + 2
      #expect(
        statistics.processedInstructions <= limit,
        "\(title): \(statistics.processedInstructions), Linux \(recorded.processed ?? 0)")
    }
    #expect(wrong == Self.wrongRejections)
    #expect(compared > 100)
  }
}
