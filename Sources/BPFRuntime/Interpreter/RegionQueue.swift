/// A first-in, first-out queue of region numbers.
struct RegionQueue {
  private var elements: [Int] = []
  private var first = 0

  mutating func append(_ element: Int) { elements.append(element) }

  mutating func popFirst() -> Int? {
    guard first < elements.count else { return nil }
    defer {
      first += 1
      if first > 4096 {
        elements.removeFirst(first)
        first = 0
      }
    }
    return elements[first]
  }

  mutating func removeAll() {
    elements.removeAll(keepingCapacity: true)
    first = 0
  }
}
