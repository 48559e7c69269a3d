import BPFISA
import BPFPlatform

@testable import BPFVerifier

extension VerdictPair {
  private static var withoutGPL: VerifierOptions {
    var options = VerifierOptions()
    options.isGPLCompatible = false
    return options
  }

  /// Calls, what has to be given back, loops without an end.
  static let calls: [VerdictPair] = [
    VerdictPair(
      "a helper that there is none of", .noSuchHelper(HelperID(rawValue: 9_999)),
      accepted: "call 7; exit", rejected: "call 9999; exit"),
    VerdictPair(
      "a helper of other programs", .helperNotAllowed(HelperID(rawValue: 39), in: .xdp),
      accepted: "call 7; exit", rejected: "r2 = 0; call 39; exit"),
    VerdictPair(
      "a helper for licensed programs", .helperNeedsGPL(.perfEventOutput), options: withoutGPL,
      accepted: "call 7; exit",
      rejected: "r2 = map[idx:0]; r3 = 0; r4 = r10; r5 = 0; call 25; exit"),
    VerdictPair(
      "a helper that may sleep", .helperMaySleep(HelperID(rawValue: 148)), type: .kprobe,
      accepted: fromUser(112), rejected: fromUser(148)),
    VerdictPair(
      "a number for a map", .argument(.r1, expected: .map, found: ValueSummary(.number)),
      accepted: lookUp(""), rejected: "r2 = r10; r1 = 5; call 1; r0 = 0; exit"),
    VerdictPair(
      "a map of another kind", .mapKindNotAccepted(.mapLookupElement, map: 2, .ringBuffer),
      accepted: lookUp(""),
      rejected: "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = map[idx:2]; call 1; r0 = 0; exit"),
    VerdictPair(
      "an AF_XDP socket that may be null",
      .nullablePointer(.r0, ValueSummary(.memory(4), isNullable: true)),
      accepted: fromMap(11, "if r0 == 0 goto out; r1 = *(u32 *)(r0 + 0)"),
      rejected: fromMap(11, "r1 = *(u32 *)(r0 + 0)")),
    VerdictPair(
      "a socket from a map that is kept", .unreleased(slot: 5), type: .schedCLS,
      accepted: fromMap(12, "if r0 == 0 goto out; r1 = r0; call 86"),
      rejected: fromMap(12, "if r0 == 0 goto out; r1 = *(u32 *)(r0 + 4)")),
    VerdictPair(
      "a key out of the stack", .stackBounds(.r2, offset: -2...(-2), bytes: 4),
      accepted: lookUp(""),
      rejected: "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -2; r1 = map[idx:0]; call 1; r0 = 0; exit"),
    VerdictPair(
      "a size that may be negative", .sizeNegative(.r4, minimum: Int64(Int32.min)),
      accepted: checksum("r4 = *(u32 *)(r1 + 12); r4 &= 12"),
      rejected: checksum("r4 = *(u32 *)(r1 + 12); r4 = (s32)r4; if r4 s> 12 goto out")),
    VerdictPair(
      "a size without a bound", .sizeUnbounded(.r4, maximum: 0xffff_ffff),
      accepted: checksum("r4 = *(u32 *)(r1 + 12); if r4 > 16 goto out"),
      rejected: checksum("r4 = *(u32 *)(r1 + 12)")),
    VerdictPair(
      "a size that may be zero", .sizeZero(.r4), type: .schedCLS,
      accepted: storeBytes("r4 = 4"), rejected: storeBytes("r4 &= 4")),
    VerdictPair(
      "nine functions deep", .tooManyFrames(8),
      accepted: nested(7), rejected: nested(8)),
    VerdictPair(
      "stacks that are too deep together", .stackTooDeep(bytes: 544, frames: 2),
      accepted: "*(u8 *)(r10 - 256) = 0; call f; exit; f: *(u8 *)(r10 - 256) = 0; r0 = 0; exit",
      rejected: "*(u8 *)(r10 - 256) = 0; call f; exit; f: *(u8 *)(r10 - 288) = 0; r0 = 0; exit"),
    VerdictPair(
      "a timer's stack that is too deep", .stackTooDeep(bytes: 544, frames: 3),
      accepted: timer("r1 = r3; r2 = subprog[f]; call 170") + "; r0 = 0; exit",
      rejected: timer("call g") + "; r0 = 0; exit; g: *(u8 *)(r10 - 256) = 0; r0 = 0; exit",
      kernelDiffers: "without types of the map's values the kernel has no timers"),
    VerdictPair(
      "a tail call in a callback", .tailCallInCallback,
      accepted: "r2 = map[idx:7]; r3 = 0; call 12; r0 = 0; exit",
      rejected: """
        *(u64 *)(r10 - 8) = r1; r1 = map[idx:1]; r2 = subprog[f]; r3 = r10; r3 += -8; r4 = 0
        call 164; r0 = 0; exit
        f: r1 = *(u64 *)(r4 + 0); r2 = map[idx:7]; r3 = 0; call 12; r0 = 0; exit
        """),
    VerdictPair(
      "what a program in a function's place returns",
      .pointerUnbounded(.r3, Int64.min...Int64.max),
      accepted: "call f; r3 = r10; r3 += -8; r3 += r0; *(u8 *)(r3 + 0) = 0; exit; f: r0 = 4; exit",
      rejected: """
        call f; r3 = r10; r3 += -8; r3 += r0; *(u8 *)(r3 + 0) = 0; exit
        f: r2 = map[idx:7]; r3 = 0; call 12; r0 = 4; exit
        """, kernelDiffers: "the kernel takes the result of the function's own end"),
    VerdictPair(
      "an address for the number of rounds",
      .argument(.r1, expected: .size, found: ValueSummary(.context)),
      accepted: "r1 = 2; r2 = subprog[f]; r3 = 0; r4 = 0; call 181; r0 = 0; exit; f: r0 = 0; exit",
      rejected: "r2 = subprog[f]; r3 = 0; r4 = 0; call 181; r0 = 0; exit; f: r0 = 2; exit",
      kernelDiffers: "the kernel takes it for no rounds at all"),
    VerdictPair(
      "a callback's result", .callbackReturn(expected: 0...1),
      accepted: eachElement("r0 = 1; exit"), rejected: eachElement("r0 = 2; exit")),
    VerdictPair(
      "a program's result", .returnValue(0...2, expected: 0...1), type: .cgroupSKB,
      accepted: "r0 = *(u32 *)(r1 + 0); r0 &= 1; exit",
      rejected: "r0 = *(u32 *)(r1 + 0); r0 &= 2; exit"),
    VerdictPair(
      "a record that is not given back", .unreleased(slot: 4), accepted: record(""),
      rejected: "r1 = map[idx:2]; r2 = 16; r3 = 0; call 131; r0 = 0; exit"),
    VerdictPair(
      "a record that a callback gives back", .releasedInCallback,
      accepted: inCallback("r0 = *(u8 *)(r1 + 0)"), rejected: inCallback("r2 = 0; call 132")),
    VerdictPair(
      "a record of which a slice is null", .unreleased(slot: 6),
      accepted: slice("if r0 == 0 goto out"), rejected: slice("if r0 == 0 goto early")),
    VerdictPair(
      "a record that is used after it was given back",
      .notMemory(.r6, ValueSummary(.number)),
      accepted: record("r6 = r0; r0 = *(u8 *)(r6 + 0); r0 = r6"),
      rejected: """
        r1 = map[idx:2]; r2 = 16; r3 = 0; call 131; if r0 == 0 goto out; r6 = r0
        r1 = r0; r2 = 0; call 132; r0 = *(u8 *)(r6 + 0); out: r0 = 0; exit
        """),
    VerdictPair(
      "the middle of a record is given back",
      .argument(.r1, expected: .record, found: ValueSummary(.memory(16))),
      accepted: record(""), rejected: record("r0 += 8")),
    VerdictPair(
      "a socket that was not looked up", .notAcquired, type: .schedCLS,
      accepted: "r0 = 0; exit",
      rejected: """
        r1 = *(u64 *)(r1 + 168); if r1 == 0 goto out; call 95; if r0 == 0 goto out; r1 = r0
        call 86; out: r0 = 0; exit
        """),
    VerdictPair(
      "a dynptr's bytes", .dynptrBytes(offset: -16),
      accepted: dynptr("r0 = 0"), rejected: dynptr("r0 = *(u64 *)(r10 - 16)")),
    VerdictPair(
      "a dynptr's bytes, where a path before had a number", .dynptrBytes(offset: -16),
      accepted: twoWays("*(u64 *)(r10 - 16) = 1"),
      rejected: twoWays("r1 = map[idx:4][0]+0; r2 = 8; r3 = 0; r4 = r10; r4 += -16; call 197")),
    VerdictPair(
      "a dynptr that is overwritten", .dynptrOverwritten,
      accepted: dynptr("*(u64 *)(r10 - 24) = 0"), rejected: dynptr("*(u64 *)(r10 - 16) = 0")),
    VerdictPair(
      "a helper under a lock", .callWhileLocked,
      accepted: locked("r6 = 1"), rejected: locked("call 7")),
    VerdictPair(
      "a lock that is not held", .lockNotHeld, accepted: locked(""),
      rejected: "r1 = map[idx:5][0]+0; call 94; r0 = 0; exit"),
    VerdictPair(
      "a lock that is kept", .lockHeldAtExit, accepted: locked(""),
      rejected: "r1 = map[idx:5][0]+0; call 93; r0 = 0; exit"),
    VerdictPair(
      "a loop without an end", .infiniteLoop,
      accepted: "r0 = 0; top: r0 += 1; if r0 < 9 goto top; exit",
      rejected: "r0 = 0; r2 = 0; top: r2 &= 1; if r0 < 9 goto top; exit"),
    VerdictPair(
      "a loop around a callback without an end", .infiniteLoop,
      accepted: "r6 = 0; top: \(loop)r6 += 1; if r6 < 3 goto top; r0 = 0; exit; f: r0 = 0; exit",
      rejected: "r6 = 0; top: \(loop)r6 &= 1; if r6 < 3 goto top; r0 = 0; exit; f: r0 = 0; exit",
      kernelDiffers: "the kernel takes each round for one of the callback's"),
    VerdictPair(
      "a function of the kernel", .unsupported("kfunc with BTF id 5"),
      accepted: "call 7; exit", rejected: "call kfunc[id:5]; exit"),
  ]

