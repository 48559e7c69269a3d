import BPFISA
import BPFObject
import BPFPlatform
import TestSupport
import Testing

/// The objects of `../shared/corpus`, against what Linux said of each program. A user's clone has no such folder.
@Suite(.enabled(if: SharedFolder.path != nil, "no ../shared/corpus beside this checkout"))
struct CorpusTests {
  /// One line of `verdicts.jsonl`.
  struct Verdict {
    let object: String
    let section: String
    let program: String
    let type: String
    let verdict: String
    let instructions: Int
  }

  static let folder = (SharedFolder.path ?? "") + "/corpus/"

  static func verdicts() throws -> [Verdict] {
    let text = String(decoding: try fileBytes(folder + "verdicts.jsonl"), as: UTF8.self)
    return text.split(separator: "\n").map { line in
      func field(_ name: String) -> String {
        guard let range = line.firstRange(of: "\"\(name)\": ") else { return "" }
        let rest = line[range.upperBound...]
        return rest.hasPrefix("\"")
          ? String(rest.dropFirst().prefix { $0 != "\"" })
          : String(rest.prefix { $0.isNumber })
      }
      return Verdict(
        object: field("object"), section: field("section"), program: field("program"),
        type: field("type"), verdict: field("verdict"),
        instructions: Int(field("instructions")) ?? -1)
    }
  }

  @Test func everyProgramLinuxLoadedLinksWithAsManyInstructions() throws {
    var linked = 0
    let verdicts = try Self.verdicts().filter { ["accept", "reject"].contains($0.verdict) }
    for (path, expected) in Dictionary(grouping: verdicts, by: \.object).sorted(by: {
      $0.key < $1.key
    }) {
      do {
        let object = try ObjectFile(bytes: try fileBytes(Self.folder + path))
        for verdict in expected {
          let program = try #require(
            object.programs.first {
              $0.name == verdict.program && $0.sectionName == verdict.section
            }, "\(path): \(verdict.program) in \(verdict.section)")
          let result = try object.link(program)
          #expect(
            result.program.slots.count == verdict.instructions, "\(path): \(verdict.program)")
          if let type = result.type {
            #expect(type.name == verdict.type, "\(path): \(verdict.program)")
          }
          linked += 1
        }
      } catch {
        Issue.record("\(path): \(error)")
      }
    }
    #expect(linked == verdicts.count)
  }
}
