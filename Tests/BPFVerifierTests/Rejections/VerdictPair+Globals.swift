import BPFISA
import BPFPlatform

@testable import BPFVerifier

extension VerdictPair {
  /// Global functions: their calls, and they themselves.
  static let globals: [VerdictPair] = [
    global(
      "an address for a number", .argument(.r1, expected: .number, found: ValueSummary(.context)),
      [.init(.number)], accepted: "r1 = 5; call f; exit; f: r0 = r1; exit",
      rejected: "call f; exit; f: r0 = 0; exit"),
    global(
      "a number for memory", .argument(.r1, expected: .memory, found: ValueSummary(.number)),
      [.init(.pointer(.init(.number, size: 4)))],
      accepted: "r1 = 0; call f; exit; f: r0 = 0; exit",
      rejected: "r1 = 5; call f; exit; f: r0 = 0; exit"),
    global(
      "null for memory that is there",
      .argument(.r1, expected: .memory, found: ValueSummary(.number)),
      [.init(.pointer(.init(.number, size: 4)), tags: .nonNull)],
      accepted: """
        *(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; call f; exit; f: r0 = *(u32 *)(r1 + 0); exit
        """, rejected: "r1 = 0; call f; exit; f: r0 = 0; exit",
      kernelDiffers: "the kernel takes the number 0 for any pointer"),
    global(
      "a value that may be null for memory that is there",
      .nullablePointer(.r1, ValueSummary(.mapValue("values"), isNullable: true)),
      [.init(.pointer(.init(.number, size: 4)), tags: .nonNull)],
      accepted: found("if r0 == 0 goto out; r1 = r0; call f") + "f: r0 = *(u32 *)(r1 + 0); exit",
      rejected: found("r1 = r0; call f") + "f: r0 = *(u32 *)(r1 + 0); exit"),
    global(
      "memory that may be null", .nullablePointer(.r1, ValueSummary(.memory(4), isNullable: true)),
      [.init(.pointer(.init(.number, size: 4)))],
      accepted: found("r1 = r0; call f")
        + "f: r0 = 0; if r1 == 0 goto end; r0 = *(u32 *)(r1 + 0); end: exit",
      rejected: found("r1 = r0; call f") + "f: r0 = *(u32 *)(r1 + 0); exit"),
    global(
      "a byte behind a structure",
      .memoryBounds(.r1, size: 12, offset: 12...12, bytes: 1),
      [.init(.pointer(.init(.structure("pair"), size: 12)), tags: .nonNull)],
      accepted: onStack(16) + "f: r0 = *(u8 *)(r1 + 11); exit",
      rejected: onStack(16) + "f: r0 = *(u8 *)(r1 + 12); exit"),
    global(
      "less memory than the structure has",
      .stackBounds(.r1, offset: -8...(-8), bytes: 12),
      [.init(.pointer(.init(.structure("pair"), size: 12)))],
      accepted: onStack(16) + "f: r0 = 0; exit", rejected: onStack(8) + "f: r0 = 0; exit"),
    global(
      "a structure that is larger than any stack",
      .stackBounds(.r1, offset: -512...(-512), bytes: 4_096),
      [.init(.pointer(.init(.structure("page"), size: 4_096)))],
      accepted: "r1 = 0; call f; exit; f: r0 = 0; exit",
      rejected: onStack(512) + "f: r0 = 0; exit"),
    global(
      "constant memory", .mapNotWritable(3), [.init(.pointer(.init(.number, size: 4)))],
      accepted: "r1 = map[idx:4][0]+0; call f; exit; f: r0 = 0; exit",
      rejected: "r1 = map[idx:3][0]+0; call f; exit; f: r0 = 0; exit"),
    global(
      "what was on the stack before", .pointerUnbounded(.r2, Int64.min...Int64.max),
      [.init(.pointer(.init(.number, size: 8)))],
      accepted: """
        r1 = 4; *(u64 *)(r10 - 8) = r1; *(u64 *)(r10 - 24) = r1; r1 = r10; r1 += -16; call f
        r1 = *(u64 *)(r10 - 24); \(atIndex)f: r0 = 0; exit
        """,
      rejected: """
        r1 = 4; *(u64 *)(r10 - 8) = r1; r1 = r10; r1 += -8; call f
        r1 = *(u64 *)(r10 - 8); \(atIndex)f: r0 = 0; exit
        """),
    global(
      "a packet that the function may move",
      .argument(.r1, expected: .fixedMemory, found: ValueSummary(.packet)),
      [.init(.pointer(.init(.structure("ethernet"), size: 14))), context],
      accepted: inPacket + "f: r0 = 0; exit",
      rejected: inPacket + "f: r1 = r2; r2 = 4; call 44; r0 = 0; exit",
      kernelDiffers: "the kernel takes it, though the function may use the memory afterwards"),
    global(
      "a packet after the function may have moved it", .notMemory(.r7, ValueSummary(.number)),
      [context], accepted: afterCall + "f: r0 = 0; exit",
      rejected: afterCall + "f: r2 = 4; call 44; r0 = 0; exit"),
    global(
      "a packet after a tail call in the function", .notMemory(.r7, ValueSummary(.number)),
      [context], accepted: afterCall + "f: r0 = 0; exit",
      rejected: afterCall + "f: r2 = map[idx:7]; r3 = 0; call 12; r0 = 0; exit"),
    global(
      "a number for the context", .argument(.r1, expected: .context, found: ValueSummary(.stack)),
      [context], accepted: "call f; exit; f: r0 = *(u32 *)(r1 + 12); exit",
      rejected: "r1 = r10; call f; exit; f: r0 = *(u32 *)(r1 + 12); exit"),
    global(
      "the context of another program type",
      .stackBounds(.r1, offset: 0...0, bytes: 192),
      [.init(.pointer(.init(.structure("__sk_buff"), size: 192)))],
      accepted: "r1 = 0; call f; exit; f: r0 = 0; exit",
      rejected: "r1 = r10; call f; exit; f: r0 = 0; exit"),
    global(
      "a tag for the context on another structure", .prototype(.contextType(parameter: 1)),
      [.init(.pointer(.init(.structure("__sk_buff"), size: 192)), tags: .context)],
      of: "g", accepted: "call f; exit; f: r0 = 0; exit",
      rejected: "call g; exit; g: r0 = 0; exit"),
    global(
      "other bytes for a dynptr",
      .argument(.r1, expected: .dynptr, found: ValueSummary(.otherBytes)), [dynptr],
      accepted: ofDynptr(16) + usesDynptr, rejected: ofDynptr(32) + usesDynptr),
    global(
      "a dynptr that a function gives back",
      .argument(.r1, expected: .dynptrOnStack, found: ValueSummary(.dynptr)), [dynptr],
      accepted: ofDynptr(16) + usesDynptr,
      rejected: ofDynptr(16) + "f: r2 = 0; call 200; r0 = 0; exit"),
    global(
      "a result that is a pointer", .returnsPointer, [context],
      accepted: "call f; exit; f: r0 = 0; exit", rejected: "call f; exit; f: r0 = r1; exit"),
    global(
      "nothing for a result", .uninitializedRegister(.r0), [context],
      accepted: "call f; exit; f: r0 = 0; exit", rejected: "call f; exit; f: r1 = 0; exit"),
    global(
      "what a function returned before", .pointerUnbounded(.r2, Int64.min...Int64.max),
      [context], accepted: "call f; r1 = r0; if r1 > 4 goto +4; \(atIndex)f: r0 = 4; exit",
      rejected: "call f; r1 = r0; \(atIndex)f: r0 = 4; exit"),
    global(
      "an argument that is compared with its caller", .pointerUnbounded(.r2, 0...Int64.max),
      [.init(.number)],
      accepted: "r1 = 4; call f; exit; f: r0 = 0; if r1 > 4 goto +4; \(atIndex)",
      rejected: "r1 = 4; call f; exit; f: r0 = 0; if r1 s< 0 goto +4; \(atIndex)"),
    global(
      "a function that is called with a lock held", .callWhileLocked, [context],
      accepted: "r6 = r1; " + locking("call g; ")
        + "r1 = r6; call f; exit; f: r0 = 0; exit; g: r0 = 0; exit",
      rejected: "r6 = r1; " + locking("r1 = r6; call f; ") + "r0 = 0; exit; f: r0 = 0; exit"),
    global(
      "a record that the function keeps", .unreleased(slot: 6), [context],
      accepted: "call f; exit; f: r0 = 0; exit",
      rejected: "call f; exit; f: r1 = map[idx:2]; r2 = 16; r3 = 0; call 131; r0 = 0; exit"),
    global(
      "a tail call in a function of a callback", .tailCallInCallback, [context],
      accepted: inCallback + "f: r0 = 0; exit",
      rejected: inCallback + "f: r2 = map[idx:7]; r3 = 0; call 12; r0 = 0; exit",
      kernelDiffers: "the kernel looks for tail calls in the callback itself only"),
    global(
      "the address of a function", .globalCallback, [.init(.number)],
      accepted: "r1 = 5; call f; exit; f: r0 = 0; exit",
      rejected: "r1 = 2; r2 = subprog[f]; r3 = 0; r4 = 0; call 181; r0 = 0; exit; f: r0 = 0; exit"
    ),
    VerdictPair(
      "nine functions deep, some global", .tooManyFrames(8),
      accepted: nested(7), rejected: nested(8), prototypes: ["f4": plain]),
    global(
      "stacks that are too deep together", .stackTooDeep(bytes: 544, frames: 2), [context],
      accepted: "*(u8 *)(r10 - 256) = 0; call f; exit; f: *(u8 *)(r10 - 256) = 0; r0 = 0; exit",
      rejected: "*(u8 *)(r10 - 256) = 0; call f; exit; f: *(u8 *)(r10 - 288) = 0; r0 = 0; exit"),
    global(
      "a function that calls itself", .recursion, [context],
      accepted: "call f; exit; f: call g; exit; g: r0 = 0; exit",
      rejected: "call f; exit; f: call f; exit"),
    declared("nothing", .result, FunctionPrototype(parameters: [], result: .nothing)),
    declared("a pointer", .result, FunctionPrototype(parameters: [], result: .other)),
    declared(
      "six numbers", .tooManyParameters(6),
      prototype(Array(repeating: .init(.number), count: 6))),
    declared("a structure by value", .type(parameter: 1), prototype([.init(.other)])),
    declared(
      "a pointer to anything", .unknownSize(parameter: 1),
      prototype([.init(.pointer(.init(.void, size: nil)))])),
    declared(
      "a structure that is only declared", .unknownSize(parameter: 1),
      prototype([.init(.pointer(.init(.structure("opaque"), size: nil)))])),
    declared(
      "a number that is no null", .tags(parameter: 1), prototype([.init(.number, tags: .nonNull)])),
    declared(
      "memory that is tagged as what may be null", .tags(parameter: 1),
      prototype([.init(.pointer(.init(.number, size: 4)), tags: .nullable)])),
    declared(
      "a tag that there is none of", .tags(parameter: 1),
      prototype([.init(.pointer(.init(.number, size: 4)), tags: .unknown)])),
  ]

