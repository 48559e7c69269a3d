import BPFISA
import BPFPlatform
public import BPFVerifier

/// Makes calls of `bpf_loop` loops that call their callback (kernel: `inline_bpf_loop`).
///
/// The loop's state is in `r6`, `r7` and `r8`, which are kept in the stack that ``TargetABI`` leaves to passes.
public struct LoopInlining: Pass {
  public static let name = "loop"

  /// The most iterations that the helper makes (Linux's `BPF_MAX_LOOPS`).
  public static let limit: Int32 = 8 << 20
  /// What it returns for more: `-E2BIG`.
  private static let tooMany: Int32 = -7

  private let facts: [InstructionFacts]

  /// - Parameter facts: what the verifier found out about each slot of the program.
  public init(_ facts: [InstructionFacts]) { self.facts = facts }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    for slot in facts.indices {
      guard let callback = facts[slot].callback, !patcher.isRemoved(slot),
        patcher.program.slots[slot].calls(.loop)
      else { continue }
      patch.removeAll()
      loop(callback, &patch)
      try patcher.replace(slot, with: patch)
    }
  }

  private func loop(_ callback: Int, _ patch: inout Patch) {
    let places = PassStack.loopRegisters
    let kept: [(Register, Int16)] = [(.r6, places.0), (.r7, places.1), (.r8, places.2)]
    let head = patch.label()
    let done = patch.label()
    let refused = patch.label()
    patch.emit(
      .jumpIf(.greater, .bits32, .r1, .immediate(Self.limit), offset: 0), to: .label(refused))
    for (register, place) in kept {
      patch.emit(.store(.double, base: .r10, offset: place, source: .register(register)))
    }
    // The helper takes 32 bits of the count.
    move(.r6, .bits32, .register(.r1), &patch)
    move(.r7, .bits64, .immediate(0), &patch)
    move(.r8, .bits64, .register(.r3), &patch)
    patch.place(head)
    patch.emit(
      .jumpIf(.greaterOrEqual, .bits64, .r7, .register(.r6), offset: 0), to: .label(done))
    move(.r1, .bits64, .register(.r7), &patch)
    move(.r2, .bits64, .register(.r8), &patch)
    patch.emit(.call(.local(0)), to: .original(callback))
    patch.emit(.arithmetic(.add, .bits64, destination: .r7, source: .immediate(1)))
    patch.emit(.jumpIf(.equal, .bits64, .r0, .immediate(0), offset: 0), to: .label(head))
    patch.place(done)
    move(.r0, .bits64, .register(.r7), &patch)
    for (register, place) in kept {
      patch.emit(
        .load(.double, signExtended: false, destination: register, base: .r10, offset: place))
    }
    patch.emit(.jump(offset: 0), to: .end)
    patch.place(refused)
    move(.r0, .bits64, .immediate(Self.tooMany), &patch)
  }

  private func move(
    _ destination: Register, _ width: ArithmeticWidth, _ source: Operand, _ patch: inout Patch
  ) {
    patch.emit(.arithmetic(.move, width, destination: destination, source: source))
  }
}
