import BPFISA
import BPFObject
import BPFPlatform
import TestSupport

@testable import BPFVerifier

/// One instruction, what is known before it, and what is known after it where it goes on and where it jumps.
///
/// `Fixtures/states.txt` has a block for each: `pre`, instructions that lead there; `code`; and as the log writes them, `before`,
/// `post` and `taken`, of the registers that the code names, or of those of `shows`.
struct StateFixture {
  let name: String
  let pre: String
  let code: String
  /// Instead of what the code names.
  let shows: [String]?
  var states: States

  struct States: Equatable {
    var before = ""
    var post: String?
    var taken: String?
  }

  struct Wrong: Error {
    let block: Substring
  }

  init(_ block: Substring) throws {
    var lines: [Substring: Substring] = [:]
    var name: Substring?
    for line in block.split(separator: "\n") {
      if line.hasPrefix("# ") {
        name = line.dropFirst(2)
      } else {
        guard let colon = line.firstIndex(of: ":") else { throw Wrong(block: block) }
        let value = line[line.index(after: colon)...]
        lines[line[..<colon]] = value.first == " " ? value.dropFirst() : value
      }
    }
    guard let name, let pre = lines["pre"], let code = lines["code"] else {
      throw Wrong(block: block)
    }
    self.name = String(name)
    self.pre = String(pre)
    self.code = String(code)
    shows = lines["shows"].map { $0.split(separator: " ").map(String.init) }
    states = States(
      before: String(lines["before"] ?? ""), post: lines["post"].map { String($0) },
      taken: lines["taken"].map { String($0) })
  }

  static func all(in text: String) throws -> [StateFixture] {
    var blocks: [Substring] = []
    var start = text.startIndex
    while let end = text[start...].firstRange(of: "\n\n") {
      blocks.append(text[start..<end.lowerBound])
      start = end.upperBound
    }
    blocks.append(text[start...])
    return try blocks.map { try StateFixture($0) }
  }

  var text: String {
    var text = "# \(name)\npre: \(pre)\ncode: \(code)\n"
    if let shows { text += "shows: \(shows.joined(separator: " "))\n" }
    text += "before: \(states.before)\n"
    if let post = states.post { text += "post: \(post)\n" }
    if let taken = states.taken { text += "taken: \(taken)\n" }
    return text
  }

  // MARK: The program

  static let type = ProgramType.schedCLS

  static let maps: [MapSpec] = [
    MapSpec(name: "values", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1),
    MapSpec(
      name: "constants", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1,
      flags: .readOnlyForPrograms,
      contents: [.init(key: [0, 0, 0, 0], value: .bytes([5, 0, 0, 0, 0, 0, 0, 0]))],
      isFrozen: true),
    MapSpec(name: "table", kind: .hash, keySize: 8, valueSize: 16, maxEntries: 8),
    MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
  ]

  /// The program, and the slots of the code, of what follows it and of where it jumps.
  func program() throws -> (program: Program, code: Int, next: Int, target: Int?) {
    var text = lines(pre) + "code: \(code)\nnext: r0 = 0\nexit\n"
    for (label, body) in [("there", "r0 = 0"), ("out", "r0 = 0"), ("f", "r0 = 1")]
    where (pre + " " + code).contains(label == "f" ? "call f" : label) {
      text += "\(label): \(body)\nexit\n"
    }
    let assembled = try Assembler().assemble(utf8: Array(text.utf8))
    func slot(_ label: String) -> Int? { assembled.labels.first { $0.name == label }?.start }
    guard let code = slot("code"), let next = slot("next") else { throw Wrong(block: text[...]) }
    let program = try Program(
      name: "fixture", slots: assembled.slots, mapNames: Self.maps.map(\.name))
    return (program, code, next, slot("there"))
  }

  private func lines(_ text: String) -> String {
    text.split(separator: ";").map { $0.drop { $0 == " " } + "\n" }.joined()
  }

  // MARK: The states

  /// What the verifier knows of what the fixture shows.
  func verified() throws -> States {
    let (program, code, next, target) = try program()
    var seen: [Int: String] = [:]
    let log = VerificationLog { slot, state in
      if seen[slot] == nil { seen[slot] = state }
    }
    _ = try Verifier(for: Self.type).verify(program, maps: Self.maps, log: log)
    return States(
      before: shown(seen[code] ?? ""), post: seen[next].map(shown),
      taken: target.flatMap { seen[$0] }.map(shown))
  }

  private func shown(_ state: String) -> String {
    let names = shows ?? named
    var parts: [String] = []
    for part in state.split(separator: " ") {
      // The second half of what bits are known is set off by a blank.
      if part.hasPrefix("0x"), let last = parts.indices.last {
        parts[last] += " " + part
      } else {
        parts.append(String(part))
      }
    }
    return parts.filter { part in
      // The frame pointer itself is always the same.
      guard part != "R10=fp0", let equals = part.firstIndex(of: "=") else { return false }
      let name = part[..<equals].lowercased()
      return names.contains(name) || names.contains("r10") && name.hasPrefix("fp-")
    }.joined(separator: " ")
  }

  /// The registers that the code names.
  private var named: [String] {
    var names: [String] = []
    for word in code.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      guard let first = word.first, first == "r" || first == "w", Int(word.dropFirst()) != nil
      else { continue }
      names.append("r" + word.dropFirst())
    }
    return names
  }
}
