import BPFISA

// Copying patches to where inserted slots are kept.
extension ProgramPatcher {
  /// Copies a patch to a run of its own.
  ///
  /// - Returns: the run; nil for an empty patch.
  mutating func makeRun(
    _ patch: Patch, at slot: Int, isEntry: Bool
  ) throws(PatchError) -> Run? {
    if let defect = patch.defect { throw defect }
    let count = patch.slots.count
    if count == 0 { return nil }
    if count > Run.countLimit { throw .tooManySlots }
    // Cutting a run makes more of them.
    if runs.count + 5 > Run.indexLimit { throw .tooManySlots }
    makeGap(before: slot)
    let start = insertedCount
    try makeRoom(slots: start + count, at: slot)
    var traits: Run.Traits = isEntry ? .entry : []
    try append(patch, count, &traits)
    if !patch.facts.isEmpty { addFacts(of: patch, from: start) }
    return Run(start: start, count: count, traits: traits)
  }

  /// Leaves a gap for the original instructions between the last patch and one that is to be applied to a slot, where that comes
  /// after all others.
  ///
  /// If it is not applied after all, nothing is lost but the room: what is in gaps is not looked at.
  @inline(__always)
  mutating func makeGap(before slot: Int) {
    if slot <= firstWithoutGap { return }
    insertedCount &+= Self.countLeft(firstWithoutGap..<slot, of: anchors)
    firstWithoutGap = slot
  }

  /// Not a method: all of the patcher would be copied for it.
  @inline(never)
  private static func countLeft(_ slots: Range<Int>, of anchors: borrowing Arena<Anchor>) -> Int {
    var count = 0
    for slot in slots where !anchors[slot].isRemoved { count &+= 1 }
    return count
  }

  /// Copies a patch behind what was inserted until now.
  @inline(__always)
  mutating func append(
    _ patch: Patch, _ count: Int, _ traits: inout Run.Traits
  ) throws(PatchError) {
    let start = insertedCount
    if !Self.copy(patch, count, to: &inserted, at: start) {
      try addBranches(of: patch, from: start, &traits)
    } else if !patch.branches.isEmpty {
      traits.formUnion([.endBranches, .end])
    }
    insertedCount = start &+ count
  }

  /// Copies a patch, and fixes its branches if all lead to its end, in reach: the common case.
  ///
  /// - Returns: whether no branches are left to be noted.
  @inline(__always)
  private static func copy(
    _ patch: Patch, _ count: Int, to inserted: inout [RawInstruction], at start: Int
  ) -> Bool {
    let slots = patch.slots.span
    var room = inserted.mutableSpan
    for index in 0..<count { room[start &+ index] = slots[index] }
    if patch.branches.isEmpty { return true }
    guard patch.leadsOnlyToEnd else { return false }
    let last = start &+ count &- 1
    let patched = patch.branches.span
    for index in patched.indices {
      let place = start &+ patched[index].slot
      room[place].offset = Int16(truncatingIfNeeded: last &- place)
    }
    return true
  }

  /// Notes where the branches of a patch lead, which is copied but does not count yet.
  ///
  /// Displacements of those that stay in their patch are written here: they are the same wherever it comes to lie, unless it
  /// is cut or branches in it are widened.
  @inline(never)
  private mutating func addBranches(
    of patch: Patch, from start: Int, _ traits: inout Run.Traits
  ) throws(PatchError) {
    let end = start + patch.slots.count
    let firstBranch = branches.count
    let patched = patch.branches.span
    if !branches.hasRoom(for: patched.count) {
      branches.reserve(capacity(needed: firstBranch + patched.count, at: firstWithoutGap))
    }
    var added: Run.Traits = .branches
    for index in patched.indices {
      let branch = patched[index]
      let place = start + branch.slot
      var closed: Int?
      let target: InsertedBranch.Target
      switch branch.target {
      case .end:
        closed = end
        target = .end(of: end - 1)
        added.insert(.end)
      case .label(let label):
        guard let slot = patch.slot(of: label) else {
          branches.truncate(to: firstBranch)
          throw .labelNotPlaced(slot: branch.slot)
        }
        closed = start + slot
        if start + slot < end {
          target = .inserted(start + slot)
        } else {
          target = .end(of: end - 1)
          added.insert(.end)
        }
      case .original(let slot):
        guard slot >= 0, slot < anchors.count, !program.slots[slot].isSecondHalf else {
          branches.truncate(to: firstBranch)
          throw .strayBranch(slot: branch.slot, target: slot)
        }
        target = .original(slot)
        added.insert(.openBranches)
      case .inserted(let slot):
        guard slot.index < start else {
          branches.truncate(to: firstBranch)
          throw .labelNotPlaced(slot: branch.slot)
        }
        // It is in another run: where that comes to lie is looked up.
        hasCuts = true
        target = slot.isEnd ? .end(of: slot.index) : .inserted(slot.index)
        added.insert(.openBranches)
      }
      if let closed {
        let displacement = closed - place - 1
        if branch.isShort {
          inserted[place].offset = Int16(truncatingIfNeeded: displacement)
        } else {
          inserted[place].immediate = Int32(truncatingIfNeeded: displacement)
        }
        // It may not do with 16 bits.
        if Int16(exactly: displacement) == nil { added.insert(.openBranches) }
      }
      branches.append(InsertedBranch(slot: place, target: target))
    }
    traits.formUnion(added)
    hasOpenBranches = hasOpenBranches || added.contains(.openBranches)
  }

  private mutating func addFacts(of patch: Patch, from start: Int) {
    while insertedFacts.count < start { insertedFacts.append(.none) }
    insertedFacts.append(contentsOf: patch.facts)
  }

  // MARK: Room

  /// Makes room for so many inserted slots altogether.
  private mutating func makeRoom(slots: Int, at slot: Int) throws(PatchError) {
    if slots <= inserted.count { return }
    // With all branches widened, it is three times as long at most.
    let limit = Int(Int32.max) / 3 - anchors.count
    if slots > limit { throw .tooManySlots }
    moveInserted(to: min(capacity(needed: slots, at: slot), limit))
  }

  /// Moves what was inserted to memory for so many slots.
  mutating func moveInserted(to capacity: Int) {
    var moved = [RawInstruction](unwritten: capacity)
    do {
      let slots = inserted.span
      var room = moved.mutableSpan
      // There may be a gap at the end that there was no room for.
      for index in 0..<min(insertedCount, slots.count) { room[index] = slots[index] }
    }
    inserted = moved
  }

  /// How much to make room for when there is need for so much at an original slot: as much as the whole program would take
  /// if it went on like this, within limits, so that a walk over it moves what it has seldom. Memory that is not written
  /// costs nothing.
  private func capacity(needed: Int, at slot: Int) -> Int {
    if needed < 1024 { return max(64, 2 * needed) }
    let (scaled, overflow) = needed.multipliedReportingOverflow(by: anchors.count)
    let expected = overflow ? Int.max : scaled / (slot + 1)
    return max(needed + needed / 4, min(expected + expected / 16, 4 * anchors.count))
  }
}
