/// A strict reader of JSON text (RFC 8259): one value, valid UTF-8, no duplicate names, bounded depth.
public struct JSONParser {
  /// How deep arrays and objects may nest unless the caller says otherwise.
  public static let defaultDepthLimit = 64

  /// The members of the outermost object read so far; what remains readable of a text that then fails.
  public private(set) var outermostMembers: [JSONValue.Member] = []

  private let bytes: [UInt8]
  private let depthLimit: Int
  private var position = 0
  private var depth = 0

  public init(_ bytes: [UInt8], depthLimit: Int = JSONParser.defaultDepthLimit) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  /// The value that `bytes` spells.
  ///
  /// - Complexity: O(*n*), *n* the number of bytes.
  /// - Throws: ``JSONError`` with the offset of the first byte that is wrong.
  public static func parse(
    _ bytes: [UInt8], depthLimit: Int = JSONParser.defaultDepthLimit
  ) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes, depthLimit: depthLimit)
    return try parser.parse()
  }

  /// Reads the whole text as one value; to be called once.
  public mutating func parse() throws(JSONError) -> JSONValue {
    let value = try parseValue()
    skipSpace()
    if position < bytes.count { throw error(.trailingText(bytes[position])) }
    return value
  }

  private mutating func parseValue() throws(JSONError) -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw expected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try parseObject())
    case UInt8(ascii: "["): return .array(try parseArray())
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    default: throw expected("a value")
    }
  }

  private mutating func parseWord(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    for byte in word.description.utf8 {
      guard position < bytes.count, bytes[position] == byte else { throw expected("'\(word)'") }
      position += 1
    }
    return value
  }

  private mutating func parseArray() throws(JSONError) -> [JSONValue] {
    try enter()
    defer { depth -= 1 }
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try parseValue())
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "]")) { return elements }
      throw expected("',' or ']'")
    }
  }

  private mutating func parseObject() throws(JSONError) -> [JSONValue.Member] {
    try enter()
    defer { depth -= 1 }
    var members: [JSONValue.Member] = []
    // Few names are compared one by one; many are kept in a set, so that a long object stays linear.
    var names: Set<String> = []
    if take(UInt8(ascii: "}")) { return members }
    while true {
      skipSpace()
      let start = position
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw expected("a member's name in quotes")
      }
      let name = try parseString()
      if members.count == 16 { names = Set(members.lazy.map(\.name)) }
      let isNew =
        members.count < 16
        ? members.allSatisfy { $0.name != name } : names.insert(name).inserted
      guard isNew else { throw JSONError(offset: start, reason: .duplicateName(name)) }
      guard take(UInt8(ascii: ":")) else { throw expected("':'") }
      let member = JSONValue.Member(name, try parseValue())
      members.append(member)
      if depth == 1 { outermostMembers.append(member) }
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "}")) { return members }
      throw expected("',' or '}'")
    }
  }

  private mutating func enter() throws(JSONError) {
    guard depth < depthLimit else { throw error(.tooDeep(limit: depthLimit)) }
    depth += 1
    position += 1
  }
}

// MARK: - Strings and numbers

extension JSONParser {
  private mutating func parseString() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        defer { position += 1 }
        return try text(start..<position)
      }
      if byte == UInt8(ascii: "\\") { return try parseEscapedString(from: start) }
      if byte < 0x20 { throw error(.controlCharacter(byte)) }
      position += 1
    }
    throw expected("'\"' at the end of a string")
  }

  /// Reads on from the first backslash of a string that started at `start`.
  private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
    var result = try text(start..<position)
    var runStart = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        result += try text(runStart..<position)
        position += 1
        return result
      }
      if byte < 0x20 { throw error(.controlCharacter(byte)) }
      if byte == UInt8(ascii: "\\") {
        result += try text(runStart..<position)
        result.unicodeScalars.append(try parseEscape())
        runStart = position
      } else {
        position += 1
      }
    }
    throw expected("'\"' at the end of a string")
  }

  private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard position < bytes.count else { throw expected("an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw JSONError(offset: start, reason: .invalidEscape)
    }
    let first = try parseCodeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // The first half of a surrogate pair needs its second half (RFC 8259 section 7).
    guard first < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw JSONError(offset: start, reason: .loneSurrogate) }
    position += 2
    let second = try parseCodeUnit()
    guard (0xdc00..<0xe000).contains(second),
      let scalar = Unicode.Scalar(
        0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
    else { throw JSONError(offset: start, reason: .loneSurrogate) }
    return scalar
  }

  private mutating func parseCodeUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = HexText.value(of: bytes[position]) else {
        throw expected("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func parseNumber() throws(JSONError) -> JSONValue {
    let start = position
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let digitsStart = position
    try skipDigits()
    if position > digitsStart + 1, bytes[digitsStart] == UInt8(ascii: "0") {
      position = digitsStart + 1
      throw expected("no digit after a leading 0")
    }
    var isInteger = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try skipDigits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if position < bytes.count,
        bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      try skipDigits()
    }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, digits != "-0", let integer = Int128(digits) { return .integer(integer) }
    guard let number = Double(digits), number.isFinite else {
      throw JSONError(offset: start, reason: .numberOutOfRange)
    }
    return .number(number)
  }

  private mutating func skipDigits() throws(JSONError) {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    {
      position += 1
    }
    if position == start { throw expected("a digit") }
  }
}

// MARK: - Bytes

extension JSONParser {
  private func text(_ range: Range<Int>) throws(JSONError) -> String {
    if let text = String(validating: bytes[range], as: UTF8.self) { return text }
    // Which byte is wrong matters only now.
    var offset = range.lowerBound
    do { _ = try UTF8Span(validating: bytes.span.extracting(range)) } catch {
      offset += error.byteOffsets.lowerBound
    }
    throw JSONError(offset: offset, reason: .invalidUTF8)
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  /// Skips white space, and `byte` where it comes next.
  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private func error(_ reason: JSONError.Reason) -> JSONError {
    JSONError(offset: position, reason: reason)
  }

  private func expected(_ what: String) -> JSONError {
    error(.expected(what, found: position < bytes.count ? bytes[position] : nil))
  }
}
