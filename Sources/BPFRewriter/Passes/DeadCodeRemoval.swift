import BPFISA
public import BPFVerifier

/// Removes what the verifier found no path to, and jumps that go only one way (kernel: `opt_hard_wire_dead_code_branches`,
/// `opt_remove_dead_code`).
///
/// A function that nothing enters goes, with its name and lines, unless its address is still taken.
public struct DeadCodeRemoval: Pass {
  public static let name = "dead-code"

  private let facts: [InstructionFacts]

  /// - Parameter facts: what the verifier found out about each slot of the program.
  public init(_ facts: [InstructionFacts]) { self.facts = facts }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var hasEmptyJumps = false
    let kept = functionsKept(in: patcher.program)
    var patch = Patch()
    var slot = 0
    while slot < facts.count {
      let current = slot
      let instruction = patcher.program.slots[slot]
      slot += instruction.isWide ? 2 : 1
      guard facts[current].isReached else {
        if !kept.contains(where: { $0.contains(current) }) { try patcher.remove(current) }
        continue
      }
      guard instruction.isConditionalJump, facts[current].isTaken != facts[current].isNotTaken
      else { continue }
      if facts[current].isNotTaken {
        try patcher.remove(current)
      } else {
        patch.removeAll()
        patch.emit(.jump(offset: 0), to: .original(current + 1 + Int(instruction.offset)))
        try patcher.replace(current, with: patch)
        hasEmptyJumps = true
      }
    }
    if hasEmptyJumps { try removeEmptyJumps(&patcher) }
  }

  /// Removes the jumps made here that lead over nothing but what was removed.
  private func removeEmptyJumps(_ patcher: inout ProgramPatcher) throws(PatchError) {
    var pass = EmptyJumpRemoval()
    try pass.run(on: &patcher)
  }

  /// The functions without a path to them whose addresses are taken: callbacks that are never called.
  private func functionsKept(in program: Program) -> [Range<Int>] {
    var kept: [Int] = []
    var starts = program.subprograms.map(\.start)
    for (slot, instruction) in program.slots.enumerated() {
      let field = instruction.displacementField
      guard field == .function || field == .call else { continue }
      let target = slot + 1 + Int(instruction.immediate)
      starts.append(target)
      if field == .function, facts[slot].isReached, !facts[target].isReached { kept.append(target) }
    }
    return kept.map { start in start..<(starts.filter { $0 > start }.min() ?? facts.count) }
  }
}

extension RawInstruction {
  /// Whether it is a conditional jump, `may_goto` not counted.
  var isConditionalJump: Bool {
    let group = opcode & 0x07
    let operation = opcode & 0xf0
    // `ja`, calls and exits share the classes JMP and JMP32; e5 is `may_goto`.
    return (group == 0x05 || group == 0x06) && operation != 0x00 && operation != 0x80
      && operation != 0x90 && operation != 0xe0
  }
}
