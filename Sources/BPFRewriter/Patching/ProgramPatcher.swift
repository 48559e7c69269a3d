public import BPFISA

/// A program that is being edited: any number of patches, anywhere, in any number of passes, in time linear in all of them.
///
/// The original instructions stay where they are; what is inserted before each, or instead of it, hangs off its slot.
/// A branch therefore always names an original slot, or a place in its own patch, and nothing has to be renumbered until
/// ``linearize()`` lays the new program out in one walk and writes it in a second.
///
/// - Branches to a replaced instruction land on the first instruction of what replaced it; to a removed one, on the next
///   one left of the same subprogram.
/// - A call, a function's address and a jump table's entry lead to the start of what belongs to their target,
///   so that a prologue runs.
/// - A 16-byte load immediate is one instruction, named by its first slot.
///
/// Memory: 12 bytes for each original slot, 8 for each inserted one and 8 for each branch of one; where a slot has several
/// patches, 12 for each. Where patches were applied in the order of the program, in one pass, the memory of what was
/// inserted becomes that of the new program; otherwise the new program comes on top.
public struct ProgramPatcher: ~Copyable {
  /// The program as it was.
  public let program: Program
  /// What became of each original slot.
  var anchors: Arena<Anchor>
  /// The runs of instructions that have several, and those that are too long for an ``Anchor``.
  var runs = Arena<Run>()
  /// The slots of all patches, in the order in which they were applied, and room for more.
  ///
  /// An array, because it may become the new program's.
  var inserted: [RawInstruction] = []
  /// How many of ``inserted`` there are.
  var insertedCount = 0
  /// The branches among ``inserted``, by rising slot.
  var branches = Arena<InsertedBranch>()
  /// What is known of the original slots and of the inserted ones; empty where the layer above knows nothing.
  let originalFacts: [FactID]
  var insertedFacts: [FactID] = []
  /// Whether a run was cut or is branched to from another, so that a slot's place no longer follows from its run's alone.
  var hasCuts = false
  /// Whether a patch has branches whose displacement was not known when it was applied.
  var hasOpenBranches = false
  /// Whether the end of a patch is not where branches to its last instruction land, and one further.
  var hasMovedEnds = false
  /// How often places in inserted code changed, so that a ``Place`` from before is recognised.
  var changes = 0
  /// Whether one of ``branches`` was widened.
  var hasWidenedInserted = false
  /// The passes so far, in order.
  private(set) var passes: [PassRecord] = []

  struct PassRecord {
    let name: String
    /// How many slots were inserted before it.
    let firstInserted: Int
  }

  /// Begins to edit a program.
  ///
  /// - Parameter facts: what is known of each slot, by slot; as many as the program's slots, or none at all.
  /// - Complexity: O(*n*), *n* the number of slots.
  public init(_ program: Program, facts: [FactID] = []) {
    precondition(
      facts.isEmpty || facts.count == program.slots.count, "facts are given for every slot or none")
    self.program = program
    originalFacts = facts
    anchors = Arena(zeroed: program.slots.count)
  }

  /// Begins a pass: what is inserted from here on is remembered as its work.
  public mutating func beginPass(_ name: String) {
    passes.append(PassRecord(name: name, firstInserted: insertedCount))
  }

  /// Makes room for patches, where their size is known.
  public mutating func reserve(slots: Int, branches count: Int = 0) {
    if slots > inserted.count { moveInserted(to: slots) }
    branches.reserve(count)
  }

  // MARK: Edits by original slot

  /// Where branches to the instruction that a patch is inserted before go.
  public enum Entry: Hashable, Sendable {
    /// They run the patch too.
    case throughPatch
    /// They skip the patch, which only what comes from above runs: a prologue.
    case afterPatch
  }

  /// Puts a patch in place of an instruction.
  ///
  /// - Complexity: O(*m*), *m* the patch's slots.
  /// - Throws: ``PatchError`` for a patch that is wrong in itself, a slot that begins no instruction of the
  ///   original program, and an instruction removed or replaced before. Nothing is changed then.
  public mutating func replace(_ slot: Int, with patch: Patch) throws(PatchError) {
    if try !replacePlainly(slot, with: patch) {
      try edit(slot, patch, isEntry: true, removes: true)
    }
  }

