/// An array that can go back to how it was: changes since a mark are undone at a cost of their number.
///
/// Between two marks an element is saved once, before it changes first.
struct TrailedArray<Element> {
  /// Whoever changes them here, and not through the array, looks after undoing it.
  var elements: [Element]
  /// The mark since which each element was saved.
  private(set) var stamps: [UInt32]
  private var trail: [Saved] = []
  /// The last mark: elements with another stamp were not saved since.
  private(set) var current: UInt32 = 0
  private var last: UInt32 = 0

  private struct Saved {
    var index: Int32
    var stamp: UInt32
    var element: Element
  }

  /// How an array was at a time.
  struct Mark {
    fileprivate var count: Int
    fileprivate var stamp: UInt32
  }

  init(repeating element: Element, count: Int) {
    elements = Array(repeating: element, count: count)
    stamps = Array(repeating: 0, count: count)
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    _read { yield elements[index] }
    _modify {
      save(index)
      yield &elements[index]
    }
  }

  @inline(__always)
  private mutating func save(_ index: Int) {
    if stamps[index] != current { saveSlowly(index) }
  }

  @inline(never)
  private mutating func saveSlowly(_ index: Int) {
    trail.append(
      Saved(
        index: Int32(truncatingIfNeeded: index), stamp: stamps[index], element: elements[index]))
    stamps[index] = current
  }

  /// A mark to come back to. Marks are come back to in reverse order.
  mutating func mark() -> Mark {
    let mark = Mark(count: trail.count, stamp: current)
    last &+= 1
    current = last
    return mark
  }

  /// Undoes all changes since a mark.
  ///
  /// - Complexity: O(*n*), *n* the elements changed since.
  mutating func undo(to mark: Mark) {
    while trail.count > mark.count, let saved = trail.popLast() {
      elements[Int(saved.index)] = saved.element
      stamps[Int(saved.index)] = saved.stamp
    }
    current = mark.stamp
  }

  /// The bytes of saved elements.
  var trailByteCount: Int { trail.count * MemoryLayout<Saved>.stride }
}
