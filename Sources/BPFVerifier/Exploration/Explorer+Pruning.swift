import BPFISA

// Comparing the state reached with those kept (kernel: `is_state_visited`).
extension Explorer {
  /// Arrives at an instruction.
  ///
  /// - Returns: whether an earlier state covers this one, so that the path ends.
  mutating func visit() throws(Rejection.Problem) -> Bool {
    guard code.has(CodeTable.Mark.prunePoint, at: slot), probe?.prunes ?? true else {
      return false
    }
    let isCheckpoint = code.has(CodeTable.Mark.checkpoint, at: slot)
    let instructionsSince = statistics.processedInstructions - lastProcessed
    let jumpsSince = jumps - lastJumps
    var isWorthKeeping = isCheckpoint || jumpsSince >= 2 && instructionsSince >= 6
    var previous: Int32 = -1
    var state = kept.latest[slot]
    while state >= 0 {
      let index = Int(state)
      let candidate = kept.states[index]
      if candidate.branches > 0 {
        if isCheckpoint, isNextIteration(since: candidate),
          compare(with: candidate, index, .coversAll)
        {
          kept.states[index].hits += 1
          cutLoop(at: index)
          return true
        }
        if isSameIteration(candidate), compare(with: candidate, index, .same) {
          throw .infiniteLoop
        }
        if !isCheckpoint, jumpsSince < 20, instructionsSince < 100 { isWorthKeeping = false }
      } else if compare(with: candidate, index, .covers) {
        kept.states[index].hits += 1
        inheritMarks(of: index)
        return true
      }
      // A state that covers little costs more than it saves.
      let misses = isWorthKeeping ? candidate.misses + 1 : candidate.misses
      let allowance: Int32 = isCheckpoint && candidate.branches > 0 ? 64 : 3
      if misses > candidate.hits * allowance + max(allowance, 6) {
        if previous >= 0 {
          kept.states[Int(previous)].next = candidate.next
        } else {
          kept.latest[slot] = candidate.next
        }
      } else {
        kept.states[index].misses = misses
        previous = state
      }
      state = candidate.next
    }
    if !isWorthKeeping, kept.latest[slot] < 0, jumpsSince >= 1, instructionsSince >= 4 {
      // The first state at a slot is kept sooner: paths that part shortly before it come together there.
      try keep()
    } else if isWorthKeeping {
      lastProcessed = statistics.processedInstructions
      lastJumps = jumps
      try keep()
    }
    return false
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

  /// Compares a kept state with the one reached.
  @inline(__always)
  private mutating func compare(
    with state: KeptState, _ index: Int, _ comparison: StateComparer.Comparison
  ) -> Bool {
    guard Int(state.depth) == depth, state.callbackDepth <= frames[depth].callbackDepth else {
      return false
    }
    let comparer = StateComparer(comparison: comparison, isPrivileged: options.isPrivileged)
    pairs.removeAll()
    // Where it differed last time it is likely to differ again.
    if state.entryCount > 0 {
      guard
        comparer.matches(
          Int(state.differing), of: state, kept, provenance.marks.elements, registers.elements,
          stacks.elements, &pairs, &lastID)
      else { return false }
      pairs.removeAll()
    }
    guard matchesSpecials(of: state, comparison) else { return false }
    if let position = comparer.firstDifference(
      of: state, kept, provenance.marks.elements, registers.elements, stacks.elements, &pairs,
      &lastID)
    {
      kept.states[index].differing = Int32(truncatingIfNeeded: position)
      return false
    }
    return true
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
