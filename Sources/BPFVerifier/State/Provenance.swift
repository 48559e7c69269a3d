/// Where values on the current path came from, as far back as to the states that were kept.
///
/// Most numbers in a program decide nothing. A kept state need not be compared in those: whatever they are, the paths
/// from it are the same. What a decision depends on is found when it is made, by going back from the value it looked
/// at; on the way the entries of kept states are marked. Each node is visited once, so that all marks together cost no
/// more than the nodes.
///
/// Nodes are made along a path. When exploration comes back to a branch, those made since are dropped: no state on the
/// path that goes on knows them.
struct Provenance {
  /// The node of values that depend on nothing: constants, and numbers of which nothing is known.
  static let none: UInt32 = 0

  /// What a path from a kept state looked at, a bit for each of 64 of its entries.
  struct Marks: BitwiseCopyable {
    /// A decision depends on the number.
    var precise: UInt64 = 0
    /// The bytes of stack were read.
    var read: UInt64 = 0
    /// What is there matters even where no decision depends on it: all but stack that is only numbers.
    var essential: UInt64 = 0
  }

  struct Node: BitwiseCopyable {
    var first: UInt32
    var second: UInt32
    /// The bit of the kept state's entry that this is the value of, counted through all ``marks``; negative where it is of
    /// none.
    var mark: Int32
    /// Where that value is.
    var place: KeptPlace
    /// Whether the value there has the node before again where the state is come back to from before it was kept.
    var isUndone: Bool
    private var found: Found = []

    /// The node of a value computed from others.
    init(_ first: UInt32, _ second: UInt32) {
      self.first = first
      self.second = second
      mark = -1
      place = .slot(0)
      isUndone = false
    }

    /// The node of a value that is kept.
    @inline(__always)
    init(_ first: UInt32, mark: Int32, _ place: KeptPlace, isUndone: Bool) {
      self.first = first
      second = none
      self.mark = mark
      self.place = place
      self.isUndone = isUndone
    }

    private struct Found: OptionSet, BitwiseCopyable {
      let rawValue: UInt8
      static let precise = Found(rawValue: 1)
      static let read = Found(rawValue: 2)
    }

    @inline(__always) var isPrecise: Bool {
      get { found.contains(.precise) }
      set { if newValue { found.insert(.precise) } else { found.remove(.precise) } }
    }

    @inline(__always) var isRead: Bool {
      get { found.contains(.read) }
      set { if newValue { found.insert(.read) } else { found.remove(.read) } }
    }
  }

  var nodes = Pool(filler: Node(0, 0))
  private var pending: [UInt32] = []
  /// The marks of the entries of all kept states.
  var marks = Pool(filler: Marks())

  init() {
    var none = Node(0, 0)
    none.isPrecise = true
    none.isRead = true
    nodes.append(none)
  }

  @inline(__always) var nodeCount: Int { nodes.count }

  /// Drops the nodes made since there were a number of them.
  @inline(__always)
  mutating func truncate(to count: Int) { nodes.truncate(to: count) }

  /// Drops the nodes made since there were a number of them, the last one first, and gives values the nodes back that they
  /// had before they were kept.
  mutating func undo(
    to count: Int, _ registers: inout [Value], _ stacks: inout [StackSlot]
  ) {
    var position = nodes.count
    nodes.truncate(to: count)
    let nodes = nodes.elements.span
    var registers = registers.mutableSpan
    var stacks = stacks.mutableSpan
    while position > count {
      position &-= 1
      guard nodes[position].isUndone else { continue }
      let index = nodes[position].place.index
      if nodes[position].place.isSlot {
        stacks[index].value.node = nodes[position].first
      } else {
        registers[index].node = nodes[position].first
      }
    }
  }

  /// The node of a value computed from others.
  @inline(__always)
  mutating func join(_ first: UInt32, _ second: UInt32) -> UInt32 {
    if second == Self.none || second == first { return first }
    if first == Self.none { return second }
    nodes.append(Node(first, second))
    return UInt32(truncatingIfNeeded: nodes.count &- 1)
  }

  // MARK: Kept values

  /// How many ``Marks`` a number of entries take.
  @inline(__always)
  static func marksCount(of entries: Int) -> Int { (entries + 63) >> 6 }

  /// Marks all entries a value depends on.
  @inline(__always)
  mutating func markPrecise(_ node: UInt32) {
    if nodes[Int(node)].isPrecise { return }
    Self.markPrecise(node, &nodes.elements, &marks.elements, &pending)
  }

  @inline(never)
  private static func markPrecise(
    _ start: UInt32, _ nodes: inout [Node], _ marks: inout [Marks], _ pending: inout [UInt32]
  ) {
    var nodes = nodes.mutableSpan
    var marks = marks.mutableSpan
    var index = Int(start)
    while true {
      if nodes[index].isPrecise {
        guard let next = pending.popLast() else { return }
        index = Int(next)
        continue
      }
      nodes[index].isPrecise = true
      let mark = Int(nodes[index].mark)
      if mark >= 0 { marks[mark >> 6].precise |= 1 << UInt64(mark & 63) }
      if nodes[index].second != none { pending.append(nodes[index].second) }
      index = Int(nodes[index].first)
    }
  }

  /// Marks the entries that a slot of the stack was kept as since it was written.
  @inline(__always)
  mutating func markRead(_ node: UInt32) {
    if nodes[Int(node)].isRead { return }
    Self.markRead(node, &nodes.elements, &marks.elements)
  }

  private static func markRead(_ start: UInt32, _ nodes: inout [Node], _ marks: inout [Marks]) {
    var nodes = nodes.mutableSpan
    var marks = marks.mutableSpan
    markRead(start, &nodes, &marks)
  }

  @inline(__always)
  private static func markRead(
    _ start: UInt32, _ nodes: inout MutableSpan<Node>, _ marks: inout MutableSpan<Marks>
  ) {
    var index = Int(start)
    // Before the first kept state comes what was written there.
    while !nodes[index].isRead, nodes[index].mark >= 0 {
      nodes[index].isRead = true
      let mark = Int(nodes[index].mark)
      marks[mark >> 6].read |= 1 << UInt64(mark & 63)
      index = Int(nodes[index].first)
    }
  }

  /// Marks what is now in the places of marked entries as they are marked.
  ///
  /// - Parameters:
  ///   - group: The index of the entries' ``Marks``.
  ///   - firstEntry: The index of their first entry.
  mutating func inherit(
    _ group: Int, from entries: [StateEntry], _ firstEntry: Int, _ registers: [Value],
    _ stacks: [StackSlot]
  ) {
    let marked = marks[group]
    if marked.read != 0 {
      Self.inheritReads(
        marked.read, of: entries, firstEntry, stacks, &nodes.elements, &marks.elements)
    }
    var precise = marked.precise
    while precise != 0 {
      let place = entries[firstEntry &+ precise.trailingZeroBitCount].place
      precise &= precise &- 1
      markPrecise(place.isSlot ? stacks[place.index].value.node : registers[place.index].node)
    }
  }

  private static func inheritReads(
    _ read: UInt64, of entries: [StateEntry], _ firstEntry: Int, _ stacks: [StackSlot],
    _ nodes: inout [Node], _ marks: inout [Marks]
  ) {
    var nodes = nodes.mutableSpan
    var marks = marks.mutableSpan
    let entries = entries.span
    let stacks = stacks.span
    var read = read
    while read != 0 {
      let place = entries[firstEntry &+ read.trailingZeroBitCount].place
      read &= read &- 1
      if place.isSlot { markRead(stacks[place.index].value.node, &nodes, &marks) }
    }
  }
}
