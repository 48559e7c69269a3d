/// What an instruction does: the form the verifier, the passes, the engines and the text tools switch over.
///
/// A value of this type is well formed by construction, except for combinations of operation, size and register
/// that do not exist, which encoding refuses. Immediates are not judged: a shift count beyond the width is masked
/// when it is run (RFC 9669 section 4.1). Displacements count 8-byte slots from the instruction that follows.
@frozen
public enum Instruction: Hashable, Sendable {
  case arithmetic(ArithmeticOperation, ArithmeticWidth, destination: Register, source: Operand)
  case negate(ArithmeticWidth, destination: Register)
  /// `destination = (s8)source` and its kin; `from` is `.byte` or `.half`, or `.word` at 64 bits.
  case moveSignExtended(ArithmeticWidth, from: MemorySize, destination: Register, source: Register)
  case byteSwap(ByteSwap, SwapWidth, destination: Register)
  case castAddressSpace(destination: Register, source: Register, to: UInt16, from: UInt16)

  case load(MemorySize, signExtended: Bool, destination: Register, base: Register, offset: Int16)
  case store(MemorySize, base: Register, offset: Int16, source: Operand)
  /// An atomic operation on 4 or 8 bytes.
  case atomic(AtomicOperation, MemorySize, base: Register, offset: Int16, source: Register)
  case loadAcquire(MemorySize, destination: Register, base: Register, offset: Int16)
  case storeRelease(MemorySize, base: Register, offset: Int16, source: Register)
  /// The 16-byte load immediate, the only instruction of two slots.
  case loadWide(destination: Register, WideImmediate)
  /// A legacy packet load into `r0`; reads `r6`, clobbers `r1` to `r5`, ends the program if out of bounds.
  case loadPacket(MemorySize, PacketOffset)

  case jump(offset: Int16)
  /// `gotol`: a jump with a 32-bit displacement.
  case jumpLong(offset: Int32)
  /// `gotox`: a jump to the address in a register, which comes from a jump table.
  case jumpIndirect(Register)
  case jumpIf(Condition, ArithmeticWidth, Register, Operand, offset: Int16)
  case mayGoto(offset: Int16)
  case call(CallTarget)
  case exit

  /// The number of 8-byte slots the instruction takes: 2 for a 16-byte load immediate, else 1.
  @inlinable
  public var slotCount: Int {
    if case .loadWide = self { 2 } else { 1 }
  }
}
