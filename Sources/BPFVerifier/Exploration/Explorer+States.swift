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

  // MARK: Keeping

  /// Keeps the state: later ones at this slot are compared with it.
  mutating func keep() throws(Rejection.Problem) {
    let firstSpecial = kept.specials.count
    keepSpecials()
    var most = 0
    for frame in 0...depth {
      most += liveRegisters(frame).nonzeroBitCount + frames[frame].occupied.nonzeroBitCount
    }
    let (firstEntry, firstMarks) = (kept.entries.count, provenance.marks.count)
    var recorder = StateRecorder(
      upTo: most, recordsAll: !options.isPrivileged, &kept, &provenance)
    for frame in 0...depth {
      recorder.recordRegisters(
        of: frame, liveRegisters(frame), &registers, &kept, &provenance)
    }
    let registerCount = recorder.entry - firstEntry
    for frame in 0...depth {
      recorder.recordSlots(
        of: frame, frames[frame].occupied, &stacks, &kept, &provenance)
    }
    recorder.finish(&kept, &provenance)
    let entryCount = recorder.entry - firstEntry
    let state = KeptState(
      next: kept.latest[slot], depth: Int32(truncatingIfNeeded: depth),
      callbackDepth: frames[depth].callbackDepth,
      differing: entryCount > 0 ? kept.entries[firstEntry] : .none,
      slot: Int32(truncatingIfNeeded: slot), parent: parent, firstEntry: firstEntry,
      firstMarks: firstMarks, entryCount: Int32(truncatingIfNeeded: entryCount),
      registerCount: Int32(truncatingIfNeeded: registerCount),
      firstSpecial: Int32(truncatingIfNeeded: firstSpecial),
      specialCount: Int32(truncatingIfNeeded: kept.specials.count - firstSpecial),
      isSpeculative: isSpeculative, mayGotoDepth: mayGotoDepth,
      pendingCount: Int32(truncatingIfNeeded: pending.count))
    parent = Int32(truncatingIfNeeded: kept.states.count)
    kept.latest[slot] = parent
    kept.states.append(state)
    statistics.totalStates += 1
    guard kept.states.count <= limits.states else { throw .tooManyStates(limit: limits.states) }
    try checkMemory()
  }

  private mutating func keepSpecials() {
    for index in 0..<depth {
      kept.specials.append(special(ofFrame: index + 1))
    }
    for reference in references {
      kept.specials.append(
        StateSpecial(
          kind: .reference, id: reference.id, word: UInt64(UInt32(bitPattern: reference.frame))))
    }
    if let lock {
      kept.specials.append(
        StateSpecial(kind: .lock, id: lock.id, word: UInt64(UInt32(bitPattern: lock.map))))
    }
  }

  func special(ofFrame index: Int) -> StateSpecial {
    StateSpecial(
      kind: .frame, id: UInt32(frames[index - 1].callbackDepth),
      word: UInt64(UInt32(bitPattern: frames[index].callSite))
        | UInt64(frames[index].function) << 32 | UInt64(frames[index].role.rawValue) << 48)
  }

  private mutating func checkMemory() throws(Rejection.Problem) {
    let bytes =
      kept.byteCount + pending.byteCount + registers.trailByteCount + stacks.trailByteCount
      + frames.trailByteCount
    statistics.peakStateBytes = max(statistics.peakStateBytes, bytes)
    guard bytes <= limits.memory else { throw .tooMuchMemory(limit: limits.memory) }
  }

  // MARK: Putting aside

  /// Puts the state aside, to be taken up another way from here.
  mutating func putAside(_ way: PendingBranches.Way) throws(Rejection.Problem) {
    guard pending.count < limits.pendingBranches else {
      throw .tooManyPendingBranches(limit: limits.pendingBranches)
    }
    pending.push(
      PendingBranches.Branch(
        slot: slot, way: way, isSpeculative: isSpeculative, parent: parent, depth: depth,
        registers: registers.mark(),
        stacks: stacks.mark(), frames: frames.mark(), references: references, lock: lock,
        pathCount: path.count, nodeCount: provenance.nodeCount,
        mayGotoDepth: mayGotoDepth))
    if parent >= 0 { kept.states[Int(parent)].branches += 1 }
    statistics.peakPendingBranches = max(statistics.peakPendingBranches, pending.count)
    try checkMemory()
  }

  /// Takes up the state put aside last.
  mutating func takePending() -> PendingBranches.Branch {
    let branch = pending.pop()
    path.truncate(to: branch.pathCount)
    registers.undo(to: branch.registers)
    stacks.undo(to: branch.stacks)
    frames.undo(to: branch.frames)
    // Nodes after values: a value that was saved has the node it had then.
    provenance.undo(to: branch.nodeCount, &registers.elements, &stacks.elements)
    depth = branch.depth
    references = branch.references
    lock = branch.lock
    slot = branch.slot
    isSpeculative = branch.isSpeculative
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
    for frame in 0...depth {
      let live = liveRegisters(frame)
      for register in 0..<Self.registerCount where live >> UInt16(register) & 1 != 0 {
        let index = frame * Self.registerCount + register
        if registers[index].kind != .uninitialized {
          provenance.markPrecise(registers[index].node)
        }
      }
      var occupied = frames[frame].occupied
      while occupied != 0 {
        let index = frame * Self.slotCount + occupied.trailingZeroBitCount
        occupied &= occupied &- 1
        provenance.markPrecise(stacks[index].value.node)
        provenance.markRead(stacks[index].value.node)
      }
    }
  }

  /// What mattered to paths from a kept state that covers this one matters here.
  mutating func inheritMarks(of state: Int) {
    let (firstEntry, groups) = (kept.states[state].firstEntry, kept.states[state].marks)
    for group in groups {
      provenance.inherit(
        group, from: kept.entries.elements, firstEntry + (group - groups.lowerBound) << 6,
        registers.elements, stacks.elements)
    }
  }
}
