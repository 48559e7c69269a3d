/// Why bytes or a value do not fit a type.
public enum ValueDefect: Error, Hashable, Sendable {
  case noSuchType(BTF.TypeID)
  /// The type has no size, as `void` or a structure that is only declared.
  case unsized(String)
  case wrongSize(found: Int, expected: Int)
  /// The type stands for more values than may be made of it.
  case tooManyValues(limit: Int)
  /// The value is of another kind than the type.
  case mismatch(found: String, expected: String)
  /// A number that the type cannot hold.
  case outOfRange(String, bits: Int)
  case noSuchMember(String)
  /// A member of a structure or a union that is named twice.
  case memberTwice(String)
  case noSuchEnumerator(String)
  /// Two members of a union are given, with different values for the same bits.
  case contradiction
  /// A value larger than is ever encoded.
  case tooLarge(size: Int, limit: Int)
}
