import BPFISA
import BPFPlatform

@testable import BPFVerifier

extension VerdictPair {
  private static func limited(_ change: (inout VerifierLimits) -> Void) -> VerifierLimits {
    var limits = VerifierLimits()
    change(&limits)
    return limits
  }

  /// How large programs may be, and how far they are followed.
  static let limits: [VerdictPair] = [
    VerdictPair("no instructions", .emptyProgram, accepted: "r0 = 0; exit", rejected: ""),
    VerdictPair(
      "more functions than there may be", .tooManyFunctions(257),
      accepted: functions(255), rejected: functions(256)),
    VerdictPair(
      "a function that calls itself", .recursion,
      accepted: once("call g", "; g: r0 = 0; exit"), rejected: once("call f", "")),
    VerdictPair(
      "more held at one time than may be", .tooManyReferences(64),
      accepted: records(64, ""),
      rejected: records(64, "r1 = map[idx:2]; r2 = 16; r3 = 0; call 131; ")),
    VerdictPair(
      "more instructions than are followed", .tooManyInstructions(limit: 40),
      limits: limited { $0.processedInstructions = 40 },
      accepted: "r0 = 0; top: r0 += 1; if r0 < 9 goto top; exit",
      rejected: "r0 = 0; top: r0 += 1; if r0 < 99 goto top; exit",
      kernelDiffers: "the limit is the test's"),
    VerdictPair(
      "more states than are kept", .tooManyStates(limit: 0),
      limits: limited { $0.states = 0 },
      accepted: "r0 = 0; exit",
      rejected: """
        r1 = 2; r2 = subprog[f]; r3 = 0; r4 = 0; call 181; r0 = 0; exit; f: r0 = 0; exit
        """,
      kernelDiffers: "the limit is the test's"),
    VerdictPair(
      "more branches than wait", .tooManyPendingBranches(limit: 1),
      limits: limited { $0.pendingBranches = 1 },
      accepted: "r0 = *(u32 *)(r1 + 12); if r0 == 1 goto +0; exit",
      rejected: "r0 = *(u32 *)(r1 + 12); if r0 > 1 goto +1; if r0 > 0 goto +0; exit",
      kernelDiffers: "the limit is the test's"),
    VerdictPair(
      "more memory than states have", .tooMuchMemory(limit: 1),
      limits: limited { $0.memory = 1 },
      accepted: "r0 = 0; exit",
      rejected: "r0 = *(u32 *)(r1 + 12); if r0 > 1 goto +0; exit",
      kernelDiffers: "the limit is the test's"),
  ]

  /// A program that calls so many functions.
  private static func functions(_ count: Int) -> String {
    let calls = (1...count).map { "call f\($0); " }.joined()
    let bodies = (1...count).map { "; f\($0): r0 = 0; exit" }.joined()
    return calls + "exit" + bodies
  }

  /// A function that does something when it is called first, and not again.
  private static func once(_ text: String, _ rest: String) -> String {
    "r1 = 1; call f; exit; f: if r1 == 0 goto end; r1 = 0; \(text); end: r0 = 0; exit" + rest
  }

  /// Reserves so many records, does something and gives them back.
  private static func records(_ count: Int, _ text: String) -> String {
    let reserved = (1...count).map {
      """
      r1 = map[idx:2]; r2 = 16; r3 = 0; call 131; if r0 == 0 goto give\($0 - 1)
      *(u64 *)(r10 - \($0 * 8)) = r0

      """
    }
    let given = (1...count).reversed().map {
      "give\($0): r1 = *(u64 *)(r10 - \($0 * 8)); r2 = 0; call 132; "
    }
    return reserved.joined() + text + given.joined() + "give0: r0 = 0; exit"
  }
}
