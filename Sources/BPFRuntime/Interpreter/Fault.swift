public import BPFISA
public import BPFPlatform

/// Why a run was ended: what the program did that it may not do, and where.
///
/// A fault ends the run only; maps keep what the program wrote before it.
public struct Fault: Error, Hashable, Sendable {
  public let kind: Kind
  /// The program that faulted: another than the one started, after a tail call.
  public let program: String
  /// The slot of the instruction at fault.
  public let slot: Int
  /// The instruction at fault; nil where the program counter points at none.
  public let instruction: Instruction?
  /// The source line the instruction was compiled from, if the program carries lines.
  public let line: LineInfo?

  public init(
    kind: Kind, program: String, slot: Int, instruction: Instruction?, line: LineInfo?
  ) {
    self.kind = kind
    self.program = program
    self.slot = slot
    self.instruction = instruction
    self.line = line
  }

  public enum Kind: Hashable, Sendable {
    /// An access that no region of memory the program has covers.
    case outOfBounds(MemoryAccess, MemoryRegion)
    /// A write to memory the program may only read, or a read of what it may only write.
    case notPermitted(MemoryAccess, MemoryRegion)
    /// A plain access to what only helpers may touch: a map value's lock, its timer, a pointer to a kernel object.
    case specialField(MemoryAccess, MapSpec.SpecialField.Kind, MemoryRegion)
    /// A read of stack bytes that were never written; `offset` counts from the frame pointer and is negative.
    case uninitializedStack(MemoryAccess, offset: Int)
    /// A read of stack bytes that are a dynptr, which only helpers may look into.
    case dynptrAccess(MemoryAccess, offset: Int)
    /// A read of a register that holds nothing.
    case uninitializedRegister(Register)
    /// A write to the frame pointer.
    case writeToFramePointer
    /// A packet pointer from before a helper moved the packet.
    case stalePacketPointer(MemoryAccess, helper: HelperID)
    /// An access to the context that its layout does not have, at an offset in bytes.
    case contextAccess(MemoryAccess, structure: String, field: String?, offset: Int)
    /// An atomic, acquiring or releasing access that is not aligned to its size.
    case misalignedAtomic(MemoryAccess)
    /// A jump, a call or the end of the program that leads to a slot outside it.
    case programCounterOutOfRange(Int)
    /// A jump to the second half of a 16-byte load immediate.
    case jumpIntoWideImmediate(Int)
    /// The step budget is used up.
    case budgetExhausted(Int)
    /// A call nested deeper than 8 frames.
    case callDepthExceeded
    /// A call to a number that is no helper.
    case unknownHelper(Int32)
    /// A helper the kernel has and this engine does not.
    case unsupportedHelper(HelperID)
    /// A helper that programs of this type may not call.
    case helperNotAllowed(HelperID, ProgramType)
    /// An argument (counted from 1) that is not what the helper's prototype asks for.
    case invalidArgument(HelperID, argument: Int, expected: HelperPrototype.ArgumentKind)
    /// A memory argument (counted from 1) that the program may not access like that.
    indirect case invalidMemoryArgument(HelperID, argument: Int, Kind)
    /// An instruction this engine does not run.
    case unsupportedInstruction(String)
    /// The program exits, or is replaced by a tail call, with ring buffer records neither submitted nor discarded.
    case unreleasedRecords(Int)
    /// More ring buffer records reserved and not released than the engine keeps track of.
    case tooManyRecords(Int)
    /// A callback that returned another value than 0 or 1 (0 alone for a timer's).
    case callbackResult(HelperID, UInt64)
    /// A tail call from an unverified program to a verified one, or the other way round.
    case tailCallToOtherEngine
    /// A helper that callbacks may not call.
    case notAllowedInCallback(HelperID)
    /// A call of a helper, other than the one that gives it back, while the program holds a lock.
    case callWhileLocked(HelperID)
    /// Giving back a lock that the program does not hold.
    case lockNotHeld
    /// The program exits while it holds a lock.
    case lockHeldAtExit
    /// A legacy packet load in a program of a type that may not use them.
    case packetLoadNotAllowed(ProgramType)
    /// A legacy packet load whose r6 is not the context.
    case packetLoadWithoutContext
  }

  /// One access to memory.
  public struct MemoryAccess: Hashable, Sendable {
    /// The guest address: the region's number in the upper 24 bits, the offset in the lower 40.
    public let address: UInt64
    /// The number of bytes.
    public let size: Int
    public let isWrite: Bool

    public init(address: UInt64, size: Int, isWrite: Bool) {
      self.address = address
      self.size = size
      self.isWrite = isWrite
    }
  }

  /// The memory an address points at or near, and where it points in it.
  public enum MemoryRegion: Hashable, Sendable {
    /// A number that is no address of the program's memory.
    case none
    /// A function's stack frame (0 for the program's own); the offset counts from its frame pointer.
    case stack(frame: Int, offset: Int)
    /// A function's stack frame after it returned.
    case deadStack
    /// The packet; the offset counts from its first byte.
    case packet(offset: Int, length: Int)
    /// The memory block of a `raw` program.
    case memory(offset: Int, length: Int)
    case context(offset: Int)
    /// A value of a map; the offset counts from the value's first byte.
    case mapValue(map: String, offset: Int, size: Int)
    /// The key of a map's element, as a callback is given it.
    case mapKey(offset: Int, size: Int)
    /// A dynptr that a callback was given, which has no bytes for programs.
    case dynptr
    /// A map itself, which has no bytes.
    case map(String)
    /// A ring buffer record.
    case record(offset: Int, size: Int)
    /// A ring buffer record that was submitted or discarded.
    case releasedRecord
    /// A sample that the host submitted to a user ring buffer.
    case sample(offset: Int, size: Int)
    case function
  }
}
