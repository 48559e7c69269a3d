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
        if isCheckpoint {
          if isNextIteration(since: index), compare(with: index, .coversAll) {
            kept.states[index].hits += 1
            markEverything()
            return true
          }
          if isSameIteration(index), compare(with: index, .same) {
            throw .infiniteLoop
          }
        } else {
          if isSameIteration(index), compare(with: index, .same) {
            throw .infiniteLoop
          }
          if jumpsSince < 20, instructionsSince < 100 { isWorthKeeping = false }
        }
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
    if isWorthKeeping {
      lastProcessed = statistics.processedInstructions
      lastJumps = jumps
      try keep()
    }
    return false
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
    let old = kept.states[state]
    guard Int(old.depth) == depth, old.callbackDepth <= frames[depth].callbackDepth else {
      return false
    }
    pairs.removeAll()
    // Where it differed last time it is likely to differ again.
    if old.differingWord > 0 {
      let index = old.firstWord + Int(old.differingWord)
      let marks = provenance.marks[old.firstMark + Int(old.differingMark)]
      guard matches(index, StateEntry(kept.words[index]), marks, comparison) else { return false }
      pairs.removeAll()
    }
    var index = old.firstWord
    let end = index + Int(old.wordCount)
    var mark = old.firstMark
    var referenceCount = 0
    var holdsLock = false
    while index < end {
      let entry = StateEntry(kept.words[index])
      if entry.isSpecial {
        guard matches(entry, kept.words[index + 1], referenceCount) else { return false }
        switch entry.special {
        case .frame: break
        case .reference: referenceCount += 1
        case .lock: holdsLock = true
        }
        index += 2
        continue
      }
      guard matches(index, entry, provenance.marks[mark], comparison) else {
        kept.states[state].differingWord = Int32(truncatingIfNeeded: index - old.firstWord)
        kept.states[state].differingMark = Int32(truncatingIfNeeded: mark - old.firstMark)
        return false
      }
      mark += 1
      index += entry.wordCount
    }
    return referenceCount == references.count && holdsLock == (lock != nil)
  }

  /// Whether an entry covers what is in its place now.
  @inline(__always)
  private mutating func matches(
    _ index: Int, _ entry: StateEntry, _ marks: Provenance.Mark, _ comparison: Comparison
  ) -> Bool {
    if entry.isSlot {
      if comparison == .covers, !marks.contains(.read) { return true }
      let place = entry.frame * Self.slotCount + entry.place - StateEntry.firstSlot
      return matchesSlot(index, entry, marks, place, comparison)
    }
    let place = entry.frame * Self.registerCount + entry.place
    let isPrecise = comparison != .covers || marks.contains(.precise)
    if entry.isScalar, !isPrecise {
      let kind = registers[place].kind
      return kind == .scalar || kind != .uninitialized && options.isPrivileged
    }
    return matchesInFull(index, entry, .register(place), comparison)
  }

  /// Compares a frame's call, a reference or the lock held.
  private mutating func matches(_ entry: StateEntry, _ word: UInt64, _ referenceIndex: Int) -> Bool
  {
    switch entry.special {
    case .frame:
      let index = Int(entry.specialNumber & 0xff)
      // From the earlier state the callback was followed as often as is left of its rounds.
      guard let callbackDepth = entry.callbackDepth,
        callbackDepth <= frames[index - 1].callbackDepth
      else { return false }
      let frame = frames[index]
      return word
        == UInt64(UInt32(bitPattern: frame.callSite)) | UInt64(frame.function) << 32
        | UInt64(frame.role.rawValue) << 48
    case .reference:
      guard referenceIndex < references.count else { return false }
      return pairs.match(entry.specialNumber, references[referenceIndex].id)
    case .lock:
      guard let lock, UInt64(UInt32(bitPattern: lock.map)) == word else { return false }
      return pairs.match(entry.specialNumber, lock.id)
    }
  }

  /// Whether a kept value covers one there is now (kernel: `regsafe`).
  @inline(__always)
  private mutating func matchesInFull(
    _ start: Int, _ entry: StateEntry, _ place: Place, _ comparison: Comparison
  ) -> Bool {
    switch place {
    case .register(let index):
      Self.matches(start, entry, registers[index], comparison, kept.words, &pairs, &lastID)
    case .slot(let index):
      Self.matches(start, entry, stacks[index].value, comparison, kept.words, &pairs, &lastID)
    }
  }

  @inline(__always)
  private static func matches(
    _ start: Int, _ entry: StateEntry, _ value: Value, _ comparison: Comparison,
    _ words: [UInt64], _ pairs: inout IdentityPairs, _ lastID: inout UInt32
  ) -> Bool {
    guard entry.kindNumber == value.kind.rawValue, value.flags.isSuperset(of: entry.flags) else {
      return false
    }
    // Only what is known of the packet's end may be more.
    guard value.flags.subtracting(entry.flags).isSubset(of: [.atEnd, .beyondEnd]) else {
      return false
    }
    let numbers = start + entry.numberOffset
    let identity = start + 1 + (entry.hasBytes ? 1 : 0)
    switch value.kind {
    case .uninitialized: return true
    case .scalar:
      guard covers(numbers, entry.form, value.number, comparison, words) else { return false }
      guard entry.hasIdentity else { return true }
      // Numbers found equal before are equal in the other state too, and so far from each other.
      let word = words[identity]
      let id = UInt32(truncatingIfNeeded: word)
      if value.id == 0 {
        lastID &+= 1
        return pairs.match(id, lastID)
      }
      return Int32(truncatingIfNeeded: word >> 32) == value.offset && pairs.match(id, value.id)
    case .packet, .packetMetadata:
      guard comparison == .same ? entry.range == value.range : entry.range <= value.range else {
        return false
      }
    case .stack, .context, .packetEnd, .map, .mapValue, .mapKey, .memory, .function, .socket,
      .socketCommon, .tcpSocket, .dynptr:
      break
    }
    let word = words[identity]
    guard Int32(truncatingIfNeeded: word) == value.object,
      Int32(truncatingIfNeeded: word >> 32) == value.offset
    else { return false }
    let second = entry.hasSecondIdentity ? words[identity + 1] : 0
    return pairs.match(UInt32(truncatingIfNeeded: second), value.id)
      && pairs.match(UInt32(truncatingIfNeeded: second >> 32), value.reference)
      && covers(numbers, entry.form, value.number, comparison, words)
  }

  @inline(__always)
  private static func covers(
    _ index: Int, _ form: StateEntry.Form, _ number: Number, _ comparison: Comparison,
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

  /// Whether a kept stack slot covers one there is now (kernel: `stacksafe`).
  private mutating func matchesSlot(
    _ index: Int, _ entry: StateEntry, _ marks: Provenance.Mark, _ place: Int,
    _ comparison: Comparison
  ) -> Bool {
    let bytes = kept.words[index + 1]
    if bytes != stacks[place].bytes || entry.spillSize != stacks[place].value.spillSize {
      if comparison == .same { return false }
      let slot = stacks[place]
      for byte in 0..<8 {
        let old = bytes >> UInt64(byte * 8) & 0xff
        let new = slot.kind(ofByte: byte)
        switch old {
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
          guard coversSpill(entry, marks, slot, byte, comparison) else { return false }
        case _:
          guard old == new else { return false }
        }
      }
      // What is left to compare is a register stored there, by both in the same bytes.
      if entry.spillSize != slot.value.spillSize { return true }
    }
    if entry.spillSize != 0 {
      if entry.isScalar, comparison == .covers, !marks.contains(.precise) {
        return options.isPrivileged || stacks[place].value.kind == .scalar
      }
      return matchesInFull(index, entry, .slot(place), comparison)
    }
    if entry.kindNumber == Value.Kind.dynptr.rawValue {
      return matchesInFull(index, entry, .slot(place), comparison)
    }
    return true
  }

  /// Whether a byte of a number stored before covers one that is none of a number stored.
  private func coversSpill(
    _ entry: StateEntry, _ marks: Provenance.Mark, _ slot: StackSlot, _ byte: Int,
    _ comparison: Comparison
  ) -> Bool {
    let new = slot.kind(ofByte: byte)
    if entry.spillSize == slot.value.spillSize, new == StackSlot.ByteKind.spill { return true }
    guard entry.isScalar, comparison == .covers, !marks.contains(.precise) else {
      return false
    }
    // A number that decides nothing covers any.
    return new == StackSlot.ByteKind.data || new == StackSlot.ByteKind.zero
      || new == StackSlot.ByteKind.spill && slot.value.isScalar
      || new == StackSlot.ByteKind.uninitialized && options.isPrivileged
  }
}