  /// Inserts a patch before an instruction, after all that was inserted before it until now.
  ///
  /// - Complexity: O(*m*), *m* the patch's slots.
  /// - Throws: as ``replace(_:with:)``.
  public mutating func insert(
    _ patch: Patch, before slot: Int, branches entry: Entry
  ) throws(PatchError) {
    try edit(slot, patch, isEntry: entry == .throughPatch, removes: false)
  }

  /// Removes an instruction.
  ///
  /// - Complexity: O(1).
  /// - Throws: as ``replace(_:with:)``.
  public mutating func remove(_ slot: Int) throws(PatchError) {
    guard slot >= 0, slot < anchors.count, anchors[slot].isUntouched,
      !program.slots[slot].isSecondHalf, !program.slots[slot].isWide
    else { return try edit(slot, Self.nothing, isEntry: false, removes: true) }
    var anchor = Anchor()
    anchor.remove()
    anchors[slot] = anchor
  }

  private static let nothing = Patch()

  /// Whether an original instruction was removed or replaced.
  public func isRemoved(_ slot: Int) -> Bool { anchors[slot].isRemoved }

  // MARK: How

  /// Replaces an instruction that nothing was done to by a patch without facts, where there is room for it: what most
  /// edits are, and less than half the work of ``edit(_:_:isEntry:removes:)``.
  ///
  /// - Returns: whether it was done.
  @inline(__always)
  private mutating func replacePlainly(_ slot: Int, with patch: Patch) throws(PatchError) -> Bool {
    // A plain patch fits into an anchor.
    guard patch.isPlain, slot >= 0, slot < anchors.count, anchors[slot].isUntouched else {
      return false
    }
    let count = patch.slots.count
    // The limit was checked when room was made.
    guard count <= inserted.count &- insertedCount else { return false }
    let instruction = program.slots[slot]
    if instruction.isSecondHalf || instruction.isWide { return false }
    let start = insertedCount
    var traits = Run.Traits.entry
    try append(patch, count, &traits, at: slot)
    anchors[slot] = Anchor(replacedFrom: start, count: count, traits: traits)
    return true
  }

  /// Copies a patch behind what was inserted until now.
  @inline(__always)
  private mutating func append(
    _ patch: Patch, _ count: Int, _ traits: inout Run.Traits, at slot: Int
  ) throws(PatchError) {
    if !Self.copy(patch, count, to: &inserted, at: insertedCount, &branches) {
      try addBranches(of: patch, &traits, at: slot)
    } else if !patch.branches.isEmpty {
      traits.formUnion([.branches, .end])
    }
    insertedCount &+= count
  }

  /// Copies a patch, and fixes and notes its branches if all lead to its end, in reach and with room for them: the common
  /// case.
  ///
  /// - Returns: whether no branches are left to be noted.
  @inline(__always)
  private static func copy(
    _ patch: Patch, _ count: Int, to inserted: inout [RawInstruction], at start: Int,
    _ branches: inout Arena<InsertedBranch>
  ) -> Bool {
    let slots = patch.slots.span
    var room = inserted.mutableSpan
    for index in 0..<count { room[start &+ index] = slots[index] }
    if patch.branches.isEmpty { return true }
    guard patch.leadsOnlyToEnd, branches.hasRoom(for: patch.branches.count) else { return false }
    let last = start &+ count &- 1
    let patched = patch.branches.span
    for index in patched.indices {
      let place = start &+ patched[index].slot
      room[place].offset = Int16(truncatingIfNeeded: last &- place)
      branches.append(InsertedBranch(slot: place, target: .end(of: last)))
    }
    return true
  }

  @inline(never)
  private mutating func edit(
    _ slot: Int, _ patch: Patch, isEntry: Bool, removes: Bool
  ) throws(PatchError) {
    guard slot >= 0, slot < anchors.count else { throw .noSuchSlot(slot, count: anchors.count) }
    var anchor = anchors[slot]
    let instruction = program.slots[slot]
    if instruction.isSecondHalf { throw .secondHalf(slot) }
    if anchor.isRemoved { throw .alreadyRemoved(slot) }
    let isEntered = anchor.isEntered
    if let run = try makeRun(patch, at: slot, isEntry: isEntry && !isEntered) {
      if !anchor.hasRuns, run.count <= Anchor.countLimit {
        anchor.setOnlyRun(run)
      } else {
        let last = linkedRun(anchor)
        let added = addRun(run)
        if let last { link(added, after: last) }
        anchor.setLastRun(added, isEntered: isEntry || isEntered)
      }
    }
    if removes {
      anchor.remove()
      if instruction.isWide { removeSecondHalf(of: slot) }
    }
    anchors[slot] = anchor
  }

