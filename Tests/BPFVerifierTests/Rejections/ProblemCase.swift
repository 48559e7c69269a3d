@testable import BPFVerifier

/// The cases of ``Rejection/Problem``, without what they carry: a new one has to be added here, and then to have a pair.
enum ProblemCase: CaseIterable {
  case emptyProgram, tooManyFunctions, jumpOutsideFunction, jumpIntoLoadImmediate,
    callOutsideProgram, fallsOffEnd, unreachable, uninitializedRegister, writeToFramePointer,
    stackArguments, pointerArithmetic, pointerOutOfReach, pointerUnbounded, pointerLeak,
    returnsPointer, returnsStack, notMemory, nullablePointer, stackBounds, uninitializedStack,
    partialPointer, pointerAtVariableOffset, stackPointerInCaller, misaligned, packetBounds,
    packetWriteNotAllowed, mapValueBounds, mapNotReadable, mapNotWritable, specialField,
    noDirectValue, noSuchMap, unresolvedMap, memoryBounds, readOnly, contextField,
    modifiedContext, socketField, differentPointers, atomicNotAllowed, legacyLoadNotAllowed,
    legacyLoadInFunction, legacyLoadWithoutContext, noSuchHelper, helperNotAllowed,
    helperNeedsGPL, helperMaySleep, argument, sizeNegative, sizeZero, sizeUnbounded,
    mapKindNotAccepted, prototype, globalCallback, tooManyFrames, stackTooDeep, recursion,
    tailCallInCallback, callbackReturn, returnValue, unreleased, notAcquired, releasedInCallback,
    tooManyReferences, dynptrBytes, dynptrOverwritten, callWhileLocked, lockNotHeld,
    lockHeldAtExit, infiniteLoop, tooManyInstructions, tooManyStates, tooManyPendingBranches,
    tooMuchMemory, unsupported

  init(_ problem: Rejection.Problem) {
    self =
      switch problem {
      case .emptyProgram: .emptyProgram
      case .tooManyFunctions: .tooManyFunctions
      case .jumpOutsideFunction: .jumpOutsideFunction
      case .jumpIntoLoadImmediate: .jumpIntoLoadImmediate
      case .callOutsideProgram: .callOutsideProgram
      case .fallsOffEnd: .fallsOffEnd
      case .unreachable: .unreachable
      case .uninitializedRegister: .uninitializedRegister
      case .writeToFramePointer: .writeToFramePointer
      case .stackArguments: .stackArguments
      case .pointerArithmetic: .pointerArithmetic
      case .pointerOutOfReach: .pointerOutOfReach
      case .pointerUnbounded: .pointerUnbounded
      case .pointerLeak: .pointerLeak
      case .returnsPointer: .returnsPointer
      case .returnsStack: .returnsStack
      case .notMemory: .notMemory
      case .nullablePointer: .nullablePointer
      case .stackBounds: .stackBounds
      case .uninitializedStack: .uninitializedStack
      case .partialPointer: .partialPointer
      case .pointerAtVariableOffset: .pointerAtVariableOffset
      case .stackPointerInCaller: .stackPointerInCaller
      case .misaligned: .misaligned
      case .packetBounds: .packetBounds
      case .packetWriteNotAllowed: .packetWriteNotAllowed
      case .mapValueBounds: .mapValueBounds
      case .mapNotReadable: .mapNotReadable
      case .mapNotWritable: .mapNotWritable
      case .specialField: .specialField
      case .noDirectValue: .noDirectValue
      case .noSuchMap: .noSuchMap
      case .unresolvedMap: .unresolvedMap
      case .memoryBounds: .memoryBounds
      case .readOnly: .readOnly
      case .contextField: .contextField
      case .modifiedContext: .modifiedContext
      case .socketField: .socketField
      case .differentPointers: .differentPointers
      case .atomicNotAllowed: .atomicNotAllowed
      case .legacyLoadNotAllowed: .legacyLoadNotAllowed
      case .legacyLoadInFunction: .legacyLoadInFunction
      case .legacyLoadWithoutContext: .legacyLoadWithoutContext
      case .noSuchHelper: .noSuchHelper
      case .helperNotAllowed: .helperNotAllowed
      case .helperNeedsGPL: .helperNeedsGPL
      case .helperMaySleep: .helperMaySleep
      case .argument: .argument
      case .sizeNegative: .sizeNegative
      case .sizeZero: .sizeZero
      case .sizeUnbounded: .sizeUnbounded
      case .mapKindNotAccepted: .mapKindNotAccepted
      case .prototype: .prototype
      case .globalCallback: .globalCallback
      case .tooManyFrames: .tooManyFrames
      case .stackTooDeep: .stackTooDeep
      case .recursion: .recursion
      case .tailCallInCallback: .tailCallInCallback
      case .callbackReturn: .callbackReturn
      case .returnValue: .returnValue
      case .unreleased: .unreleased
      case .notAcquired: .notAcquired
      case .releasedInCallback: .releasedInCallback
      case .tooManyReferences: .tooManyReferences
      case .dynptrBytes: .dynptrBytes
      case .dynptrOverwritten: .dynptrOverwritten
      case .callWhileLocked: .callWhileLocked
      case .lockNotHeld: .lockNotHeld
      case .lockHeldAtExit: .lockHeldAtExit
      case .infiniteLoop: .infiniteLoop
      case .tooManyInstructions: .tooManyInstructions
      case .tooManyStates: .tooManyStates
      case .tooManyPendingBranches: .tooManyPendingBranches
      case .tooMuchMemory: .tooMuchMemory
      case .unsupported: .unsupported
      }
  }
}
