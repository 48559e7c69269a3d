import Testing

@testable import BPFCommands

/// The examples of Documentation/Batch.md, replayed.
@Suite struct BatchDocumentationTests {
  @Test func repliesAreAsDocumented() throws {
    let path = TestFiles.repository + "/Documentation/Batch.md"
    let text = String(decoding: try FileContents.read(path), as: UTF8.self)
    let server = BatchServer()
    var pairs = 0
    for block in text.components(between: "```jsonl\n", and: "```") {
      let lines = block.split(separator: "\n")
      #expect(lines.count.isMultiple(of: 2))
      for index in stride(from: 0, to: lines.count - 1, by: 2) {
        let reply = try JSONParser.parse(server.reply(to: Array(lines[index].utf8)))
        let documented = try JSONParser.parse(Array(lines[index + 1].utf8))
        #expect(reply.isLike(documented), "\(lines[index]) was answered \(reply)")
        pairs += 1
      }
    }
    #expect(pairs >= 5)
  }

  @Test func everyFaultClassIsDocumented() throws {
    let path = TestFiles.repository + "/Documentation/Batch.md"
    let text = String(decoding: try FileContents.read(path), as: UTF8.self)
    let names = try String(
      decoding: FileContents.read(
        TestFiles.repository + "/Sources/BPFCommands/Batch/ReasonClass.swift"), as: UTF8.self
    ).components(between: ": \"", and: "\"")
    #expect(names.count > 20)
    for name in names { #expect(text.contains("`\(name)`"), "\(name)") }
  }
}

extension String {
  /// The parts that lie between two marks.
  fileprivate func components(between start: String, and end: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let opening = rest.firstRange(of: start) {
      rest = rest[opening.upperBound...]
      guard let closing = rest.firstRange(of: end) else { break }
      parts.append(rest[..<closing.lowerBound])
      rest = rest[closing.upperBound...]
    }
    return parts
  }
}

extension JSONValue {
  /// Whether a reply equals a documented one but for times, and for texts that the document leaves out.
  fileprivate func isLike(_ documented: JSONValue, name: String = "") -> Bool {
    switch (self, documented) {
    case (_, .integer(0))
    where ["ns", "load_ns", "decode", "verify", "rewrite", "compile", "bytes"].contains(name):
      true
    case (.string, .string("…")): true
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isLike($1) }
    case (.object(let left), .object(let right)):
      left.map(\.name) == right.map(\.name)
        && zip(left, right).allSatisfy { $0.value.isLike($1.value, name: $0.name) }
    default: self == documented
    }
  }
}