  /// Removes the second slot of a load immediate.
  mutating func removeSecondHalf(of slot: Int) {
    var second = anchors[slot + 1]
    second.remove()
    anchors[slot + 1] = second
  }

  /// The last run of an instruction, in the arena, where it is copied if it is not there.
  ///
  /// - Returns: the run; nil for an instruction without any. The anchor stays as it is.
  private mutating func linkedRun(_ anchor: Anchor) -> Int? {
    if let run = anchor.onlyRun { return addRun(run) }
    return anchor.lastRun
  }

  /// Moves the runs of an original instruction to the arena, where they can be linked with others.
  ///
  /// - Returns: the last of them; nil if it has none.
  mutating func linkRuns(of slot: Int) -> Int? {
    var anchor = anchors[slot]
    guard let last = linkedRun(anchor) else { return nil }
    anchor.setLastRun(last, isEntered: anchor.isEntered)
    anchors[slot] = anchor
    return last
  }

  /// Puts a run into the arena, linked to itself.
  mutating func addRun(_ run: Run) -> Int {
    let index = runs.count
    var run = run
    run.next = UInt32(truncatingIfNeeded: index)
    runs.append(run)
    return index
  }

  /// Puts a run into a ring.
  mutating func link(_ run: Int, after previous: Int) {
    var before = runs[previous]
    var added = runs[run]
    added.next = before.next
    before.next = UInt32(truncatingIfNeeded: run)
    runs[run] = added
    runs[previous] = before
  }

  /// Copies a patch to a run of its own.
  ///
  /// - Returns: the run; nil for an empty patch.
  mutating func makeRun(
    _ patch: Patch, at slot: Int, isEntry: Bool
  ) throws(PatchError) -> Run? {
    if let defect = patch.defect { throw defect }
    let count = patch.slots.count
    if count == 0 { return nil }
    let start = insertedCount
    if count > Run.countLimit { throw .tooManySlots }
    // Cutting a run makes more of them.
    if runs.count + 5 > Run.indexLimit { throw .tooManySlots }
    try makeRoom(slots: start + count, at: slot)
    var traits: Run.Traits = isEntry ? .entry : []
    try append(patch, count, &traits, at: slot)
    if !patch.facts.isEmpty { addFacts(of: patch, from: start) }
    return Run(start: start, count: count, traits: traits)
  }

  /// Notes where the branches of a patch lead, which is copied but does not count yet.
  ///
  /// Displacements of those that stay in their patch are written here: they are the same wherever it comes to lie, unless it
  /// is cut or branches in it are widened.
  @inline(never)
  private mutating func addBranches(
    of patch: Patch, _ traits: inout Run.Traits, at slot: Int
  ) throws(PatchError) {
    let start = insertedCount
    let end = start + patch.slots.count
    let firstBranch = branches.count
    let patched = patch.branches.span
    if !branches.hasRoom(for: patched.count) {
      branches.reserve(capacity(needed: firstBranch + patched.count, at: slot))
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
    // With what is left of the program between, it is the new program: there is to be room for that too.
    let left = slots < 1024 ? 0 : fractionLeft(at: slot)
    moveInserted(to: min(capacity(needed: slots, at: slot) + left, limit))
  }

  /// Moves what was inserted to memory for so many slots.
  private mutating func moveInserted(to capacity: Int) {
    var moved = [RawInstruction](unwritten: capacity)
    do {
      let slots = inserted.span
      var room = moved.mutableSpan
      for index in 0..<insertedCount { room[index] = slots[index] }
    }
    inserted = moved
  }

  /// How many original slots there are left if it goes on as up to this one.
  private func fractionLeft(at slot: Int) -> Int {
    var removed = 0
    for index in 0..<slot where anchors[index].isRemoved { removed += 1 }
    return (slot + 1 - removed) * anchors.count / (slot + 1)
  }

  /// How much to make room for when there is need for so much at an original slot: as much as the whole program would take
  /// if it went on like this, within limits, so that a walk over it moves what it has seldom. Memory that is not written
  /// costs nothing.
  private func capacity(needed: Int, at slot: Int) -> Int {
    let least = max(64, 2 * needed)
    if needed < 1024 { return least }
    let (scaled, overflow) = needed.multipliedReportingOverflow(by: anchors.count)
    let expected = overflow ? Int.max : scaled / (slot + 1)
    return max(least, min(expected + expected / 16, 4 * anchors.count))
  }
}
