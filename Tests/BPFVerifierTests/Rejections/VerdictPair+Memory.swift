import BPFISA
import BPFPlatform

@testable import BPFVerifier

extension VerdictPair {
  /// Accesses to memory.
  static let memory: [VerdictPair] = [
    VerdictPair(
      "what is left of a dynptr", .uninitializedStack(.r10, offset: -16), options: untrusted,
      accepted: givenBack("*(u64 *)(r10 - 16) = 0"), rejected: givenBack("r6 = 0"),
      kernelDiffers: "the kernel is asked for trusted programs"),
    VerdictPair(
      "a number as an address", .notMemory(.r2, ValueSummary(.number)),
      accepted: "r2 = r10; *(u64 *)(r2 - 8) = 0; r0 = 0; exit",
      rejected: "r2 = 8; *(u64 *)(r2 - 8) = 0; r0 = 0; exit"),
    VerdictPair(
      "a value that may be null",
      .nullablePointer(.r0, ValueSummary(.mapValue("values"), isNullable: true)),
      accepted: lookUp("if r0 == 0 goto out; r0 = *(u8 *)(r0 + 0)"),
      rejected: lookUp("if w0 == 0 goto out; r0 = *(u8 *)(r0 + 0); goto out")),
    VerdictPair(
      "a copy of a value that may be null",
      .nullablePointer(.r6, ValueSummary(.mapValue("values"), isNullable: true)),
      accepted: lookUp("r6 = r0; if r0 == 0 goto out; r0 = *(u8 *)(r6 + 0)"),
      rejected: lookUp("r6 = r0; if r0 == 1 goto out; r0 = *(u8 *)(r6 + 0); goto out")),
    VerdictPair(
      "above the stack", .stackBounds(.r10, offset: 0...0, bytes: 8),
      accepted: "*(u64 *)(r10 - 8) = 0; r0 = 0; exit",
      rejected: "*(u64 *)(r10 + 0) = 0; r0 = 0; exit"),
    VerdictPair(
      "below the stack", .stackBounds(.r10, offset: -513...(-513), bytes: 1),
      accepted: "*(u8 *)(r10 - 512) = 0; r0 = 0; exit",
      rejected: "*(u8 *)(r10 - 513) = 0; r0 = 0; exit"),
    VerdictPair(
      "a variable place on the stack", .stackBounds(.r3, offset: -8...0, bytes: 1),
      accepted:
        "r2 = *(u32 *)(r1 + 12); r2 &= 7; r3 = r10; r3 += -8; r3 += r2; *(u8 *)(r3 + 0) = 0; r0 = 0; exit",
      rejected:
        "r2 = *(u32 *)(r1 + 12); r2 &= 8; r3 = r10; r3 += -8; r3 += r2; *(u8 *)(r3 + 0) = 0; r0 = 0; exit"
    ),
    VerdictPair(
      "stack that was never written", .uninitializedStack(.r10, offset: -8), options: untrusted,
      accepted: "*(u64 *)(r10 - 8) = 0; r0 = *(u64 *)(r10 - 8); exit",
      rejected: "*(u64 *)(r10 - 16) = 0; r0 = *(u64 *)(r10 - 8); exit"),
    VerdictPair(
      "a part of a pointer", .partialPointer(offset: -8, size: 4),
      accepted: "*(u64 *)(r10 - 8) = r1; r2 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r2 + 12); exit",
      rejected: "*(u64 *)(r10 - 8) = r1; r0 = *(u32 *)(r10 - 8); exit"),
    VerdictPair(
      "a helper's output at a variable place", .pointerAtVariableOffset(.r3),
      accepted:
        "r2 = 0; r3 = r10; r3 += -16; r4 = 8; call 189; r0 = 0; exit",
      rejected:
        "r2 = *(u32 *)(r1 + 12); r2 &= 8; r3 = r10; r3 += -16; r3 += r2; r2 = 0; r4 = 8; call 189; r0 = 0; exit",
      kernelDiffers: "the kernel takes all bytes that may be written as numbers"),
    VerdictPair(
      "a misaligned variable place on the stack", .misaligned(.r3, offset: -16, size: 8),
      accepted:
        "r2 = *(u32 *)(r1 + 12); r2 &= 8; r3 = r10; r3 += -16; r3 += r2; *(u64 *)(r3 + 0) = r1; r0 = 0; exit",
      rejected:
        "r2 = *(u32 *)(r1 + 12); r2 &= 4; r3 = r10; r3 += -16; r3 += r2; *(u64 *)(r3 + 0) = r2; r0 = 0; exit"
    ),
    VerdictPair(
      "a pointer to the stack of a function that returns", .stackPointerInCaller,
      accepted: "r1 = r10; r1 += -8; call f; r0 = 0; exit; f: *(u64 *)(r1 + 0) = 1; r0 = 0; exit",
      rejected: "r1 = r10; r1 += -8; call f; r0 = 0; exit; f: *(u64 *)(r1 + 0) = r10; r0 = 0; exit"
    ),
    VerdictPair(
      "a pointer to the stack of a function between", .stackPointerInCaller,
      accepted: """
        r1 = r10; r1 += -8; call f; r0 = 0; exit
        f: r2 = r10; r2 += -8; call g; r0 = 0; exit
        g: *(u64 *)(r2 + 0) = r1; r0 = 0; exit
        """,
      rejected: """
        r1 = r10; r1 += -8; call f; r0 = 0; exit
        f: r2 = r10; r2 += -8; call g; r0 = 0; exit
        g: *(u64 *)(r1 + 0) = r2; r0 = 0; exit
        """,
      kernelDiffers: "the kernel lets no pointer to a stack into another frame's"),
    VerdictPair(
      "a misaligned place on the stack", .misaligned(.r10, offset: -7, size: 4),
      accepted: "*(u32 *)(r10 - 8) = 0; r0 = 0; exit",
      rejected: "*(u32 *)(r10 - 7) = 0; r0 = 0; exit"),
    VerdictPair(
      "a misaligned atomic operation", .misaligned(.r2, offset: 4, size: 8),
      accepted: "r2 = map[idx:4][0]+0; r3 = 1; lock *(u64 *)(r2 + 8) += r3; r0 = 0; exit",
      rejected: "r2 = map[idx:4][0]+0; r3 = 1; lock *(u64 *)(r2 + 4) += r3; r0 = 0; exit"),
    VerdictPair(
      "a packet byte that was not proved", .packetBounds(.r2, offset: 4, bytes: 1, proven: 4),
      accepted: packet("r4 += 5; if r4 > r3 goto out; r0 = *(u8 *)(r2 + 4)"),
      rejected: packet("r4 += 4; if r4 > r3 goto out; r0 = *(u8 *)(r2 + 4)")),
    VerdictPair(
      "the packet's end on the left", .packetBounds(.r2, offset: 4, bytes: 1, proven: 4),
      accepted: packet("r4 += 4; if r3 <= r4 goto out; r0 = *(u8 *)(r2 + 4)"),
      rejected: packet("r4 += 4; if r3 < r4 goto out; r0 = *(u8 *)(r2 + 4)")),
    VerdictPair(
      "packet bytes at a variable offset", .packetBounds(.r2, offset: 1, bytes: 1, proven: 1),
      accepted: packet(
        "r5 &= 15; r2 += r5; r4 = r2; r4 += 1; if r4 > r3 goto out; r0 = *(u8 *)(r2 + 0)"),
      rejected: packet(
        "r5 &= 15; r2 += r5; r4 = r2; r4 += 1; if r4 > r3 goto out; r0 = *(u8 *)(r2 + 1)")),
    VerdictPair(
      "raw memory shorter than the access", .packetBounds(.r1, offset: 7, bytes: 1, proven: 7),
      type: .raw,
      accepted: "r0 = 0; if r2 < 8 goto out; r0 = *(u8 *)(r1 + 7); out: exit",
      rejected: "r0 = 0; if r2 < 7 goto out; r0 = *(u8 *)(r1 + 7); out: exit"),
    VerdictPair(
      "raw memory's length is forgotten", .packetBounds(.r1, offset: 0, bytes: 1, proven: 0),
      type: .raw,
      accepted: "r0 = 0; r3 = r2; if r3 == 0 goto out; r0 = *(u8 *)(r1 + 0); out: exit",
      rejected: "r0 = 0; r3 = r2; r3 += 1; if r3 == 0 goto out; r0 = *(u8 *)(r1 + 0); out: exit"),
    VerdictPair(
      "a packet that may not be written", .packetWriteNotAllowed, type: .cgroupSKB,
      accepted: """
        r2 = *(u32 *)(r1 + 76); r3 = *(u32 *)(r1 + 80); r4 = r2; r4 += 1; if r4 > r3 goto out
        r0 = *(u8 *)(r2 + 0); out: r0 = 0; exit
        """,
      rejected: """
        r2 = *(u32 *)(r1 + 76); r3 = *(u32 *)(r1 + 80); r4 = r2; r4 += 1; if r4 > r3 goto out
        *(u8 *)(r2 + 0) = 0; out: r0 = 0; exit
        """),
    VerdictPair(
      "beyond a map's value", .mapValueBounds(map: 4, size: 64, offset: 60...60, bytes: 8),
      accepted: "r2 = map[idx:4][0]+0; r0 = *(u64 *)(r2 + 56); exit",
      rejected: "r2 = map[idx:4][0]+0; r0 = *(u64 *)(r2 + 60); exit"),
    VerdictPair(
      "before a map's value", .mapValueBounds(map: 4, size: 64, offset: -1...(-1), bytes: 1),
      accepted: "r2 = map[idx:4][0]+1; r0 = *(u8 *)(r2 - 1); exit",
      rejected: "r2 = map[idx:4][0]+0; r0 = *(u8 *)(r2 - 1); exit"),
    VerdictPair(
      "a map that may not be read", .mapNotReadable(9),
      accepted: "r2 = map[idx:9][0]+0; *(u64 *)(r2 + 0) = 1; r0 = 0; exit",
      rejected: "r2 = map[idx:9][0]+0; r0 = *(u64 *)(r2 + 0); exit"),
    VerdictPair(
      "a map that may not be written", .mapNotWritable(3),
      accepted: "r2 = map[idx:3][0]+0; r0 = *(u64 *)(r2 + 0); exit",
      rejected: "r2 = map[idx:3][0]+0; *(u64 *)(r2 + 0) = 1; r0 = 0; exit"),
    VerdictPair(
      "constants of another map in a map of maps",
      .pointerUnbounded(.r2, Int64.min...Int64.max),
      accepted: innerConstant("r1 &= 7"), rejected: innerConstant("")),
    VerdictPair(
      "a lock's bytes", .specialField(map: 5, field: .spinLock, offset: 0),
      accepted: "r2 = map[idx:5][0]+0; r0 = *(u64 *)(r2 + 8); exit",
      rejected: "r2 = map[idx:5][0]+0; r0 = *(u8 *)(r2 + 3); exit"),
    VerdictPair(
      "the value of a map that has several", .noDirectValue(map: 0),
      accepted: "r2 = map[idx:4][0]+0; r0 = 0; exit",
      rejected: "r2 = map[idx:0][0]+0; r0 = 0; exit"),
    VerdictPair(
      "a map that there is none of", .noSuchMap(77),
      accepted: "r2 = map[idx:0]; r0 = 0; exit", rejected: "r2 = map[idx:77]; r0 = 0; exit"),
    VerdictPair(
      "a map by descriptor", .unresolvedMap,
      accepted: "r2 = map[idx:0]; r0 = 0; exit", rejected: "r2 = map[fd:3]; r0 = 0; exit"),
    VerdictPair(
      "beyond a record", .memoryBounds(.r0, size: 16, offset: 12...12, bytes: 8),
      accepted: record("*(u64 *)(r0 + 8) = 1"), rejected: record("*(u64 *)(r0 + 12) = 1")),
    VerdictPair(
      "a key that is written", .readOnly(.r2, ValueSummary(.mapKey("table"))),
      accepted: eachElement("r0 = *(u32 *)(r2 + 0); r0 = 0; exit"),
      rejected: eachElement("*(u32 *)(r2 + 0) = 1; r0 = 0; exit")),
    VerdictPair(
      "a field the context does not have",
      .contextField(.r1, offset: 24, size: 4, isWrite: false),
      accepted: "r0 = *(u32 *)(r1 + 12); exit", rejected: "r0 = *(u32 *)(r1 + 24); exit"),
    VerdictPair(
      "a context that may not be written", .contextField(.r1, offset: 12, size: 4, isWrite: true),
      accepted: "r0 = *(u32 *)(r1 + 12); exit",
      rejected: "r0 = 0; *(u32 *)(r1 + 12) = r0; exit"),
    VerdictPair(
      "a moved context", .modifiedContext(.r1),
      accepted: "r0 = *(u32 *)(r1 + 12); exit", rejected: "r1 += 4; r0 = *(u32 *)(r1 + 8); exit"),
    VerdictPair(
      "a field that a socket does not have", .socketField(.r2, offset: 80, size: 4),
      type: .schedCLS,
      accepted:
        "r2 = *(u64 *)(r1 + 168); if r2 == 0 goto out; r3 = *(u32 *)(r2 + 4); out: r0 = 0; exit",
      rejected:
        "r2 = *(u64 *)(r1 + 168); if r2 == 0 goto out; r3 = *(u32 *)(r2 + 80); out: r0 = 0; exit"
    ),
    VerdictPair(
      "one instruction for two kinds of memory", .differentPointers(.mapValue, .context),
      accepted: """
        r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = *(u32 *)(r1 + 12)
        if r3 == 0 goto load; r2 = map[idx:4][0]+0; load: r0 = *(u32 *)(r2 + 12); exit
        """,
      rejected: """
        r2 = r1; r3 = *(u32 *)(r1 + 12); if r3 != 0 goto load; r2 = map[idx:4][0]+0
        load: r0 = *(u32 *)(r2 + 12); exit
        """),
    VerdictPair(
      "an atomic operation on a packet", .atomicNotAllowed(.r2, ValueSummary(.packet)),
      accepted: packet(
        """
        r4 += 8; if r4 > r3 goto out; *(u64 *)(r10 - 8) = 0; r0 = r10
        r0 = cmpxchg_64(r10 - 8, r0, r2); lock *(u64 *)(r10 - 8) += r2
        """),
      rejected: packet("r4 += 8; if r4 > r3 goto out; lock *(u64 *)(r2 + 0) += r5")),
    VerdictPair(
      "a legacy packet load without a socket buffer", .legacyLoadNotAllowed,
      accepted: "r6 = r1; r0 = 0; exit", rejected: "r6 = r1; r0 = *(u8 *)skb[0]; exit"),
    VerdictPair(
      "a legacy packet load in a function", .legacyLoadInFunction, type: .schedCLS,
      accepted: "r6 = r1; r0 = *(u8 *)skb[0]; exit",
      rejected: "r6 = r1; call f; exit; f: r6 = r1; r0 = *(u8 *)skb[0]; exit",
      kernelDiffers: "the kernel allows it where the function's result is checked"),
    VerdictPair(
      "a legacy packet load without the context", .legacyLoadWithoutContext, type: .schedCLS,
      accepted: "r6 = r1; r0 = *(u8 *)skb[0]; exit", rejected: "r6 = 0; r0 = *(u8 *)skb[0]; exit"),
  ]

