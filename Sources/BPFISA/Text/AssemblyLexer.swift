/// A piece of assembler text.
struct AssemblyToken: Equatable {
  enum Kind: Equatable {
    /// A name: a letter, `_`, `.` or `$`, then also digits and `@`.
    case word
    /// Decimal, hexadecimal, octal or binary digits; the value, or nil if it does not fit 64 bits.
    case number(UInt64?)
    /// `1b` or `1f`: the last or the next numeric label.
    case numericLabel(UInt64, isForward: Bool)
    case symbol
    /// The end of a line, or a `;`.
    case separator
    case end
    /// A byte that begins no token.
    case unknown
  }

  let kind: Kind
  /// The bytes of the text it covers.
  let range: Range<Int>
  /// Where it stands, both from 1.
  let line: Int
  let column: Int
}

/// Cuts assembler text into tokens, skipping blanks and comments. Never fails but on an endless comment:
/// what makes no sense is for the parser to report.
struct AssemblyLexer {
  let text: [UInt8]
  var position = 0
  private(set) var line = 1
  private(set) var lineStart = 0
  /// Whether nothing but blanks lies between the start of the line and the position.
  var isAtLineStart = true

  init(_ text: [UInt8]) {
    self.text = text
  }

  /// The byte at an index, 0 beyond the end.
  func byte(_ index: Int) -> UInt8 {
    index < text.count ? text[index] : 0
  }

  func string(_ range: Range<Int>) -> String {
    String(decoding: text[range], as: UTF8.self)
  }

  // MARK: Tokens

  mutating func next() throws(AssemblyError) -> AssemblyToken {
    try skipBlanksAndComments()
    let start = position
    guard start < text.count else { return token(.end, from: start) }
    let first = text[start]
    if first == UInt8(ascii: "\n") {
      position += 1
      defer {
        line += 1
        lineStart = position
        isAtLineStart = true
      }
      return token(.separator, from: start)
    }
    isAtLineStart = false
    if first == UInt8(ascii: ";") {
      position += 1
      return token(.separator, from: start)
    }
    if Self.isDigit(first) { return number(from: start) }
    if Self.beginsWord(first) { return word(from: start) }
    position += symbolLength(at: start)
    if position > start { return token(.symbol, from: start) }
    position += 1
    // A character of several bytes is one unknown token.
    while position < text.count, text[position] & 0xc0 == 0x80 {
      position += 1
    }
    return token(.unknown, from: start)
  }

  private func token(_ kind: AssemblyToken.Kind, from start: Int) -> AssemblyToken {
    AssemblyToken(
      kind: kind, range: start..<position, line: line, column: start - lineStart + 1)
  }

  private mutating func skipBlanksAndComments() throws(AssemblyError) {
    while position < text.count {
      let current = text[position]
      let following = byte(position + 1)
      if current == UInt8(ascii: " ") || current == UInt8(ascii: "\t")
        || current == UInt8(ascii: "\r")
      {
        position += 1
      } else if current == UInt8(ascii: "#")
        || current == UInt8(ascii: "/") && following == UInt8(ascii: "/")
        || current == UInt8(ascii: ";") && isAtLineStart
      {
        skipLine()
      } else if current == UInt8(ascii: "/") && following == UInt8(ascii: "*") {
        try skipBlockComment()
      } else {
        return
      }
    }
  }

  /// Goes to the end of the line, in front of the line feed.
  mutating func skipLine() {
    while position < text.count, text[position] != UInt8(ascii: "\n") {
      position += 1
    }
  }

  private mutating func skipBlockComment() throws(AssemblyError) {
    let error = AssemblyError(
      line: line, column: position - lineStart + 1, reason: .unterminatedComment)
    position += 2
    while position < text.count {
      if text[position] == UInt8(ascii: "*"), byte(position + 1) == UInt8(ascii: "/") {
        position += 2
        return
      }
      if text[position] == UInt8(ascii: "\n") {
        line += 1
        lineStart = position + 1
      }
      position += 1
    }
    throw error
  }

