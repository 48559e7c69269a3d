import Synchronization

/// A table over an `lpm_trie`: for each value of 8 bits of the data (16 in the root table), what the trie has there.
///
/// A slot of a table for the bits from *d* up to *d + s* says
/// - `best`: the longest prefix of a length from *d* up to *d + s*, that one excluded, that covers the slot;
/// - where the prefixes of at least *d + s* bits under the slot are: in a bucket (``PrefixBucket``), which is the rule; in
///   the trie from their topmost node on, where they are too long or too many for one; or in another table. That may
///   be for bits further on than *d + s*: then it has the bits between, which all nodes under it have in common.
///
/// Tables are made where a bucket is full, or a walk in the trie would be long. They and the trie change under the same
/// lock.
///
/// | bytes | |
/// |---|---|
/// | 0–7 | the depth: its first bit, a multiple of 8 |
/// | from 8 on | the bits before its depth, in words as a node has them |
/// | from a multiple of 64 on | 256 slots |
///
/// SAFETY: made from addresses of a table in the trie's memory.
@unsafe
struct PrefixTable {
  let base: UnsafeMutableRawPointer

  static func slotsOffset(words: Int) -> Int { (8 + 8 * words + 63) & ~63 }

  @inline(__always)
  var depth: Int {
    get { unsafe Int(truncatingIfNeeded: loadShared(base, 0)) }
    nonmutating set { unsafe storeShared(base, 0, UInt64(newValue)) }
  }

  @inline(__always)
  func word(_ index: Int) -> UInt64 {
    unsafe loadShared(base, 8 &+ 8 &* index)
  }

  func setWord(_ index: Int, _ word: UInt64) {
    unsafe storeShared(base, 8 + 8 * index, word)
  }

  /// What a slot says.
  struct Slot {
    /// What there is under the slot: a number and what it is of.
    private var below: UInt32
    var best: UInt32

    /// A slot with a bucket, or with nothing under it.
    @inline(__always)
    init(bucket: UInt32 = 0, best: UInt32 = 0) { (below, self.best) = (bucket, best) }

    init(node: UInt32, best: UInt32) { (below, self.best) = (node | Self.walk, best) }

    init(table: UInt32, isSkipping: Bool, best: UInt32) {
      below = table | Self.table | (isSkipping ? Self.skipping : 0)
      self.best = best
    }

    @inline(__always)
    init(_ bits: UInt64) {
      below = UInt32(truncatingIfNeeded: bits)
      best = UInt32(truncatingIfNeeded: bits &>> 32)
    }

    @inline(__always)
    var bits: UInt64 { UInt64(best) &<< 32 | UInt64(below) }

    /// Marks a table.
    private static let table: UInt32 = 1 << 31
    /// Marks a table that leaves out bits.
    private static let skipping: UInt32 = 1 << 30
    /// Marks a node to walk from.
    private static let walk: UInt32 = 1 << 29

    /// More than any number in a slot.
    static let numberLimit = 1 << 29

    @inline(__always)
    var isTable: Bool { below & Self.table != 0 }

    @inline(__always)
    var isSkipping: Bool { below & Self.skipping != 0 }

    @inline(__always)
    var tableNumber: UInt32 { below & ~(Self.table | Self.skipping) }

    /// Whether there is a node to walk from; where there is no table either, there is a bucket.
    @inline(__always)
    var isWalk: Bool { below & Self.walk != 0 }

    @inline(__always)
    var node: UInt32 { below & ~Self.walk }

    @inline(__always)
    var bucket: UInt32 { below }
  }
}