  private static let context = FunctionPrototype.Parameter(
    .pointer(.init(.structure("xdp_md"), size: 24)))
  private static let dynptr = FunctionPrototype.Parameter(
    .pointer(.init(.structure("bpf_dynptr"), size: 16)))
  private static let plain = prototype([])

  private static func prototype(_ parameters: [FunctionPrototype.Parameter]) -> FunctionPrototype {
    FunctionPrototype(parameters: parameters, result: .number)
  }

  /// A pair whose function of a label has parameters.
  private static func global(
    _ name: String, _ problem: Rejection.Problem, _ parameters: [FunctionPrototype.Parameter],
    of label: String = "f", accepted: String, rejected: String, kernelDiffers: String? = nil
  ) -> VerdictPair {
    VerdictPair(
      "global: " + name, problem, accepted: accepted, rejected: rejected,
      prototypes: [label: prototype(parameters)], kernelDiffers: kernelDiffers)
  }

  /// A pair of which one calls a function that is declared with a defect.
  private static func declared(
    _ name: String, _ defect: Rejection.PrototypeDefect, _ prototype: FunctionPrototype
  ) -> VerdictPair {
    let call = "r1 = 0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; "
    return VerdictPair(
      "global: " + name, .prototype(defect), accepted: call + "call f; exit; f: r0 = 0; exit",
      rejected: call + "call g; exit; g: r0 = 0; exit", prototypes: ["g": prototype, "f": plain])
  }

