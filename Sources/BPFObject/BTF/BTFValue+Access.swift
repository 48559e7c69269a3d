/// Parts of values, for hosts that look for few of them.
extension BTFValue {
  /// The member of a structure or variable of a section with a name, nil where there is none.
  ///
  /// - Complexity: O(*n*), *n* the number of members.
  public subscript(name: String) -> BTFValue? {
    guard case .structure(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The element of an array, nil where there is none.
  public subscript(index: Int) -> BTFValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The number that it is, or stands for; nil for text, parts and floating-point numbers.
  public var integer: Int128? {
    switch self {
    case .signed(let number, _): Int128(number)
    case .unsigned(let number, _), .pointer(let number): Int128(number)
    case .boolean(let flag): flag ? 1 : 0
    case .enumerator(_, let value): Int128(value)
    case .text, .structure, .array, .float, .bytes: nil
    }
  }

  /// An unsigned number, to be written wherever it fits.
  public static func number(_ value: UInt64) -> BTFValue { .unsigned(value, bits: 64) }

  /// A number, to be written wherever it fits.
  public static func number(_ value: Int) -> BTFValue { .signed(Int64(value), bits: 64) }
}