  /// A call of a function in rounds: `f` has to follow.
  private static let loop = "r1 = 2; r2 = subprog[f]; r3 = 0; r4 = 0; call 181; "

  /// `bpf_csum_diff` of the stack's last 16 bytes, of the size that a text puts into r4.
  private static func checksum(_ text: String) -> String {
    """
    *(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = 0
    \(text)
    r3 = r10; r3 += -16; r1 = 0; r2 = 0; r5 = 0; call 28
    out: r0 = 0
    exit
    """
  }

  /// `bpf_skb_store_bytes` of as many bytes of the stack as a text puts into r4.
  private static func storeBytes(_ text: String) -> String {
    """
    *(u64 *)(r10 - 8) = 0; r4 = *(u32 *)(r1 + 8)
    \(text)
    r2 = 0; r3 = r10; r3 += -8; r5 = 0; call 9
    r0 = 0
    exit
    """
  }

  /// Sets a timer up whose callback takes 288 bytes of stack and does something; the program takes 256 itself.
  private static func timer(_ text: String) -> String {
    """
    *(u8 *)(r10 - 256) = 0; r1 = map[idx:6][0]+0; r2 = map[idx:6]; r3 = 1; call 169
    r1 = map[idx:6][0]+0; r2 = subprog[f]; call 170; r0 = 0; exit
    f: *(u8 *)(r10 - 288) = 0; \(text)
    """
  }

