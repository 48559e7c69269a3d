/// What bytes of a map mean, as far as they can be shown and written: a C type without its names for it.
///
/// Numbers are little-endian, as the programs have them.
indirect enum ValueType: Hashable, Sendable {
  case integer(Integer)
  /// A number stored in network byte order (`__be16`, `__be32`, `__be64`), of a size in bytes.
  case networkInteger(size: Int)
  /// An Internet address of 4 or 16 bytes, kept as bytes.
  case address(size: Int)
  case float(size: Int)
  case enumeration(size: Int, isSigned: Bool, values: [EnumerationValue])
  /// Characters, zero-terminated if fewer.
  case characters(count: Int)
  case array(of: ValueType, count: Int)
  case structure(Structure)
  /// Bytes of which nothing more is known.
  case bytes(count: Int)

  struct Integer: Hashable, Sendable {
    /// The size in bytes: 1, 2, 4, 8 or 16.
    var size: Int
    var isSigned: Bool
    var isBoolean = false
    var isPointer = false
  }

  struct EnumerationValue: Hashable, Sendable {
    var name: String
    var value: Int128
  }

  struct Structure: Hashable, Sendable {
    var kind: Kind
    /// The size in bytes.
    var size: Int
    var members: [Member]

    enum Kind: Hashable, Sendable {
      case structure
      case union
      /// A section of global variables: what is not mentioned keeps its value.
      case section
    }
  }

  struct Member: Hashable, Sendable {
    /// Empty for an anonymous structure or union, whose members belong to the outer one.
    var name: String
    /// The offset in bits from the start of the structure.
    var bitOffset: Int
    /// The number of bits of a bit field; nil for a whole member.
    var bitCount: Int?
    var type: ValueType
  }

  /// The size in bytes.
  var size: Int {
    switch self {
    case .integer(let integer): integer.size
    case .networkInteger(let size), .address(let size), .float(let size),
      .enumeration(let size, _, _):
      size
    case .characters(let count), .bytes(let count): count
    case .array(let element, let count): element.size * count
    case .structure(let structure): structure.size
    }
  }
}

extension ValueType.Member {
  /// The bytes of the structure that a whole member takes; nil for a bit field, or where it would not fit.
  func range(in count: Int) -> Range<Int>? {
    guard bitCount == nil, bitOffset % 8 == 0 else { return nil }
    let start = bitOffset / 8
    guard start >= 0, start <= count, type.size <= count - start else { return nil }
    return start..<start + type.size
  }

  /// The value of a bit field in the bytes of its structure; nil where it would not fit.
  func bitField(in bytes: ArraySlice<UInt8>) -> Int128? {
    guard let bitCount, (1...64).contains(bitCount), bitOffset >= 0,
      bitOffset <= bytes.count * 8 - bitCount
    else { return nil }
    var value: UInt64 = 0
    for bit in 0..<bitCount {
      let position = bitOffset + bit
      let byte = bytes[bytes.startIndex + position / 8]
      value |= UInt64(byte >> UInt8(position % 8) & 1) << UInt64(bit)
    }
    guard type.isSigned, value >> UInt64(bitCount - 1) == 1 else { return Int128(value) }
    return Int128(value) - Int128(1) << Int128(bitCount)
  }
}

extension ValueType {
  /// Whether the highest bit of a number of this type is its sign.
  var isSigned: Bool {
    switch self {
    case .integer(let integer): integer.isSigned
    case .enumeration(_, let isSigned, _): isSigned
    case .networkInteger, .address, .float, .characters, .array, .structure, .bytes: false
    }
  }

  /// The number that bytes spell, least significant first.
  static func number(_ bytes: ArraySlice<UInt8>, isSigned: Bool) -> Int128 {
    var value: UInt128 = 0
    for byte in bytes.prefix(16).reversed() { value = value << 8 | UInt128(byte) }
    let bits = UInt128(8 * min(bytes.count, 16))
    guard isSigned, bits > 0, bits < 128, value >> (bits - 1) == 1 else {
      return Int128(truncatingIfNeeded: value)
    }
    return Int128(truncatingIfNeeded: value) - Int128(1) << Int128(bits)
  }
}
