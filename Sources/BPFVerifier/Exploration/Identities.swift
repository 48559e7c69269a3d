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
