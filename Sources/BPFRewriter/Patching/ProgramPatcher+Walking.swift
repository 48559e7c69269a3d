public import BPFISA

/// Walking the program as it is now, with what earlier passes inserted, and editing on the way.
///
///     var place = patcher.start
///     while let instruction = patcher.next(&place) {
///       if case .arithmetic(.divide, …) = instruction { try patcher.replace(at: &place, with: guarded) }
///     }
///
/// What is put in at the place the walk has come to is not walked over. A place is of no more use once inserted code was
/// edited at another, or at a copy of it: using it then is a programming error, and stops the program. Edits by original
/// slot may come between.
extension ProgramPatcher {
  /// A place in the program: an instruction, original or inserted.
  public struct Place: Sendable {
    /// The original slot whose code this is.
    public fileprivate(set) var original: Int
    /// The run the instruction is in; nil for the original instruction itself.
    fileprivate var run: RunReference?
    /// The run before ``run``; nil for the first one.
    fileprivate var previous: Int?
    /// The run before the marks that are attached to ``run``; nil if those come first.
    fileprivate var beforeMarks: Int?
    /// The instruction's slot among all inserted ones.
    fileprivate var slot: Int
    /// Where the walk goes on: after this slot of ``run``.
    fileprivate var after: Int
    /// Whether the inserted instruction was replaced or removed, so that the walk stands after it.
    fileprivate var isGone = false
    /// How often places in inserted code had changed when the walk came here.
    fileprivate var changes: Int

    /// Whether an earlier patch put the instruction there.
    public var isInserted: Bool { run != nil }
  }

  /// A run before an original instruction.
  fileprivate enum RunReference: Sendable {
    /// The one that was the only run when the walk came to it, and is the first one still.
    case only
    /// One in the arena.
    case linked(Int)
  }

  /// The place before the first instruction.
  public var start: Place { Place(original: -1, run: nil, slot: 0, after: 0, changes: changes) }

  /// Goes to the next instruction, or returns nil at the end of the program.
  ///
  /// - Complexity: amortised O(1).
  @inline(__always)
  public func next(_ place: inout Place) -> Instruction? {
    guard let slot = nextSlot(&place) else { return nil }
    return decode(slot, isInserted: place.isInserted)
  }

  /// Goes to the next instruction and gives its first slot; cheaper than ``next(_:)`` where few instructions matter.
  ///
  /// - Complexity: amortised O(1).
  public func nextRaw(_ place: inout Place) -> RawInstruction? {
    guard let slot = nextSlot(&place) else { return nil }
    return raw(slot, place.isInserted)
  }

  /// The instruction at a place.
  public func instruction(at place: Place) -> Instruction {
    check(place)
    return decode(place.isInserted ? place.slot : place.original, isInserted: place.isInserted)
  }

  /// Where the branch at a place leads, if its target is an original slot; nil for one that stays in its patch and for
  /// instructions that do not branch.
  ///
  /// - Complexity: O(1), for an inserted instruction O(log *n*), *n* the branches inserted.
  public func originalTarget(at place: Place) -> Int? {
    guard place.isInserted else {
      return instruction(at: place).target(at: place.original)
    }
    guard case .original(let target) = target(at: place) else { return nil }
    return target
  }

  /// Where the branch at a place leads, for a patch that takes its place; nil for instructions that do not branch.
  ///
  /// - Complexity: as ``originalTarget(at:)``.
  public func target(at place: Place) -> Patch.Target? {
    guard place.isInserted else { return originalTarget(at: place).map { .original($0) } }
    check(place)
    let index = firstBranch(from: place.slot)
    let isRecorded = index < branches.count && branches[index].slot == place.slot
    if !isRecorded, inserted[place.slot].displacementField != .offset { return nil }
    switch isRecorded ? branches[index].target : endTarget(ofBranchAt: place.slot) {
    case .original(let slot): return .original(slot)
    case .inserted(let slot): return .inserted(Patch.InsertedSlot(index: slot, isEnd: false))
    case .end(of: let slot): return .inserted(Patch.InsertedSlot(index: slot, isEnd: true))
    }
  }

  /// What is known of the instruction at a place; nil for one that was inserted without a fact.
  public func fact(at place: Place) -> FactID? {
    let facts = place.isInserted ? insertedFacts : originalFacts
    let slot = place.isInserted ? place.slot : place.original
    guard facts.indices.contains(slot), facts[slot] != .none else { return nil }
    return facts[slot]
  }

  // MARK: Edits

