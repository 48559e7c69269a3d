import BPFKit

/// A program of the `shared` folder's corpus that Linux accepts, with Linux's own count and time.
struct CorpusProgram {
  let name: String
  let linked: LinkedProgram
  let type: ProgramType
  let linuxProcessed: Double
  let linuxMicroseconds: Double

  /// Calls `body` for each of them.
  ///
  /// - Parameter folder: the folder of compiled micro programs, from which the corpus is found.
  /// - Returns: false where there is no corpus.
  static func forEach(folder: String, _ body: (CorpusProgram) throws -> Void) throws -> Bool {
    let root = folder + "/../../../../shared/corpus/"
    guard let verdicts = try? readFile(root + "verdicts.jsonl") else { return false }
    for line in String(decoding: verdicts, as: UTF8.self).split(separator: "\n") {
      guard line.contains("\"verdict\": \"accept\""), let path = field("object", line),
        let name = field("program", line), let section = field("section", line),
        let type = field("type", line).flatMap({ ProgramType(name: $0) })
      else { continue }
      let object = try ObjectFile(bytes: readFile(root + path))
      let named = object.programs.filter { $0.name == name }
      guard let program = named.first(where: { $0.sectionName == section }) ?? named.first else {
        continue
      }
      try body(
        CorpusProgram(
          name: path + " " + name, linked: object.link(program), type: type,
          linuxProcessed: field("processed", line).flatMap { Double($0) } ?? 0,
          linuxMicroseconds: field("us", line).flatMap { Double($0) } ?? 0))
    }
    return true
  }

  /// The value of a field of an object on one line.
  private static func field(_ name: String, _ line: Substring) -> String? {
    guard let start = line.firstRange(of: "\"\(name)\": ") else { return nil }
    let rest = line[start.upperBound...]
    if rest.first == "\"" {
      return rest.dropFirst().firstIndex(of: "\"").map { String(rest.dropFirst()[..<$0]) }
    }
    return String(rest.prefix { $0.isNumber || $0 == "." })
  }
}
