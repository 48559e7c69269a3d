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
/// Memory: 12 bytes for each original slot and 8 for each inserted one; 8 for each branch of patches whose branches do not all
/// lead to their end; where a slot has several patches, 12 for each. Where patches were applied in the order of the program,
/// in one pass, the memory of what was inserted becomes that of the new program; otherwise the new program comes on top, and
/// 8 bytes for each original slot.
public struct ProgramPatcher: ~Copyable {
  /// The program as it was.
  public let program: Program
  /// What became of each original slot.
  var anchors: Arena<Anchor>
  /// The runs of instructions that have several, and those that are too long for an ``Anchor``.
  var runs = Arena<Run>()
  /// The slots of all patches, in the order in which they were applied, and room for more.
  ///
  /// An array, because it may become the new program's: while patches are applied in the order of the program, a gap is left
  /// for the original instructions between two, which are filled in when nothing else was done to them.
  var inserted: [RawInstruction] = []
  /// How many of ``inserted`` there are, with the gaps.
  var insertedCount = 0
  /// The first original slot that no gap was left for, of those that are not removed.
  var firstWithoutGap = 0
  /// The branches among ``inserted`` that are recorded, by rising slot.
  var branches = Arena<InsertedBranch>()
  /// The traits of runs whose branches are recorded.
  var recordedTraits: Run.Traits = .branches
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

  /// Puts another instruction, which does not branch, in place of one: as a patch of it alone, without one being made.
  ///
  /// - Complexity: O(1).
  /// - Throws: as ``replace(_:with:)``.
  @inline(__always)
  mutating func replace(_ slot: Int, with instruction: RawInstruction) throws(PatchError) {
    guard UInt(bitPattern: slot) < UInt(bitPattern: anchors.count), anchors[slot].isUntouched,
      !program.slots[slot].isSecondHalf, !program.slots[slot].isWide
    else { return try replaceSlowly(slot, with: instruction) }
    makeGap(before: slot)
    let start = insertedCount
    guard start < inserted.count else { return try replaceSlowly(slot, with: instruction) }
    inserted[start] = instruction
    insertedCount = start &+ 1
    anchors[slot] = Anchor(replacedFrom: start, count: 1, traits: .entry)
    if slot == firstWithoutGap { firstWithoutGap &+= 1 }
  }

  @inline(never)
  private mutating func replaceSlowly(
    _ slot: Int, with instruction: RawInstruction
  ) throws(PatchError) {
    try edit(slot, Patch(instruction), isEntry: true, removes: true)
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
    if slot == firstWithoutGap { firstWithoutGap &+= 1 }
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
    guard patch.isPlain, UInt(bitPattern: slot) < UInt(bitPattern: anchors.count),
      anchors[slot].isUntouched
    else { return false }
    let count = patch.slots.count
    makeGap(before: slot)
    // The limit of what is inserted was checked when room was made.
    guard count <= inserted.count &- insertedCount else { return false }
    let instruction = program.slots[slot]
    if instruction.isSecondHalf || instruction.isWide { return false }
    let start = insertedCount
    var traits = Run.Traits.entry
    try append(patch, count, &traits)
    anchors[slot] = Anchor(replacedFrom: start, count: count, traits: traits)
    if slot == firstWithoutGap { firstWithoutGap &+= 1 }
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
}
