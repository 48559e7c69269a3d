import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable import BPFVerifier

/// Reports of rejections: every problem has a class and words for it.
@Suite struct RejectionTextTests {
  /// At least one problem of each case of ``Rejection/Problem``.
  static let problems: [Rejection.Problem] =
    structure + pointers + memory + calls + references

  private static let number = ValueSummary(.number)
  private static let maybe = ValueSummary(.mapValue("totals"), isNullable: true)

  private static let structure: [Rejection.Problem] = [
    .emptyProgram, .tooManyFunctions(257), .jumpOutsideFunction(target: 9),
    .jumpIntoLoadImmediate(target: 3), .callOutsideProgram(target: -4), .fallsOffEnd, .unreachable,
  ]

  private static let pointers: [Rejection.Problem] = [
    .uninitializedRegister(.r0), .uninitializedRegister(.r3), .uninitializedRegister(.r7),
    .writeToFramePointer, .stackArguments, .pointerArithmetic(.r1, .operation),
    .pointerArithmetic(.r1, .halfWidth), .pointerArithmetic(.r1, .twoPointers),
    .pointerArithmetic(.r1, .subtracted), .pointerArithmetic(.r1, .nullable),
    .pointerArithmetic(.r1, .fixed), .pointerArithmetic(.r1, .partialCopy),
    .pointerArithmetic(.r1, .variableStack), .pointerOutOfReach(.r2, offset: 1 << 40),
    .pointerUnbounded(.r2, .min ... .max), .pointerLeak(.r4), .returnsPointer, .returnsStack,
  ]

  private static let memory: [Rejection.Problem] = [
    .notMemory(.r1, number), .notMemory(.r1, ValueSummary(.packetEnd)),
    .notMemory(.r1, ValueSummary(.map("totals"))), .notMemory(.r1, ValueSummary(.function)),
    .nullablePointer(.r0, maybe), .stackBounds(.r10, offset: -520 ... -520, bytes: 8),
    .stackBounds(.r10, offset: -512...0, bytes: 8), .uninitializedStack(.r10, offset: -8),
    .partialPointer(offset: -8, size: 4), .pointerAtVariableOffset(.r2), .stackPointerInCaller,
    .misaligned(.r10, offset: -3, size: 4), .packetBounds(.r2, offset: 0, bytes: 14, proven: 0),
    .packetBounds(.r2, offset: .max, bytes: 14, proven: 0),
    .packetBounds(.r2, offset: -4, bytes: 4, proven: 0), .packetWriteNotAllowed,
    .mapValueBounds(map: 0, size: 16, offset: 0...255, bytes: 8),
    .mapValueBounds(map: 7, size: 16, offset: 16...16, bytes: 1), .mapNotReadable(0),
    .mapNotWritable(0), .specialField(map: 0, field: .spinLock, offset: 4),
    .noDirectValue(map: 0), .noSuchMap(3), .unresolvedMap,
    .memoryBounds(.r1, size: 8, offset: 8...8, bytes: 1),
    .readOnly(.r1, ValueSummary(.mapKey("totals"))),
    .contextField(.r1, offset: 64, size: 4, isWrite: false),
    .contextField(.r1, offset: 0, size: 4, isWrite: true), .modifiedContext(.r1),
    .socketField(.r1, offset: 4, size: 8), .differentPointers(.context, .packet),
    .atomicNotAllowed(.r1, ValueSummary(.packet)), .legacyLoadNotAllowed, .legacyLoadInFunction,
    .legacyLoadWithoutContext,
  ]

  private static let calls: [Rejection.Problem] =
    [
      .noSuchHelper(HelperID(rawValue: 9_999)), .helperNotAllowed(.redirect, in: .kprobe),
      .helperNeedsGPL(.redirect), .helperMaySleep(.redirect), .sizeNegative(.r2, minimum: -1),
      .sizeZero(.r2), .sizeUnbounded(.r2, maximum: .max),
      .mapKindNotAccepted(.redirect, map: 0, .hash), .globalCallback, .tooManyFrames(8),
      .stackTooDeep(bytes: 528, frames: 3), .recursion, .tailCallInCallback,
      .callbackReturn(expected: 0...1), .callbackReturn(expected: 0...0),
      .returnValue(.min ... .max, expected: 0...1), .returnValue(2...2, expected: 1...1),
    ]
    + defects.map { .prototype($0) }
    + expectations.map { .argument(.r2, expected: $0, found: number) }

  private static let expectations: [Rejection.Expectation] = [
    .stackOrNull, .context, .dynptr, .constantString, .socket, .size, .map, .function,
    .recordDynptr, .constant, .mapValue, .memory, .record, .spinLock, .timer, .dynptrOnStack,
    .writableDynptr, .number, .fixedMemory,
  ]

