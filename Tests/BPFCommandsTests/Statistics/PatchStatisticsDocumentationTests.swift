import BPFObject
import BPFPlatform
import BPFRewriter
import Foundation
import TestSupport
import Testing

@testable import BPFCommands

/// The figures of `Documentation/PatchStatistics.md`: those of the corpus, and those Linux 6.18 recorded for the same programs.
@Suite(
  .enabled(if: SharedFolder.path != nil, "the shared folder is not here"),
  .enabled(if: areMeasured, "real programs are counted in release builds"))
struct PatchStatisticsDocumentationTests {
  private static let page = TestFiles.repository + "/Documentation/PatchStatistics.md"
  private static let begin = "<!-- figures: make docs -->\n"
  private static let end = "<!-- end -->\n"

  /// After a change of the passes or the verifier: `make docs`.
  @Test func `figures are those of the corpus`() throws {
    let text = try String(contentsOfFile: Self.page, encoding: .utf8)
    let start = try #require(text.firstRange(of: Self.begin)).upperBound
    let end = try #require(text.firstRange(of: Self.end)).lowerBound
    let figures = try Figures().markdown
    if isWritten {
      let page = text[..<start] + figures + text[end...]
      try String(page).write(toFile: Self.page, atomically: true, encoding: .utf8)
    } else {
      #expect(text[start..<end] == figures)
    }
  }
}

private let isWritten = ProcessInfo.processInfo.environment["BPFKIT_WRITE_FIXTURES"] != nil

#if DEBUG
private let areMeasured = isWritten
#else
private let areMeasured = true
#endif

/// What is counted, program by program.
private struct Figures {
  private struct Recorded: Decodable {
    let object: String
    let section: String?
    let program: String?
    let type: String?
    let verdict: String
    let xlated: Int?
  }

  private struct Row {
    let name: String
    let type: String
    let statistics: RewriteStatistics
    let linux: Int
  }

  private var rows: [Row] = []
  private var omitted: [String] = []

  init() throws {
    let root = try #require(SharedFolder.path) + "/corpus/"
    let lines = try String(contentsOfFile: root + "verdicts.jsonl", encoding: .utf8)
    for line in lines.split(separator: "\n") {
      let recorded = try JSONDecoder().decode(Recorded.self, from: Data(line.utf8))
      guard recorded.verdict == "accept", let name = recorded.program,
        let type = recorded.type.flatMap({ ProgramType(name: $0) })
      else { continue }
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: root + recorded.object)))
      let named = try ObjectFile(bytes: bytes).programs.filter { $0.name == name }
      let section = named.firstIndex { $0.sectionName == recorded.section } ?? 0
      let inputs = try ProgramInput.all(
        ofObject: bytes, path: recorded.object, named: name, as: type)
      do {
        let rewritten = try inputs[section].get().rewritten()
        rows.append(
          Row(
            name: "\(recorded.object) \(name)", type: type.name,
            statistics: RewriteStatistics(rewritten), linux: recorded.xlated ?? 0))
      } catch {
        omitted.append("`\(recorded.object)` `\(name)`")
      }
    }
    rows.sort { $0.name < $1.name }
  }

  /// What was estimated of 2,060 programs that Linux 6.18 accepts.
  private static let linuxKinds = [
    "map-lookup": "43 %", "context-load": "34 %", "context-store": "4.5 %",
    "packet-loads": "1.2 %",
  ]

  var markdown: String {
    let distribution = PatchDistribution(rows.map(\.statistics))
    let linux = rows.reduce(0) { $0 + $1.linux }
    func percent(_ part: Int, _ total: Int) -> String {
      (part < 0 ? "-" : "") + VerificationListing.percent(Int(part.magnitude), of: total) + " %"
    }
    let growth = distribution.rewrittenSlots - distribution.originalSlots
    let growthThere = linux - distribution.originalSlots
    var text = """

      | | BPFKit | Linux 6.18, the same programs | Linux 6.18, 2,060 programs |
      |---|---|---|---|
      | programs | \(distribution.programs.grouped) | \(distribution.programs.grouped) | 2,060 |
      | instructions before | \(distribution.originalSlots.grouped) | \(distribution.originalSlots.grouped) | 721,197 |
      | instructions after | \(distribution.rewrittenSlots.grouped) | \(linux.grouped) | 737,419 |
      | growth | \(percent(growth, distribution.originalSlots)) | \(percent(growthThere, distribution.originalSlots)) | 2.2 % |
      | sites | \(distribution.sites.grouped) | – | 21,055 |
      | sites for 100 instructions | \(distribution.tenthsOfSitesPerHundred / 10).\(distribution.tenthsOfSitesPerHundred % 10) | – | 2.9 |
      | sites of a program: median | \(distribution.sites(atPercentile: 50).grouped) | – | 1 |
      | 90th percentile | \(distribution.sites(atPercentile: 90).grouped) | – | 15 |
      | most | \(distribution.mostSites.grouped) | – | 1,025 |

      Left out, as not accepted: \(omitted.isEmpty ? "none" : omitted.joined(separator: ", ")).

      ### By kind

      | kind | sites | share | instructions in | out | share in Linux |
      |---|---|---|---|---|---|

      """
    for total in distribution.totals {
      text +=
        "| \(total.kind.name) | \(total.sites.grouped) | \(percent(total.sites, distribution.sites)) "
        + "| \(total.inserted.grouped) | \(total.removed.grouped) "
        + "| \(Self.linuxKinds[total.kind.name] ?? "–") |\n"
    }
    text += "| jiffies64 | – | – | – | – | 14 % |\n"
    text += """

      ### By growth

      | instructions more | sites | share |
      |---|---|---|

      """
    for (growth, count) in distribution.histogram {
      text +=
        "| \(growth) | \(count.grouped) | \(percent(count, distribution.sites)) |\n"
    }
    text += "\nLinux's 2,060: +0 32 %, +2 21 %, +1 17 %, +5 16 %; above +8 only +10 and +18.\n"
    text += """

      ### By program

      | program | type | before | BPFKit | Linux 6.18 | sites |
      |---|---|---|---|---|---|

      """
    for row in rows {
      text +=
        "| `\(row.name)` | \(row.type) | \(row.statistics.originalSlots.grouped) "
        + "| \(row.statistics.rewrittenSlots.grouped) | \(row.linux.grouped) "
        + "| \(row.statistics.sites.count.grouped) |\n"
    }
    return text + "\n"
  }
}
