import BPFISA

/// The comparison of a kept state's entries with what is in their places now.
struct StateComparer {
  let comparison: Comparison
  let isPrivileged: Bool
  /// Whether there may be dynptrs on stacks.
  let meetsDynptrs: Bool

  /// How two states are compared.
  enum Comparison {
    /// The earlier state covers the later one in all that mattered to paths from it.
    case covers
    /// The earlier state covers the later one in everything.
    case coversAll
    /// Nothing changed since the earlier state.
    case same
  }

  /// The first entry of a state that does not cover what is in its place now; nil where each does.
  ///
  /// - Parameters:
  ///   - pairs: The identities paired so far.
  ///   - lastID: The identity given last.
  func firstDifference(
    of state: KeptState, _ entries: [StateEntry], _ words: [UInt64], _ marks: [Provenance.Marks],
    _ registers: [Value], _ stacks: [StackSlot], _ pairs: inout IdentityPairs,
    _ lastID: inout UInt32
  ) -> Int? {
    let entries = entries.span
    let words = words.span
    let marks = marks.span
    let registers = registers.span
    let stacks = stacks.span
    let (entryCount, registerCount) = (Int(state.entryCount), Int(state.registerCount))
    var first = 0
    while first < entryCount {
      var precise = UInt64.max
      var relevant = UInt64.max
      if comparison == .covers {
        let group = state.firstMarks &+ first >> 6
        precise = marks[group].precise
        // Nobody looked at the other slots.
        relevant = marks[group].read | UInt64.lowBits(registerCount &- first)
        if !meetsDynptrs { relevant &= precise | marks[group].essential }
      }
      relevant &= UInt64.lowBits(entryCount &- first)
      while relevant != 0 {
        let bit = relevant.trailingZeroBitCount
        relevant &= relevant &- 1
        let position = state.firstEntry &+ first &+ bit
        let isPrecise = precise >> UInt64(bit) & 1 != 0
        guard mayCover(entries[position], isPrecise, words, registers, stacks) else {
          return first &+ bit
        }
        if entries[position].shape.contains(.identity) {
          guard
            matchesIdentity(
              entries[position], isPrecise, words, registers, stacks, &pairs, &lastID)
          else { return first &+ bit }
        }
      }
      first &+= 64
    }
    return nil
  }

  /// Whether an entry covers what is in its place now, but for identities.
  @inline(__always)
  func mayCover(
    _ entry: StateEntry, _ isPrecise: Bool, _ words: Span<UInt64>, _ registers: Span<Value>,
    _ stacks: Span<StackSlot>
  ) -> Bool {
    let index = entry.place.index
    if !entry.place.isSlot {
      if entry.shape.contains(.scalar) {
        let kind = registers[index].kind
        if !isPrecise { return kind == .scalar || kind != .uninitialized && isPrivileged }
        if entry.shape.contains(.constant) {
          let bits = registers[index].number.bits
          let flags = registers[index].flags
          return kind == .scalar && bits.mask == 0 && bits.value == entry.bytes && flags.isEmpty
        }
      }
      if entry.encoding == registers[index].encoding { return true }
      return covers(entry, registers[index], words)
    }
    let spillSize = stacks[index].value.spillSize
    if entry.bytes != stacks[index].bytes || entry.spillSize != spillSize {
      guard comparison != .same, coversBytes(entry, stacks[index], isPrecise) else { return false }
      // What is left to compare is a register stored there, by both in the same bytes.
      if entry.spillSize != spillSize { return true }
    }
    if entry.spillSize == 0, !entry.shape.contains(.dynptr) { return true }
    if entry.shape.contains(.scalar), !isPrecise {
      let kind = stacks[index].value.kind
      return kind == .scalar || isPrivileged
    }
    if entry.encoding == stacks[index].value.encoding { return true }
    return covers(entry, stacks[index].value, words)
  }

