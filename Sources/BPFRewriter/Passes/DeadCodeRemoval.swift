import BPFISA
public import BPFVerifier

/// Removes what the verifier found no path to, jumps that go only one way, and those that lead over nothing that is left (kernel:
/// `opt_hard_wire_dead_code_branches`, `opt_remove_dead_code`, `opt_remove_nops`).
///
/// A function that nothing enters goes, with its name and lines, unless its address is still taken.
public struct DeadCodeRemoval: Pass {
  public static let name = "dead-code"

  private let facts: [InstructionFacts]

  /// - Parameter facts: what the verifier found out about each slot of the program.
  public init(_ facts: [InstructionFacts]) { self.facts = facts }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    let slots = patcher.program.slots
    let kept = functionsKept(in: patcher.program)
    // Conditional jumps that always jump, from the last.
    var jumps: [Int] = []
    // The first instruction left after the one looked at. From the end, so that what follows a jump is settled.
    var following = slots.count
    var slot = slots.count
    while slot > 0 {
      slot &-= 1
      let instruction = slots[slot]
      if instruction.isSecondHalf { continue }
      guard facts[slot].isReached else {
        if kept.contains(where: { $0.contains(slot) }) {
          following = slot
        } else {
          try patcher.remove(slot)
        }
        continue
      }
      let isConditional = instruction.isConditionalJump
      let isOneWay = isConditional && facts[slot].isTaken != facts[slot].isNotTaken
      if isOneWay && facts[slot].isNotTaken {
        try patcher.remove(slot)
      } else if isConditional || instruction.isJump, instruction.leads(from: slot, to: following) {
        try patcher.remove(slot)
      } else {
        if isOneWay { jumps.append(slot) }
        following = slot
      }
    }
    var patch = Patch()
    for slot in jumps.reversed() {
      patch.removeAll()
      patch.emit(.jump(offset: 0), to: .original(slot + 1 + Int(slots[slot].offset)))
      try patcher.replace(slot, with: patch)
    }
  }

  /// The functions without a path to them whose addresses are taken, callbacks that are never called, and what those call.
  private func functionsKept(in program: Program) -> [Range<Int>] {
    let slots = program.slots
    // Where the functions begin that instructions of a range refer to, and that no path leads to.
    func unreached(in range: Range<Int>, isReferring: (Int) -> Bool) -> [Int] {
      range.compactMap { slot in
        let field = slots[slot].displacementField
        guard field == .function || field == .call, isReferring(slot) else { return nil }
        let target = slot + 1 + Int(slots[slot].immediate)
        return facts[target].isReached ? nil : target
      }
    }
    var pending = unreached(in: slots.indices) {
      facts[$0].isReached && slots[$0].displacementField == .function
    }
    if pending.isEmpty { return [] }
    var starts = program.subprograms.map(\.start)
    for (slot, instruction) in slots.enumerated() {
      let field = instruction.displacementField
      guard field == .function || field == .call else { continue }
      starts.append(slot + 1 + Int(instruction.immediate))
    }
    var kept: Set<Range<Int>> = []
    while let start = pending.popLast() {
      let range = start..<(starts.filter { $0 > start }.min() ?? slots.count)
      if kept.insert(range).inserted { pending += unreached(in: range) { _ in true } }
    }
    return Array(kept)
  }
}

extension RawInstruction {
  /// Whether it is a jump without a condition to a place that it names.
  fileprivate var isJump: Bool { opcode == 0x05 || opcode == 0x06 }

  /// Whether a jump at a slot leads on over nothing that is left, up to the first instruction that is.
  fileprivate func leads(from slot: Int, to following: Int) -> Bool {
    let distance = opcode == 0x06 ? Int(immediate) : Int(offset)
    return distance >= 0 && slot &+ 1 &+ distance <= following
  }

  /// Whether it is a conditional jump, `may_goto` not counted.
  var isConditionalJump: Bool {
    let group = opcode & 0x07
    let operation = opcode & 0xf0
    // `ja`, calls and exits share the classes JMP and JMP32; e5 is `may_goto`.
    return (group == 0x05 || group == 0x06) && operation != 0x00 && operation != 0x80
      && operation != 0x90 && operation != 0xe0
  }
}
