import Synchronization

// SAFETY (whole file): as for HashTable; only LRU tables, which have ages, evict.

extension HashTable {
  /// Takes entries out that were not looked up since the hand last passed them, and puts their elements into a pool whose
  /// lock is held; false where there are none.
  ///
  /// With `BPF_F_NO_COMMON_LRU` only entries in the pool's own elements.
  ///
  /// - Complexity: amortized O(1) for each element looked up or made; at most three rounds.
  @unsafe
  func evict(into pool: UnsafeMutablePointer<ElementPool>) -> Bool {
    let range: ClosedRange<UInt32>
    if let elementsPerPool {
      let first = unsafe UInt32((pool - pools) * elementsPerPool + 1)
      range = first...first + UInt32(elementsPerPool) - 1
    } else {
      range = 1...UInt32(maxEntries + poolCount)
      unsafe shared.pointee.evicting.lock()
    }
    defer { if elementsPerPool == nil { unsafe shared.pointee.evicting.unlock() } }
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: batch) { victims in
      // In the last round, whatever is in use.
      for round in 0..<3 {
        var left = range.count
        while left > 0 {
          let found = unsafe nextVictims(
            victims, in: range, pool, &left, isForced: round == 2)
          var taken = 0
          for index in 0..<found {
            let victim = unsafe victims[index]
            let hash = unsafe hash(ofElement: victim)
            // It may have gone meanwhile, or have become another key's.
            let isTaken =
              unsafe remove(hash) {
                unsafe $0 == key(victim)
              } read: { _ in
              } != 0
            if isTaken {
              unsafe put(victim, into: pool)
              taken += 1
            }
          }
          if taken > 0 { return true }
        }
      }
      return false
    }
  }

  /// Moves the hand on until it has passed a batch of entries that look unused, or `left` elements.
  @unsafe
  private func nextVictims(
    _ victims: UnsafeMutableBufferPointer<UInt32>, in range: ClosedRange<UInt32>,
    _ pool: UnsafeMutablePointer<ElementPool>, _ left: inout Int, isForced: Bool
  ) -> Int {
    guard let ages = unsafe ages else { return 0 }
    var hand =
      elementsPerPool == nil
      ? unsafe shared.pointee.hand.load(ordering: .relaxed)
      : unsafe pool.pointee.hand.load(ordering: .relaxed)
    var found = 0
    while left > 0, found < victims.count {
      left -= 1
      hand = range.contains(hand + 1) ? hand + 1 : range.lowerBound
      let age = unsafe ages[Int(hand)].load(ordering: .relaxed)
      if age == Age.free { continue }
      if age == Age.young, !isForced {
        _ = unsafe ages[Int(hand)].compareExchange(
          expected: Age.young, desired: Age.old, ordering: .relaxed)
        continue
      }
      unsafe victims[found] = hand
      unsafe bucket(bucketNumber(hash(ofElement: hand))).prefetch()
      found += 1
    }
    if elementsPerPool == nil {
      unsafe shared.pointee.hand.store(hand, ordering: .relaxed)
    } else {
      unsafe pool.pointee.hand.store(hand, ordering: .relaxed)
    }
    return found
  }
}
