/// Why text is no JSON value: where, and what was found.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The offset of the offending byte from the start of the text.
  public let offset: Int
  public let reason: Reason

  public init(offset: Int, reason: Reason) {
    self.offset = offset
    self.reason = reason
  }

  public enum Reason: Hashable, Sendable {
    /// Something else was expected here; `found` is nil at the end of the text.
    case expected(String, found: UInt8?)
    /// The bytes are not UTF-8.
    case invalidUTF8
    /// A control character stands unescaped in a string.
    case controlCharacter(UInt8)
    /// A backslash is followed by no escape that RFC 8259 knows.
    case invalidEscape
    /// A `\u` escape names half of a surrogate pair without its other half.
    case loneSurrogate
    /// Arrays and objects nest deeper than the limit.
    case tooDeep(limit: Int)
    /// An object has two members of one name.
    case duplicateName(String)
    /// A number is too large for a double.
    case numberOutOfRange
    /// More text follows the value.
    case trailingText(UInt8)
  }

  public var description: String { "JSON, byte \(offset): \(what)" }

  /// What is wrong, without the place.
  var what: String {
    switch reason {
    case .expected(let what, .some(let byte)):
      "expected \(what), found \(Self.name(of: byte))"
    case .expected(let what, nil): "expected \(what), but the text ends"
    case .invalidUTF8: "the bytes are not UTF-8"
    case .controlCharacter(let byte):
      "the control character \(Self.name(of: byte)) in a string must be escaped"
    case .invalidEscape: "no such escape"
    case .loneSurrogate: "an escape names half of a surrogate pair"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .duplicateName(let name): "the name \(name.quotedForDisplay) occurs twice in one object"
    case .numberOutOfRange: "the number is too large"
    case .trailingText(let byte):
      "expected nothing after the value, found \(Self.name(of: byte))"
    }
  }

  private static func name(of byte: UInt8) -> String {
    (0x20..<0x7f).contains(byte)
      ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(HexText.digits(of: [byte]))"
  }
}