  /// Reads 8 bytes of a process's memory by a helper.
  private static func fromUser(_ helper: Int) -> String {
    """
    *(u64 *)(r10 - 8) = 0; r3 = *(u64 *)(r1 + 112); r1 = r10; r1 += -8; r2 = 8; call \(helper)
    r0 = 0
    exit
    """
  }

  /// What a callback does with a record that the program reserved, and gives back after the callback's rounds.
  private static func inCallback(_ text: String) -> String {
    """
    r1 = map[idx:2]; r2 = 16; r3 = 0; call 131; if r0 == 0 goto out
    *(u64 *)(r10 - 8) = r0; r1 = 2; r2 = subprog[f]; r3 = r10; r3 += -8; r4 = 0; call 181
    r1 = *(u64 *)(r10 - 8); r2 = 0; call 132
    out: r0 = 0; exit
    f: r1 = *(u64 *)(r2 + 0); \(text); r0 = 0; exit
    """
  }

  /// A program whose functions call each other so many deep.
  static func nested(_ count: Int) -> String {
    let functions = (1...count).map { index in
      index < count ? "f\(index): call f\(index + 1); exit" : "f\(index): r0 = 0; exit"
    }
    return "call f1; exit; " + functions.joined(separator: "; ")
  }

  /// What is done while a record's dynptr is at -16, before it is given back.
  private static func dynptr(_ text: String) -> String {
    """
    r1 = map[idx:2]; r2 = 16; r3 = 0; r4 = r10; r4 += -16; call 198
    \(text)
    r1 = r10; r1 += -16; r2 = 0; call 200
    r0 = 0
    exit
    """
  }

  /// What is done in place of storing a number at -16, before that is read.
  private static func twoWays(_ text: String) -> String {
    """
    r6 = *(u32 *)(r1 + 12); if r6 == 0 goto other
    *(u64 *)(r10 - 16) = r6; *(u64 *)(r10 - 8) = r6; goto out
    other: \(text)
    out: r2 = *(u64 *)(r10 - 16)
    r0 = 0
    exit
    """
  }

  /// A slice of a record's dynptr, which may be null.
  private static func slice(_ text: String) -> String {
    """
    r1 = map[idx:2]; r2 = 16; r3 = 0; r4 = r10; r4 += -16; call 198
    r1 = r10; r1 += -16; r2 = 0; r3 = 8; call 203
    \(text)
    out: r1 = r10; r1 += -16; r2 = 0; call 200
    early: r0 = 0
    exit
    """
  }

  /// What is done while the lock of map 5 is held.
  private static func locked(_ text: String) -> String {
    """
    r1 = map[idx:5][0]+0; call 93
    \(text)
    r1 = map[idx:5][0]+0; call 94
    r0 = 0
    exit
    """
  }

  /// A lookup in a map, and what is done with what it gives.
  private static func fromMap(_ map: Int, _ text: String) -> String {
    """
    *(u32 *)(r10 - 4) = 1; r2 = r10; r2 += -4; r1 = map[idx:\(map)]; call 1
    \(text)
    out: r0 = 0
    exit
    """
  }
}
