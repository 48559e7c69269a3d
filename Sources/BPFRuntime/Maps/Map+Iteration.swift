import BPFPlatform

/// Where a walk over a map's elements is (`bpf_for_each_map_elem`).
struct ElementWalk {
  /// The bucket or index that comes next.
  var position: UInt32 = 0
  /// The elements of the last bucket that are still to be visited, the next one last.
  var pending: [UInt32] = []
  /// For an array: the index of the element visited last.
  var index: UInt32 = 0
  /// For a hash map: the element visited last.
  var visited: UInt32?
  /// How many more buckets may be looked into, since a large map may have few elements in many; below 0 where the walk
  /// ended for that.
  var bucketsLeft = 0
}

extension Map {
  /// The next element of a walk, or nil after the last and where the walk's limit is reached: its key, or nil in an array whose key is ``ElementWalk/index``,
  /// and its value as a worker sees it.
  ///
  /// Elements may come and go during the walk. One that is removed before it was visited may still be; it is readable.
  ///
  /// SAFETY: `worker` is less than ``workers``.
  @unsafe
  func nextElement(
    of walk: inout ElementWalk, worker: Int
  ) -> (key: UnsafeRawPointer?, value: UnsafeMutableRawPointer)? {
    switch storage {
    case .array(let table):
      guard Int(walk.position) < table.count else { return nil }
      walk.index = walk.position
      walk.position += 1
      return unsafe (nil, table.slots.address(Int(walk.index), worker: worker))
    case .hash(let table):
      guard let element = unsafe table.nextElement(of: &walk) else { return nil }
      walk.visited = element
      return unsafe (
        UnsafeRawPointer(table.key(element)), table.slots.address(Int(element), worker: worker)
      )
    case .prefixes, .devices, .programs, .events, .ring, .special: return nil
    }
  }
}

extension HashTable {
  /// The next element of a walk: each bucket's elements as they were at one moment.
  @unsafe
  fileprivate func nextElement(of walk: inout ElementWalk) -> UInt32? {
    while true {
      if let element = walk.pending.popLast() { return element }
      guard walk.position < bucketCount else { return nil }
      walk.bucketsLeft -= 1
      guard walk.bucketsLeft >= 0 else { return nil }
      unsafe appendElements(ofBucket: walk.position, to: &walk.pending)
      walk.position += 1
    }
  }
}
