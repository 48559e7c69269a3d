/// Writes JSON text (RFC 8259); members come in the order in which they are written.
///
/// Arrays and objects are written by closures, so that what is opened is closed.
public struct JSONWriter {
  /// The text so far, in UTF-8.
  public private(set) var bytes: [UInt8] = []

  private let style: Style
  private var depth = 0
  /// Whether the next element or member is the first of its array or object.
  private var isFirst = true

  public init(_ style: Style = .compact) { self.style = style }

  /// How text is laid out; it means the same in either style.
  public enum Style: Sendable {
    /// One line without spaces.
    case compact
    /// A line for each element and member, indented by two spaces a level.
    case indented
  }

  public mutating func null() { bytes.append(contentsOf: "null".utf8) }

  public mutating func bool(_ value: Bool) {
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  public mutating func integer(_ value: some BinaryInteger) {
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Writes a number; JSON has no infinities and no NaN: they become null.
  public mutating func number(_ value: Double) {
    if value.isFinite {
      bytes.append(contentsOf: value.description.utf8)
    } else {
      null()
    }
  }

  /// Writes a number that is given in tenths.
  public mutating func tenths(_ value: Int) {
    integer(value / 10)
    if value % 10 != 0 {
      bytes.append(UInt8(ascii: "."))
      integer((value % 10).magnitude)
    }
  }

  public mutating func string(_ value: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
      case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
      case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
      case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
      case 0..<0x20, 0x7f:
        bytes.append(contentsOf: #"\u00"#.utf8)
        bytes.append(contentsOf: HexText.digits(of: [byte]).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes bytes as a string of two lower-case hexadecimal digits each.
  public mutating func hex(_ value: some Sequence<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    HexText.append(value, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes an array, whose elements `content` writes with ``element(_:)``.
  public mutating func array<Failure>(
    _ content: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    try nest("[", "]", content)
  }

  /// Writes an object, whose members `content` writes with ``member(_:_:)``.
  public mutating func object<Failure>(
    _ content: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    try nest("{", "}", content)
  }

  /// Begins an element of the array being written.
  public mutating func element<Failure>(
    _ content: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    separate()
    try content(&self)
    isFirst = false
  }

  /// Writes a member of the object being written.
  public mutating func member<Failure>(
    _ name: String, _ content: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    separate()
    string(name)
    bytes.append(UInt8(ascii: ":"))
    if style == .indented { bytes.append(UInt8(ascii: " ")) }
    try content(&self)
    isFirst = false
  }

  public mutating func member(_ name: String, _ value: String) { member(name) { $0.string(value) } }
  public mutating func member(_ name: String, _ value: Bool) { member(name) { $0.bool(value) } }
  public mutating func member(_ name: String, _ value: some BinaryInteger) {
    member(name) { $0.integer(value) }
  }
  public mutating func member(_ name: String, _ value: JSONValue) {
    member(name) { $0.value(value) }
  }

  /// Writes a list of strings as a member.
  public mutating func member(_ name: String, _ values: some Sequence<String>) {
    member(name) { writer in
      writer.array { writer in
        for value in values { writer.element { $0.string(value) } }
      }
    }
  }

  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .integer(let value): integer(value)
    case .number(let value): number(value)
    case .string(let value): string(value)
    case .array(let elements):
      array { writer in
        for element in elements { writer.element { $0.value(element) } }
      }
    case .object(let members):
      object { writer in
        for member in members { writer.member(member.name, member.value) }
      }
    }
  }

  private mutating func nest<Failure>(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar,
    _ content: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    bytes.append(UInt8(truncatingIfNeeded: open.value))
    depth += 1
    isFirst = true
    try content(&self)
    depth -= 1
    if !isFirst { breakLine() }
    bytes.append(UInt8(truncatingIfNeeded: close.value))
    isFirst = false
  }

  private mutating func separate() {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    breakLine()
  }

  private mutating func breakLine() {
    guard style == .indented else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
  }
}

extension JSONValue: CustomStringConvertible {
  /// The value as compact JSON text.
  public var description: String {
    var writer = JSONWriter()
    writer.value(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
