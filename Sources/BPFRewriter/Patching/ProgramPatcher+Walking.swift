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
    fileprivate var run: Int?
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
    return place.isInserted ? inserted[slot] : program.slots[slot]
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
    guard index < branches.count, branches[index].slot == place.slot else { return nil }
    switch branches[index].target {
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
    guard let run = place.run else { return try replace(place.original, with: patch) }
    check(place)
    if place.isGone { throw .alreadyRemoved(place.original) }
    let added = try makeRun(patch, at: place.original, isEntry: false)
    var last = cutOut(run, &place)
    if let added {
      link(added, after: last)
      if anchors[place.original].lastRun == last { setLastRun(added, of: place.original) }
      last = added
    }
    // The walk goes on after what was put in.
    place.run = last
    place.after = runs[last].end
  }

  /// Inserts a patch before the instruction, where the walk stays.
  ///
  /// - Complexity: as ``replace(at:with:)``.
  /// - Throws: as ``replace(at:with:)``.
  public mutating func insert(
    _ patch: Patch, before place: inout Place, branches entry: Entry
  ) throws(PatchError) {
    guard let run = place.run else {
      return try insert(patch, before: place.original, branches: entry)
    }
    check(place)
    if place.isGone { throw .alreadyRemoved(place.original) }
    guard let added = try makeRun(patch, at: place.original, isEntry: false) else { return }
    let rest = cut(run, &place)
    // The last run leads to the first.
    let last = anchors[place.original].lastRun ?? rest
    let previous: Int
    switch entry {
    case .throughPatch:
      // Branches to the instruction land on a mark before the patch.
      previous = runs.count
      var own = runs[rest]
      runs.append(
        Run(
          start: place.slot, count: 1,
          traits: own.traits.intersection(.entry).union([.mark, .attached]),
          next: previous))
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
    guard let run = place.run else {
      var anchor = anchors[place.original]
      anchor.remove()
      anchors[place.original] = anchor
      if program.slots[place.original].isWide { removeSecondHalf(of: place.original) }
      return
    }
    check(place)
    if !place.isGone { _ = cutOut(run, &place) }
  }

  // MARK: How

  private func decode(_ slot: Int, isInserted: Bool) -> Instruction {
    do throws(DecodingError) {
      return try isInserted
        ? Instruction(decoding: inserted, at: slot)
        : Instruction(decoding: program.slots, at: slot)
    } catch {
      preconditionFailure("only instructions that decode are in a program or a patch")
    }
  }

  /// Checks that a place in inserted code is what it was when the walk came there.
  @inline(__always)
  private func check(_ place: Place) {
    precondition(place.changes == changes, "a place is used before anything is edited at another")
  }

  private mutating func setLastRun(_ run: Int, of slot: Int) {
    var anchor = anchors[slot]
    anchor.lastRun = run
    anchors[slot] = anchor
  }

  /// Moves on, and gives the index of the new instruction's first slot.
  private func nextSlot(_ place: inout Place) -> Int? {
    if let run = place.run {
      check(place)
      // More of the same run, or the runs after it.
      if !runs[run].isMark, place.after < runs[run].end {
        return step(&place, run, at: place.after)
      }
      if run != anchors[place.original].lastRun, let slot = enter(&place, after: run) {
        return slot
      }
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
      if let last = anchor.lastRun, let slot = enter(&place, after: last) { return slot }
      if !anchor.isRemoved { return leaveRuns(&place) }
      place.original += 1
    }
    return nil
  }

  private func leaveRuns(_ place: inout Place) -> Int {
    place.run = nil
    return place.original
  }

  /// Goes to the first instruction of the runs after one, up to the last.
  private func enter(_ place: inout Place, after run: Int) -> Int? {
    let last = anchors[place.original].lastRun
    var previous = run == last ? nil : run
    var beforeMarks = previous
    var index = Int(runs[run].next)
    while true {
      if !runs[index].isMark {
        place.previous = previous
        place.beforeMarks = beforeMarks
        return step(&place, index, at: Int(runs[index].start))
      }
      if index == last { return nil }
      previous = index
      if !runs[index].traits.contains(.attached) { beforeMarks = index }
      index = Int(runs[index].next)
    }
  }

  private func step(_ place: inout Place, _ run: Int, at slot: Int) -> Int {
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
    place.run = rest
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
    let mark = runs.count
    runs.append(Run(start: run.end - 1, count: 1, traits: [.mark, .end], next: mark))
    link(mark, after: previous)
    if anchors[original].lastRun == previous { setLastRun(mark, of: original) }
    hasMovedEnds = true
  }

  /// Splits a run in two.
  private mutating func split(_ run: Int, at slot: Int, original: Int) -> Int {
    let rest = runs.count
    var first = runs[run]
    runs.append(
      Run(
        start: slot, count: first.end - slot, traits: first.traits.subtracting(.entry), next: rest))
    first.truncate(at: slot)
    first.traits.remove(.end)
    runs[run] = first
    link(rest, after: run)
    if anchors[original].lastRun == run { setLastRun(rest, of: original) }
    return rest
  }
}
