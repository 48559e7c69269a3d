/// Writes what registers and stack hold as the entries of a state that is kept, and makes the entries the origins of values
/// from there on.
struct StateRecorder {
  /// The indices of the next entry and of its node.
  private(set) var entry: Int
  private var node: Int
  /// The bit of the next entry, counted through all ``Provenance/marks``.
  private var mark: Int
  /// Which entries of the group of marks matter even where no decision depends on them.
  private var essential: UInt64 = 0
  /// Whether all do.
  private let recordsAll: Bool

  /// - Parameter most: How many entries there may be at most: room is made for them.
  init(
    upTo most: Int, recordsAll: Bool, _ kept: inout KeptStates, _ provenance: inout Provenance
  ) {
    entry = kept.entries.add(most)
    node = provenance.nodes.add(most)
    mark = provenance.marks.add(Provenance.marksCount(of: most)) << 6
    self.recordsAll = recordsAll
  }

  /// Gives back the room that was not needed.
  func finish(
    _ kept: inout KeptStates, _ provenance: inout Provenance
  ) {
    kept.entries.truncate(to: entry)
    provenance.nodes.truncate(to: node)
    if mark & 63 != 0 {
      provenance.marks.elements[mark >> 6].essential = recordsAll ? .max : essential
    }
  }

  // MARK: Registers

  /// Records the registers of a frame. All frames' registers come before any slots.
  ///
  /// - Parameter live: A bit for each that may be read again.
  mutating func recordRegisters(
    of frame: Int, _ live: UInt16, _ registers: inout TrailedArray<Value>,
    _ kept: inout KeptStates, _ provenance: inout Provenance
  ) {
    recordRegisters(
      frame &* Explorer.registerCount, live, &registers.elements, registers.stamps,
      registers.current, &kept.words, &kept.entries.elements, &provenance.nodes.elements,
      &provenance.marks.elements)
  }

  private mutating func recordRegisters(
    _ first: Int, _ live: UInt16, _ registers: inout [Value], _ stamps: [UInt32],
    _ current: UInt32, _ words: inout [UInt64], _ entries: inout [StateEntry],
    _ nodes: inout [Provenance.Node], _ marks: inout [Provenance.Marks]
  ) {
    var registers = registers.mutableSpan
    var entries = entries.mutableSpan
    var nodes = nodes.mutableSpan
    var marks = marks.mutableSpan
    let stamps = stamps.span
    var next = self
    var live = live
    while live != 0 {
      let index = first &+ live.trailingZeroBitCount
      live &= live &- 1
      if registers[index].kind == .uninitialized { continue }
      if registers[index].encoding == 0 { registers[index].encode(to: &words) }
      let shape = registers[index].shape
      let constant = shape.contains(.constant) ? registers[index].number.bits.value : 0
      entries[next.entry] = StateEntry(
        place: .register(index), shape: shape, spillSize: 0, encoding: registers[index].encoding,
        bytes: constant)
      let place = KeptPlace.register(index)
      registers[index].node = next.trace(
        registers[index].node, place, isSaved: stamps[index] == current, isEssential: true,
        &nodes, &marks)
    }
    self = next
  }

  // MARK: Stack

  /// Records the slots of a frame.
  ///
  /// - Parameter occupied: A bit for each that holds something.
  mutating func recordSlots(
    of frame: Int, _ occupied: UInt64, _ stacks: inout TrailedArray<StackSlot>,
    _ kept: inout KeptStates, _ provenance: inout Provenance
  ) {
    recordSlots(
      frame &* Explorer.slotCount, occupied, &stacks.elements, stacks.stamps, stacks.current,
      &kept.words, &kept.entries.elements, &provenance.nodes.elements,
      &provenance.marks.elements)
  }

  private mutating func recordSlots(
    _ first: Int, _ occupied: UInt64, _ stacks: inout [StackSlot], _ stamps: [UInt32],
    _ current: UInt32, _ words: inout [UInt64], _ entries: inout [StateEntry],
    _ nodes: inout [Provenance.Node], _ marks: inout [Provenance.Marks]
  ) {
    var stacks = stacks.mutableSpan
    var entries = entries.mutableSpan
    var nodes = nodes.mutableSpan
    var marks = marks.mutableSpan
    let stamps = stamps.span
    var next = self
    var occupied = occupied
    while occupied != 0 {
      let index = first &+ occupied.trailingZeroBitCount
      occupied &= occupied &- 1
      var shape = StateEntry.Shape.scalar
      if stacks[index].value.encoding != 0 {
        shape = stacks[index].value.shape
      } else if stacks[index].value.kind != .uninitialized {
        stacks[index].value.encode(to: &words)
        shape = stacks[index].value.shape
      }
      entries[next.entry] = StateEntry(
        place: .slot(index), shape: shape, spillSize: stacks[index].value.spillSize,
        encoding: stacks[index].value.encoding, bytes: stacks[index].bytes)
      let isEssential = !shape.contains(.scalar) || !stacks[index].isOnlyDataOrSpill
      stacks[index].value.node = next.trace(
        stacks[index].value.node, .slot(index), isSaved: stamps[index] == current,
        isEssential: isEssential, &nodes, &marks)
    }
    self = next
  }

  // MARK: Origins

  /// Makes the next entry the origin of what was written last.
  ///
  /// - Parameters:
  ///   - origin: The node before.
  ///   - isSaved: Whether all of the value is saved to be come back to; otherwise the node before has to be.
  /// - Returns: the entry's node.
  @inline(__always)
  private mutating func trace(
    _ origin: UInt32, _ place: KeptPlace, isSaved: Bool, isEssential: Bool,
    _ nodes: inout MutableSpan<Provenance.Node>, _ marks: inout MutableSpan<Provenance.Marks>
  ) -> UInt32 {
    nodes[node] = Provenance.Node(
      origin, mark: Int32(truncatingIfNeeded: mark), place, isUndone: !isSaved)
    if isEssential { essential |= 1 &<< UInt64(truncatingIfNeeded: mark & 63) }
    if mark & 63 == 63 {
      marks[mark >> 6].essential = recordsAll ? .max : essential
      essential = 0
    }
    let result = UInt32(truncatingIfNeeded: node)
    entry &+= 1
    node &+= 1
    mark &+= 1
    return result
  }
}

extension Value {
  /// Writes it for kept states.
  @inline(never)
  fileprivate mutating func encode(to words: inout [UInt64]) {
    encoding = Encoding.write(self, to: &words)
    if kind == .scalar {
      shape = id != 0 ? [.scalar, .identity] : .scalar
      if id == 0, number.isConstant, flags.isEmpty { shape.insert(.constant) }
    } else if kind == .dynptr {
      shape = [.dynptr, .identity]
    } else {
      shape = id | reference != 0 ? .identity : []
    }
  }
}
