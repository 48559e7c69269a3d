/// Machine code as it is made: bytes that only grow, until branches are settled.
///
/// Whole words are stored and the count moves on by the bytes that matter, which is several times as fast as appending bytes to
/// an array. Each store checks that there is room.
@safe
struct CodeBuffer: ~Copyable {
  private var start: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var count = 0

  /// - Parameter expected: about how many bytes there will be.
  init(expecting expected: Int) {
    capacity = max(expected, 64)
    unsafe start = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { unsafe start.deallocate() }

  // SAFETY: what is written and read lies below `capacity`, which is checked in each.

  /// Appends the lowest bytes of a word, at most 8.
  @inline(__always)
  mutating func append(_ word: UInt64, count added: Int) {
    if count &+ 8 > capacity { grow() }
    unsafe start.storeBytes(of: word, toByteOffset: count, as: UInt64.self)
    count &+= added
  }

  /// The 32 bits at an offset.
  subscript(word offset: Int) -> UInt32 {
    get {
      precondition(offset >= 0 && offset + 4 <= count, "what is read was written")
      return unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
    set {
      precondition(offset >= 0 && offset + 4 <= count, "what is changed was written")
      unsafe start.storeBytes(of: newValue, toByteOffset: offset, as: UInt32.self)
    }
  }

  subscript(byte offset: Int) -> UInt8 {
    get {
      precondition(offset >= 0 && offset < count, "what is read was written")
      return unsafe start.load(fromByteOffset: offset, as: UInt8.self)
    }
    set {
      precondition(offset >= 0 && offset < count, "what is changed was written")
      unsafe start.storeBytes(of: newValue, toByteOffset: offset, as: UInt8.self)
    }
  }

  /// Moves bytes down.
  mutating func move(from source: Int, to target: Int, count moved: Int) {
    precondition(
      target >= 0 && target <= source && moved >= 0 && source + moved <= count,
      "bytes that were written move down")
    unsafe (start + target).copyMemory(from: start + source, byteCount: moved)
  }

  /// Drops all after so many bytes.
  mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "what is kept was written")
    self.count = count
  }

  /// The bytes in an array of their own.
  var bytes: [UInt8] { unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)) }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity * 2, alignment: 16)
    unsafe larger.copyMemory(from: start, byteCount: count)
    unsafe start.deallocate()
    unsafe start = larger
    capacity *= 2
  }
}
