import BPFISA
import BPFPlatform

// Where everything comes to lie: the first of the two walks that make the new program.
extension ProgramPatcher {
  /// Positions in the new program.
  struct Layout {
    /// Where branches to each original slot land, then the number of slots of the whole program.
    var entries: [UInt32] = []
    /// What branches to an original slot skip, by rising slot: where its code begins before its entry.
    var prologues: [(slot: UInt32, head: UInt32)] = []
    /// Where each subprogram starts, then the number of slots of the whole program.
    var heads: [Int] = []
    /// Where branches to each inserted slot land; empty where that follows from its run's position.
    var landings: [UInt32] = []
    /// Where branches to what follows each inserted slot land that is a patch's last; empty where that is what follows its
    /// landing.
    var ends: [UInt32] = []
    /// Whether everything inserted lies where it is to be, with gaps for the original instructions.
    var isInPlace = true
    /// How many original slots are left.
    var originalsLeft = 0
    /// Whether everything inserted that is left is in the order in which it was inserted, and nothing lies too far down.
    var isInOrder = true
    /// Whether a conditional jump of the program may not reach its target.
    var mayHaveFarTargets = false

    var slotCount: Int { Int(entries[entries.count - 1]) }

    /// The first position of what belongs to an original slot, or after the last one.
    @inline(__always)
    func head(of slot: Int) -> Int {
      prologues.isEmpty ? Int(entries[slot]) : headAmongPrologues(of: slot)
    }

    @inline(never)
    private func headAmongPrologues(of slot: Int) -> Int {
      var low = 0
      var high = prologues.count
      while low < high {
        let middle = (low + high) / 2
        if Int(prologues[middle].slot) < slot { low = middle + 1 } else { high = middle }
      }
      guard low < prologues.count, Int(prologues[low].slot) == slot else {
        return Int(entries[slot])
      }
      return Int(prologues[low].head)
    }
  }

  /// Gives every original instruction its position.
  ///
  /// - Complexity: O(*n*), *n* the slots, original and inserted.
  func layOut() throws(PatchError) -> Layout {
    var layout = Layout()
    layout.entries = [UInt32](unwritten: anchors.count + 1)
    place(&layout)
    for subprogram in program.subprograms {
      guard subprogram.start >= 0, subprogram.start < max(anchors.count, 1) else {
        throw .straySubprogram(name: subprogram.name, start: subprogram.start)
      }
      layout.heads.append(layout.head(of: subprogram.start))
    }
    layout.heads.append(layout.slotCount)
    if hasCuts || hasWidenedInserted { try findLandings(&layout) }
    return layout
  }

  private func place(_ layout: inout Layout) {
    var walk = LayoutWalk()
    let hasWidenedInserted = hasWidenedInserted
    let slots = program.slots.span
    do {
      var entries = layout.entries.mutableSpan
      anchors.withSpan { anchors in
        for slot in slots.indices {
          let anchor = anchors[slot]
          let head = walk.position
          var landing = head
          if anchor.isSimplyReplaced, !hasWidenedInserted {
            // The common case.
            let (start, count) = anchor.onlySlots
            walk.note(start, count: count)
            walk.position &+= count
          } else {
            if anchor.hasRuns { landing = place(anchor, at: slot, &walk) }
            if !anchor.isRemoved {
              let instruction = slots[slot]
              walk.position &+= 1
              walk.originalsLeft &+= 1
              if instruction.displacementField == .offset {
                if anchor.isWidened { walk.position &+= WideBranch.growth(of: instruction) }
                walk.farthest = max(walk.farthest, Int(instruction.offset.magnitude))
              }
            }
          }
          walk.widest = max(walk.widest, walk.position &- head)
          entries[slot] = UInt32(truncatingIfNeeded: landing)
        }
      }
      entries[slots.count] = UInt32(truncatingIfNeeded: walk.position)
    }
    layout.isInPlace = walk.shifts == 0 && walk.gaps >= 0
    layout.isInOrder = walk.shifts >= 0 && walk.gaps >= 0
    // A jump goes over so many slots, and the code of one more where it leads behind a prologue.
    layout.mayHaveFarTargets = (walk.farthest + 1) * walk.widest > Int(Int16.max)
    layout.originalsLeft = walk.originalsLeft
    layout.prologues = walk.prologues
  }