  /// Whether a kept value covers one there is now, but for identities (kernel: `regsafe`).
  @inline(never)
  private func covers(_ entry: StateEntry, _ value: Value, _ words: Span<UInt64>) -> Bool {
    let index = Int(entry.encoding)
    let encoding = Encoding(words[index])
    guard encoding.kindNumber == value.kind.rawValue else { return false }
    if value.kind == .uninitialized { return true }
    if value.flags != encoding.flags {
      // Only what is known of the packet's end may be more.
      guard value.flags.isSuperset(of: encoding.flags),
        value.flags.subtracting(encoding.flags).isSubset(of: [.atEnd, .beyondEnd])
      else { return false }
    }
    if encoding.isScalar { return covers(index &+ 2, encoding.form, value.number, words) }
    if comparison == .same ? encoding.range != value.range : encoding.range > value.range {
      if value.kind == .packet || value.kind == .packetMetadata { return false }
    }
    let (first, second) = (words[index &+ 1], words[index &+ 2])
    guard Int32(truncatingIfNeeded: first) == value.object,
      Int32(truncatingIfNeeded: first >> 32) == value.offset,
      (UInt32(truncatingIfNeeded: second) == 0) == (value.id == 0),
      (second >> 32 == 0) == (value.reference == 0)
    else { return false }
    return covers(index &+ 3, encoding.form, value.number, words)
  }

  @inline(__always)
  private func covers(
    _ index: Int, _ form: Encoding.Form, _ number: Number, _ words: Span<UInt64>
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

  /// Whether the identities of a kept value may stand for those of what is in its place now, given those paired before.
  @inline(never)
  private func matchesIdentity(
    _ entry: StateEntry, _ isPrecise: Bool, _ words: Span<UInt64>, _ registers: Span<Value>,
    _ stacks: Span<StackSlot>, _ pairs: inout IdentityPairs, _ lastID: inout UInt32
  ) -> Bool {
    let index = entry.place.index
    if entry.place.isSlot {
      // Only a register stored in the same bytes was compared, or a dynptr.
      if stacks[index].value.spillSize != entry.spillSize { return true }
      if entry.spillSize == 0, !entry.shape.contains(.dynptr) { return true }
      return matchesIdentity(entry, isPrecise, stacks[index].value, words, &pairs, &lastID)
    }
    return matchesIdentity(entry, isPrecise, registers[index], words, &pairs, &lastID)
  }

  @inline(__always)
  private func matchesIdentity(
    _ entry: StateEntry, _ isPrecise: Bool, _ value: Value, _ words: Span<UInt64>,
    _ pairs: inout IdentityPairs, _ lastID: inout UInt32
  ) -> Bool {
    let index = Int(entry.encoding)
    let identity = words[index &+ 1]
    if entry.shape.contains(.scalar) {
      if !isPrecise { return true }
      // Numbers found equal before are equal in the other state too, and so far from each other.
      let id = UInt32(truncatingIfNeeded: identity)
      if value.id == 0 {
        lastID &+= 1
        return pairs.matchNumbers(id, lastID, distance: 0)
      }
      return pairs.matchNumbers(
        id, value.id, distance: value.offset &- Int32(truncatingIfNeeded: identity >> 32))
    }
    let second = words[index &+ 2]
    return pairs.match(UInt32(truncatingIfNeeded: second), value.id)
      && pairs.match(UInt32(truncatingIfNeeded: second >> 32), value.reference)
  }

  /// Whether the bytes of a kept stack slot cover those there are now, but for what is stored there (kernel: `stacksafe`).
  @inline(never)
  private func coversBytes(
    _ entry: StateEntry, _ slot: StackSlot, _ isPrecise: Bool
  ) -> Bool {
    for byte in 0..<8 {
      let new = slot.kind(ofByte: byte)
      switch entry.bytes >> UInt64(byte * 8) & 0xff {
      case StackSlot.ByteKind.uninitialized: continue
      case StackSlot.ByteKind.data:
        if isPrivileged {
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
          || new == StackSlot.ByteKind.uninitialized && isPrivileged
        guard isNumber else { return false }
      case let old:
        guard old == new else { return false }
      }
    }
    return true
  }
}

extension UInt64 {
  /// A number of bits, from the lowest up: none where it is negative, all where there are not as many.
  @inline(__always)
  static func lowBits(_ count: Int) -> UInt64 { ~(.max << count) }
}