  private mutating func word(from start: Int) -> AssemblyToken {
    position += 1
    while Self.continuesWord(byte(position)) {
      position += 1
    }
    // `s>` and its kin: signed operators.
    if position == start + 1, text[start] == UInt8(ascii: "s") {
      let length = signedOperatorLength(at: start)
      if length > 0 {
        position = start + length
        return token(.symbol, from: start)
      }
    }
    return token(.word, from: start)
  }

  private mutating func number(from start: Int) -> AssemblyToken {
    while Self.isDigit(byte(position)) || Self.continuesWord(byte(position)) {
      position += 1
    }
    let range = start..<position
    let last = text[position - 1]
    let isForward = last == UInt8(ascii: "f")
    if isForward || last == UInt8(ascii: "b"), range.count > 1,
      let label = value(start..<position - 1, radix: 10)
    {
      return token(.numericLabel(label, isForward: isForward), from: start)
    }
    guard let (digits, radix) = digits(of: range) else {
      return token(.unknown, from: start)
    }
    return token(.number(value(digits, radix: radix)), from: start)
  }

  /// The digits and the radix of a number, nil if it is ill formed.
  private func digits(of range: Range<Int>) -> (Range<Int>, radix: UInt64)? {
    var digits = range
    var radix: UInt64 = 10
    if range.count > 1, text[range.lowerBound] == UInt8(ascii: "0") {
      switch byte(range.lowerBound + 1) | 0x20 {
      case UInt8(ascii: "x"): (digits, radix) = (range.dropFirst(2), 16)
      case UInt8(ascii: "b"): (digits, radix) = (range.dropFirst(2), 2)
      default: (digits, radix) = (range.dropFirst(1), 8)
      }
    }
    let isWellFormed = digits.allSatisfy { Self.digit(text[$0]).map { $0 < radix } ?? false }
    return isWellFormed && !digits.isEmpty ? (digits, radix) : nil
  }

  /// The value of digits, nil if one is none or the value does not fit.
  private func value(_ digits: Range<Int>, radix: UInt64) -> UInt64? {
    var value: UInt64 = 0
    for index in digits {
      guard let digit = Self.digit(text[index]), digit < radix else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  // MARK: Symbols

  /// The length of the longest symbol at an index, 0 if there is none.
  private func symbolLength(at index: Int) -> Int {
    let first = byte(index)
    let second = byte(index + 1)
    let third = byte(index + 2)
    let equals = UInt8(ascii: "=")
    switch first {
    case UInt8(ascii: "<"), UInt8(ascii: ">"):
      if second == first { return third == equals ? 3 : 2 }
      return second == equals ? 2 : 1
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"),
      UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "^"),
      UInt8(ascii: "="), UInt8(ascii: "!"):
      return second == equals ? 2 : 1
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
      UInt8(ascii: ","), UInt8(ascii: ":"):
      return 1
    default:
      return 0
    }
  }

  /// The length of the signed operator at an `s`, 0 if there is none.
  private func signedOperatorLength(at index: Int) -> Int {
    let length = symbolLength(at: index + 1)
    switch string(index + 1..<index + 1 + length) {
    case ">", ">=", "<", "<=", ">>=", "/=", "%=": return length + 1
    default: return 0
    }
  }

  // MARK: Characters

  static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  static func beginsWord(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "$")
  }

  static func continuesWord(_ byte: UInt8) -> Bool {
    beginsWord(byte) || isDigit(byte) || byte == UInt8(ascii: "@")
  }

  /// The value of a digit of any radix to 16.
  static func digit(_ byte: UInt8) -> UInt64? {
    if isDigit(byte) { return UInt64(byte - UInt8(ascii: "0")) }
    let lower = byte | 0x20
    guard lower >= UInt8(ascii: "a"), lower <= UInt8(ascii: "f") else { return nil }
    return UInt64(lower - UInt8(ascii: "a")) + 10
  }

  /// Whether a name can be written as a label.
  static func isLabel(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard let first = bytes.first else { return false }
    return beginsWord(first) && bytes.allSatisfy(continuesWord) && !reservedWords.contains(name)
  }

  /// Words that mean something else where a label may stand: `pc+5`, `kfunc[id:5]`, and registers.
  private static let reservedWords: Set<String> = Set(
    ["pc", "kfunc"] + Register.allCases.flatMap { [$0.name(.bits32), $0.name(.bits64)] })
}
