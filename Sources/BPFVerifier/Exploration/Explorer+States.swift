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
    needed.removeAll(keepingCapacity: true)
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
        needed.append(NeededPlace(frame: frame, place: register, index: index))
      }
      var occupied = frames[frame].occupied
      while occupied != 0 {
        let place = occupied.trailingZeroBitCount
        occupied &= occupied &- 1
        let index = frame &* Self.slotCount &+ place
        if stacks[index].value.kind == .scalar, stacks[index].value.id != 0 {
          counts.add(stacks[index].value.id)
        }
        needed.append(
          NeededPlace(frame: frame, place: StateEntry.firstSlot &+ place, index: index))
      }
    }
  }

  // MARK: Keeping

  /// Keeps the state: later ones at this slot are compared with it.
  mutating func keep() throws(Rejection.Problem) {
    findNeeded()
    kept.reserve(
      needed.count * StateEntry.wordLimit + 2 * (depth + references.count + 1))
    let firstWord = kept.wordCount
    let firstMark = provenance.marks.count
    let firstNode = provenance.keep(count: needed.count)
    Self.writeEntries(
      frames, depth, references, lock, needed, registers, stacks, counts, to: &kept)
    var node = firstNode
    for place in needed {
      let index = place.index
      if place.isRegister {
        let origin = registers[index].node
        if !registers.isSaved(index) {
          pending.nodes.append(.init(place: .register(index), node: origin))
        }
        provenance.setOrigin(of: node, origin)
        registers[unsaved: index].node = node
      } else {
        let origin = stacks[index].value.node
        if !stacks.isSaved(index) {
          pending.nodes.append(.init(place: .slot(index), node: origin))
        }
        provenance.setOrigin(of: node, origin)
        stacks[unsaved: index].value.node = node
      }
      node &+= 1
    }
    let state = KeptState(
      slot: Int32(truncatingIfNeeded: slot), parent: parent, next: kept.latest[slot], branches: 1,
      firstWord: firstWord,
      wordCount: Int32(truncatingIfNeeded: kept.wordCount - firstWord), firstMark: firstMark,
      entryCount: Int32(truncatingIfNeeded: needed.count),
      mayGotoDepth: mayGotoDepth, callbackDepth: frames[depth].callbackDepth,
      depth: Int32(truncatingIfNeeded: depth))
    parent = Int32(truncatingIfNeeded: kept.states.count)
    kept.latest[slot] = parent
    kept.states.append(state)
    statistics.totalStates += 1
    guard kept.states.count <= limits.states else { throw .tooManyStates(limit: limits.states) }
    try checkMemory()
  }

  /// Writes the state in compact form.
  private static func writeEntries(
    _ frames: borrowing TrailedArray<Frame>, _ depth: Int, _ references: borrowing [Reference],
    _ lock: HeldLock?, _ needed: borrowing [NeededPlace],
    _ registers: borrowing TrailedArray<Value>, _ stacks: borrowing TrailedArray<StackSlot>,
    _ counts: borrowing IdentityCounts, to kept: inout KeptStates
  ) {
    var end = kept.wordCount
    var words = kept.words.mutableSpan
    for index in 0..<depth {
      let frame = frames[index + 1]
      words[end] = StateEntry(frame: index + 1, callbackDepth: frames[index].callbackDepth).word
      words[end + 1] =
        UInt64(UInt32(bitPattern: frame.callSite)) | UInt64(frame.function) << 32
        | UInt64(frame.role.rawValue) << 48
      end += 2
    }
    for index in references.indices {
      let reference = references[index]
      words[end] = StateEntry(.reference, reference.id).word
      words[end + 1] =
        UInt64(UInt32(bitPattern: reference.slot))
        | UInt64(UInt32(bitPattern: reference.frame)) << 32
      end += 2
    }
    if let lock {
      words[end] = StateEntry(.lock, lock.id).word
      words[end + 1] = UInt64(UInt32(bitPattern: lock.map))
      end += 2
    }
    for index in needed.indices {
      let place = needed[index]
      if place.isRegister {
        let id = registers[place.index].id
        StateEntry.write(
          registers[place.index], at: place.location, bytes: nil,
          keepsIdentity: id != 0 && counts.isShared(id), to: &words, &end)
      } else {
        let id = stacks[place.index].value.id
        StateEntry.write(
          stacks[place.index].value, at: place.location, bytes: stacks[place.index].bytes,
          keepsIdentity: id != 0 && counts.isShared(id), to: &words, &end)
      }
    }
    _ = consume words
    kept.wordCount = end
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
    findNeeded()
    for place in needed {
      if place.isRegister {
        provenance.markPrecise(registers[place.index].node)
      } else {
        provenance.markPrecise(stacks[place.index].value.node)
        provenance.markRead(stacks[place.index].value.node)
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

/// A value that is needed: where it is, in short.
struct NeededPlace {
  private let bits: UInt32

  @inline(__always)
  init(frame: Int, place: Int, index: Int) {
    bits =
      UInt32(truncatingIfNeeded: StateEntry.location(frame: frame, place: place))
      | UInt32(truncatingIfNeeded: index) << 16
  }

  @inline(__always) var location: Int { Int(bits & 0xffff) }
  /// The index among all registers, or among all slots.
  @inline(__always) var index: Int { Int(bits >> 16) }
  @inline(__always) var isRegister: Bool { bits & 0x7f < UInt32(StateEntry.firstSlot) }
}