  /// What a walk over the original slots has come to.
  private struct LayoutWalk {
    /// The position after what was walked over.
    var position = 0
    var originalsLeft = 0
    /// The inserted slot after those come to last.
    var next = 0
    /// By how much inserted slots are to move up: all the numbers' bits. Negative if some move down.
    var shifts = 0
    /// How many inserted slots were left out: all the numbers' bits. Negative if some are not in order.
    var gaps = 0
    /// The farthest displacement of a jump.
    var farthest = 0
    /// The most slots that one slot became.
    var widest = 1
    /// A guess at the next inserted branch.
    var branch = 0
    var prologues: [(slot: UInt32, head: UInt32)] = []

    /// Notes that so many inserted slots come here.
    @inline(__always)
    mutating func note(_ start: Int, count: Int) {
      shifts |= position &- start
      gaps |= start &- next
      next = start &+ count
    }
  }

  /// Goes over the runs of an original instruction.
  ///
  /// - Returns: where branches to the instruction land.
  @inline(never)
  private func place(_ anchor: Anchor, at slot: Int, _ walk: inout LayoutWalk) -> Int {
    let head = walk.position
    var entry: Int?
    forEachRun(of: anchor) { run in
      if run.isMark { walk.gaps = -1 }
      walk.note(Int(run.start), count: run.count)
      if run.isEntry { entry = walk.position }
      walk.position += run.width
      if hasWidenedInserted { walk.position += growth(of: run, &walk.branch) }
    }
    let landing = entry ?? walk.position
    if landing != head {
      walk.prologues.append((UInt32(truncatingIfNeeded: slot), UInt32(truncatingIfNeeded: head)))
    }
    return landing
  }

  /// How many slots the widened branches of a run take more.
  ///
  /// - Parameter branch: a guess at its first branch, which becomes one for the run after it.
  private func growth(of run: Run, _ branch: inout Int) -> Int {
    guard isRecorded(run), !run.isMark else { return 0 }
    branch = firstBranch(from: Int(run.start), guess: branch)
    var total = 0
    while branch < branches.count, branches[branch].slot < run.end {
      if branches[branch].isWidened {
        total += WideBranch.growth(of: inserted[branches[branch].slot])
      }
      branch += 1
    }
    return total
  }

  /// Calls `body` for each run of an original instruction, in the order of the program.
  @inline(__always)
  func forEachRun<Failure>(
    of anchor: Anchor, _ body: (Run) throws(Failure) -> Void
  ) throws(Failure) {
    if let run = anchor.onlyRun { return try body(run) }
    guard let last = anchor.lastRun else { return }
    var index = last
    repeat {
      index = Int(runs[index].next)
      try body(runs[index])
    } while index != last
  }

  /// Calls `body` for each run, in the order of the program, with its original slot and its position.
  func forEachRun(
    _ layout: Layout, _ body: (Int, Run, Int) throws(PatchError) -> Void
  ) throws(PatchError) {
    var branch = 0
    for slot in 0..<anchors.count where anchors[slot].hasRuns {
      var position = layout.head(of: slot)
      try forEachRun(of: anchors[slot]) { (run) throws(PatchError) in
        try body(slot, run, position)
        position += run.width
        if hasWidenedInserted { position += growth(of: run, &branch) }
      }
    }
  }

  /// Where branches to each inserted slot land: the first run in program order that has it says so.
  private func findLandings(_ layout: inout Layout) throws(PatchError) {
    var landings = [UInt32](repeating: .max, count: insertedCount)
    var ends = hasMovedEnds || hasWidenedInserted ? landings : []
    try forEachRun(layout) { (_, run, start) throws(PatchError) in
      var position = UInt32(truncatingIfNeeded: start)
      if run.isMark {
        if run.traits.contains(.end) {
          ends[Int(run.start)] = position
        } else if landings[Int(run.start)] == .max {
          landings[Int(run.start)] = position
        }
        return
      }
      var branch = hasWidenedInserted ? firstBranch(from: Int(run.start)) : branches.count
      for slot in Int(run.start)..<run.end {
        if landings[slot] == .max { landings[slot] = position }
        position += 1
        if branch < branches.count, branches[branch].slot == slot {
          if branches[branch].isWidened {
            position += UInt32(WideBranch.growth(of: inserted[slot]))
          }
          branch += 1
        }
      }
      if run.traits.contains(.end), !ends.isEmpty { ends[run.end - 1] = position }
    }
    layout.landings = landings
    layout.ends = ends
  }

