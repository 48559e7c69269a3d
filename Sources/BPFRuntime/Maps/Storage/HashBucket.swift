import CBPFShims
import Synchronization

/// A cache line of a hash table: eleven slots, each with a byte of the hash (its tag) and the number of an element.
///
/// | bytes | |
/// |---|---|
/// | 0–3 | bit 0: whether it is locked; the rest counts changes |
/// | 4–14 | the slots' tags, 0 where a slot is empty |
/// | 16–19 | the number of the overflow bucket that goes on with this one; 0 where there is none |
/// | 20–63 | the slots' element numbers |
///
/// The first 16 bytes are two words. Whoever holds the lock writes them whole; a reader gets the count of changes
/// together with the tags.
///
/// SAFETY: made from addresses of 64 bytes in the table's memory.
@unsafe
struct HashBucket {
  static let size = 64
  static let slots = 11

  private let base: UnsafeMutableRawPointer

  @inline(__always)
  init(_ base: UnsafeMutableRawPointer) { unsafe self.base = base }

  /// The lock, the count of changes, and four tags.
  @inline(__always)
  var control: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe base.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The other seven tags.
  @inline(__always)
  var tags: UnsafeMutablePointer<Atomic<UInt64>> { unsafe control + 1 }

  @inline(__always)
  var overflow: UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + 16).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// The element number of a slot.
  @inline(__always)
  func element(_ slot: Slot) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + slot.elementOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  // MARK: Slots

  /// A slot, named by a bit of ``Matches``.
  struct Slot {
    fileprivate let bit: Int

    /// Bits 3, 11, … are of the first word's bytes, bits 7, 15, … of the second's.
    @inline(__always)
    fileprivate var elementOffset: Int { 4 &+ (bit &>> 3) &* 4 &+ (bit & 4) &* 8 }

    @inline(__always)
    fileprivate var isInControl: Bool { bit & 4 == 0 }

    @inline(__always)
    fileprivate var shift: UInt64 { UInt64(truncatingIfNeeded: bit & ~7) }
  }

  /// Slots, from the first on.
  struct Matches {
    fileprivate var bits: UInt64

    @inline(__always)
    var isEmpty: Bool { bits == 0 }

    /// The first slot; there must be one.
    @inline(__always)
    var first: Slot { Slot(bit: bits.trailingZeroBitCount) }

    @inline(__always)
    mutating func removeFirst() { bits &= bits &- 1 }
  }

  /// A bit in each byte that is 0.
  @inline(__always)
  private static func zeroBytes(_ word: UInt64) -> UInt64 {
    let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
    return ~(((word & low) &+ low) | word | low)
  }

  /// The slots that have a tag.
  @inline(__always)
  static func matches(_ tag: UInt8, control: UInt64, tags: UInt64) -> Matches {
    let pattern = UInt64(tag) &* 0x0101_0101_0101_0101
    let first = unsafe zeroBytes(control ^ pattern) & 0x8080_8080_0000_0000
    let second = unsafe zeroBytes(tags ^ pattern) & 0x0080_8080_8080_8080
    return Matches(bits: first &>> 4 | second)
  }

  /// The slots that are in use.
  @inline(__always)
  static func used(control: UInt64, tags: UInt64) -> Matches {
    let empty = unsafe matches(0, control: control, tags: tags)
    return Matches(bits: empty.bits ^ 0x0888_8888_8080_8080)
  }

  // MARK: The lock

  private static let locked: UInt64 = 1

  /// Takes the lock: the first word as it is without it.
  @inline(__always)
  func lock() -> UInt64 {
    let word = unsafe control.pointee.load(ordering: .relaxed) & ~Self.locked
    let result = unsafe control.pointee.compareExchange(
      expected: word, desired: word | Self.locked, successOrdering: .acquiring,
      failureOrdering: .relaxed)
    return result.exchanged ? word : unsafe lockWaiting()
  }

  @inline(never)
  private func lockWaiting() -> UInt64 {
    var turns = 0
    while true {
      let word = unsafe control.pointee.load(ordering: .relaxed)
      if unsafe word & Self.locked == 0 {
        let result = unsafe control.pointee.weakCompareExchange(
          expected: word, desired: word | Self.locked, successOrdering: .acquiring,
          failureOrdering: .relaxed)
        if result.exchanged { return word }
      }
      waitTurn(&turns)
    }
  }

  /// Gives the lock back with the tags in `word`. After a change, `word` is counted up.
  @inline(__always)
  func unlock(_ word: UInt64) { unsafe control.pointee.store(word, ordering: .releasing) }

  /// A first word with one change more.
  @inline(__always)
  static func counted(_ word: UInt64) -> UInt64 {
    word & ~0xffff_ffff | UInt64(UInt32(truncatingIfNeeded: word) &+ 2)
  }

  /// The bits of a first word that tell whether something changed.
  @inline(__always)
  static func version(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word) }

  /// Stores a first word while keeping the lock.
  @inline(__always)
  func publish(_ word: UInt64) {
    unsafe control.pointee.store(word | Self.locked, ordering: .releasing)
  }

  /// Whether any slot of it is in use, at this moment.
  var isUsed: Bool {
    unsafe !Self.used(
      control: control.pointee.load(ordering: .relaxed), tags: tags.pointee.load(ordering: .relaxed)
    ).isEmpty
  }

  /// The tag of a slot.
  @inline(__always)
  func tag(of slot: Slot, control: UInt64, tags: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: (slot.isInControl ? control : tags) &>> slot.shift)
  }

  @inline(__always)
  func prefetch() { unsafe bpfkit_prefetch(base) }

  static func == (left: HashBucket, right: HashBucket) -> Bool {
    unsafe left.base == right.base
  }

  // MARK: Changes, by whoever holds the lock

  /// Gives a slot a tag (0 to empty it): in `word` where it is one of the first four, else at once.
  @inline(__always)
  func setTag(_ tag: UInt8, of slot: Slot, in word: inout UInt64) {
    let keep = ~(UInt64(0xff) &<< slot.shift)
    let new = UInt64(tag) &<< slot.shift
    if slot.isInControl {
      word = word & keep | new
    } else {
      let old = unsafe tags.pointee.load(ordering: .relaxed)
      unsafe tags.pointee.store(old & keep | new, ordering: .releasing)
    }
  }
}
