/// Which identity of one state stands for which of another.
struct IdentityPairs {
  private var pairs: [(old: UInt32, new: UInt32)] = []
  private var numbers: [(old: UInt32, new: UInt32, distance: Int32)] = []

  @inline(__always)
  mutating func removeAll() {
    if !pairs.isEmpty { pairs.removeAll(keepingCapacity: true) }
    if !numbers.isEmpty { numbers.removeAll(keepingCapacity: true) }
  }

  /// Whether a number's identity may stand for another's, given those paired before: numbers that were as far from each other as
  /// was known have to be as far still. Others may be too: that is more than was known.
  ///
  /// - Parameter distance: How much farther the new number is from others of its identity than the old one was.
  mutating func matchNumbers(_ old: UInt32, _ new: UInt32, distance: Int32) -> Bool {
    for pair in numbers where pair.old == old {
      return pair.new == new && pair.distance == distance
    }
    numbers.append((old, new, distance))
    return true
  }

  /// Whether an identity may stand for another, given those paired before.
  mutating func match(_ old: UInt32, _ new: UInt32) -> Bool {
    if (old == 0) != (new == 0) { return false }
    if old == 0 { return true }
    for pair in pairs {
      if pair.old == old { return pair.new == new }
      if pair.new == new { return false }
    }
    pairs.append((old, new))
    return true
  }
}

/// Which identities more than one value has.
///
/// Identities that share a cell count as one: more values are compared by their identity then than have to be, and one that no
/// other has stands for any.
struct IdentityCounts {
  private static let cellCount: UInt32 = 256
  /// The round in which an identity of the cell was added last, doubled, and whether there was another one.
  private var cells = [UInt32](repeating: 0, count: Int(cellCount))
  private var round: UInt32 = 1

  @inline(__always)
  mutating func removeAll() {
    round &+= 1
    if round > UInt32.max >> 1 { restart() }
  }

  private mutating func restart() {
    for cell in cells.indices { cells[cell] = 0 }
    round = 1
  }

  @inline(__always)
  mutating func add(_ id: UInt32) {
    let cell = Int(id % Self.cellCount)
    cells[cell] = round << 1 | (cells[cell] >> 1 == round ? 1 : 0)
  }

  /// Whether more than one value has it.
  @inline(__always)
  func isShared(_ id: UInt32) -> Bool { cells[Int(id % Self.cellCount)] == round << 1 | 1 }
}