  /// Makes a dynptr of a map's value at -16, and calls `f` with what is at a place on the stack.
  private static func ofDynptr(_ place: Int) -> String {
    """
    *(u64 *)(r10 - 32) = 0; *(u64 *)(r10 - 24) = 0
    r1 = map[idx:4][0]+0; r2 = 16; r3 = 0; r4 = r10; r4 += -16; call 197
    r1 = r10; r1 += -\(place); call f; exit

    """
  }

  /// Reads what its dynptr stands for, writes it and takes a slice of it.
  private static let usesDynptr = """
    f: r6 = r1; r1 = r10; r1 += -8; r2 = 8; r3 = r6; r4 = 0; r5 = 0; call 201
    r1 = r6; r2 = 0; r3 = r10; r3 += -8; r4 = 8; r5 = 0; call 202
    r1 = r6; r2 = 0; r3 = 8; call 203
    if r0 == 0 goto none; *(u64 *)(r0 + 0) = 1; none: r0 = 0; exit
    """

  /// Uses r1 as a place in a map's value.
  private static let atIndex =
    "r2 = map[idx:4][0]+0; r2 += r1; r0 = *(u8 *)(r2 + 0); exit; "

  /// A call of `f` with so many bytes at the stack's end.
  private static func onStack(_ count: Int) -> String {
    "*(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = 0; r1 = r10; r1 += -\(count); call f; exit; "
  }

