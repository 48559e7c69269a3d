import BPFISA

// Comparing the state reached with those kept (kernel: `is_state_visited`).
extension Explorer {
  /// How two states are compared.
  enum Comparison {
    /// The earlier state covers the later one in all that mattered to paths from it.
    case covers
    /// The earlier state covers the later one in everything.
    case coversAll
    /// Nothing changed since the earlier state.
    case same
  }

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
    var isWorthKeeping = isCheckpoint || jumpsSince >= 2 && instructionsSince >= 8
    var previous: Int32 = -1
    var state = kept.latest[slot]
    while state >= 0 {
      let index = Int(state)
      let next = kept.states[index].next
      if kept.states[index].branches > 0 {
        if isCheckpoint, isNextIteration(since: index), compare(with: index, .coversAll) {
          kept.states[index].hits += 1
          cutLoop(at: index)
          return true
        }
        if isSameIteration(index), compare(with: index, .same) { throw .infiniteLoop }
        if !isCheckpoint, jumpsSince < 20, instructionsSince < 100 { isWorthKeeping = false }
      } else if compare(with: index, .covers) {
        kept.states[index].hits += 1
        inheritMarks(of: index)
        return true
      }
      if isWorthKeeping { kept.states[index].misses += 1 }
      // A state that covers little costs more than it saves.
      let allowance: Int32 = isCheckpoint && kept.states[index].branches > 0 ? 64 : 3
      if kept.states[index].misses > kept.states[index].hits * allowance + allowance {
        if previous >= 0 {
          kept.states[Int(previous)].next = next
        } else {
          kept.latest[slot] = next
        }
      } else {
        previous = state
      }
      state = next
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
    var marked = -1
    while true {
      var count = 0
      for entry in kept.states[state].entries {
        count += provenance.marks[entry].rawValue.nonzeroBitCount
      }
      if count == marked { return }
      marked = count
      inheritMarks(of: state)
    }
  }

  /// Whether the path went through a loop's checkpoint again since a state.
  private func isNextIteration(since state: Int) -> Bool {
    if case .mayGoto = code.instructions[slot] {
      return kept.states[state].mayGotoDepth != mayGotoDepth
    }
    // A call that makes callbacks: only a callback that ran makes it another round of the same call.
    return kept.states[state].callbackDepth < frames[depth].callbackDepth
  }

  private func isSameIteration(_ state: Int) -> Bool {
    kept.states[state].mayGotoDepth == mayGotoDepth
      && kept.states[state].callbackDepth == frames[depth].callbackDepth
  }

  /// Compares a kept state with the one reached.
  mutating func compare(with state: Int, _ comparison: Comparison) -> Bool {
    guard Int(kept.states[state].depth) == depth,
      kept.states[state].callbackDepth <= frames[depth].callbackDepth
    else { return false }
    pairs.removeAll()
    let entries = kept.states[state].entries
    // Where it differed last time it is likely to differ again.
    if !entries.isEmpty {
      guard matches(Int(kept.states[state].differing), comparison) else { return false }
      pairs.removeAll()
    }
    guard matchesSpecials(of: state, comparison) else { return false }
    for index in entries {
      guard matches(index, comparison) else {
        kept.states[state].differing = Int32(truncatingIfNeeded: index)
        return false
      }
    }
    return true
  }

