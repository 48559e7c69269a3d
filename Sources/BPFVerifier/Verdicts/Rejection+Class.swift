extension Rejection {
  /// What kind of problem it is, for programs that read verdicts: names stay as they are, and where runs end early for the
  /// same reason they are those of the faults.
  public enum Class: String, Hashable, Sendable, CaseIterable {
    // Structure.
    case emptyProgram = "empty_program"
    case tooManyFunctions = "too_many_functions"
    case jumpOutOfRange = "jump_out_of_range"
    case callOutOfRange = "call_out_of_range"
    case fallsOffEnd = "falls_off_end"
    case unreachableCode = "unreachable_code"

    // Registers and pointers.
    case uninitializedRegister = "uninitialized_register"
    case writeToFramePointer = "write_to_frame_pointer"
    case stackArguments = "stack_arguments"
    case pointerArithmetic = "pointer_arithmetic"
    case pointerBounds = "pointer_bounds"
    case pointerLeak = "pointer_leak"
    case returnValue = "return_value"

    // Memory.
    case invalidPointer = "invalid_pointer"
    case nullPointer = "null_pointer"
    case stackBounds = "stack_bounds"
    case uninitializedStack = "uninitialized_stack"
    case storedPointer = "stored_pointer"
    case stackEscape = "stack_escape"
    case misalignedAccess = "misaligned_access"
    case packetBounds = "packet_bounds"
    case mapValueBounds = "map_value_bounds"
    case memoryBounds = "memory_bounds"
    case notPermitted = "not_permitted"
    case specialField = "special_field"
    case mapReference = "map_reference"
    case contextAccess = "context_access"
    case socketAccess = "socket_access"
    case differentPointers = "different_pointers"
    case atomicAccess = "atomic_access"
    case packetLoad = "packet_load"

    // Calls.
    case unknownHelper = "unknown_helper"
    case helperNotAllowed = "helper_not_allowed"
    case helperArgument = "helper_argument"
    case sizeArgument = "size_argument"
    case mapKind = "map_kind"
    case functionPrototype = "function_prototype"
    case callDepthExceeded = "call_depth_exceeded"
    case stackDepth = "stack_depth"
    case recursion
    case notAllowedInCallback = "not_allowed_in_callback"

    // What has to be given back.
    case unreleasedReference = "unreleased_reference"
    case invalidRelease = "invalid_release"
    case tooManyReferences = "too_many_references"
    case dynptrAccess = "dynptr_access"
    case callWhileLocked = "call_while_locked"
    case lockNotHeld = "lock_not_held"
    case lockHeldAtExit = "lock_held_at_exit"

    // Loops and limits.
    case infiniteLoop = "infinite_loop"
    case tooComplex = "too_complex"

    /// Nothing is known to be wrong: what the program uses is not there.
    case unsupported
  }

  /// What kind of problem it is.
  public var category: Class { problem.category }
}

extension Rejection.Problem {
  /// What kind of problem it is.
  public var category: Rejection.Class {
    switch self {
    case .emptyProgram: .emptyProgram
    case .tooManyFunctions: .tooManyFunctions
    case .jumpOutsideFunction, .jumpIntoLoadImmediate: .jumpOutOfRange
    case .callOutsideProgram: .callOutOfRange
    case .fallsOffEnd: .fallsOffEnd
    case .unreachable: .unreachableCode
    case .uninitializedRegister: .uninitializedRegister
    case .writeToFramePointer: .writeToFramePointer
    case .stackArguments: .stackArguments
    case .pointerArithmetic: .pointerArithmetic
    case .pointerOutOfReach, .pointerUnbounded: .pointerBounds
    case .pointerLeak: .pointerLeak
    case .returnsPointer, .callbackReturn, .returnValue: .returnValue
    case .notMemory: .invalidPointer
    case .nullablePointer: .nullPointer
    case .stackBounds: .stackBounds
    case .uninitializedStack: .uninitializedStack
    case .partialPointer, .pointerAtVariableOffset: .storedPointer
    case .stackPointerInCaller, .returnsStack: .stackEscape
    case .misaligned: .misalignedAccess
    case .packetBounds: .packetBounds
    case .mapValueBounds: .mapValueBounds
    case .memoryBounds: .memoryBounds
    case .packetWriteNotAllowed, .mapNotReadable, .mapNotWritable, .readOnly: .notPermitted
    case .specialField: .specialField
    case .noDirectValue, .noSuchMap, .unresolvedMap: .mapReference
    case .contextField, .modifiedContext: .contextAccess
    case .socketField: .socketAccess
    case .differentPointers: .differentPointers
    case .atomicNotAllowed: .atomicAccess
    case .legacyLoadNotAllowed, .legacyLoadInFunction, .legacyLoadWithoutContext: .packetLoad
    case .noSuchHelper: .unknownHelper
    case .helperNotAllowed, .helperNeedsGPL, .helperMaySleep: .helperNotAllowed
    case .argument: .helperArgument
    case .sizeNegative, .sizeZero, .sizeUnbounded: .sizeArgument
    case .mapKindNotAccepted: .mapKind
    case .prototype, .globalCallback: .functionPrototype
    case .tooManyFrames: .callDepthExceeded
    case .stackTooDeep: .stackDepth
    case .recursion: .recursion
    case .tailCallInCallback: .notAllowedInCallback
    case .unreleased: .unreleasedReference
    case .notAcquired, .releasedInCallback: .invalidRelease
    case .tooManyReferences: .tooManyReferences
    case .dynptrBytes, .dynptrOverwritten: .dynptrAccess
    case .callWhileLocked: .callWhileLocked
    case .lockNotHeld: .lockNotHeld
    case .lockHeldAtExit: .lockHeldAtExit
    case .infiniteLoop: .infiniteLoop
    case .tooManyInstructions, .tooManyStates, .tooManyPendingBranches, .tooMuchMemory: .tooComplex
    case .unsupported: .unsupported
    }
  }
}