  /// A call of `f` with 14 bytes of the packet and the context.
  private static let inPacket = """
    r6 = r1; r1 = *(u32 *)(r6 + 0); r2 = *(u32 *)(r6 + 4); r3 = r1; r3 += 14; if r3 > r2 goto out
    r2 = r6; call f; out: r0 = 0; exit

    """

  /// A load from the packet after a call of `f` with the context.
  private static let afterCall = """
    r6 = r1; r7 = *(u32 *)(r6 + 0); r2 = *(u32 *)(r6 + 4); r3 = r7; r3 += 1; if r3 > r2 goto out
    call f; r0 = *(u8 *)(r7 + 0); out: r0 = 0; exit

    """

  /// A callback that calls `f` with the context.
  private static let inCallback = """
    *(u64 *)(r10 - 8) = r1; r1 = map[idx:1]; r2 = subprog[back]; r3 = r10; r3 += -8; r4 = 0
    call 164; r0 = 0; exit
    back: r1 = *(u64 *)(r4 + 0); call f; r0 = 0; exit

    """

  private static func locking(_ text: String) -> String {
    "r1 = map[idx:5][0]+0; call 93; \(text)r1 = map[idx:5][0]+0; call 94; "
  }

  /// Something done with what a lookup gives.
  private static func found(_ text: String) -> String {
    """
    *(u32 *)(r10 - 4) = 1; r2 = r10; r2 += -4; r1 = map[idx:0]; call 1; \(text)
    out: r0 = 0; exit

    """
  }
}
