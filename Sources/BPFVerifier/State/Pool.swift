/// An array whose room is made ahead: elements are added at its end and dropped there at the cost of a count.
struct Pool<Element: BitwiseCopyable> {
  /// The elements, and room behind them.
  var elements: [Element]
  private(set) var count = 0
  private let filler: Element

  init(filler: Element) {
    self.filler = filler
    elements = [filler]
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    get { elements[index] }
    set { elements[index] = newValue }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count == elements.count { grow(by: 1) }
    elements[count] = element
    count &+= 1
  }

  /// Adds elements that are to be written through ``elements``.
  ///
  /// - Returns: the first's index.
  @inline(__always)
  mutating func add(_ number: Int) -> Int {
    if elements.count &- count < number { grow(by: number) }
    let first = count
    count &+= number
    return first
  }

  @inline(__always)
  mutating func truncate(to count: Int) {
    precondition(count <= self.count, "nothing is added by truncating")
    self.count = count
  }

  @inline(never)
  private mutating func grow(by number: Int) {
    // What is not needed yet is not written to, and room that is not written to costs nothing: there is much of it, so that
    // elements are seldom moved.
    let ahead = min(max(elements.count, 32), 1_024)
    let more = max(number, ahead)
    if elements.capacity - elements.count < more {
      elements.reserveCapacity(4 * elements.count + more)
    }
    elements.append(contentsOf: repeatElement(filler, count: more))
  }

  var contents: [Element] { Array(elements[..<count]) }

  var byteCount: Int { count * MemoryLayout<Element>.stride }
}
