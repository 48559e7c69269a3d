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

  @Test func whatNoLoaderOpensIsRefusedForItsDefect() throws {
    func error(_ name: String) throws -> ObjectError? {
      do throws(ObjectError) {
        let object = try ObjectFile(bytes: try bytes(name))
        for program in object.programs { _ = try object.link(program) }
        return nil
      } catch {
        return error
      }
    }
    func bytes(_ name: String) throws(ObjectError) -> [UInt8] {
      do { return try fileBytes(Self.folder + name) } catch { return [] }
    }
    for name in [
      "invalid/58087ea4ff41695f3186d628a3250b26dc8d237a",
      "invalid/662b334a22904023c13f11008e072076a4f4d215", "invalid/badsymsize.o",
      "invalid/c049438cf649269921736e7306231385350dea58", "invalid/invalid-lddw.o",
      "build/badrelo.o",
    ] {
      let found = try error(name)
      print("\(name): \(found.map { "\($0)" } ?? "accepted")")
      #expect(found != nil, "\(name)")
    }
  }
}
