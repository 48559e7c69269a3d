public import BPFISA

/// Patches gathered in an array sorted by position, their growth summed once, and one pass over the program in which each
/// branch looks up how far its two ends moved by binary search: what was proposed for Linux in 2022, with the cases
/// its draft left open (16-byte load immediates, local calls and function addresses).
///
/// It replaces each instruction at most once, in one pass; what replaces one branches only inside itself and to its end.
/// O(*n* + *b* log *p*) for *n* slots, *b* branches and *p* patches given by rising position.
public struct SortedPatcher {
  private struct Replacement {
    var slot: Int32
    /// How much longer the program is after this and all earlier ones.
    var growth: Int32
    /// Where its slots end in ``added``.
    var end: Int32
  }

  public enum Refusal: Error {
    case replacedTwice(Int)
    /// A displacement that no longer fits; Linux gives ERANGE.
    case outOfReach(Int)
  }

  private var replacements: [Replacement] = []
  private var added: [RawInstruction] = []

  public init() {}

  public mutating func reserve(patches: Int, slots: Int) {
    replacements.reserveCapacity(patches)
    added.reserveCapacity(slots)
  }

  /// Replaces an instruction of a program; slots are given by rising position for speed, which the array keeps.
  public mutating func replace(
    _ slot: Int, of program: [RawInstruction], with slots: [RawInstruction]
  ) throws(Refusal) {
    let growth = Int32(slots.count - (program[slot].isWide ? 2 : 1))
    if let last = replacements.last, last.slot >= slot {
      try insertInOrder(slot, growth, slots)
      return
    }
    for index in slots.indices { added.append(slots[index]) }
    replacements.append(
      Replacement(
        slot: Int32(slot), growth: (replacements.last?.growth ?? 0) + growth,
        end: Int32(added.count)))
  }

  private mutating func insertInOrder(
    _ slot: Int, _ growth: Int32, _ slots: [RawInstruction]
  ) throws(Refusal) {
    let index = count(before: slot)
    if Int(replacements[index].slot) == slot { throw .replacedTwice(slot) }
    let before = index > 0 ? replacements[index - 1] : Replacement(slot: 0, growth: 0, end: 0)
    for later in index..<replacements.count {
      replacements[later].growth += growth
      replacements[later].end += Int32(slots.count)
    }
    added.insert(contentsOf: slots, at: Int(before.end))
    replacements.insert(
      Replacement(
        slot: Int32(slot), growth: before.growth + growth, end: before.end + Int32(slots.count)),
      at: index)
  }

  /// The number of replacements before a slot.
  private func count(before slot: Int) -> Int {
    var low = 0
    var high = replacements.count
    while low < high {
      let middle = (low + high) / 2
      if Int(replacements[middle].slot) < slot { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Where a slot, or what replaced it, begins.
  private func position(of slot: Int) -> Int {
    let count = count(before: slot)
    return slot + (count > 0 ? Int(replacements[count - 1].growth) : 0)
  }

  /// The new program's slots.
  public func linearize(_ program: [RawInstruction]) throws(Refusal) -> [RawInstruction] {
    let growth = Int(replacements.last?.growth ?? 0)
    return try [RawInstruction](capacity: program.count + growth) {
      (output: inout OutputSpan<RawInstruction>) throws(Refusal) in
      var slot = 0
      var start = 0
      for replacement in replacements {
        try copy(program, slot..<Int(replacement.slot), &output)
        for index in start..<Int(replacement.end) { output.append(added[index]) }
        start = Int(replacement.end)
        slot = Int(replacement.slot) + (program[Int(replacement.slot)].isWide ? 2 : 1)
      }
      try copy(program, slot..<program.count, &output)
    }
  }

  private func copy(
    _ program: [RawInstruction], _ range: Range<Int>, _ output: inout OutputSpan<RawInstruction>
  ) throws(Refusal) {
    for slot in range {
      var instruction = program[slot]
      switch instruction.displacementField {
      case .none: break
      case .offset:
        let target = position(of: slot + 1 + Int(instruction.offset))
        guard let offset = Int16(exactly: target - output.count - 1) else {
          throw .outOfReach(slot)
        }
        instruction.offset = offset
      case .longJump, .call, .function:
        let target = position(of: slot + 1 + Int(instruction.immediate))
        guard let distance = Int32(exactly: target - output.count - 1) else {
          throw .outOfReach(slot)
        }
        instruction.immediate = distance
      }
      output.append(instruction)
    }
  }
}
