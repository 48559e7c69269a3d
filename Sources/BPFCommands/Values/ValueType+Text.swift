extension ValueType {
  /// Bytes as text for people: `{packets = 12, bytes = 3400}`.
  func text(of bytes: ArraySlice<UInt8>) -> String {
    guard bytes.count == size else { return HexText.spacedDigits(of: bytes) }
    switch self {
    case .integer(let integer):
      let value = Self.number(bytes, isSigned: integer.isSigned)
      if integer.isBoolean && (value == 0 || value == 1) { return value == 1 ? "true" : "false" }
      if integer.isPointer { return "0x" + String(value, radix: 16) }
      return String(value)
    case .networkInteger(let size):
      if size == 4 { return bytes.map(String.init).joined(separator: ".") }
      return String(Self.number(ArraySlice(bytes.reversed()), isSigned: false))
    case .address: return NetworkAddress.text(of: bytes) ?? HexText.spacedDigits(of: bytes)
    case .float: return Self.float(bytes).map { String($0) } ?? HexText.spacedDigits(of: bytes)
    case .enumeration(_, let isSigned, let values):
      let value = Self.number(bytes, isSigned: isSigned)
      return values.first { $0.value == value }?.name ?? String(value)
    case .characters:
      return Self.string(bytes).map { "\"\($0.escapedForDisplay)\"" }
        ?? HexText.spacedDigits(of: bytes)
    case .array(let element, let count):
      if element.isByte { return HexText.spacedDigits(of: bytes) }
      let parts = Self.split(bytes, into: count).map(element.text)
      return "[\(Self.shortened(parts).joined(separator: ", "))]"
    case .structure(let structure):
      let parts = structure.members.compactMap { Self.text(of: $0, in: bytes) }
      return "{\(parts.joined(separator: ", "))}"
    case .bytes: return HexText.spacedDigits(of: bytes)
    }
  }

  private static func text(of member: Member, in bytes: ArraySlice<UInt8>) -> String? {
    let value: String
    if let number = member.bitField(in: bytes) {
      value = String(number)
    } else if let range = member.range(in: bytes.count) {
      let start = bytes.startIndex
      value = member.type.text(of: bytes[start + range.lowerBound..<start + range.upperBound])
    } else {
      return nil
    }
    return member.name.isEmpty ? value : "\(member.name.escapedForDisplay) = \(value)"
  }

  /// The first elements of a long list, with a count of the others.
  private static func shortened(_ parts: [String]) -> [String] {
    parts.count <= 32 ? parts : parts.prefix(32) + ["… \(parts.count - 32) more"]
  }

  /// Whether an array of this type is best shown as bytes.
  var isByte: Bool {
    switch self {
    case .integer(let integer): integer.size == 1 && !integer.isSigned && !integer.isBoolean
    case .bytes(let count): count == 1
    case .networkInteger, .address, .float, .enumeration, .characters, .array, .structure: false
    }
  }

  /// The equal parts of an array's bytes.
  static func split(_ bytes: ArraySlice<UInt8>, into count: Int) -> [ArraySlice<UInt8>] {
    guard count > 0 else { return [] }
    let stride = bytes.count / count
    return (0..<count).map {
      let start = bytes.startIndex + $0 * stride
      return bytes[start..<start + stride]
    }
  }

  static func float(_ bytes: ArraySlice<UInt8>) -> Double? {
    let bits = UInt64(truncatingIfNeeded: number(bytes, isSigned: false))
    return switch bytes.count {
    case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case 8: Double(bitPattern: bits)
    default: nil
    }
  }

  /// The text of a zero-terminated array of characters; nil where more follows the end, or where it is no UTF-8.
  static func string(_ bytes: ArraySlice<UInt8>) -> String? {
    let text = bytes.prefix { $0 != 0 }
    guard bytes[text.endIndex...].allSatisfy({ $0 == 0 }) else { return nil }
    return String(validating: text, as: UTF8.self)
  }
}