  private static let defects: [Rejection.PrototypeDefect] = [
    .result, .tooManyParameters(6), .type(parameter: 1), .unknownSize(parameter: 2),
    .tags(parameter: 3), .contextType(parameter: 1),
  ]

  private static let references: [Rejection.Problem] = [
    .unreleased(slot: 1), .unreleased(slot: 4_000), .notAcquired, .releasedInCallback,
    .tooManyReferences(64), .dynptrBytes(offset: -16), .dynptrOverwritten, .callWhileLocked,
    .lockNotHeld, .lockHeldAtExit, .infiniteLoop, .tooManyInstructions(limit: 1_000_000),
    .tooManyStates(limit: 9), .tooManyPendingBranches(limit: 8_192), .tooMuchMemory(limit: 1 << 30),
    .unsupported("callx"),
  ]

  private static func rejection(
    _ problem: Rejection.Problem, slot: Int = 1, path: [Rejection.Step] = []
  ) throws -> Rejection {
    var builder = ProgramBuilder("sample")
    builder.move(.r0, 0)
    builder.call(.redirect)
    builder.exit()
    let program = try builder.program()
    let line = LineInfo(slot: 0, file: "a.c", line: 3, column: 1, text: "if (x)")
    let named = try Program(
      name: "sample", slots: program.slots, lines: [line], mapNames: ["totals"])
    return Rejection(
      problem: problem, program: named, slot: slot, line: nil, function: "sample",
      globalFunction: nil, path: path,
      statistics: VerificationStatistics())
  }

  @Test func `every problem is told with reason and suggestion`() throws {
    for problem in Self.problems {
      let rejection = try Self.rejection(problem)
      let explanation = rejection.explanation
      for sentence in [explanation.problem, explanation.reason, explanation.suggestion] {
        #expect(sentence.count > 10, "\(problem)")
        #expect(!sentence.hasSuffix("."), "\(sentence)")
        #expect(!sentence.contains("\n"), "\(sentence)")
      }
      let text = rejection.description
      #expect(text.hasPrefix("Verification failed: \(rejection.category.rawValue): "))
      for label in ["\nReason: ", "\nAt: instruction 1: call ", "\nSuggestion: "] {
        #expect(text.contains(label), "\(text)")
      }
      #expect(!text.contains("Causal path:"))
    }
  }

  @Test func `every class has a problem, and a name of its own`() {
    #expect(Set(Self.problems.map { ProblemCase($0) }) == Set(ProblemCase.allCases))
    #expect(Set(Self.problems.map(\.category)) == Set(Rejection.Class.allCases))
    let names = Rejection.Class.allCases.map(\.rawValue)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(name)")
    }
  }

  @Test func `numbers of a problem are in its text`() throws {
    let text = try Self.rejection(.packetBounds(.r2, offset: 12, bytes: 2, proven: 0)).description
    #expect(text.contains("r2 leads to 2 bytes at offset 12 of the packet"))
    #expect(text.contains("Compare the pointer plus 14 with data_end"))
    let value = try Self.rejection(.mapValueBounds(map: 0, size: 16, offset: 0...255, bytes: 8))
    #expect(value.summary.contains("offsets 0 to 255 are outside of a value of map 'totals'"))
    #expect(value.explanation.suggestion.contains("at most 8"))
  }

  @Test func `the end of a long path is shown`() throws {
    func path(_ count: Int) -> [Rejection.Step] {
      (0..<count).map { Rejection.Step(slot: 0, isTaken: $0.isMultiple(of: 2)) }
    }
    let long = try Self.rejection(.infiniteLoop, path: path(20)).description
    #expect(long.contains("… after 8 branches before\n"))
    #expect(long.split(separator: "\n").count { $0.hasSuffix("taken") } == 12)
    #expect(long.contains("a.c:3: if (x)\n"))
    let short = try Self.rejection(.infiniteLoop, path: path(12)).description
    #expect(!short.contains("…"))
    #expect(
      try Self.rejection(.infiniteLoop, path: path(13)).description.contains("1 branch before"))
  }

  @Test func `a problem without an instruction is told too`() throws {
    let program = try Program(name: "empty", slots: [])
    #expect(throws: Rejection.self) { try Verifier(for: .xdp).verify(program) }
    do throws(Rejection) {
      _ = try Verifier(for: .xdp).verify(program)
    } catch {
      #expect(error.category == .emptyProgram)
      #expect(!error.description.contains("At:"))
    }
  }
}
