import Synchronization

/// The few prefixes under a slot of a table of an `lpm_trie`, in one cache line: a lookup compares all of them and takes
/// no branch, so that a processor goes on with the next lookup while it waits for memory.
///
/// Eight lanes, the longest prefix first. A lane's low half is a pattern: the prefix's bits from where the slot's end, then a
/// 1, then zeros; its high half is the node. A free lane is zero: it fits every key and gives no node.
///
/// SAFETY: made from addresses of 64 bytes in the trie's memory.
@unsafe
struct PrefixBucket {
  typealias Lane = UInt64

  static let laneCount = 8
  static let size = 64
  /// The most bits of a pattern before the 1.
  static let longestPattern = 31

  let lanes: UnsafeMutablePointer<Atomic<Lane>>

  @inline(__always)
  init(base: UnsafeMutableRawPointer) {
    unsafe lanes = base.assumingMemoryBound(to: Atomic<Lane>.self)
  }

  /// The pattern of a prefix whose bits from the slot's end on begin a window of 32.
  static func pattern(_ window: UInt32, count: Int) -> UInt32 {
    let end = 0x8000_0000 as UInt32 >> UInt32(count)
    return window & ~(end | (end - 1)) | end
  }

  /// The node of the longest prefix that the bits of a window begin with; 0 where there is none.
  @inline(__always)
  func find(_ window: UInt32) -> UInt32 {
    var found: Lane = 0
    for index in unsafe (0..<Self.laneCount).reversed() {
      let lane = unsafe lanes[index].load(ordering: .relaxed)
      let pattern = UInt32(truncatingIfNeeded: lane)
      // Ones in the place of the pattern's last 1 and after it.
      let rest = pattern ^ (pattern &- 1)
      found = (pattern ^ window) <= rest ? lane : found
    }
    return UInt32(truncatingIfNeeded: found &>> 32)
  }

  func clear() {
    for index in unsafe 0..<Self.laneCount { unsafe lanes[index].store(0, ordering: .relaxed) }
  }

  /// Puts a prefix in; false where no lane is free.
  func insert(_ pattern: UInt32, node: UInt32) -> Bool {
    var index = unsafe Self.laneCount - 1
    guard unsafe lanes[index].load(ordering: .relaxed) == 0 else { return false }
    while index > 0 {
      let lane = unsafe lanes[index - 1].load(ordering: .relaxed)
      if lane != 0,
        UInt32(truncatingIfNeeded: lane).trailingZeroBitCount
          <= pattern.trailingZeroBitCount
      {
        break
      }
      unsafe lanes[index].store(lane, ordering: .relaxed)
      index -= 1
    }
    unsafe lanes[index].store(UInt64(node) << 32 | UInt64(pattern), ordering: .relaxed)
    return true
  }

  /// Puts a node in another's place; false where that is not there.
  func replace(_ old: UInt32, by new: UInt32) -> Bool {
    for index in unsafe 0..<Self.laneCount {
      let lane = unsafe lanes[index].load(ordering: .relaxed)
      guard lane >> 32 == old else { continue }
      unsafe lanes[index].store(UInt64(new) << 32 | lane & 0xffff_ffff, ordering: .relaxed)
      return true
    }
    return false
  }

  /// Takes a node out, where it is there; whether none is left.
  func remove(_ node: UInt32) -> Bool {
    var kept = 0
    for index in unsafe 0..<Self.laneCount {
      let lane = unsafe lanes[index].load(ordering: .relaxed)
      if lane == 0 || lane >> 32 == node { continue }
      unsafe lanes[kept].store(lane, ordering: .relaxed)
      kept += 1
    }
    for index in unsafe kept..<Self.laneCount { unsafe lanes[index].store(0, ordering: .relaxed) }
    return kept == 0
  }
}
