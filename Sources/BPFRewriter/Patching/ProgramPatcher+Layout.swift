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
    /// Where branches to what follows each inserted slot land, if that is not what follows its landing; empty if it is for
    /// all.
    var ends: [UInt32] = []
    /// Whether everything inserted is left, and in the order in which it was inserted.
    var isInOrder = true
    /// The conditional jumps of the program that are left and were not widened, by slot; none where everything is in reach.
    var jumps: [UInt32] = []

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
    layout.entries = [UInt32](capacity: anchors.count + 1) { (output: inout OutputSpan<UInt32>) in
      unsafe output.withUnsafeMutableBufferPointer { buffer, _ in
        // SAFETY: the memory is the new array's, of that size.
        if let base = buffer.baseAddress { unsafe HugePages.advise(base, count: buffer.count) }
      }
      place(&layout, &output)
    }
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

  private func place(_ layout: inout Layout, _ entries: inout OutputSpan<UInt32>) {
    var position = 0
    var inOrder = 0
    var isInOrder = true
    // Nothing is farther from anything than the whole program is long.
    let hasFarTargets = anchors.count + insertedCount > Int(Int16.max)
    var branch = 0
    let slots = program.slots.span
    for slot in slots.indices {
      let anchor = anchors[slot]
      if let last = anchor.lastRun {
        let run = runs[last]
        if Int(run.next) == last, !hasWidenedInserted, run.traits.contains(.entry), !run.isMark {
          // The common case: a single patch that is entered.
          isInOrder = isInOrder && inOrder == Int(run.start)
          inOrder = run.end
          entries.append(UInt32(truncatingIfNeeded: position))
          position &+= run.count
        } else {
          let head = position
          let landing = place(
            after: last, &position, inOrder: &inOrder, isInOrder: &isInOrder, &branch)
          if landing != head {
            layout.prologues.append(
              (UInt32(truncatingIfNeeded: slot), UInt32(truncatingIfNeeded: head)))
          }
          entries.append(UInt32(truncatingIfNeeded: landing))
        }
      } else {
        entries.append(UInt32(truncatingIfNeeded: position))
      }
      if anchor.isRemoved { continue }
      position += 1
      let instruction = slots[slot]
      if instruction.displacementField == .offset {
        if anchor.isWidened {
          position += WideBranch.growth(of: instruction)
        } else if hasFarTargets, instruction.opcode != 0x05 {
          layout.jumps.append(UInt32(truncatingIfNeeded: slot))
        }
      }
    }
    entries.append(UInt32(truncatingIfNeeded: position))
    layout.isInOrder = isInOrder && inOrder == insertedCount
  }

  /// Goes over the runs of an original instruction.
  ///
  /// - Returns: where branches to the instruction land.
  @inline(never)
  private func place(
    after last: Int, _ position: inout Int, inOrder: inout Int, isInOrder: inout Bool,
    _ branch: inout Int
  ) -> Int {
    var entry: Int?
    var index = last
    repeat {
      index = Int(runs[index].next)
      let run = runs[index]
      isInOrder = isInOrder && inOrder == Int(run.start) && !run.isMark
      inOrder = run.end
      if run.isEntry { entry = position }
      position += run.width
      if hasWidenedInserted { position += growth(of: run, &branch) }
    } while index != last
    return entry ?? position
  }

  /// How many slots the widened branches of a run take more.
  ///
  /// - Parameter branch: a guess at its first branch, which becomes one for the run after it.
  private func growth(of run: Run, _ branch: inout Int) -> Int {
    guard run.traits.contains(.branches), !run.isMark else { return 0 }
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

  /// Calls `body` for each run, in the order of the program, with its original slot and its position.
  func forEachRun(
    _ layout: Layout, _ body: (Int, Run, Int) throws(PatchError) -> Void
  ) throws(PatchError) {
    var branch = 0
    for slot in 0..<anchors.count {
      guard let last = anchors[slot].lastRun else { continue }
      var position = layout.head(of: slot)
      var index = last
      repeat {
        index = Int(runs[index].next)
        let run = runs[index]
        try body(slot, run, position)
        position += run.width
        if hasWidenedInserted { position += growth(of: run, &branch) }
      } while index != last
    }
  }

  /// Where branches to each inserted slot land: the first run in program order that has it says so.
  private func findLandings(_ layout: inout Layout) throws(PatchError) {
    var landings = [UInt32](repeating: .max, count: insertedCount)
    var ends = hasMovedEnds ? landings : []
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
      if run.traits.contains(.end), hasMovedEnds { ends[run.end - 1] = position }
    }
    layout.landings = landings
    layout.ends = ends
  }

  /// Where branches to what follows an inserted slot land, by what was found for all.
  func landing(after slot: Int, _ layout: Layout) -> Int {
    if !layout.ends.isEmpty, layout.ends[slot] != .max { return Int(layout.ends[slot]) }
    var landing = Int(layout.landings[slot]) + 1
    if hasWidenedInserted {
      let branch = firstBranch(from: slot)
      if branch < branches.count, branches[branch].slot == slot, branches[branch].isWidened {
        landing += WideBranch.growth(of: inserted[slot])
      }
    }
    return landing
  }

  // MARK: Branches of patches

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
