import BPFISA

// Comparing the state reached with those kept (kernel: `is_state_visited`).
extension Explorer {
  /// Arrives at an instruction.
  ///
  /// - Returns: whether an earlier state covers this one, so that the path ends.
  @inline(__always)
  mutating func visit() throws(Rejection.Problem) -> Bool {
    guard code.has(CodeTable.Mark.prunePoint, at: slot) else { return false }
    return try compareWithKept()
  }

  @inline(never)
  private mutating func compareWithKept() throws(Rejection.Problem) -> Bool {
    guard probe?.prunes ?? true else { return false }
    let isCheckpoint = code.has(CodeTable.Mark.checkpoint, at: slot)
    let instructionsSince = statistics.processedInstructions - lastProcessed
    let jumpsSince = jumps - lastJumps
    let callbackDepth = frames[depth].callbackDepth
    let comparer = comparer(.covers)
    var walk = StateWalk(
      slot: slot, from: kept.latest[slot],
      isWorthKeeping: isCheckpoint || jumpsSince >= 2 && instructionsSince >= 8)
    while true {
      walk.pass(
        in: &kept, comparer, depth: depth, callbackDepth: callbackDepth, registers.elements,
        stacks.elements)
      guard walk.state >= 0 else { break }
      let index = Int(walk.state)
      if kept.states[index].branches > 0 {
        if try meetsUnfinished(index, isCheckpoint) { return true }
        if !isCheckpoint, jumpsSince < 20, instructionsSince < 100 { walk.isWorthKeeping = false }
        walk.miss(in: &kept, allowance: isCheckpoint ? 64 : 3)
        continue
      }
      if isSpeculative || !kept.states[index].isSpeculative, covers(index, comparer) {
        kept.states[index].hits += 1
        inheritMarks(of: index)
        return true
      }
      walk.miss(in: &kept, allowance: 3)
    }
    if !walk.isWorthKeeping, kept.latest[slot] < 0, jumpsSince >= 1, instructionsSince >= 2 {
      // The first state at a slot is kept sooner: paths that part shortly before it come together there.
      try keep()
    } else if walk.isWorthKeeping {
      lastProcessed = statistics.processedInstructions
      lastJumps = jumps
      try keep()
    }
    return false
  }

  /// Comes to where the path was before.
  ///
  /// - Returns: whether it goes round a loop that brings nothing new.
  /// - Throws: where it goes round for ever.
  private mutating func meetsUnfinished(
    _ index: Int, _ isCheckpoint: Bool
  ) throws(Rejection.Problem) -> Bool {
    let state = kept.states[index]
    guard Int(state.depth) == depth, state.callbackDepth <= frames[depth].callbackDepth else {
      return false
    }
    if isSpeculative { return goesRoundSpeculatively(index) }
    if isCheckpoint, isNextIteration(since: state), looksCovered(by: state, comparer(.coversAll)),
      covers(index, comparer(.coversAll))
    {
      kept.states[index].hits += 1
      cutLoop(at: index)
      return true
    }
    if isSameIteration(state), looksCovered(by: state, comparer(.same)),
      covers(index, comparer(.same))
    {
      throw .infiniteLoop
    }
    return false
  }

  /// Whether a way that only a processor that guesses wrong goes brings nothing new. It need not end.
  private mutating func goesRoundSpeculatively(_ index: Int) -> Bool {
    let comparer = comparer(.coversAll)
    guard looksCovered(by: kept.states[index], comparer), covers(index, comparer) else {
      return false
    }
    kept.states[index].hits += 1
    cutLoop(at: index)
    return true
  }

  /// Ends the path where a loop would go on as it did from an earlier state.
  ///
  /// What matters from there on matters here. That is known where this was the last path from that state; otherwise
  /// anything may.
  private mutating func cutLoop(at state: Int) {
    guard pending.count == Int(kept.states[state].pendingCount) else {
      markEverything()
      return
    }
    // What is marked here may be what another value of the earlier state came from.
    let groups = kept.states[state].marks
    var marked = -1
    while true {
      var count = 0
      for group in groups {
        let marks = provenance.marks[group]
        count += marks.precise.nonzeroBitCount + marks.read.nonzeroBitCount
      }
      if count == marked { return }
      marked = count
      inheritMarks(of: state)
    }
  }

  /// Whether the path went through a loop's checkpoint again since a state.
  private func isNextIteration(since state: KeptState) -> Bool {
    if case .mayGoto = code.instructions[slot] { return state.mayGotoDepth != mayGotoDepth }
    // A call that makes callbacks: only a callback that ran makes it another round of the same call.
    return state.callbackDepth < frames[depth].callbackDepth
  }

  private func isSameIteration(_ state: KeptState) -> Bool {
    state.mayGotoDepth == mayGotoDepth && state.callbackDepth == frames[depth].callbackDepth
  }

  private func comparer(_ comparison: StateComparer.Comparison) -> StateComparer {
    StateComparer(
      comparison: comparison, isPrivileged: options.isPrivileged, meetsDynptrs: meetsDynptrs)
  }

  /// Whether a kept state covers the one reached where it did not the last time.
  private func looksCovered(by state: KeptState, _ comparer: StateComparer) -> Bool {
    if state.entryCount == 0 { return true }
    let isPrecise = state.differsPrecisely || comparer.comparison != .covers
    return comparer.mayCover(
      state.differing, isPrecise, kept.words.span, registers.elements.span, stacks.elements.span)
  }

  /// Compares a kept state of as many frames with the one reached.
  private mutating func covers(_ index: Int, _ comparer: StateComparer) -> Bool {
    let state = kept.states[index]
    pairs.removeAll()
    guard matchesSpecials(of: state, comparer.comparison) else { return false }
    guard
      let position = comparer.firstDifference(
        of: state, kept.entries.elements, kept.words, provenance.marks.elements,
        registers.elements, stacks.elements, &pairs, &lastID)
    else { return true }
    kept.states[index].differing = kept.entries[state.firstEntry + position]
    let marks = provenance.marks[state.firstMarks + position >> 6]
    kept.states[index].differsPrecisely = marks.precise >> UInt64(position & 63) & 1 != 0
    return false
  }

  /// Compares the calls of frames, references and the lock held.
  private mutating func matchesSpecials(
    of state: KeptState, _ comparison: StateComparer.Comparison
  ) -> Bool {
    let first = Int(state.firstSpecial)
    let count = Int(state.specialCount)
    guard count == depth + references.count + (lock == nil ? 0 : 1) else { return false }
    for offset in 0..<count {
      let special = kept.specials[first + offset]
      switch special.kind {
      case .frame:
        // From the earlier state the callback was followed as often as is left of its rounds; another round is not the same.
        let round = UInt32(frames[offset].callbackDepth)
        guard comparison == .same ? special.id == round : special.id <= round,
          special.word == self.special(ofFrame: offset + 1).word
        else { return false }
      case .reference:
        let index = offset - depth
        guard references.indices.contains(index),
          special.word == UInt64(UInt32(bitPattern: references[index].frame)),
          pairs.match(special.id, references[index].id)
        else { return false }
      case .lock:
        guard let lock, special.word == UInt64(UInt32(bitPattern: lock.map)),
          pairs.match(special.id, lock.id)
        else { return false }
      }
    }
    return true
  }
}
