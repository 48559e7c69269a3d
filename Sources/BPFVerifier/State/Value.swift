/// A 64-bit number as the verifier knows it.
typealias Number = Scalar<UInt64>

/// What a register holds, or 8 bytes of stack that a register was stored to.
struct Value {
  var kind: Kind { didSet { encoding = 0 } }
  var flags: Flags = [] { didSet { encoding = 0 } }
  /// How many bytes of a spilled register a stack slot has; 0 where it has none.
  var spillSize: UInt8 = 0
  /// What an entry of a kept state is compared by, as ``encoding`` says.
  var shape: StateEntry.Shape = []
  /// How many bytes from the start of the packet region are proved to be there, for a pointer with this variable offset.
  var range: Int32 = 0 { didSet { encoding = 0 } }
  /// What it points to: a frame's index for the stack, a map's index, the size of memory in bytes, a function's slot, the bytes
  /// of a dynptr.
  var object: Int32 = 0 { didSet { encoding = 0 } }
  /// The constant part of a pointer's offset; of a number, how far it is from others with the same ``id``.
  var offset: Int32 = 0 { didSet { encoding = 0 } }
  /// The same for values that are equal but for their offset: what is found out of one holds for all. 0 where there are no
  /// others.
  var id: UInt32 = 0 { didSet { encoding = 0 } }
  /// What has to be released, or was not released yet for the pointer to be valid; 0 where nothing.
  var reference: UInt32 = 0 { didSet { encoding = 0 } }
  /// Where it came from, for finding out what a decision depends on (``Provenance``).
  var node: UInt32 = 0
  /// Where it is written in the words of kept states, as it is now; 0 where it is not.
  var encoding: UInt32 = 0
  /// The number, or the variable part of a pointer's offset.
  var number: Number { didSet { encoding = 0 } }

  enum Kind: UInt8 {
    /// Nothing that may be read.
    case uninitialized
    case scalar
    case stack
    case context
    case packet
    case packetMetadata
    case packetEnd
    /// The address of a map itself.
    case map
    case mapValue
    case mapKey
    /// Memory of a size that ``Value/object`` gives.
    case memory
    case function
    case socket
    case socketCommon
    case tcpSocket
    /// In a stack slot only: half of a dynptr.
    case dynptr
  }

  struct Flags: OptionSet {
    let rawValue: UInt8

    /// May be null.
    static let nullable = Flags(rawValue: 1)
    static let readOnly = Flags(rawValue: 2)
    /// A record of a ring buffer, from its first byte.
    static let record = Flags(rawValue: 4)
    /// The length of the memory a `raw` program is given.
    static let length = Flags(rawValue: 8)
    /// A packet pointer known to be at the packet's end or after it.
    static let atEnd = Flags(rawValue: 16)
    /// A packet pointer known to be after the packet's end.
    static let beyondEnd = Flags(rawValue: 32)
    /// The dynptr's second half.
    static let secondHalf = Flags(rawValue: 64)
  }

  @inline(__always)
  init(_ kind: Kind, number: Number) {
    self.kind = kind
    self.number = number
  }

  @inline(__always) static var uninitialized: Value { Value(.uninitialized, number: .zero) }

  @inline(__always) static func scalar(_ number: Number) -> Value { Value(.scalar, number: number) }

  @inline(__always) static func constant(_ value: UInt64) -> Value { .scalar(Number(value)) }

  /// A number read from memory: of as many bytes, with zeros above.
  static func loaded(byteCount: Int) -> Value { .scalar(.unsigned(byteCount: byteCount)) }

  static func pointer(
    _ kind: Kind, to object: Int = 0, offset: Int = 0, flags: Flags = [], id: UInt32 = 0,
    reference: UInt32 = 0
  ) -> Value {
    var value = Value(kind, number: .zero)
    value.object = Int32(truncatingIfNeeded: object)
    value.offset = Int32(truncatingIfNeeded: offset)
    value.flags = flags
    value.id = id
    value.reference = reference
    return value
  }

  /// Makes it another number, which is as far from others as is said; where it came from stays.
  @inline(__always)
  mutating func setNumber(_ number: Number, id: UInt32, offset: Int32) {
    self.number = number
    self.id = id
    self.offset = offset
    flags = []
  }

  /// Gives it an identity, which other numbers may have as well.
  @inline(__always)
  mutating func setID(_ id: UInt32) {
    self.id = id
    offset = 0
  }

  @inline(__always) var isScalar: Bool { kind == .scalar }
  @inline(__always) var isPointer: Bool { kind.rawValue > Kind.scalar.rawValue }
  @inline(__always) var isNullable: Bool { flags.contains(.nullable) }

  /// The number, if it is a constant one.
  @inline(__always) var constant: UInt64? { kind == .scalar ? number.constant : nil }

  /// Whether it points to packet bytes, which a helper may move.
  @inline(__always) var isPacket: Bool {
    switch kind {
    case .packet, .packetMetadata, .packetEnd: true
    case .uninitialized, .scalar, .stack, .context, .map, .mapValue, .mapKey, .memory, .function,
      .socket, .socketCommon, .tcpSocket, .dynptr:
      false
    }
  }

  /// Whether all of its offset is constant.
  @inline(__always) var hasConstantOffset: Bool { number.bits.mask == 0 && number.bits.value == 0 }
}

extension Scalar where W == UInt64 {
  @inline(__always) static var zero: Scalar { Scalar(0) }

  /// All numbers of a count of bytes.
  @inline(__always)
  static func unsigned(byteCount: Int) -> Scalar {
    switch byteCount {
    case 1: upTo(0xff)
    case 2: upTo(0xffff)
    case 4: fourBytes
    default: unknown
    }
  }

  /// All numbers up to one of the form 2ⁿ - 1, which is less than 2³¹.
  @inline(__always)
  private static func upTo(_ most: UInt64) -> Scalar {
    let low = UInt32(truncatingIfNeeded: most)
    return Scalar(
      parts: Tnum(value: 0, mask: most), NumberRange(0, most, signed: 0, most),
      NumberRange(0, low, signed: 0, low))
  }

  @inline(__always)
  private static var fourBytes: Scalar {
    let most: UInt64 = 0xffff_ffff
    return Scalar(
      parts: Tnum(value: 0, mask: most), NumberRange(0, most, signed: 0, most), .full)
  }

  static func range(_ minimum: UInt64, _ maximum: UInt64) -> Scalar {
    result(range: .unsigned(minimum, maximum))
  }

  static func signedRange(_ minimum: Int64, _ maximum: Int64) -> Scalar {
    result(range: .signed(UInt64(bitPattern: minimum), UInt64(bitPattern: maximum)))
  }

  @inline(__always) var signedMinimum: Int64 { Int64(bitPattern: range.signedMinimum) }
  @inline(__always) var signedMaximum: Int64 { Int64(bitPattern: range.signedMaximum) }
  @inline(__always) var isConstant: Bool { bits.mask == 0 }
}
