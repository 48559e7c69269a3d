/// A value as its BTF type describes it.
public indirect enum BTFValue: Hashable, Sendable {
  case signed(Int64, bits: Int)
  case unsigned(UInt64, bits: Int)
  case boolean(Bool)
  /// An array of characters that holds text, followed by zeros only.
  case text(String)
  case enumerator(String, value: Int64)
  /// A structure, a union (every member, of the same bytes) or a data section. The members of members
  /// without a name stand among the others.
  case structure([Member])
  case array([BTFValue])
  case pointer(UInt64)
  case float(Double)
  /// What is no number of up to 64 bits and no text: arrays of bytes, 128-bit integers.
  case bytes([UInt8])

  public struct Member: Hashable, Sendable {
    public var name: String
    public var value: BTFValue

    public init(_ name: String, _ value: BTFValue) {
      self.name = name
      self.value = value
    }
  }

  /// What kind of value it is, in a word, for errors.
  var kindName: String {
    switch self {
    case .signed, .unsigned: "a number"
    case .boolean: "a truth value"
    case .text: "text"
    case .enumerator: "an enumerator"
    case .structure: "a structure"
    case .array: "an array"
    case .pointer: "a pointer"
    case .float: "a floating-point number"
    case .bytes: "bytes"
    }
  }
}

extension BTF {
  /// How many values one value may consist of: types can share parts so that a few bytes stand for any number.
  public static let valueLimit = 1 << 20

  /// The size of the largest value that is encoded, in bytes.
  public static let encodedSizeLimit = 1 << 26

  /// The size of a type whose values can be handled.
  func checkedSize(of id: TypeID) throws(ObjectError) -> Int {
    guard id < types.count else { throw .value(path: "", .noSuchType(id)) }
    guard let size = size(of: id) else {
      throw .value(path: "", .unsized(declaredName(of: id)))
    }
    guard layouts[Int(id)].values <= Self.valueLimit else {
      throw .value(path: "", .tooManyValues(limit: Self.valueLimit))
    }
    return size
  }

  /// How an array of this element type is read as a whole.
  enum ByteArray { case characters, bytes }

  func byteArray(of element: TypeID) -> ByteArray? {
    guard case .integer(let integer) = types[Int(resolve(element))].kind, integer.size == 1,
      integer.bits == 8, !integer.isBoolean
    else { return nil }
    let isCharacter =
      integer.isCharacter
      || strings.hasString("char", at: Int(types[Int(resolve(element))].nameOffset))
    return isCharacter ? .characters : .bytes
  }

  /// Where a member's number lies: the bits of the member, or, from old compilers, of its type.
  func bits(
    of member: BTFType.Member, base: Int
  ) -> (offset: Int, width: Int)? {
    let offset = base + Int(member.bitOffset)
    if let width = member.bitWidth { return (offset, Int(width)) }
    guard case .integer(let integer) = types[Int(resolve(member.type))].kind,
      integer.bits != 8 * integer.size
    else { return nil }
    return (offset + Int(integer.bitOffset), Int(integer.bits))
  }
}

extension ObjectError {
  /// The same error, one level further out.
  func inside(_ name: String) -> ObjectError {
    guard case .value(let path, let defect) = self else { return self }
    let separator = path.isEmpty || path.hasPrefix("[") ? "" : "."
    return .value(path: name + separator + path, defect)
  }
}
