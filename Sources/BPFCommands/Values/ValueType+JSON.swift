extension ValueType {
  /// Bytes as a JSON value, which ``bytes(from:base:path:)`` reads back to the same bytes.
  func json(of bytes: ArraySlice<UInt8>) -> JSONValue {
    guard bytes.count == size else { return .string(HexText.digits(of: bytes)) }
    switch self {
    case .integer(let integer):
      let value = Self.number(bytes, isSigned: integer.isSigned)
      if integer.isBoolean && (value == 0 || value == 1) { return .bool(value == 1) }
      return .integer(value)
    case .networkInteger(let size):
      if size == 4 { return .string(bytes.map(String.init).joined(separator: ".")) }
      return .integer(Self.number(ArraySlice(bytes.reversed()), isSigned: false))
    case .address: return .string(NetworkAddress.text(of: bytes) ?? HexText.digits(of: bytes))
    case .float:
      guard let value = Self.float(bytes), value.isFinite else { return Self.hex(bytes) }
      return .number(value)
    case .enumeration(_, let isSigned, let values):
      let value = Self.number(bytes, isSigned: isSigned)
      return values.first { $0.value == value }.map { .string($0.name) } ?? .integer(value)
    case .characters: return Self.string(bytes).map(JSONValue.string) ?? Self.hex(bytes)
    case .array(let element, let count):
      if element.isByte { return .string(HexText.digits(of: bytes)) }
      return .array(Self.split(bytes, into: count).map(element.json))
    case .structure(let structure):
      let members = structure.members.flatMap { Self.members($0, in: bytes) }
      // A name that occurs twice, or none at all, cannot be read back.
      guard Set(members.map(\.name)).count == members.count, !members.isEmpty else {
        return Self.hex(bytes)
      }
      return .object(members)
    case .bytes: return .string(HexText.digits(of: bytes))
    }
  }

  /// The form in which any bytes can be written, whatever their type.
  static func hex(_ bytes: ArraySlice<UInt8>) -> JSONValue {
    .object([JSONValue.Member("hex", .string(HexText.digits(of: bytes)))])
  }

  private static func members(
    _ member: Member, in bytes: ArraySlice<UInt8>
  ) -> [JSONValue.Member] {
    if let number = member.bitField(in: bytes) {
      return member.name.isEmpty ? [] : [JSONValue.Member(member.name, .integer(number))]
    }
    guard let range = member.range(in: bytes.count) else { return [] }
    let part = bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound]
    if member.name.isEmpty, case .structure(let inner) = member.type {
      return inner.members.flatMap { members($0, in: part) }
    }
    return member.name.isEmpty
      ? [] : [JSONValue.Member(member.name, member.type.json(of: part))]
  }
}
