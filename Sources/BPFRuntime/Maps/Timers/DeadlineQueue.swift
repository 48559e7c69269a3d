/// Times at which something is due, the earliest first: a binary heap.
struct DeadlineQueue {
  private var entries: [(deadline: UInt64, address: UInt)] = []

  var count: Int { entries.count }
  var first: (deadline: UInt64, address: UInt)? { entries.first }

  /// - Complexity: O(log *n*).
  mutating func insert(_ deadline: UInt64, _ address: UInt) {
    entries.append((deadline, address))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].deadline < entries[parent].deadline else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// - Complexity: O(log *n*).
  mutating func removeFirst() {
    guard let last = entries.popLast(), !entries.isEmpty else { return }
    entries[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < entries.count && entries[child].deadline < entries[least].deadline {
        least = child
      }
      guard least != parent else { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }
}
