import BPFISA

// Conditional jumps whose targets moved out of the reach of 16 bits.
extension ProgramPatcher {
  /// How often positions are laid out for the least number of widened jumps. After that, every jump is widened that others
  /// could still push out of reach: that ends it, in time linear in the program whatever it is.
  static let preciseRounds = 32

  /// How far a jump may reach that is not widened however many others are: an instruction becomes three at most.
  private static let surelyInReach = Int(Int16.max) / 3 - 1

  /// Marks the conditional jumps that do not reach their targets.
  ///
  /// - Returns: whether there are any, so that another layout is needed.
  mutating func widenJumps(_ layout: Layout, round: Int) throws(PatchError) -> Bool {
    // Nothing is farther from anything than the whole program is long.
    if layout.slotCount <= Int(Int16.max) { return false }
    let isPrecise = round < Self.preciseRounds
    let reach =
      isPrecise ? Int(Int16.min)...Int(Int16.max) : -Self.surelyInReach...Self.surelyInReach
    var hasWidened = false
    for slot in 0..<(layout.mayHaveFarTargets ? anchors.count : 0)
    where !anchors[slot].isRemoved && !anchors[slot].isWidened {
      let instruction = program.slots[slot]
      guard instruction.displacementField == .offset, instruction.opcode != 0x05 else { continue }
      let target = try target(of: instruction, at: slot, layout)
      // It is the last of what belongs to its slot.
      if reach.contains(target - layout.head(of: slot + 1)) { continue }
      anchors[slot].isWidened = true
      hasWidened = true
    }
    let tooShort = try shortInsertedJumps(layout, reach: reach)
    for branch in tooShort {
      var record = branches[branch]
      record.isWidened = true
      branches[branch] = record
    }
    hasWidenedInserted = hasWidenedInserted || !tooShort.isEmpty
    return hasWidened || !tooShort.isEmpty
  }

  /// The jumps of patches that do not reach their targets, by their index among the branches.
  private func shortInsertedJumps(
    _ layout: Layout, reach: ClosedRange<Int>
  ) throws(PatchError) -> [Int] {
    var tooShort: [Int] = []
    if !hasOpenBranches, layout.landings.isEmpty { return [] }
    var branch = 0
    try forEachRun(layout) { (slot, run, start) throws(PatchError) in
      let isOpen =
        run.traits.contains(.openBranches)
        || isRecorded(run) && !layout.landings.isEmpty
      if run.isMark || !isOpen { return }
      branch = firstBranch(from: Int(run.start), guess: branch)
      var growth = 0
      while branch < branches.count, branches[branch].slot < run.end {
        let record = branches[branch]
        let instruction = inserted[record.slot]
        branch += 1
        if record.isWidened {
          growth += WideBranch.growth(of: instruction)
          continue
        }
        guard instruction.displacementField == .offset, instruction.opcode != 0x05 else {
          continue
        }
        let target = try target(of: record, instruction, in: run, of: slot, start: start, layout)
        let position = start + record.slot - Int(run.start) + growth
        if !reach.contains(target - position - 1) { tooShort.append(branch - 1) }
      }
    }
    return tooShort
  }
}
