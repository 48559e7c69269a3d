/// One 8-byte slot of a program as RFC 9669 section 3 lays it out, not yet checked for validity.
@frozen
public struct RawInstruction: Hashable, Sendable {
  public var opcode: UInt8
  /// The destination register in the low nibble, the source register in the high nibble.
  public var registers: UInt8
  public var offset: Int16
  public var immediate: Int32

  @inlinable
  public init(opcode: UInt8, registers: UInt8, offset: Int16, immediate: Int32) {
    self.opcode = opcode
    self.registers = registers
    self.offset = offset
    self.immediate = immediate
  }

  @inlinable
  public init(
    opcode: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0,
    immediate: Int32 = 0
  ) {
    self.init(
      opcode: opcode, registers: destination & 0xf | source << 4, offset: offset,
      immediate: immediate)
  }

  /// The slot whose 8 bytes, read as a little-endian word, are `bits`.
  @inlinable
  public init(bits: UInt64) {
    self.init(
      opcode: UInt8(truncatingIfNeeded: bits), registers: UInt8(truncatingIfNeeded: bits >> 8),
      offset: Int16(truncatingIfNeeded: bits >> 16),
      immediate: Int32(truncatingIfNeeded: bits >> 32))
  }

  /// The slot's 8 bytes as a little-endian word.
  @inlinable
  public var bits: UInt64 {
    UInt64(opcode) | UInt64(registers) << 8 | UInt64(UInt16(bitPattern: offset)) << 16
      | UInt64(UInt32(bitPattern: immediate)) << 32
  }

  /// The number in the destination field, 0 to 15.
  @inlinable public var destination: UInt8 { registers & 0xf }
  /// The number in the source field, 0 to 15.
  @inlinable public var source: UInt8 { registers >> 4 }

  /// Whether this slot begins a 16-byte load immediate.
  @inlinable public var isWide: Bool { opcode == 0x18 }
}
