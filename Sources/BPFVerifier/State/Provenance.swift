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

  /// What is known of a kept state's entry: set when a path from the state looked at it.
  struct Mark: OptionSet {
    let rawValue: UInt8

    /// A decision depends on the number.
    static let precise = Mark(rawValue: 1)
    /// The bytes of stack were read.
    static let read = Mark(rawValue: 2)
    static let all: Mark = [.precise, .read]
  }

  private struct Node {
    var first: UInt32
    var second: UInt32
    /// The entry of a kept state that this is the value of; negative where it is of none.
    var entry: Int32
    var marks: Mark
  }

  private var nodes: [Node] = [Node(first: 0, second: 0, entry: -1, marks: .all)]
  private var pending: [UInt32] = []
  /// The marks of the entries of all kept states.
  private(set) var marks: [Mark] = []

  @inline(__always) var nodeCount: Int { nodes.count }

  /// Drops the nodes made since there were a number of them.
  mutating func truncate(to count: Int) {
    nodes.removeLast(nodes.count - count)
  }

  /// The node of a value computed from others.
  @inline(__always)
  mutating func join(_ first: UInt32, _ second: UInt32) -> UInt32 {
    if second == Self.none || second == first { return first }
    if first == Self.none { return second }
    nodes.append(Node(first: first, second: second, entry: -1, marks: []))
    return UInt32(truncatingIfNeeded: nodes.count - 1)
  }

  /// Makes the node of a value that is kept now as an entry of a state, and the entry's mark.
  @inline(__always)
  mutating func keep(_ origin: UInt32) -> UInt32 {
    nodes.append(
      Node(first: origin, second: 0, entry: Int32(truncatingIfNeeded: marks.count), marks: []))
    marks.append([])
    return UInt32(truncatingIfNeeded: nodes.count &- 1)
  }

  /// Marks all entries a value depends on.
  @inline(__always)
  mutating func markPrecise(_ node: UInt32) {
    if nodes[Int(node)].marks.contains(.precise) { return }
    markPreciseSlowly(node)
  }

  private mutating func markPreciseSlowly(_ start: UInt32) {
    pending.append(start)
    while let node = pending.popLast() {
      let index = Int(node)
      if nodes[index].marks.contains(.precise) { continue }
      nodes[index].marks.insert(.precise)
      let entry = nodes[index].entry
      if entry >= 0 { marks[Int(entry)].insert(.precise) }
      pending.append(nodes[index].first)
      pending.append(nodes[index].second)
    }
  }

  /// Marks the entries that a slot of the stack was kept as since it was written.
  @inline(__always)
  mutating func markRead(_ start: UInt32) {
    var index = Int(start)
    // Before the first kept state comes what was written there.
    while !nodes[index].marks.contains(.read), nodes[index].entry >= 0 {
      nodes[index].marks.insert(.read)
      marks[Int(nodes[index].entry)].insert(.read)
      index = Int(nodes[index].first)
    }
  }

  /// Marks entries of a kept state, all of them.
  mutating func markAll(_ entries: Range<Int>) {
    for entry in entries { marks[entry] = .all }
  }
}
