import BPFISA

// Where everything comes to lie: the first of the two walks that make the new program.
extension ProgramPatcher {
  /// Positions in the new program.
  struct Layout {
    /// Where branches to each original slot land, then the number of slots of the whole program.
    var entries: [UInt32]
    /// Where each subprogram starts, then the number of slots of the whole program.
    var heads: [Int]
    /// Where branches to each inserted slot land; empty where that follows from its run's position.
    var landings: [UInt32]

    var slotCount: Int { Int(entries[entries.count - 1]) }
  }

  /// Gives every run and every original instruction its position.
  ///
  /// - Complexity: O(*n*), *n* the slots, original and inserted.
  mutating func layOut(into layout: inout Layout) throws(PatchError) {
    var position = 0
    // Out of the patcher meanwhile, so that nothing asks at each run whether the array is shared.
    var ownRuns = runs
    runs = []
    try place(&ownRuns, &layout, &position)
    runs = ownRuns
    layout.heads = program.subprograms.map { head(of: $0.start, layout) }
    layout.heads.append(position)
    if hasCuts || hasWidenedInserted { layout.landings = makeLandings() }
  }

  private borrowing func place(
    _ ownRuns: inout [Run], _ layout: inout Layout, _ position: inout Int
  ) throws(PatchError) {
    var runs = ownRuns.mutableSpan
    let anchors = anchors.span
    var entries = layout.entries.mutableSpan
    for slot in anchors.indices {
      let anchor = anchors[slot]
      if anchor.isUntouched {
        entries[slot] = UInt32(truncatingIfNeeded: position)
        position += 1
        continue
      }
      var entry: Int?
      if let last = anchor.lastRun {
        var run = last
        repeat {
          run = Int(runs[run].next)
          runs[run].position = UInt32(truncatingIfNeeded: position)
          if runs[run].isEntry { entry = position }
          position += runs[run].width
          if hasWidenedInserted, !runs[run].isMark {
            var branch = Int(runs[run].firstBranch)
            while branch < branches.count, branches[branch].slot < runs[run].end {
              if branches[branch].isWidened {
                position += WideBranch.growth(of: inserted[branches[branch].slot])
              }
              branch += 1
            }
          }
        } while run != last
      }
      entries[slot] = UInt32(truncatingIfNeeded: entry ?? position)
      if !anchor.isRemoved {
        position += 1 + (anchor.isWidened ? WideBranch.growth(of: program.slots[slot]) : 0)
      }
      guard position <= Int(Int32.max) else { throw .tooManySlots }
    }
    guard position <= Int(Int32.max) else { throw .tooManySlots }
    entries[anchors.count] = UInt32(truncatingIfNeeded: position)
  }

  /// The first position of what belongs to an original slot.
  func head(of slot: Int, _ layout: Layout) -> Int {
    guard let last = anchors[slot].lastRun else { return Int(layout.entries[slot]) }
    return Int(runs[Int(runs[last].next)].position)
  }

  /// Where branches to each inserted slot land: the first run in program order that has it says so.
  private func makeLandings() -> [UInt32] {
    var landings = [UInt32](repeating: .max, count: inserted.count)
    for anchor in anchors {
      guard let last = anchor.lastRun else { continue }
      var run = last
      repeat {
        run = Int(runs[run].next)
        var position = runs[run].position
        var branch = Int(runs[run].firstBranch)
        for slot in Int(runs[run].start)..<runs[run].end {
          if landings[slot] == .max { landings[slot] = position }
          if runs[run].isMark { continue }
          position += 1
          if branch < branches.count, branches[branch].slot == slot {
            if branches[branch].isWidened {
              position += UInt32(WideBranch.growth(of: inserted[slot]))
            }
            branch += 1
          }
        }
      } while run != last
    }
    return landings
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