  /// With r2 and r4 at an XDP packet's start, r3 at its end, r5 a number.
  static func packet(_ text: String) -> String {
    """
    r5 = *(u32 *)(r1 + 12)
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    \(text)
    out: r0 = 0
    exit
    """
  }

  /// What is done with a record of 16 bytes in r0, which is then submitted.
  static func record(_ text: String) -> String {
    """
    r1 = map[idx:2]; r2 = 16; r3 = 0; call 131
    if r0 == 0 goto out
    \(text)
    r1 = r0; r2 = 0; call 132
    out: r0 = 0
    exit
    """
  }

  /// What is done with a number in r1 that a read-only map inside map 10 holds, before it is an offset in map 4.
  static func innerConstant(_ text: String) -> String {
    """
    *(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map[idx:10]; call 1; if r0 == 0 goto out
    r1 = r0; r2 = r10; r2 += -4; call 1; if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    \(text)
    r2 = map[idx:4][0]+0; r2 += r1; r0 = *(u8 *)(r2 + 0)
    out: r0 = 0
    exit
    """
  }

  /// A callback for each element of map 1.
  static func eachElement(_ callback: String) -> String {
    """
    r1 = map[idx:1]; r2 = subprog[f]; r3 = 0; r4 = 0; call 164
    r0 = 0
    exit
    f: \(callback)
    """
  }

  /// Gives a record back by its dynptr at -16, does something and reads what is there.
  private static func givenBack(_ text: String) -> String {
    """
    r1 = map[idx:2]; r2 = 16; r3 = 0; r4 = r10; r4 += -16; call 198
    r1 = r10; r1 += -16; r2 = 0; call 200
    \(text); r0 = *(u64 *)(r10 - 16); r0 = 0; exit
    """
  }
}
