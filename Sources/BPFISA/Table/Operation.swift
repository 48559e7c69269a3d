/// What a form of the instruction table does: an ``Instruction`` without its registers, offsets and values.
@frozen
public enum Operation: Hashable, Sendable {
  case arithmetic(ArithmeticOperation, ArithmeticWidth, SecondOperand)
  case negate(ArithmeticWidth)
  case moveSignExtended(ArithmeticWidth, from: MemorySize)
  case byteSwap(ByteSwap, SwapWidth)
  case castAddressSpace

  case load(MemorySize, signExtended: Bool)
  case store(MemorySize, SecondOperand)
  case atomic(AtomicOperation, MemorySize)
  case loadAcquire(MemorySize)
  case storeRelease(MemorySize)
  case loadWide(WideKind)
  case loadPacket(MemorySize, PacketMode)

  case jump
  case jumpLong
  case jumpIndirect
  case jumpIf(Condition, ArithmeticWidth, SecondOperand)
  case mayGoto
  case call(CallKind)
  case exit

  /// Produced by the kernel's own passes; never accepted from outside.
  case internalOnly(InternalOperation)

  /// Whether the second operand is a register or the immediate.
  @frozen
  public enum SecondOperand: UInt8, CaseIterable, Hashable, Sendable {
    case immediate, register
  }

  /// What a 16-byte load immediate loads. The raw value is the source field that selects it.
  @frozen
  public enum WideKind: UInt8, CaseIterable, Hashable, Sendable {
    case value, map, mapValue, variable, function, mapIndex, mapIndexValue
  }

  /// How a legacy packet load finds its bytes.
  @frozen
  public enum PacketMode: UInt8, CaseIterable, Hashable, Sendable {
    case absolute, indirect
  }

  /// What a call calls.
  @frozen
  public enum CallKind: UInt8, CaseIterable, Hashable, Sendable {
    case helper, local, kernelFunction, register
  }

  /// An operation that exists only between the kernel's passes.
  @frozen
  public enum InternalOperation: UInt8, CaseIterable, Hashable, Sendable {
    case perCPUAddress, speculationBarrier, tailCall
    case probeLoad, probeSignExtendedLoad, probeArenaLoad, probeArenaSignExtendedLoad
    case probeArenaStore, probeArenaAtomic
  }
}
