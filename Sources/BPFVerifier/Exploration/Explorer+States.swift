import BPFISA

// States kept for comparison, in compact form, and states put aside, to be come back to.
extension Explorer {
  /// The registers of a frame that are still needed, a bit each.
  private func liveRegisters(_ frame: Int) -> UInt16 {
    if frame == depth { return code.live[slot] & 0x3ff }
    let call = Int(frames[frame + 1].callSite)
    switch frames[frame + 1].role {
    // The call is made again when the callback returns.
    case .repeatedCallback: return code.live[call] & 0x3fe
    case .call: return code.live[call + 1] & 0x3c0
    case .laterCallback: return code.live[call + 1] & 0x3c0
    }
  }

  /// Calls a body with each value that is needed: where it is, and its index among all registers or slots.
  @inline(__always)
  private mutating func forEachNeeded(
    _ body: (inout Explorer, _ frame: Int, _ place: Int, _ index: Int) -> Void
  ) {
    for frame in 0...depth {
      var live = liveRegisters(frame)
      while live != 0 {
        let register = live.trailingZeroBitCount
        live &= live &- 1
        let index = frame * Self.registerCount + register
        if registers[index].kind != .uninitialized { body(&self, frame, register, index) }
      }
      var occupied = frames[frame].occupied
      while occupied != 0 {
        let place = occupied.trailingZeroBitCount
        occupied &= occupied &- 1
        body(&self, frame, StateEntry.firstSlot + place, frame * Self.slotCount + place)
      }
    }
  }

  // MARK: Keeping

  /// Keeps the state: later ones at this slot are compared with it.
  mutating func keep() throws(Rejection.Problem) {
    countIdentities()
    let firstWord = kept.words.count
    let firstMark = provenance.marks.count
    Self.appendSpecials(frames, depth, references, lock, to: &kept.words)
    forEachNeeded { explorer, frame, place, index in
      let location = StateEntry.location(frame: frame, place: place)
      if place < StateEntry.firstSlot {
        let value = explorer.registers[index]
        explorer.kept.words.append(
          value, at: location, bytes: nil,
          keepsIdentity: value.id != 0 && explorer.counts.isShared(value.id))
        if !explorer.registers.isSaved(index) {
          explorer.pending.nodes.append(.init(place: .register(index), node: value.node))
        }
        explorer.registers[unsaved: index].node = explorer.provenance.keep(value.node)
      } else {
        let slot = explorer.stacks[index]
        explorer.kept.words.append(
          slot.value, at: location, bytes: slot.bytes,
          keepsIdentity: slot.value.id != 0 && explorer.counts.isShared(slot.value.id))
        if !explorer.stacks.isSaved(index) {
          explorer.pending.nodes.append(.init(place: .slot(index), node: slot.value.node))
        }
        explorer.stacks[unsaved: index].value.node = explorer.provenance.keep(slot.value.node)
      }
    }
    let state = KeptState(
      slot: Int32(truncatingIfNeeded: slot), parent: parent, next: kept.latest[slot], branches: 1,
      firstWord: firstWord,
      wordCount: Int32(truncatingIfNeeded: kept.words.count - firstWord), firstMark: firstMark,
      entryCount: Int32(truncatingIfNeeded: provenance.marks.count - firstMark),
      mayGotoDepth: mayGotoDepth, callbackDepth: frames[depth].callbackDepth,
      depth: Int32(truncatingIfNeeded: depth))
    parent = Int32(truncatingIfNeeded: kept.states.count)
    kept.latest[slot] = parent
    kept.states.append(state)
    statistics.totalStates += 1
    guard kept.states.count <= limits.states else { throw .tooManyStates(limit: limits.states) }
    try checkMemory()
  }

  private mutating func checkMemory() throws(Rejection.Problem) {
    let bytes =
      kept.byteCount + pending.byteCount + registers.trailByteCount + stacks.trailByteCount
      + frames.trailByteCount
    statistics.peakStateBytes = max(statistics.peakStateBytes, bytes)
    guard bytes <= limits.memory else {
      throw .tooMuchMemory(limit: limits.memory)
    }
  }

  /// An identity that one number alone has says nothing.
  private mutating func countIdentities() {
    counts.removeAll()
    forEachNeeded { explorer, _, place, index in
      let isRegister = place < StateEntry.firstSlot
      let isNumber =
        isRegister
        ? explorer.registers[index].isScalar : explorer.stacks[index].value.isScalar
      let id = isRegister ? explorer.registers[index].id : explorer.stacks[index].value.id
      if isNumber, id != 0 { explorer.counts.add(id) }
    }
  }

