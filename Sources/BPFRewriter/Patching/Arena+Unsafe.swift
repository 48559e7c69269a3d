import BPFPlatform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Elements in memory of its own, for the millions of small records of a patcher.
///
/// Unlike an array's, its memory is never shared, so that no access asks whether it is, and zeroed memory is the system's
/// and not written before it is used. The benchmark `patching` takes a third less time with it.
@safe
struct Arena<Element: BitwiseCopyable>: ~Copyable {
  // SAFETY (whole type): `base` is the start of `capacity` elements, of which the first `count` are initialized; indices are
  // checked against `count`. The memory is this value's alone, which cannot be copied.
  private var base: UnsafeMutablePointer<Element>
  private(set) var count: Int
  private var capacity: Int

  init() {
    self.init(zeroed: 1)
    count = 0
  }

  /// Elements all of whose bits are 0, which has to be a value of theirs.
  init(zeroed count: Int) {
    capacity = max(count, 1)
    // SAFETY: zeroed memory is so many elements, as the caller says.
    unsafe base = Self.memory(calloc(capacity, MemoryLayout<Element>.stride), count: capacity)
    self.count = count
  }

  deinit { unsafe free(base) }

  @inline(__always)
  subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "the index is in the arena")
      return unsafe base[index]
    }
    set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "the index is in the arena")
      unsafe base[index] = newValue
    }
  }

  /// Calls `body` with all elements: in a loop over them, what is known of an arena is not looked up for each.
  @inline(__always)
  func withSpan<Result: ~Copyable, Failure>(
    _ body: (borrowing Span<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: so many elements are initialized, and none changes while this value is borrowed.
    try body(unsafe Span(_unsafeStart: base, count: count))
  }

  /// Whether an element more needs more memory.
  var isFull: Bool { count == capacity }

  /// Whether so many elements more need no more memory.
  func hasRoom(for count: Int) -> Bool { count <= capacity &- self.count }

  @inline(__always)
  mutating func append(_ element: Element) {
    if isFull { reserve(max(16, 2 * count)) }
    unsafe base[count] = element
    count &+= 1
  }

  /// Forgets all elements from an index on.
  mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "an arena is cut to less than it is")
    self.count = count
  }

  /// Makes room for so many elements altogether.
  @inline(never)
  mutating func reserve(_ capacity: Int) {
    guard capacity > self.capacity else { return }
    // What is large is not moved by the C library but mapped elsewhere.
    let (size, overflow) = capacity.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    precondition(!overflow, "so many elements cannot be in memory")
    unsafe base = Self.memory(realloc(base, size), count: capacity)
    self.capacity = capacity
  }

  private static func memory(
    _ memory: UnsafeMutableRawPointer?, count: Int
  ) -> UnsafeMutablePointer<Element> {
    guard let memory = unsafe memory else { preconditionFailure("there is no memory left") }
    let base = unsafe memory.bindMemory(to: Element.self, capacity: count)
    unsafe HugePages.adviseOrPopulate(base, count: count)
    return unsafe base
  }
}

extension Array where Element: BitwiseCopyable {
  /// Elements that are to be written before they are read: until then they are whatever the memory held.
  init(unwritten count: Int) {
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initialized in
      // SAFETY: every pattern of bits is a value of the number types this is used for, and the caller reads none of them.
      if let base = buffer.baseAddress {
        unsafe HugePages.adviseOrPopulate(base, count: buffer.count)
      }
      initialized = count
    }
  }
}