  /// Where branches to what follows an inserted slot land, by what was found for all.
  func landing(after slot: Int, _ layout: Layout) -> Int {
    if !layout.ends.isEmpty, layout.ends[slot] != .max { return Int(layout.ends[slot]) }
    return Int(layout.landings[slot]) + 1
  }

  // MARK: Branches of patches

  /// Whether the branches of a run, if it has any, are among ``branches``.
  @inline(__always)
  func isRecorded(_ run: Run) -> Bool { !run.traits.isDisjoint(with: recordedTraits) }

  /// Where an inserted branch leads that is not recorded: to its patch's end.
  func endTarget(ofBranchAt slot: Int) -> InsertedBranch.Target {
    .end(of: slot + Int(inserted[slot].offset))
  }

  /// Records the branches that are not, because patches were cut: the end of a patch may be anywhere now, and out of reach.
  ///
  /// - Complexity: O(*n*), *n* the slots, original and inserted.
  mutating func recordEndBranches() {
    var isUnrecorded = [Bool](repeating: false, count: insertedCount)
    var count = 0
    for slot in 0..<anchors.count {
      forEachRun(of: anchors[slot]) { run in
        if run.isMark || !run.traits.contains(.endBranches) { return }
        for place in Int(run.start)..<run.end where inserted[place].displacementField == .offset {
          isUnrecorded[place] = true
          count += 1
        }
      }
    }
    recordedTraits.insert(.endBranches)
    if count == 0 { return }
    var all = Arena<InsertedBranch>()
    all.reserve(branches.count + count)
    var next = 0
    for slot in isUnrecorded.indices {
      if next < branches.count, branches[next].slot == slot {
        all.append(branches[next])
        next += 1
      } else if isUnrecorded[slot] {
        all.append(InsertedBranch(slot: slot, target: endTarget(ofBranchAt: slot)))
      }
    }
    branches = all
  }

  /// The first inserted branch at or after an inserted slot.
  ///
  /// - Complexity: O(log *n*), *n* the branches inserted; O(1) where the guess is right.
  func firstBranch(from slot: Int, guess: Int) -> Int {
    let isLast = guess == branches.count || branches[guess].slot >= slot
    if isLast, guess == 0 || branches[guess - 1].slot < slot { return guess }
    return firstBranch(from: slot)
  }

  /// The first inserted branch at or after an inserted slot.
  ///
  /// - Complexity: O(log *n*), *n* the branches inserted.
  func firstBranch(from slot: Int) -> Int {
    var low = 0
    var high = branches.count
    while low < high {
      let middle = (low + high) / 2
      if branches[middle].slot < slot { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A conditional jump whose target is farther than 16 bits: the opposite condition around a `gotol`, or, where a condition
/// has no opposite, the same one over a jump that skips the `gotol`.
enum WideBranch {
  /// How many more slots the instruction takes.
  static func growth(of branch: RawInstruction) -> Int {
    opposite(of: branch.opcode) == nil ? 2 : 1
  }

  /// The opcode of the jump with the opposite condition; nil for `jset` and `may_goto`, which have none.
  static func opposite(of opcode: UInt8) -> UInt8? {
    let condition: UInt8
    switch opcode & 0xf0 {
    case 0x10: condition = 0x50
    case 0x50: condition = 0x10
    case 0x20: condition = 0xb0
    case 0xb0: condition = 0x20
    case 0x30: condition = 0xa0
    case 0xa0: condition = 0x30
    case 0x60: condition = 0xd0
    case 0xd0: condition = 0x60
    case 0x70: condition = 0xc0
    case 0xc0: condition = 0x70
    default: return nil
    }
    return opcode & 0x0f | condition
  }
}
