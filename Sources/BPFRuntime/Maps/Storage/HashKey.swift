// SAFETY (whole file): callers give keys of as many bytes as they say, and elements whose key area is the key's size
// padded to 8 bytes and aligned to 8.

/// A key as a hash table works with it: 8-byte words, the last one filled up with zeros.
///
/// One type for each number of words that is worth its own code, so that short keys stay in registers.
@unsafe
protocol HashKey {
  func hash(_ seed: HashSeed) -> UInt64

  /// Whether an element's key is this one. The element may change meanwhile: then the answer means nothing.
  func isEqual(to element: UnsafeMutableRawPointer) -> Bool

  func store(to element: UnsafeMutableRawPointer)
}

/// What makes the hashes of a map its own, so that nobody can choose keys that collide.
struct HashSeed {
  let first: UInt64
  let second: UInt64

  /// A random seed, or the one that `BPF_F_ZERO_SEED` stands for.
  init(isRandom: Bool) {
    var random = SystemRandomNumberGenerator()
    first = isRandom ? random.next() : 0x9e37_79b9_7f4a_7c15
    // Odd, so that the product of two different words differs.
    second = (isRandom ? random.next() : 0xe703_7ed1_a0b4_28db) | 1
  }

  /// Both halves of a product, folded into one.
  @inline(__always)
  static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  /// The hash of one word. For words in even steps the folded products may be in even steps too, and for one seed in some
  /// hundreds such that few buckets take most of them; multiplied once more they are not.
  @inline(__always)
  func hash(_ word: UInt64) -> UInt64 {
    Self.fold(word ^ first, second) &* 0x9e37_79b9_7f4a_7c15
  }

  /// The hash of what several words were folded into.
  @inline(__always)
  func finish(_ state: UInt64) -> UInt64 { Self.fold(state ^ first, second) }
}

/// A key of at most 8 bytes.
@unsafe
struct WordKey: HashKey {
  private let word: UInt64

  @inline(__always)
  init(eight key: UnsafeRawPointer) { unsafe word = unsafe key.loadUnaligned(as: UInt64.self) }

  @inline(__always)
  init(four key: UnsafeRawPointer) {
    unsafe word = unsafe UInt64(key.loadUnaligned(as: UInt32.self))
  }

  init(element: UnsafeMutableRawPointer) { unsafe word = loadShared(element, 0) }

  init(_ key: UnsafeRawPointer, size: Int) {
    var word: UInt64 = 0
    for index in (0..<size).reversed() {
      word = word << 8 | UInt64(unsafe key.load(fromByteOffset: index, as: UInt8.self))
    }
    unsafe self.word = word
  }

  @inline(__always)
  func hash(_ seed: HashSeed) -> UInt64 { unsafe seed.hash(word) }

  @inline(__always)
  func isEqual(to element: UnsafeMutableRawPointer) -> Bool {
    unsafe loadShared(element, 0) == word
  }

  @inline(__always)
  func store(to element: UnsafeMutableRawPointer) { unsafe storeShared(element, 0, word) }
}

/// A key of 9 to 16 bytes.
@unsafe
struct WordPairKey: HashKey {
  private let low: UInt64
  private let high: UInt64

  @inline(__always)
  init(_ key: UnsafeRawPointer, size: Int) {
    unsafe low = key.loadUnaligned(as: UInt64.self)
    unsafe high = lastWord(key, size: size)
  }

  init(element: UnsafeMutableRawPointer) {
    unsafe low = loadShared(element, 0)
    unsafe high = loadShared(element, 8)
  }

  @inline(__always)
  func hash(_ seed: HashSeed) -> UInt64 {
    unsafe seed.finish(HashSeed.fold(low ^ seed.first, high ^ seed.second))
  }

  @inline(__always)
  func isEqual(to element: UnsafeMutableRawPointer) -> Bool {
    unsafe (loadShared(element, 0) ^ low) | (loadShared(element, 8) ^ high) == 0
  }

  @inline(__always)
  func store(to element: UnsafeMutableRawPointer) {
    unsafe storeShared(element, 0, low)
    unsafe storeShared(element, 8, high)
  }
}

/// A key of more than 16 bytes.
@unsafe
struct LongKey: HashKey {
  private let key: UnsafeRawPointer
  private let size: Int

  @inline(__always)
  init(_ key: UnsafeRawPointer, size: Int) {
    unsafe self.key = key
    unsafe self.size = size
  }

  /// Where the last word begins in an element.
  @inline(__always)
  private var last: Int { unsafe (size &- 1) & ~7 }

  @inline(__always)
  func hash(_ seed: HashSeed) -> UInt64 {
    unsafe Self.hash(seed, size: size) { offset in
      unsafe offset == last ? lastWord(key, size: size) : word(offset)
    }
  }

  /// The hash of a key of `size` bytes, given word by word.
  @inline(__always)
  static func hash(_ seed: HashSeed, size: Int, word: (_ offset: Int) -> UInt64) -> UInt64 {
    var state = seed.first ^ UInt64(truncatingIfNeeded: size)
    let last = (size &- 1) & ~7
    var offset = 0
    while offset < last {
      state = HashSeed.fold(word(offset) ^ seed.second, word(offset &+ 8) ^ state)
      offset &+= 16
    }
    if offset == last { state = HashSeed.fold(word(offset) ^ seed.second, state) }
    return seed.finish(state)
  }

  @inline(__always)
  func isEqual(to element: UnsafeMutableRawPointer) -> Bool {
    let last = unsafe last
    var difference = unsafe loadShared(element, last) ^ lastWord(key, size: size)
    var offset = 0
    while offset < last {
      unsafe difference |= loadShared(element, offset) ^ word(offset)
      offset &+= 8
    }
    return difference == 0
  }

  @inline(__always)
  func store(to element: UnsafeMutableRawPointer) {
    let last = unsafe last
    var offset = 0
    while offset < last {
      unsafe storeShared(element, offset, word(offset))
      offset &+= 8
    }
    unsafe storeShared(element, last, lastWord(key, size: size))
  }

  @inline(__always)
  private func word(_ offset: Int) -> UInt64 {
    unsafe key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}

/// What is in the last 8-byte word of a key of at least 8 bytes, zeros after it.
@unsafe
@inline(__always)
private func lastWord(_ key: UnsafeRawPointer, size: Int) -> UInt64 {
  let word = unsafe key.loadUnaligned(fromByteOffset: size &- 8, as: UInt64.self).littleEndian
  return (word &>> UInt64(truncatingIfNeeded: (0 &- size & 7) &* 8)).littleEndian
}

/// What the size of a map's keys says about how to work with them.
enum HashKeyShape {
  case eight
  case four
  case word
  case pair
  case long

  init(keySize: Int) {
    self =
      switch keySize {
      case 8: .eight
      case 4: .four
      case ..<8: .word
      case ...16: .pair
      default: .long
      }
  }
}