  /// Compares the calls of frames, references and the lock held.
  private mutating func matchesSpecials(of state: Int, _ comparison: Comparison) -> Bool {
    let first = Int(kept.states[state].firstSpecial)
    let count = Int(kept.states[state].specialCount)
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

  /// Whether an entry covers what is in its place now.
  @inline(__always)
  private mutating func matches(_ index: Int, _ comparison: Comparison) -> Bool {
    let entry = kept.entries[index]
    let isPrecise = comparison != .covers || provenance.marks[index].contains(.precise)
    if entry.isSlot {
      if comparison == .covers, !provenance.marks[index].contains(.read) { return true }
      let place = entry.index
      if entry.bytes != stacks[place].bytes || entry.spillSize != stacks[place].value.spillSize {
        guard comparison != .same, coversBytes(entry, stacks[place], isPrecise: isPrecise) else {
          return false
        }
        // What is left to compare is a register stored there, by both in the same bytes.
        if entry.spillSize != stacks[place].value.spillSize { return true }
      }
      if entry.spillSize == 0, !entry.shape.contains(.dynptr) { return true }
      if entry.shape.contains(.scalar), !isPrecise {
        return options.isPrivileged || stacks[place].value.kind == .scalar
      }
      if entry.encoding == stacks[place].value.encoding, !entry.shape.contains(.identity) {
        return true
      }
      return Self.matches(entry, stacks[place].value, comparison, kept.words, &pairs, &lastID)
    }
    let place = entry.index
    if entry.shape.contains(.scalar), !isPrecise {
      let kind = registers[place].kind
      return kind == .scalar || kind != .uninitialized && options.isPrivileged
    }
    if entry.encoding == registers[place].encoding, !entry.shape.contains(.identity) {
      return true
    }
    return Self.matches(entry, registers[place], comparison, kept.words, &pairs, &lastID)
  }

  /// Whether a kept value covers one there is now (kernel: `regsafe`).
  private static func matches(
    _ entry: StateEntry, _ value: Value, _ comparison: Comparison, _ words: [UInt64],
    _ pairs: inout IdentityPairs, _ lastID: inout UInt32
  ) -> Bool {
    let index = Int(entry.encoding)
    let encoding = Encoding(words[index])
    guard encoding.kindNumber == value.kind.rawValue, value.flags.isSuperset(of: encoding.flags)
    else { return false }
    // Only what is known of the packet's end may be more.
    guard value.flags.subtracting(encoding.flags).isSubset(of: [.atEnd, .beyondEnd]) else {
      return false
    }
    let identity = words[index + 1]
    switch value.kind {
    case .uninitialized: return true
    case .scalar:
      guard covers(index + 2, encoding.form, value.number, comparison, words) else { return false }
      guard entry.shape.contains(.identity) else { return true }
      // Numbers found equal before are equal in the other state too, and so far from each other.
      let id = UInt32(truncatingIfNeeded: identity)
      if value.id == 0 {
        lastID &+= 1
        return pairs.match(id, lastID)
      }
      return Int32(truncatingIfNeeded: identity >> 32) == value.offset && pairs.match(id, value.id)
    case .packet, .packetMetadata:
      guard comparison == .same ? encoding.range == value.range : encoding.range <= value.range
      else { return false }
    case .stack, .context, .packetEnd, .map, .mapValue, .mapKey, .memory, .function, .socket,
      .socketCommon, .tcpSocket, .dynptr:
      break
    }
    guard Int32(truncatingIfNeeded: identity) == value.object,
      Int32(truncatingIfNeeded: identity >> 32) == value.offset
    else { return false }
    let second = words[index + 2]
    return pairs.match(UInt32(truncatingIfNeeded: second), value.id)
      && pairs.match(UInt32(truncatingIfNeeded: second >> 32), value.reference)
      && covers(index + 3, encoding.form, value.number, comparison, words)
  }

  @inline(__always)
  private static func covers(
    _ index: Int, _ form: Encoding.Form, _ number: Number, _ comparison: Comparison,
    _ words: [UInt64]
  ) -> Bool {
    switch form {
    case .unknown: return comparison != .same || number.isUnknown
    case .zero: return number.isConstant && number.bits.value == 0
    case .constant: return number.isConstant && number.bits.value == words[index]
    case .byte, .half, .word, .full:
      let old = words.number(at: index, form)
      return comparison == .same ? old == number : old.contains(number)
    }
  }

  /// Whether the bytes of a kept stack slot cover those there are now, but for what is stored there (kernel: `stacksafe`).
  private func coversBytes(_ entry: StateEntry, _ slot: StackSlot, isPrecise: Bool) -> Bool {
    for byte in 0..<8 {
      let new = slot.kind(ofByte: byte)
      switch entry.bytes >> UInt64(byte * 8) & 0xff {
      case StackSlot.ByteKind.uninitialized: continue
      case StackSlot.ByteKind.data:
        if options.isPrivileged {
          if new == StackSlot.ByteKind.dynptr { return false }
          continue
        }
        let isNumber =
          new == StackSlot.ByteKind.data || new == StackSlot.ByteKind.zero
          || new == StackSlot.ByteKind.spill && slot.value.isScalar
        guard isNumber else { return false }
      case StackSlot.ByteKind.spill:
        if new == StackSlot.ByteKind.spill, entry.spillSize == slot.value.spillSize { continue }
        // A number that decides nothing covers any.
        guard entry.shape.contains(.scalar), !isPrecise else { return false }
        let isNumber =
          new == StackSlot.ByteKind.data || new == StackSlot.ByteKind.zero
          || new == StackSlot.ByteKind.spill && slot.value.isScalar
          || new == StackSlot.ByteKind.uninitialized && options.isPrivileged
        guard isNumber else { return false }
      case let old:
        guard old == new else { return false }
      }
    }
    return true
  }
}
