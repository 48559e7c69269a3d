/// Where in a JSON text a value stands.
struct JSONPath: Hashable {
  enum Step: Hashable {
    case member(String)
    case element(Int)
  }

  var steps: [Step] = []

  init(_ steps: [Step] = []) { self.steps = steps }

  /// The path that a value's error names, as `stats.packets[2]`.
  ///
  /// - Parameter field: the member that it starts from.
  init(named path: String, in field: String? = nil) {
    if let field { steps.append(.member(field)) }
    for part in path.split(separator: ".") {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      if let name = pieces.first, !name.isEmpty { steps.append(.member(String(name))) }
      for piece in pieces.dropFirst() {
        if let index = Int(piece.prefix { $0 != "]" }) { steps.append(.element(index)) }
      }
    }
  }

  /// The path of a value inside the one at this path.
  func appending(_ step: Step) -> JSONPath { JSONPath(steps + [step]) }

  func appending(_ name: String) -> JSONPath { appending(.member(name)) }

  func appending(_ index: Int) -> JSONPath { appending(.element(index)) }

  /// The line and column, counted from 1, where the value begins in a text that is valid JSON; as far as the path
  /// leads there. Columns count bytes.
  ///
  /// - Complexity: O(*n*), *n* the length of the text.
  func place(in text: [UInt8]) -> TextPlace {
    var locator = Locator(text: text)
    for step in steps {
      guard locator.enter(step) else { break }
    }
    locator.skipSpace()
    return TextPlace(of: locator.position, in: text)
  }
}

/// A line and a column of a text, counted from 1; columns count bytes.
struct TextPlace: Hashable, CustomStringConvertible {
  let line: Int
  let column: Int

  init(of offset: Int, in text: [UInt8]) {
    let before = text.prefix(offset)
    line = before.count { $0 == UInt8(ascii: "\n") } + 1
    column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
  }

  var description: String { "line \(line), column \(column)" }
}

/// Walks over JSON text that was read before, without making values of it.
private struct Locator {
  let text: [UInt8]
  var position = 0

  private var next: UInt8? { position < text.count ? text[position] : nil }

  mutating func skipSpace() {
    while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
  }

  /// Moves to the start of a member or element of the value that begins here; false where there is none.
  mutating func enter(_ step: JSONPath.Step) -> Bool {
    let start = position
    skipSpace()
    guard let open = next, open == UInt8(ascii: "{") || open == UInt8(ascii: "[") else {
      return false
    }
    position += 1
    var index = 0
    while true {
      skipSpace()
      guard let byte = next, byte != UInt8(ascii: "}"), byte != UInt8(ascii: "]") else {
        position = start
        return false
      }
      var isWanted = step == .element(index)
      if open == UInt8(ascii: "{") {
        let name = string()
        isWanted = step == .member(name)
        skipSpace()
        if next == UInt8(ascii: ":") { position += 1 }
        skipSpace()
      }
      if isWanted { return true }
      skipValue()
      skipSpace()
      if next == UInt8(ascii: ",") { position += 1 }
      index += 1
    }
  }

  /// The string that begins here, without its quotes.
  private mutating func string() -> String {
    let start = position
    skipValue()
    guard case .string(let text)? = try? JSONParser.parse(Array(text[start..<position])) else {
      return ""
    }
    return text
  }

  private mutating func skipValue() {
    var depth = 0
    repeat {
      skipSpace()
      guard let byte = next else { return }
      switch byte {
      case UInt8(ascii: "\""): skipString()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        position += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"): position += 1
      default:
        while let byte = next, !Self.endsScalar(byte) { position += 1 }
      }
    } while depth > 0
  }

  private mutating func skipString() {
    position += 1
    while let byte = next, byte != UInt8(ascii: "\"") {
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    position = min(position + 1, text.count)
  }

  private static func endsScalar(_ byte: UInt8) -> Bool {
    byte <= 0x20 || [UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(byte)
  }
}
