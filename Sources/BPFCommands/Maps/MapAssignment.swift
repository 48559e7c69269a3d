/// What `--set` says: `MAP[KEY]=VALUE`, or `VARIABLE=VALUE` for a global variable.
struct MapAssignment {
  /// The text that was given, for errors.
  let text: String
  let target: Target
  let value: JSONValue

  enum Target {
    case entry(map: String, key: JSONValue)
    case variable(String)
  }

  /// Reads an argument; nil where it has neither form.
  init?(_ text: String) {
    self.text = text
    guard let equals = text.firstIndex(of: "=") else { return nil }
    guard let bracket = text.firstIndex(of: "["), bracket < equals else {
      let name = String(text[..<equals])
      guard !name.isEmpty else { return nil }
      target = .variable(name)
      value = Self.json(text[text.index(after: equals)...])
      return
    }
    let map = String(text[..<bracket])
    let rest = text[text.index(after: bracket)...]
    // A key may be JSON that has brackets of its own.
    let ends = rest.ranges(of: "]=")
    guard !map.isEmpty, let first = ends.first else { return nil }
    let end =
      ends.first { (try? JSONParser.parse(Array(rest[..<$0.lowerBound].utf8))) != nil } ?? first
    target = .entry(map: map, key: Self.json(rest[..<end.lowerBound]))
    value = Self.json(rest[end.upperBound...])
  }

  /// What a person writes as a value: JSON, a number in hexadecimal, or a word that needs no quotes.
  private static func json(_ text: Substring) -> JSONValue {
    if let value = try? JSONParser.parse(Array(text.utf8)) { return value }
    if text.hasPrefix("0x"), let number = Int128(text.dropFirst(2), radix: 16) {
      return .integer(number)
    }
    return .string(String(text))
  }
}
