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

  /// Finds the values that are needed, and which of their identities more than one number has.
  private mutating func findNeeded() {
    neededRegisters.removeAll(keepingCapacity: true)
    neededSlots.removeAll(keepingCapacity: true)
    counts.removeAll()
    for frame in 0...depth {
      var live = liveRegisters(frame)
      while live != 0 {
        let register = live.trailingZeroBitCount
        live &= live &- 1
        let index = frame &* Self.registerCount &+ register
        if registers[index].kind == .uninitialized { continue }
        if registers[index].kind == .scalar, registers[index].id != 0 {
          counts.add(registers[index].id)
        }
        neededRegisters.append(NeededPlace(frame: frame, place: register, index: index))
      }
      var occupied = frames[frame].occupied
      while occupied != 0 {
        let place = occupied.trailingZeroBitCount
        occupied &= occupied &- 1
        let index = frame &* Self.slotCount &+ place
        if stacks[index].value.kind == .scalar, stacks[index].value.id != 0 {
          counts.add(stacks[index].value.id)
        }
        neededSlots.append(
          NeededPlace(frame: frame, place: StateEntry.firstSlot &+ place, index: index))
      }
    }
  }

  // MARK: Keeping

  /// Keeps the state: later ones at this slot are compared with it.
  mutating func keep() throws(Rejection.Problem) {
    findNeeded()
    let firstEntry = kept.entries.count
    let firstSpecial = kept.specials.count
    keepSpecials()
    encodeNeeded()
    Self.appendEntries(neededRegisters, registers, neededSlots, stacks, counts, to: &kept.entries)
    linkNodes()
    let state = KeptState(
      slot: Int32(truncatingIfNeeded: slot), parent: parent, next: kept.latest[slot], branches: 1,
      firstEntry: Int32(truncatingIfNeeded: firstEntry),
      entryCount: Int32(truncatingIfNeeded: kept.entries.count - firstEntry),
      firstSpecial: Int32(truncatingIfNeeded: firstSpecial),
      specialCount: Int32(truncatingIfNeeded: kept.specials.count - firstSpecial),
      mayGotoDepth: mayGotoDepth, callbackDepth: frames[depth].callbackDepth,
      pendingCount: Int32(truncatingIfNeeded: pending.count),
      depth: Int32(truncatingIfNeeded: depth), differing: Int32(truncatingIfNeeded: firstEntry))
    parent = Int32(truncatingIfNeeded: kept.states.count)
    kept.latest[slot] = parent
    kept.states.append(state)
    statistics.totalStates += 1
    guard kept.states.count <= limits.states else { throw .tooManyStates(limit: limits.states) }
    try checkMemory()
  }

  /// Writes the values that changed since they were written last.
  private mutating func encodeNeeded() {
    for place in neededRegisters where registers[place.index].encoding == 0 {
      let encoding = Encoding.write(registers[place.index], to: &kept.words)
      registers[unsaved: place.index].encoding = encoding
    }
    for place in neededSlots
    where stacks[place.index].value.encoding == 0
      && stacks[place.index].value.kind != .uninitialized
    {
      let encoding = Encoding.write(stacks[place.index].value, to: &kept.words)
      stacks[unsaved: place.index].value.encoding = encoding
    }
  }

  private static func appendEntries(
    _ neededRegisters: [NeededPlace], _ registers: TrailedArray<Value>,
    _ neededSlots: [NeededPlace], _ stacks: TrailedArray<StackSlot>, _ counts: IdentityCounts,
    to entries: inout [StateEntry]
  ) {
    let count = neededRegisters.count + neededSlots.count
    let room = entries.count + count <= entries.capacity ? count : max(count, entries.count)
    entries.append(addingCapacity: room) { entries in
      for place in neededRegisters {
        entries.append(
          StateEntry(
            location: place.location, shape: shape(of: registers[place.index], counts),
            spillSize: 0, encoding: registers[place.index].encoding, bytes: 0))
      }
      for place in neededSlots {
        entries.append(
          StateEntry(
            location: place.location, shape: shape(of: stacks[place.index].value, counts),
            spillSize: stacks[place.index].value.spillSize,
            encoding: stacks[place.index].value.encoding, bytes: stacks[place.index].bytes))
      }
    }
  }

  @inline(__always)
  private static func shape(of value: Value, _ counts: IdentityCounts) -> StateEntry.Shape {
    if value.kind == .scalar {
      return value.id != 0 && counts.isShared(value.id) ? [.scalar, .identity] : .scalar
    }
    if value.kind == .dynptr { return [.dynptr, .identity] }
    return value.id | value.reference != 0 ? .identity : []
  }

  /// Gives the values that were kept nodes of their entries.
  private mutating func linkNodes() {
    Self.link(neededRegisters, &registers, \.node, &provenance, &pending.nodes)
    Self.link(neededSlots, &stacks, \.value.node, &provenance, &pending.nodes)
  }

  @inline(__always)
  private static func link<Element>(
    _ places: [NeededPlace], _ elements: inout TrailedArray<Element>,
    _ node: WritableKeyPath<Element, UInt32>, _ provenance: inout Provenance,
    _ saved: inout [PendingBranches.SavedNode]
  ) {
    elements.updateUnsaved(places) { element, place, isSaved in
      let origin = element[keyPath: node]
      if !isSaved { saved.append(.init(place: place, node: origin)) }
      element[keyPath: node] = provenance.keep(origin)
    }
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
      if saved.place.isRegister {
        registers[unsaved: saved.place.index].node = saved.node
      } else {
        stacks[unsaved: saved.place.index].value.node = saved.node
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
    findNeeded()
    for place in neededRegisters { provenance.markPrecise(registers[place.index].node) }
    for place in neededSlots {
      provenance.markPrecise(stacks[place.index].value.node)
      provenance.markRead(stacks[place.index].value.node)
    }
  }

  /// What mattered to paths from a kept state that covers this one matters here.
  mutating func inheritMarks(of state: Int) {
    for index in kept.states[state].entries {
      let marks = provenance.marks[index]
      if marks.isEmpty { continue }
      let entry = kept.entries[index]
      if entry.isSlot {
        let node = stacks[entry.index].value.node
        if marks.contains(.precise) { provenance.markPrecise(node) }
        if marks.contains(.read) { provenance.markRead(node) }
      } else if marks.contains(.precise) {
        provenance.markPrecise(registers[entry.index].node)
      }
    }
  }
}

/// A value that is needed: where it is, in short.
struct NeededPlace {
  /// As in ``StateEntry/location``.
  let location: UInt16
  private let number: UInt16

  @inline(__always)
  init(frame: Int, place: Int, index: Int) {
    location = UInt16(truncatingIfNeeded: StateEntry.location(frame: frame, place: place))
    number = UInt16(truncatingIfNeeded: index)
  }

  /// The index among all registers, or among all slots.
  @inline(__always) var index: Int { Int(number) }
  @inline(__always) var isRegister: Bool { location & 0x7f < UInt16(StateEntry.firstSlot) }
}
