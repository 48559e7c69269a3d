public import BPFISA
public import BPFPlatform

/// Why a program is not accepted: what is wrong, where, and how a run gets there.
public struct Rejection: Error, Hashable, Sendable {
  public let problem: Problem
  /// The program that is not accepted.
  public let program: Program
  /// The instruction, by slot.
  public let slot: Int
  /// The instruction's source line, where the program has any.
  public let line: LineInfo?
  /// The function it is in.
  public let function: String
  /// The global function that the way there begins with; nil where it begins with the program.
  public let globalFunction: String?
  /// The branches on the way there, from the program's start or that of ``globalFunction``; their lines are those of ``program``.
  public let path: [Step]
  /// What was done until it was found.
  public let statistics: VerificationStatistics

  /// The instruction, or nil in a program that has none.
  public var instruction: Instruction? {
    program.slots.indices.contains(slot) ? program.instruction(at: slot) : nil
  }

  /// One way a conditional jump went.
  public struct Step: Hashable, Sendable {
    /// The jump, by slot.
    public let slot: Int
    public let isTaken: Bool
  }

  /// What an argument was expected to be.
  public enum Expectation: String, Hashable, Sendable {
    case stackOrNull = "the stack or null"
    case context = "the context"
    case dynptr = "an initialised dynptr"
    case constantString = "a zero-terminated string in read-only data"
    case socket = "a socket"
    case size = "a size"
    case map = "a map"
    case function = "a function"
    case recordDynptr = "a dynptr of a ring buffer record"
    case constant = "a constant"
    case mapValue = "a map value"
    case memory = "memory"
    case record = "a ring buffer record, from its first byte"
    case spinLock = "the bpf_spin_lock of a map value"
    case timer = "the bpf_timer of a map value"
    case number = "a number"
    case fixedMemory = "memory that stays where it is: the function may move the packet"
    case dynptrOnStack = "a dynptr on the stack, aligned to 8 bytes"
    case writableDynptr = "a dynptr that may be written"
  }

  /// What is wrong with arithmetic on a pointer.
  public enum PointerOperation: Hashable, Sendable {
    /// An operation other than addition and subtraction.
    case operation
    /// A 32-bit operation.
    case halfWidth
    /// Two pointers in one operation.
    case twoPointers
    /// A number minus a pointer.
    case subtracted
    /// A pointer that may be null.
    case nullable
    /// A pointer that cannot be moved.
    case fixed
    /// A part of a pointer is copied.
    case partialCopy
    /// A pointer to the stack and a number that is not constant, in a program that may not see addresses.
    case variableStack
  }

  /// What a global function is declared with that cannot be verified for all arguments. Parameters are counted from 1.
  public enum PrototypeDefect: Hashable, Sendable {
    /// It gives something else than a number.
    case result
    case tooManyParameters(Int)
    /// A structure by value, or another type that is neither number nor pointer.
    case type(parameter: Int)
    /// A pointer to what has no known size.
    case unknownSize(parameter: Int)
    /// Tags that there are none of, or that do not go together or with the type.
    case tags(parameter: Int)
    /// What is tagged as the context points to something else.
    case contextType(parameter: Int)
  }

  /// What is wrong. Offsets and sizes are in bytes; offsets in the stack count from `r10`.
  public enum Problem: Error, Hashable, Sendable {
    // Structure.
    case emptyProgram
    case tooManyFunctions(Int)
    case jumpOutsideFunction(target: Int)
    case jumpIntoLoadImmediate(target: Int)
    case callOutsideProgram(target: Int)
    case fallsOffEnd
    case unreachable

    // Registers and pointers.
    case uninitializedRegister(Register)
    case writeToFramePointer
    case stackArguments
    case pointerArithmetic(Register, PointerOperation)
    case pointerOutOfReach(Register, offset: Int64)
    case pointerUnbounded(Register, ClosedRange<Int64>)
    case pointerLeak(Register)
    case returnsPointer
    case returnsStack

    // Memory.
    case notMemory(Register, ValueSummary)
    case nullablePointer(Register, ValueSummary)
    case stackBounds(Register, offset: ClosedRange<Int64>, bytes: Int)
    case uninitializedStack(Register, offset: Int)
    case partialPointer(offset: Int, size: Int)
    case pointerAtVariableOffset(Register)
    case stackPointerInCaller
    case misaligned(Register, offset: Int64, size: Int)
    case packetBounds(Register, offset: Int64, bytes: Int, proven: Int)
    case packetWriteNotAllowed
    case mapValueBounds(map: Int, size: Int, offset: ClosedRange<Int64>, bytes: Int)
    case mapNotReadable(Int)
    case mapNotWritable(Int)
    case specialField(map: Int, field: MapSpec.SpecialField.Kind, offset: Int)
    case noDirectValue(map: Int)
    case noSuchMap(Int)
    case unresolvedMap
    case memoryBounds(Register, size: Int, offset: ClosedRange<Int64>, bytes: Int)
    case readOnly(Register, ValueSummary)
    case contextField(Register, offset: Int, size: Int, isWrite: Bool)
    case modifiedContext(Register)
    case socketField(Register, offset: Int, size: Int)
    case differentPointers(PointerKind, PointerKind)
    case atomicNotAllowed(Register, ValueSummary)
    case legacyLoadNotAllowed
    case legacyLoadInFunction
    case legacyLoadWithoutContext

    // Calls.
    case noSuchHelper(HelperID)
    case helperNotAllowed(HelperID, in: ProgramType)
    case helperNeedsGPL(HelperID)
    case helperMaySleep(HelperID)
    case argument(Register, expected: Expectation, found: ValueSummary)
    case sizeNegative(Register, minimum: Int64)
    case sizeZero(Register)
    case sizeUnbounded(Register, maximum: UInt64)
    case mapKindNotAccepted(HelperID, map: Int, MapKind)
    /// A global function that is called is not declared so that it can be verified.
    case prototype(PrototypeDefect)
    /// The address of a global function is taken.
    case globalCallback
    case tooManyFrames(Int)
    case stackTooDeep(bytes: Int, frames: Int)
    case recursion
    case tailCallInCallback
    case callbackReturn(expected: ClosedRange<Int64>)
    case returnValue(ClosedRange<Int64>, expected: ClosedRange<Int64>)

    // What has to be given back.
    case unreleased(slot: Int)
    case notAcquired
    case releasedInCallback
    case tooManyReferences(Int)
    case dynptrBytes(offset: Int)
    case dynptrOverwritten
    case callWhileLocked
    case lockNotHeld
    case lockHeldAtExit

    // Loops and limits.
    case infiniteLoop
    case tooManyInstructions(limit: Int)
    case tooManyStates(limit: Int)
    case tooManyPendingBranches(limit: Int)
    case tooMuchMemory(limit: Int)

    /// Something the program needs is not there, by name.
    case unsupported(String)
  }
}

/// What verification did.
public struct VerificationStatistics: Hashable, Sendable {
  /// The instructions looked at, over all paths.
  public internal(set) var processedInstructions = 0
  /// The states kept for comparison.
  public internal(set) var totalStates = 0
  /// The branches that waited at most at one time.
  public internal(set) var peakPendingBranches = 0
  /// The bytes of kept and pending states at most.
  public internal(set) var peakStateBytes = 0
  /// The stack of each function, in bytes, by rising start.
  public internal(set) var stackDepths: [Int] = []
  /// How often the instruction at each slot was processed; empty where a program's structure is wrong.
  public internal(set) var processedCounts: [UInt32] = []

  init() {}
}
