import BPFISA
import BPFPlatform

extension Rejection {
  /// A problem in words, each a sentence without the full stop: what is wrong with its numbers, why that is not allowed,
  /// and what its author can do.
  public struct Explanation: Hashable, Sendable {
    public let problem: String
    public let reason: String
    public let suggestion: String

    init(_ problem: String, reason: String, suggestion: String) {
      self.problem = problem
      self.reason = reason
      self.suggestion = suggestion
    }
  }

  /// The problem in words.
  public var explanation: Explanation {
    switch problem {
    case .emptyProgram: .emptyProgram
    case .tooManyFunctions(let count): .tooManyFunctions(count)
    case .jumpOutsideFunction(let target): .jumpOutsideFunction(target)
    case .jumpIntoLoadImmediate(let target): .jumpIntoLoadImmediate(target)
    case .callOutsideProgram(let target): .callOutsideProgram(target)
    case .fallsOffEnd: .fallsOffEnd
    case .unreachable: .unreachable

    case .uninitializedRegister(let register): .uninitialized(register, follows: precedingCall)
    case .writeToFramePointer: .writeToFramePointer
    case .stackArguments: .stackArguments
    case .pointerArithmetic(let register, let operation): .pointerArithmetic(register, operation)
    case .pointerOutOfReach(let register, let offset): .pointerOutOfReach(register, offset)
    case .pointerUnbounded(let register, let range): .pointerUnbounded(register, range)
    case .pointerLeak(let register): .pointerLeak(register)
    case .returnsPointer: .returnsPointer(from: globalFunction)
    case .returnsStack: .returnsStack

    case .notMemory(let register, let value): .notMemory(register, value)
    case .nullablePointer(let register, let value): .nullable(register, value)
    case .stackBounds(let register, let offset, let bytes): .stackBounds(register, offset, bytes)
    case .uninitializedStack(_, let offset): .uninitializedStack(offset)
    case .partialPointer(let offset, let size): .partialPointer(offset, size)
    case .pointerAtVariableOffset(let register): .pointerAtVariableOffset(register)
    case .stackPointerInCaller: .stackPointerInCaller
    case .misaligned(let register, let offset, let size): .misaligned(register, offset, size)
    case .packetBounds(let register, let offset, let bytes, let proven):
      .packetBounds(register, offset, bytes, proven)
    case .packetWriteNotAllowed: .packetWriteNotAllowed
    case .mapValueBounds(let map, let size, let offset, let bytes):
      .mapValueBounds(mapName(map), size, offset, bytes)
    case .mapNotReadable(let map): .mapNotReadable(mapName(map))
    case .mapNotWritable(let map): .mapNotWritable(mapName(map))
    case .specialField(let map, let field, let offset): .specialField(mapName(map), field, offset)
    case .noDirectValue(let map): .noDirectValue(mapName(map))
    case .noSuchMap(let index): .noSuchMap(index, of: program.mapNames.count)
    case .unresolvedMap: .unresolvedMap
    case .memoryBounds(let register, let size, let offset, let bytes):
      .memoryBounds(register, size, offset, bytes)
    case .readOnly(let register, let value): .readOnly(register, value)
    case .contextField(let register, let offset, let size, let isWrite):
      .contextField(register, offset, size, isWrite: isWrite)
    case .modifiedContext(let register): .modifiedContext(register)
    case .socketField(let register, let offset, let size): .socketField(register, offset, size)
    case .differentPointers(let first, let second): .differentPointers(first, second)
    case .atomicNotAllowed(let register, let value): .atomicNotAllowed(register, value)
    case .legacyLoadNotAllowed: .legacyLoadNotAllowed
    case .legacyLoadInFunction: .legacyLoadInFunction
    case .legacyLoadWithoutContext: .legacyLoadWithoutContext

    case .noSuchHelper(let helper): .noSuchHelper(helper)
    case .helperNotAllowed(let helper, let type): .helperNotAllowed(helper, type)
    case .helperNeedsGPL(let helper): .helperNeedsGPL(helper)
    case .helperMaySleep(let helper): .helperMaySleep(helper)
    case .argument(let register, let expected, let found):
      .argument(register, expected, found, calledHelper)
    case .sizeNegative(let register, let minimum): .sizeNegative(register, minimum, calledHelper)
    case .sizeZero(let register): .sizeZero(register, calledHelper)
    case .sizeUnbounded(let register, let maximum):
      .sizeUnbounded(register, maximum, calledHelper)
    case .mapKindNotAccepted(let helper, let map, let kind):
      .mapKindNotAccepted(helper, mapName(map), kind)
    case .prototype(let defect): .prototype(defect, calledFunction)
    case .globalCallback: .globalCallback
    case .tooManyFrames(let limit): .tooManyFrames(limit)
    case .stackTooDeep(let bytes, let frames): .stackTooDeep(bytes, frames)
    case .recursion: .recursion
    case .tailCallInCallback: .tailCallInCallback
    case .callbackReturn(let expected): .callbackReturn(expected)
    case .returnValue(let found, let expected): .returnValue(found, expected)

    case .unreleased(let slot): .unreleased(place(of: slot))
    case .notAcquired: .notAcquired
    case .releasedInCallback: .releasedInCallback
    case .tooManyReferences(let limit): .tooManyReferences(limit)
    case .dynptrBytes(let offset): .dynptrBytes(offset)
    case .dynptrOverwritten: .dynptrOverwritten
    case .callWhileLocked: .callWhileLocked
    case .lockNotHeld: .lockNotHeld
    case .lockHeldAtExit: .lockHeldAtExit

    case .infiniteLoop: .infiniteLoop
    case .tooManyInstructions(let limit): .tooManyInstructions(limit, busiestPlace)
    case .tooManyStates(let limit): .tooManyStates(limit, busiestPlace)
    case .tooManyPendingBranches(let limit): .tooManyPendingBranches(limit, busiestPlace)
    case .tooMuchMemory(let limit): .tooMuchMemory(limit, busiestPlace)
    case .unsupported(let name): .unsupported(name)
    }
  }

