import Synchronization

// SAFETY (whole file): as for HashTable: element numbers are at most the capacity, keys and values given have the map's sizes.

extension HashTable {
  /// Where a key is in its chain.
  @unsafe
  struct Place {
    /// The key's element; 0 where there is none.
    var element: UInt32
    /// The link that names the element.
    var link: UnsafeMutablePointer<Atomic<UInt32>>
  }

  @unsafe
  @inline(__always)
  func withStripe<Result>(of hash: UInt32, _ body: (inout UInt32) -> Result) -> Result {
    unsafe stripes[Int(hash & stripeMask)].spare.withLock { spare in body(&spare) }
  }

  /// Finds a key, or an element, while the stripe is held.
  @unsafe
  @inline(__always)
  private func place(hash: UInt32, where isWanted: (UInt32) -> Bool) -> Place {
    var link = unsafe heads + Int(hash & bucketMask)
    while true {
      let current = unsafe link.pointee.load(ordering: .relaxed)
      if current &- 1 >= Self.end - 1 { return unsafe Place(element: 0, link: link) }
      if isWanted(current) { return unsafe Place(element: current, link: link) }
      unsafe link = self.link(current)
    }
  }

  @unsafe
  @inline(__always)
  private func place(of key: UnsafeRawPointer, hash: UInt32) -> Place {
    unsafe place(hash: hash) { element in
      unsafe self.hash(element).pointee.load(ordering: .relaxed) == hash
        && isEqual(self.key(element), key)
    }
  }

  // MARK: Free elements

  /// A free element, or 0.
  @unsafe
  @inline(__always)
  private func takeFree() -> UInt32 {
    let free = unsafe shared
    var head = unsafe free.pointee.free.load(ordering: .acquiring)
    while UInt32(truncatingIfNeeded: head) != 0 {
      let element = UInt32(truncatingIfNeeded: head)
      // Another thread may have taken it: then this is no link, and the exchange fails.
      let next = unsafe hash(element).pointee.load(ordering: .relaxed)
      let changed = (head >> 32 &+ 1) << 32 | UInt64(next)
      let result = unsafe free.pointee.free.weakCompareExchange(
        expected: head, desired: changed, successOrdering: .acquiringAndReleasing,
        failureOrdering: .acquiring)
      if result.exchanged { return element }
      head = result.original
    }
    var used = unsafe free.pointee.used.load(ordering: .relaxed)
    while Int(used) < maxEntries {
      let result = unsafe free.pointee.used.weakCompareExchange(
        expected: used, desired: used + 1, ordering: .relaxed)
      if result.exchanged { return used + 1 }
      used = result.original
    }
    return 0
  }

  @unsafe
  @inline(__always)
  private func giveBack(_ element: UInt32) {
    var head = unsafe shared.pointee.free.load(ordering: .relaxed)
    while true {
      unsafe hash(element).pointee.store(UInt32(truncatingIfNeeded: head), ordering: .relaxed)
      let changed = (head >> 32 &+ 1) << 32 | UInt64(element)
      let result = unsafe shared.pointee.free.weakCompareExchange(
        expected: head, desired: changed, successOrdering: .releasing, failureOrdering: .relaxed)
      if result.exchanged { return }
      head = result.original
    }
  }

  @unsafe
  @inline(__always)
  private func setAge(_ element: UInt32, _ age: UInt8) {
    if let ages = unsafe ages { unsafe ages[Int(element)].store(age, ordering: .relaxed) }
  }

  // MARK: Update

  @unsafe
  @inline(__always)
  func update(_ key: UnsafeRawPointer, _ value: NewValue, flags: UInt64) -> MapErrno? {
    guard flags <= MapUpdateFlags.exist.rawValue else { return .invalidArgument }
    let hash = unsafe hash(of: key)
    let refusal = unsafe withStripe(of: hash) { spare in
      unsafe change(key, value, hash: hash, flags: flags, spare: &spare) { unsafe takeFree() }
    }
    guard refusal == .tooBig, unsafe ages != nil else { return refusal }
    return unsafe updateEvicting(key, value, hash: hash, flags: flags)
  }

