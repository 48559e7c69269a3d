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
/// Memory: 12 bytes for each original slot, 8 for each inserted one, 20 for each patch and 8 for each branch of one; the
/// new program comes on top.
public struct ProgramPatcher: ~Copyable {
  /// The program as it was.
  public let program: Program
  /// What became of each original slot.
  var anchors: [Anchor]
  var runs: [Run] = []
  /// The slots of all patches, in the order in which they were applied.
  var inserted: [RawInstruction] = []
  /// The branches among ``inserted``, by rising slot.
  var branches: [InsertedBranch] = []
  /// What is known of the original slots and of the inserted ones; empty where the layer above knows nothing.
  let originalFacts: [FactID]
  var insertedFacts: [FactID] = []
  /// Whether a run was cut or is branched to from another, so that a slot's place no longer follows from its run's alone.
  var hasCuts = false
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
    anchors = [Anchor](repeating: Anchor(), count: program.slots.count)
  }

  /// Begins a pass: what is inserted from here on is remembered as its work.
  public mutating func beginPass(_ name: String) {
    passes.append(PassRecord(name: name, firstInserted: inserted.count))
  }

  /// Makes room for patches, where their size is known.
  public mutating func reserve(patches: Int, slots: Int, branches count: Int = 0) {
    HugePages.reserve(&runs, capacity: patches)
    HugePages.reserve(&inserted, capacity: slots)
    branches.reserveCapacity(count)
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
    try edit(slot, patch, isEntry: true, removes: true)
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
    try edit(slot, Self.nothing, isEntry: false, removes: true)
  }

  private static let nothing = Patch()

  /// Whether an original instruction was removed or replaced.
  public func isRemoved(_ slot: Int) -> Bool { anchors[slot].isRemoved }

  // MARK: How

  @inline(__always)
  private mutating func edit(
    _ slot: Int, _ patch: Patch, isEntry: Bool, removes: Bool
  ) throws(PatchError) {
    guard anchors.indices.contains(slot) else { throw .noSuchSlot(slot, count: anchors.count) }
    var anchor = anchors[slot]
    let instruction = program.slots[slot]
    if instruction.isSecondHalf { throw .secondHalf(slot) }
    if anchor.isRemoved { throw .alreadyRemoved(slot) }
    let isEntry = isEntry && !anchor.isEntered
    let added = try makeRun(patch, at: slot, isEntry: isEntry)
    if let first = added.first {
      if isEntry { anchor.isEntered = true }
      if let last = anchor.lastRun { link(first, after: last) }
      if added.count > 1 { link(first + 1, after: first) }
      anchor.lastRun = added.upperBound - 1
    }
    if removes {
      anchor.remove()
      if instruction.isWide { anchors[slot + 1].remove() }
    }
    anchors[slot] = anchor
  }

  /// Puts a run into a ring.
  mutating func link(_ run: Int, after previous: Int) {
    runs[run].next = runs[previous].next
    runs[previous].next = UInt32(truncatingIfNeeded: run)
  }

  /// Copies a patch: one run of its slots, and a mark of its end where a branch leads there. None of an empty patch.
  ///
  /// - Returns: the indices of the runs, in order, each linked to itself.
  mutating func makeRun(
    _ patch: Patch, at slot: Int, isEntry: Bool
  ) throws(PatchError) -> Range<Int> {
    if let defect = patch.defect { throw defect }
    let count = patch.slots.count
    if count == 0 { return runs.count..<runs.count }
    let start = inserted.count
    let firstBranch = branches.count
    let firstRun = runs.count
    guard start + count + anchors.count < Int(Int32.max) / 3,
      count < Run.countLimit, firstRun + 4 < Anchor.runLimit
    else { throw .tooManySlots }
    var needsEnd = false
    let patched = patch.branches.span
    for index in patched.indices {
      let branch = patched[index]
      let target: InsertedBranch.Target
      switch branch.target {
      case .original(let slot):
        guard anchors.indices.contains(slot), !program.slots[slot].isSecondHalf else {
          branches.removeLast(branches.count - firstBranch)
          throw .strayBranch(slot: branch.slot, target: slot)
        }
        target = .original(slot)
      case .inserted(let slot):
        // It is in another run: where that comes to lie is looked up.
        hasCuts = true
        target = .inserted(slot.index)
      case .end:
        needsEnd = true
        target = .inserted(start + count)
      case .label(let label):
        guard patch.labels.indices.contains(label.index), let place = patch.labels[label.index]
        else {
          branches.removeLast(branches.count - firstBranch)
          throw .labelNotPlaced(slot: branch.slot)
        }
        needsEnd = needsEnd || place == count
        target = .inserted(start + place)
      }
      branches.append(InsertedBranch(slot: start + branch.slot, target: target))
    }
    if start + count >= inserted.capacity {
      HugePages.reserve(
        &inserted, capacity: capacity(needed: start + count + 1, at: slot))
    }
    if firstRun + 2 > runs.capacity {
      HugePages.reserve(&runs, capacity: capacity(needed: firstRun + 2, at: slot))
    }
    let slots = patch.slots.span
    for index in slots.indices { inserted.append(slots[index]) }
    if !patch.facts.isEmpty || !insertedFacts.isEmpty {
      while insertedFacts.count < start { insertedFacts.append(.none) }
      insertedFacts.append(contentsOf: patch.facts)
    }
    runs.append(
      Run(
        start: start, count: count, isEntry: isEntry, next: firstRun, firstBranch: firstBranch))
    if needsEnd {
      inserted.append(RawInstruction(opcode: 0))
      runs.append(
        Run(
          start: start + count, count: 1, isMark: true, next: firstRun + 1,
          firstBranch: branches.count))
    }
    return firstRun..<runs.count
  }

  /// How much to make room for when there is need for so much at an original slot: as much as the whole program would take
  /// if it went on like this, within limits, so that a walk over it moves what it has seldom.
  private func capacity(needed: Int, at slot: Int) -> Int {
    let (scaled, overflow) = needed.multipliedReportingOverflow(by: anchors.count)
    let expected = overflow ? Int.max : scaled / (slot + 1)
    return max(64, 2 * needed, min(expected + expected / 16, 8 * needed))
  }
}
