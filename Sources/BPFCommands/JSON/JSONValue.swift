/// A JSON value (RFC 8259), with integers kept exact.
public enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits 128 bits.
  case integer(Int128)
  /// Any other number, rounded to the nearest double.
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// An object's members in the order they were written; no two have the same name.
  case object([Member])

  /// One member of an object.
  public struct Member: Hashable, Sendable {
    public let name: String
    public let value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The value of an object's member, nil where there is none or where this is no object.
  ///
  /// - Complexity: O(*n*), *n* the number of members.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// What kind of value this is, with its article, as error messages say it.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a fractional number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
