import CBPFShims
import Synchronization

// SAFETY (whole file): as for PrefixTrie; buckets change only while the lock is held and the version is odd. Slots name none
// beyond `bucketCount`.

extension PrefixTrie {
  @unsafe
  @inline(__always)
  func bucket(_ number: UInt32) -> PrefixBucket {
    unsafe PrefixBucket(base: buckets + Int(number) &* PrefixBucket.size)
  }

  /// The 32 bits of a key's data from a depth on, which is a multiple of 8; zeros beyond the data.
  @unsafe
  @inline(__always)
  func window(ofKey key: UnsafeRawPointer, _ depth: Int) -> UInt32 {
    let data = unsafe key + 4
    // At 32 bits no pattern has any.
    if dataSize == 4 {
      return unsafe UInt32(bigEndian: data.loadUnaligned(as: UInt32.self))
        &<< UInt32(
          truncatingIfNeeded: depth)
    }
    let start = depth &>> 3
    if start &+ 4 <= dataSize {
      return unsafe UInt32(bigEndian: data.loadUnaligned(fromByteOffset: start, as: UInt32.self))
    }
    var window: UInt32 = 0
    for offset in start..<start + 4 {
      let byte = offset < dataSize ? unsafe data.load(fromByteOffset: offset, as: UInt8.self) : 0
      window = window << 8 | UInt32(byte)
    }
    return window
  }

  @unsafe
  private func window(ofNode node: UInt32, _ depth: Int) -> UInt32 {
    let index = depth / 64
    guard index < words else { return 0 }
    var bits = unsafe word(node, index) << UInt64(depth % 64)
    if depth % 64 > 32, index + 1 < words {
      unsafe bits |= word(node, index + 1) >> UInt64(64 - depth % 64)
    }
    return UInt32(truncatingIfNeeded: bits >> 32)
  }

  // MARK: Changes

  /// Asks for what a change will need after its walk through the trie.
  @unsafe
  @inline(__always)
  func prefetchBucket(of key: UnsafeRawPointer) {
    let slot = unsafe PrefixTable.Slot(rootSlots[rootIndex(key)].load(ordering: .relaxed))
    if !slot.isTable, !slot.isWalk { unsafe bpfkit_prefetch(bucket(slot.bucket).lanes) }
  }

  @unsafe
  private func takeBucket(_ changes: inout Changes) -> UInt32? {
    let number: UInt32
    if changes.freeBucket != 0 {
      number = changes.freeBucket
      changes.freeBucket = unsafe UInt32(
        truncatingIfNeeded: bucket(number).lanes[0].load(ordering: .relaxed))
    } else {
      guard Int(changes.usedBuckets) < bucketCount else { return nil }
      changes.usedBuckets += 1
      number = changes.usedBuckets
    }
    unsafe bucket(number).clear()
    return number
  }

  /// Gives back a bucket, linked through its first lane; that of empty slots, 0, stays.
  @unsafe
  func giveBackBucket(_ number: UInt32, _ changes: inout Changes) {
    if number == 0 { return }
    unsafe bucket(number).lanes[0].store(UInt64(changes.freeBucket), ordering: .relaxed)
    changes.freeBucket = number
  }

  /// Puts a node for a prefix of `length` bits into the bucket of a slot whose bits end at `end`, or in the place of `old`
  /// there; false where it does not fit.
  @unsafe
  func enter(
    _ new: UInt32, replacing old: UInt32, _ key: UnsafeRawPointer, _ length: Int,
    in slot: inout PrefixTable.Slot, _ end: Int, _ changes: inout Changes
  ) -> Bool {
    if old != 0, slot.bucket != 0, unsafe bucket(slot.bucket).replace(old, by: new) { return true }
    guard unsafe length - end <= PrefixBucket.longestPattern else { return false }
    if slot.bucket == 0 {
      guard let number = unsafe takeBucket(&changes) else { return false }
      slot = PrefixTable.Slot(bucket: number, best: slot.best)
    }
    let pattern = unsafe PrefixBucket.pattern(window(ofKey: key, end), count: length - end)
    return unsafe bucket(slot.bucket).insert(pattern, node: new)
  }

  /// Takes a node out of a slot's bucket.
  @unsafe
  func leave(_ old: UInt32, in slot: inout PrefixTable.Slot, _ changes: inout Changes) {
    guard slot.bucket != 0, unsafe bucket(slot.bucket).remove(old) else { return }
    unsafe giveBackBucket(slot.bucket, &changes)
    slot = PrefixTable.Slot(best: slot.best)
  }

  /// A bucket with all prefixes at a node and below it, for a slot whose bits end at `end`; nil where they do not fit.
  @unsafe
  func makeBucket(from top: UInt32, _ end: Int, _ changes: inout Changes) -> UInt32? {
    guard let number = unsafe takeBucket(&changes) else { return nil }
    let bucket = unsafe bucket(number)
    var pending = [top]
    while let node = pending.popLast() {
      if node == 0 { continue }
      if !isFork(node) {
        let count = unsafe length(node) - end
        guard unsafe count <= PrefixBucket.longestPattern,
          unsafe bucket.insert(
            PrefixBucket.pattern(window(ofNode: node, end), count: count), node: node)
        else {
          unsafe giveBackBucket(number, &changes)
          return nil
        }
      }
      for side in 0..<2 {
        unsafe pending.append(child(node, side).pointee.load(ordering: .relaxed))
      }
    }
    return number
  }
}