  /// Puts a patch in place of the instruction; the walk goes on after it.
  ///
  /// - Complexity: O(*m* + log *n*), *m* the patch's slots, *n* the branches inserted before.
  /// - Throws: ``PatchError`` for a patch that is wrong in itself. Nothing is changed then.
  public mutating func replace(
    at place: inout Place, with patch: Patch
  ) throws(PatchError) {
    guard place.isInserted else { return try replace(place.original, with: patch) }
    check(place)
    if place.isGone { throw .alreadyRemoved(place.original) }
    let made = try makeRun(patch, at: place.original, isEntry: false)
    var last = cutOut(linkedRun(of: &place), &place)
    if let made {
      let added = addRun(made)
      link(added, after: last)
      if anchors[place.original].lastRun == last { setLastRun(added, of: place.original) }
      last = added
    }
    // The walk goes on after what was put in.
    place.run = .linked(last)
    place.after = runs[last].end
  }

  /// Inserts a patch before the instruction, where the walk stays.
  ///
  /// - Complexity: as ``replace(at:with:)``.
  /// - Throws: as ``replace(at:with:)``.
  public mutating func insert(
    _ patch: Patch, before place: inout Place, branches entry: Entry
  ) throws(PatchError) {
    guard place.isInserted else {
      return try insert(patch, before: place.original, branches: entry)
    }
    check(place)
    if place.isGone { throw .alreadyRemoved(place.original) }
    guard let made = try makeRun(patch, at: place.original, isEntry: false) else { return }
    let added = addRun(made)
    let rest = cut(linkedRun(of: &place), &place)
    // The last run leads to the first.
    let last = anchors[place.original].lastRun ?? rest
    let previous: Int
    switch entry {
    case .throughPatch:
      // Branches to the instruction land on a mark before the patch.
      var own = runs[rest]
      previous = addRun(
        Run(
          start: place.slot, count: 1,
          traits: own.traits.intersection(.entry).union([.mark, .attached])))
      // What follows the run's last instruction no longer follows where branches to that land.
      if own.traits.contains(.end) { hasMovedEnds = true }
      own.traits.remove(.entry)
      runs[rest] = own
      link(previous, after: place.previous ?? last)
    case .afterPatch:
      previous = place.beforeMarks ?? last
    }
    let hasMarks = entry == .afterPatch && place.previous != place.beforeMarks
    link(added, after: previous)
    place.beforeMarks = added
    if !hasMarks { place.previous = added }
  }

  /// Removes the instruction; the walk goes on after it.
  ///
  /// - Complexity: O(1), for an inserted instruction O(log *n*), *n* the branches inserted before.
  public mutating func remove(at place: inout Place) {
    guard place.isInserted else {
      var anchor = anchors[place.original]
      anchor.remove()
      anchors[place.original] = anchor
      if program.slots[place.original].isWide { removeSecondHalf(of: place.original) }
      return
    }
    check(place)
    if !place.isGone { _ = cutOut(linkedRun(of: &place), &place) }
  }

  // MARK: How

  private func decode(_ slot: Int, isInserted: Bool) -> Instruction {
    let first = raw(slot, isInserted)
    return Instruction(first, second: first.isWide ? raw(slot + 1, isInserted) : nil)
  }

  @inline(__always)
  private func raw(_ slot: Int, _ isInserted: Bool) -> RawInstruction {
    isInserted ? inserted[slot] : program.slots[slot]
  }

  /// Checks that a place in inserted code is what it was when the walk came there.
  @inline(__always)
  private func check(_ place: Place) {
    precondition(place.changes == changes, "a place is used before anything is edited at another")
  }

  private mutating func setLastRun(_ run: Int, of slot: Int) {
    var anchor = anchors[slot]
    anchor.setLastRun(run, isEntered: anchor.isEntered)
    anchors[slot] = anchor
  }

  /// The run at a place in inserted code, in the arena, to which it is moved if need be.
  private mutating func linkedRun(of place: inout Place) -> Int {
    if case .linked(let run) = place.run { return run }
    guard let last = linkRuns(of: place.original) else {
      preconditionFailure("a place in inserted code is in a run")
    }
    let first = Int(runs[last].next)
    place.run = .linked(first)
    return first
  }

  /// Moves on, and gives the index of the new instruction's first slot.
  private func nextSlot(_ place: inout Place) -> Int? {
    if let reference = place.run {
      check(place)
      if let slot = nextInserted(&place, reference) { return slot }
      if !anchors[place.original].isRemoved { return leaveRuns(&place) }
    } else if place.original >= 0, program.slots[place.original].isWide {
      place.original += 1
    }
    place.run = nil
    place.changes = changes
    place.original += 1
    while place.original < anchors.count {
      let anchor = anchors[place.original]
      if anchor.isUntouched { return place.original }
      if anchor.hasRuns, let slot = enter(anchor, &place) { return slot }
      if !anchor.isRemoved { return leaveRuns(&place) }
      place.original += 1
    }
    return nil
  }