  private func mapName(_ index: Int) -> String {
    // Maps inside of maps come after those the program names.
    program.mapNames.indices.contains(index)
      ? "map '\(program.mapNames[index])'" : "a map inside of a map"
  }

  /// The helper or function that the instruction calls.
  private var calledHelper: String {
    guard case .call(.helper(let number)) = instruction else { return calledFunction }
    return HelperID(rawValue: number).displayName
  }

  /// The function of the program that the instruction calls.
  private var calledFunction: String {
    guard case .call(.local(let displacement)) = instruction else { return "the call" }
    return "'\(program.subprogram(at: slot + 1 + Int(displacement)).name)'"
  }

  /// The call that the instruction comes right after, which leaves nothing in r1 to r5.
  private var precedingCall: String? {
    guard slot > 0, slot <= program.slots.count else { return nil }
    let before = program.slots[..<slot].indices.last { isStart($0) }
    guard let before, case .call(.helper(let number)) = program.instruction(at: before) else {
      return nil
    }
    return HelperID(rawValue: number).displayName
  }

  private func isStart(_ slot: Int) -> Bool {
    // The second half of a load immediate has no opcode.
    slot == 0 || !program.slots[slot - 1].isWide
  }

  /// A slot as people find it: with its line where there is one.
  private func place(of slot: Int) -> String {
    guard program.slots.indices.contains(slot), let line = program.line(at: slot) else {
      return "instruction \(slot)"
    }
    return "instruction \(slot) (\(line.file):\(line.line))"
  }

  /// What took most of the work, as a phrase.
  private var busiestPlace: String? {
    guard let most = SourceCost.busiest(in: program, statistics) else { return nil }
    let share = "\(most.processedInstructions) of \(statistics.processedInstructions) instructions"
    let place = most.line.map { "\($0.file):\($0.line)" }
    if let loop = most.loop {
      let slots = "instructions \(loop.lowerBound) to \(loop.upperBound)"
      return "the loop at \(place.map { "\($0), \(slots)" } ?? slots), with \(share)"
    }
    return "\(place ?? "instruction \(most.slot)"), with \(share)"
  }
}

extension HelperID {
  /// The name as C has it, or the number of one that has none.
  var displayName: String { name.map { "bpf_\($0)" } ?? "helper \(rawValue)" }
}
