import BPFISA
import BPFPlatform

@testable import BPFVerifier

extension VerdictPair {
  /// Shape, registers, pointers.
  static let registers: [VerdictPair] = [
    VerdictPair(
      "an unreachable instruction", .unreachable,
      accepted: "r0 = 0; exit", rejected: "r0 = 0; exit; r0 = 1; exit"),
    VerdictPair(
      "a jump out of the function", .jumpOutsideFunction(target: 5),
      accepted: "r0 = 0; goto +0; exit", rejected: "r0 = 0; goto +3; exit"),
    VerdictPair(
      "a jump into a load immediate", .jumpIntoLoadImmediate(target: 3),
      accepted: "r0 = 0; if r1 != 0 goto +2; r0 = 1 ll; exit",
      rejected: "r0 = 0; if r1 != 0 goto +1; r0 = 1 ll; exit"),
    VerdictPair(
      "a call out of the program", .callOutsideProgram(target: 9),
      accepted: "call f; exit; f: r0 = 0; exit", rejected: "call pc+8; exit"),
    VerdictPair(
      "a function that falls off its end", .fallsOffEnd,
      accepted: "r0 = 0; exit", rejected: "r0 = 0; r0 = 1"),
    VerdictPair(
      "a register that holds nothing", .uninitializedRegister(.r2),
      accepted: "r2 = 3; r0 = r2; exit", rejected: "r0 = r2; exit"),
    VerdictPair(
      "a register that a call clobbered", .uninitializedRegister(.r1),
      accepted: "r6 = r1; call 7; r0 = *(u32 *)(r6 + 12); exit",
      rejected: "call 7; r0 = *(u32 *)(r1 + 12); exit"),
    VerdictPair(
      "a register of the caller", .uninitializedRegister(.r6),
      accepted: "r6 = 1; call f; r0 = r6; exit; f: r6 = 2; r0 = r6; exit",
      rejected: "r6 = 1; call f; exit; f: r0 = r6; exit"),
    VerdictPair(
      "no result", .uninitializedRegister(.r0), accepted: "r0 = 0; exit", rejected: "exit"),
    VerdictPair(
      "a write to the frame pointer", .writeToFramePointer,
      accepted: "r2 = r10; r2 += -8; r0 = 0; exit", rejected: "r10 += -8; r0 = 0; exit"),
    VerdictPair(
      "an argument on the stack", .stackArguments,
      accepted: "*(u64 *)(r10 - 8) = 4; r0 = 0; exit",
      rejected: "*(u64 *)(r11 - 8) = 4; r0 = 0; exit"),
    VerdictPair(
      "a pointer that is multiplied", .pointerArithmetic(.r2, .operation),
      accepted: "r2 = r10; r2 = -r2; r2 *= 2; r3 = r10; r3 = bswap64 r3; r3 *= r2; r0 = 0; exit",
      rejected: "r2 = r10; r2 *= 2; r0 = 0; exit"),
    VerdictPair(
      "an address is negated", .pointerArithmetic(.r2, .operation), options: untrusted,
      accepted: "r2 = 4; r2 = -r2; r0 = 0; exit", rejected: "r2 = r10; r2 = -r2; r0 = 0; exit"),
    VerdictPair(
      "a pointer at half width", .pointerArithmetic(.r2, .halfWidth),
      accepted: "r2 = r10; r2 += -4; r0 = 0; exit",
      rejected: "r2 = r10; w2 += -4; r0 = 0; exit"),
    VerdictPair(
      "the sum of two pointers", .pointerArithmetic(.r2, .twoPointers),
      accepted: "r2 = r10; r3 = r10; r2 -= r3; r0 = r2; exit",
      rejected: "r2 = r10; r3 = r10; r2 += r3; r0 = 0; exit"),
    VerdictPair(
      "a number minus a pointer", .pointerArithmetic(.r3, .subtracted),
      accepted: "r2 = 4; r3 = r10; r3 -= r2; r0 = 0; exit",
      rejected: "r2 = 4; r3 = r10; r2 -= r3; r0 = 0; exit",
      kernelDiffers: "the kernel subtracts nothing from a pointer to the stack"),
    VerdictPair(
      "a pointer that may be null is moved", .pointerArithmetic(.r0, .nullable),
      accepted: lookUp("if r0 == 0 goto out; r0 += 8; r0 = *(u8 *)(r0 + 0)"),
      rejected: lookUp("r0 += 8; if r0 == 0 goto out")),
    VerdictPair(
      "the packet's end is moved", .pointerArithmetic(.r3, .fixed),
      accepted: "r2 = *(u32 *)(r1 + 0); r2 += 4; r0 = 0; exit",
      rejected: "r3 = *(u32 *)(r1 + 4); r3 += 4; r0 = 0; exit"),
    VerdictPair(
      "a half of a pointer is copied", .pointerArithmetic(.r10, .partialCopy), options: untrusted,
      accepted: "r2 = 5; w3 = w2; r0 = 0; exit", rejected: "w3 = w10; r0 = 0; exit"),
    VerdictPair(
      "a sign-extended pointer", .pointerArithmetic(.r10, .partialCopy), options: untrusted,
      accepted: "r2 = 5; r3 = (s32)r2; r0 = 0; exit", rejected: "r3 = (s32)r10; r0 = 0; exit"),
    VerdictPair(
      "an untrusted program's stack at a variable offset",
      .pointerArithmetic(.r2, .variableStack), options: untrusted,
      accepted: "r3 = 4; r2 = r10; r2 -= r3; r0 = 0; exit",
      rejected: "r3 = *(u32 *)(r1 + 12); r3 &= 7; r2 = r10; r2 -= r3; r0 = 0; exit"),
    VerdictPair(
      "a pointer out of reach", .pointerOutOfReach(.r2, offset: 1 << 29),
      accepted: "r2 = *(u32 *)(r1 + 0); r2 += 0x1fffffff; r0 = 0; exit",
      rejected: "r2 = *(u32 *)(r1 + 0); r2 += 0x20000000; r0 = 0; exit"),
    VerdictPair(
      "an unbounded offset", .pointerUnbounded(.r2, 0...0xffff_ffff),
      accepted:
        "r3 = *(u32 *)(r1 + 12); r3 &= 15; r2 = *(u32 *)(r1 + 0); r2 += r3; r0 = 0; exit",
      rejected: "r3 = *(u32 *)(r1 + 12); r2 = *(u32 *)(r1 + 0); r2 += r3; r0 = 0; exit",
      kernelDiffers: "the kernel looks at the upper bound when the pointer is used"),
    VerdictPair(
      "an address in a map", .pointerLeak(.r1), options: untrusted,
      accepted: "r2 = map[idx:4][0]+0; *(u64 *)(r2 + 0) = 1; r0 = 0; exit",
      rejected: "r2 = map[idx:4][0]+0; *(u64 *)(r2 + 0) = r1; r0 = 0; exit"),
    VerdictPair(
      "an address is compared", .pointerLeak(.r10), options: untrusted,
      accepted: "r0 = 0; r2 = 4; if r2 > 7 goto +0; exit",
      rejected: "r0 = 0; if r10 > 7 goto +0; exit"),
    VerdictPair(
      "an address goes through an atomic operation", .pointerLeak(.r10), options: untrusted,
      accepted:
        "*(u64 *)(r10 - 8) = 1; r2 = 0; r2 = atomic_fetch_add((u64 *)(r10 - 8), r2); r0 = r2; exit",
      rejected:
        "*(u64 *)(r10 - 8) = r1; r2 = 0; r2 = atomic_fetch_add((u64 *)(r10 - 8), r2); r0 = r2; exit"
    ),
    VerdictPair(
      "an address is returned", .returnsPointer, options: untrusted,
      accepted: "r0 = 1; exit", rejected: "r0 = r10; exit"),
    VerdictPair(
      "a function's own stack is returned", .returnsStack,
      accepted: "r1 = r10; call f; r0 = 0; exit; f: r0 = r1; exit",
      rejected: "r1 = r10; call f; r0 = 0; exit; f: r0 = r10; exit",
      kernelDiffers: "the kernel lets no function return a pointer to a stack"),
  ]

  /// A lookup in map 0 with the key 7, of which it is not known whether it is there, and what follows.
  static func lookUp(_ text: String) -> String {
    """
    *(u32 *)(r10 - 4) = 7
    r2 = r10
    r2 += -4
    r1 = map[idx:0]
    call 1
    \(text)
    out: r0 = 0
    exit
    """
  }
}