  /// An update of a full `lru_hash`: frees an element first, while no stripe is held.
  @unsafe
  @inline(never)
  private func updateEvicting(
    _ key: UnsafeRawPointer, _ value: NewValue, hash: UInt32, flags: UInt64
  ) -> MapErrno? {
    var victim = unsafe evict()
    guard victim != 0 else { return .noMemory }
    let refusal = unsafe withStripe(of: hash) { spare in
      unsafe change(key, value, hash: hash, flags: flags, spare: &spare) {
        defer { victim = 0 }
        return victim
      }
    }
    // Another thread made the key meanwhile.
    if victim != 0 { unsafe giveBack(victim) }
    return refusal
  }

  @unsafe
  @inline(__always)
  private func change(
    _ key: UnsafeRawPointer, _ value: NewValue, hash: UInt32, flags: UInt64, spare: inout UInt32,
    newElement: () -> UInt32
  ) -> MapErrno? {
    let place = unsafe place(of: key, hash: hash)
    let old = unsafe place.element
    if old != 0 {
      if flags == MapUpdateFlags.noExist.rawValue { return .exists }
      if slots.isPerWorker {
        unsafe slots.write(value, to: Int(old))
        return nil
      }
      let new = spare
      unsafe fill(new, key, value, hash: hash)
      unsafe link(new).pointee.store(
        link(old).pointee.load(ordering: .relaxed), ordering: .relaxed)
      unsafe setAge(new, Age.young)
      unsafe setAge(old, Age.free)
      unsafe place.link.pointee.store(new, ordering: .releasing)
      spare = old
      return nil
    }
    if flags == MapUpdateFlags.exist.rawValue { return .noEntry }
    let new = newElement()
    if new == 0 { return .tooBig }
    unsafe fill(new, key, value, hash: hash)
    let bucket = hash & bucketMask
    let head = unsafe heads + Int(bucket)
    let first = unsafe head.pointee.load(ordering: .relaxed)
    unsafe link(new).pointee.store(first == 0 ? Self.end | bucket : first, ordering: .relaxed)
    unsafe setAge(new, Age.old)
    unsafe head.pointee.store(new, ordering: .releasing)
    return nil
  }

  @unsafe
  @inline(__always)
  private func fill(
    _ element: UInt32, _ key: UnsafeRawPointer, _ value: NewValue, hash: UInt32
  ) {
    unsafe copyValue(to: self.key(element), from: key, count: keySize)
    unsafe slots.writeFresh(value, to: Int(element))
    unsafe self.hash(element).pointee.store(hash, ordering: .relaxed)
  }

  // MARK: Delete

  @unsafe
  @inline(__always)
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    let hash = unsafe hash(of: key)
    let element = unsafe withStripe(of: hash) { _ in unsafe unlink(place(of: key, hash: hash)) }
    guard element != 0 else { return .noEntry }
    unsafe giveBack(element)
    return nil
  }

  /// Takes an element out of its chain, leaving its own link for those who are on it.
  @unsafe
  @inline(__always)
  private func unlink(_ place: Place) -> UInt32 {
    let element = unsafe place.element
    guard element != 0 else { return 0 }
    unsafe place.link.pointee.store(
      link(element).pointee.load(ordering: .relaxed), ordering: .releasing)
    unsafe setAge(element, Age.free)
    return element
  }

  // MARK: Eviction

  /// Takes the next element that was not looked up since the hand last passed it; 0 where there is none to take.
  ///
  /// - Complexity: amortized O(1) for each element looked up or made; at most two rounds.
  @unsafe
  private func evict() -> UInt32 {
    guard let ages = unsafe ages else { return 0 }
    let last = UInt32(maxEntries) + stripeMask + 1
    return unsafe shared.pointee.hand.withLock { hand in
      for _ in 0..<(2 * Int(last)) {
        hand = hand >= last ? 1 : hand + 1
        let age = unsafe ages[Int(hand)].load(ordering: .relaxed)
        if age == Age.young {
          _ = unsafe ages[Int(hand)].compareExchange(
            expected: Age.young, desired: Age.old, ordering: .relaxed)
        } else if age == Age.old {
          let victim = hand
          let hash = unsafe hash(victim).pointee.load(ordering: .relaxed)
          // It may have gone meanwhile, or have become another key's.
          let taken = unsafe withStripe(of: hash) { _ in
            unsafe unlink(place(hash: hash) { $0 == victim })
          }
          if taken != 0 { return taken }
        }
      }
      return 0
    }
  }
}