  private func leaveRuns(_ place: inout Place) -> Int {
    place.run = nil
    return place.original
  }

  /// Goes to what follows in the same run, or in the runs after it.
  private func nextInserted(_ place: inout Place, _ reference: RunReference) -> Int? {
    let anchor = anchors[place.original]
    let index: Int
    switch reference {
    case .linked(let run): index = run
    case .only:
      if let run = anchor.onlyRun {
        return place.after < run.end ? step(&place, .only, at: place.after) : nil
      }
      // There are others behind it now.
      guard let last = anchor.lastRun else { return nil }
      index = Int(runs[last].next)
    }
    if !runs[index].isMark, place.after < runs[index].end {
      return step(&place, .linked(index), at: place.after)
    }
    return index == anchor.lastRun ? nil : enter(&place, after: index, of: anchor)
  }

  /// Goes to the first instruction of an original instruction's runs.
  private func enter(_ anchor: Anchor, _ place: inout Place) -> Int? {
    if let run = anchor.onlyRun {
      place.previous = nil
      place.beforeMarks = nil
      return step(&place, .only, at: Int(run.start))
    }
    return anchor.lastRun.flatMap { enter(&place, after: $0, of: anchor) }
  }

  /// Goes to the first instruction of the runs after one, up to the last.
  private func enter(_ place: inout Place, after run: Int, of anchor: Anchor) -> Int? {
    let last = anchor.lastRun
    var previous = run == last ? nil : run
    var beforeMarks = previous
    var index = Int(runs[run].next)
    while true {
      if !runs[index].isMark {
        place.previous = previous
        place.beforeMarks = beforeMarks
        return step(&place, .linked(index), at: Int(runs[index].start))
      }
      if index == last { return nil }
      previous = index
      if !runs[index].traits.contains(.attached) { beforeMarks = index }
      index = Int(runs[index].next)
    }
  }

  private func step(_ place: inout Place, _ run: RunReference, at slot: Int) -> Int {
    place.run = run
    place.slot = slot
    place.isGone = false
    place.after = slot + (inserted[slot].isWide ? 2 : 1)
    return slot
  }

  /// Cuts a run before the place, which is then at the start of the run returned.
  private mutating func cut(_ run: Int, _ place: inout Place) -> Int {
    hasCuts = true
    changes += 1
    place.changes = changes
    guard place.slot > Int(runs[run].start) else { return run }
    let rest = split(run, at: place.slot, original: place.original)
    place.previous = run
    place.beforeMarks = run
    place.run = .linked(rest)
    return rest
  }

  /// Takes the instruction at the place out of its run.
  ///
  /// - Returns: the mark that branches to it land on, which the walk goes on after.
  private mutating func cutOut(_ run: Int, _ place: inout Place) -> Int {
    let rest = cut(run, &place)
    if place.after < runs[rest].end {
      _ = split(rest, at: place.after, original: place.original)
    }
    var own = runs[rest]
    if own.traits.contains(.end) { markEnd(of: own, after: rest, original: place.original) }
    own = runs[rest]
    own.becomeMark()
    runs[rest] = own
    place.after = place.slot
    place.isGone = true
    return rest
  }

  /// Marks the end of a run by a run of its own, before the run's last instruction goes: branches to it lead past what takes
  /// that instruction's place.
  private mutating func markEnd(of run: Run, after previous: Int, original: Int) {
    let mark = addRun(Run(start: run.end - 1, count: 1, traits: [.mark, .end]))
    link(mark, after: previous)
    if anchors[original].lastRun == previous { setLastRun(mark, of: original) }
    hasMovedEnds = true
  }

  /// Splits a run in two.
  private mutating func split(_ run: Int, at slot: Int, original: Int) -> Int {
    var first = runs[run]
    let rest = addRun(
      Run(start: slot, count: first.end - slot, traits: first.traits.subtracting(.entry)))
    first.truncate(at: slot)
    first.traits.remove(.end)
    runs[run] = first
    link(rest, after: run)
    if anchors[original].lastRun == run { setLastRun(rest, of: original) }
    return rest
  }
}

extension Instruction {
  /// The instruction of a slot that is known to decode, with the slot after it if it has two.
  init(_ first: RawInstruction, second: RawInstruction?) {
    do throws(DecodingError) {
      self = try Instruction(decoding: first, second: second, at: 0)
    } catch {
      preconditionFailure("only instructions that decode are in a program or a patch")
    }
  }
}
