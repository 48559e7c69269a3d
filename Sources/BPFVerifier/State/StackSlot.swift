/// Eight bytes of a frame's stack.
struct StackSlot {
  /// What each byte holds (``ByteKind``), the one of the lowest address in the lowest bits.
  var bytes: UInt64 = 0
  /// The register that was stored there, if its ``Value/spillSize`` says so. Its ``Value/node`` is the slot's.
  var value: Value = .uninitialized

  /// What a byte of stack holds.
  enum ByteKind {
    static let uninitialized: UInt64 = 0
    /// Some number.
    static let data: UInt64 = 1
    static let zero: UInt64 = 2
    /// Part of ``StackSlot/value``.
    static let spill: UInt64 = 3
    static let dynptr: UInt64 = 4
  }

  static let byteMask: UInt64 = 0x0101_0101_0101_0101

  /// The bits of some bytes of the slot.
  @inline(__always)
  static func mask(_ first: Int, _ count: Int) -> UInt64 {
    (count >= 8 ? UInt64.max : (1 << UInt64(count * 8)) &- 1) << UInt64(first * 8)
  }

  @inline(__always) func kind(ofByte index: Int) -> UInt64 { bytes >> UInt64(index * 8) & 0xff }

  @inline(__always)
  mutating func setBytes(_ first: Int, _ count: Int, _ kind: UInt64) {
    let mask = Self.mask(first, count)
    bytes = bytes & ~mask | (Self.byteMask &* kind) & mask
  }

  /// Whether all of some bytes are of a kind.
  @inline(__always)
  func bytesAre(_ first: Int, _ count: Int, _ kind: UInt64) -> Bool {
    (bytes ^ (Self.byteMask &* kind)) & Self.mask(first, count) == 0
  }

  /// Whether no byte is known to be zero, and none is a dynptr's.
  @inline(__always) var isOnlyDataOrSpill: Bool {
    let odd = bytes & Self.byteMask
    let two = bytes >> 1 & Self.byteMask
    let four = bytes >> 2 & Self.byteMask
    return two & ~odd | four == 0
  }

  @inline(__always) var isSpill: Bool { value.spillSize != 0 }
  @inline(__always) var isDynptr: Bool { bytes & 0xff == ByteKind.dynptr }

  /// Takes a register that is stored into its first bytes.
  @inline(__always)
  mutating func hold(_ register: Value, size: Int) {
    value = register
    value.spillSize = UInt8(truncatingIfNeeded: size)
    setBytes(0, size, ByteKind.spill)
  }

  /// Forgets the register stored there; its bytes are some numbers.
  mutating func dropSpill() {
    guard value.spillSize != 0 else { return }
    setBytes(0, Int(value.spillSize), ByteKind.data)
    let node = value.node
    value = .uninitialized
    value.node = node
  }
}