  private static func appendSpecials(
    _ frames: TrailedArray<Frame>, _ depth: Int, _ references: [Reference], _ lock: HeldLock?,
    to words: inout [UInt64]
  ) {
    for index in 0..<depth {
      let frame = frames[index + 1]
      words.append(StateEntry(.frame, UInt32(truncatingIfNeeded: index + 1)).word)
      words.append(
        UInt64(UInt32(bitPattern: frame.callSite)) | UInt64(frame.function) << 32
          | UInt64(frame.role.rawValue) << 48)
    }
    for reference in references {
      words.append(StateEntry(.reference, reference.id).word)
      words.append(
        UInt64(UInt32(bitPattern: reference.slot))
          | UInt64(UInt32(bitPattern: reference.frame)) << 32)
    }
    if let lock {
      words.append(StateEntry(.lock, lock.id).word)
      words.append(UInt64(UInt32(bitPattern: lock.map)))
    }
  }

  // MARK: Putting aside

  /// Puts the state aside, to be taken up another way from here.
  mutating func putAside(_ way: PendingBranches.Way) throws(Rejection.Problem) {
    guard pending.count < limits.pendingBranches else {
      throw .tooManyPendingBranches(limit: limits.pendingBranches)
    }
    pending.push(
      PendingBranches.Branch(
        slot: slot, way: way, parent: parent, depth: depth, registers: registers.mark(),
        stacks: stacks.mark(), frames: frames.mark(), references: references, lock: lock,
        savedNodes: pending.nodes.count, pathCount: path.count, nodeCount: provenance.nodeCount,
        mayGotoDepth: mayGotoDepth))
    if parent >= 0 { kept.states[Int(parent)].branches += 1 }
    statistics.peakPendingBranches = max(statistics.peakPendingBranches, pending.count)
    try checkMemory()
  }

  /// Takes up the state put aside last.
  mutating func takePending() -> PendingBranches.Branch {
    let branch = pending.pop()
    provenance.truncate(to: branch.nodeCount)
    path.removeLast(path.count - branch.pathCount)
    registers.undo(to: branch.registers)
    stacks.undo(to: branch.stacks)
    frames.undo(to: branch.frames)
    // Nodes after values: a value that was saved has the node it had then.
    while pending.nodes.count > branch.savedNodes, let saved = pending.nodes.popLast() {
      switch saved.place {
      case .register(let index): registers[unsaved: index].node = saved.node
      case .slot(let index): stacks[unsaved: index].value.node = saved.node
      }
    }
    depth = branch.depth
    references = branch.references
    lock = branch.lock
    slot = branch.slot
    parent = branch.parent
    mayGotoDepth = branch.mayGotoDepth
    return branch
  }

  /// Forgets all registers and stack.
  mutating func clear() {
    for frame in 0...depth {
      clearStack(frame)
      for register in 0..<(Self.registerCount - 1) {
        registers[frame * Self.registerCount + register].kind = .uninitialized
      }
      frames[frame].callbackDepth = 0
    }
    depth = 0
    references.removeAll(keepingCapacity: true)
    lock = nil
  }

  /// Forgets what is in a frame's stack.
  mutating func clearStack(_ frame: Int) {
    var occupied = frames[frame].occupied
    while occupied != 0 {
      let place = occupied.trailingZeroBitCount
      occupied &= occupied &- 1
      stacks[frame * Self.slotCount + place] = StackSlot()
    }
    frames[frame].occupied = 0
  }

  /// Makes a new frame's registers: nothing but the frame pointer.
  mutating func setFrameRegisters(_ frame: Int) {
    let first = frame * Self.registerCount
    for register in 0..<(Self.registerCount - 1) {
      registers[first + register].kind = .uninitialized
    }
    registers[first + Self.registerCount - 1] = .pointer(.stack, to: frame)
  }

  // MARK: Marks

  /// Says that everything there is now may matter, as a loop that is cut here will go on with it.
  mutating func markEverything() {
    forEachNeeded { explorer, _, place, index in
      if place < StateEntry.firstSlot {
        explorer.provenance.markPrecise(explorer.registers[index].node)
      } else {
        explorer.provenance.markPrecise(explorer.stacks[index].value.node)
        explorer.provenance.markRead(explorer.stacks[index].value.node)
      }
    }
  }

  /// What mattered to paths from a kept state that covers this one matters here.
  mutating func inheritMarks(of state: Int) {
    var index = kept.states[state].firstWord
    let end = index + Int(kept.states[state].wordCount)
    var mark = kept.states[state].firstMark
    while index < end {
      let entry = StateEntry(kept.words[index])
      if entry.isSpecial {
        index += 2
        continue
      }
      let marks = provenance.marks[mark]
      mark += 1
      index += entry.wordCount
      if marks.isEmpty { continue }
      let node =
        entry.isSlot
        ? stacks[entry.frame * Self.slotCount + entry.place - StateEntry.firstSlot].value.node
        : registers[entry.frame * Self.registerCount + entry.place].node
      if marks.contains(.precise) { provenance.markPrecise(node) }
      if marks.contains(.read), entry.isSlot { provenance.markRead(node) }
    }
  }
}
