import Synchronization

// SAFETY (whole file): as for HashTable: keys and values given have the map's sizes.

extension HashTable {
  /// Where an element is, while the lock of the chain's first bucket is held.
  @unsafe
  struct Place {
    /// The bucket of the chain that names it.
    var bucket: HashBucket
    var slot: HashBucket.Slot
    var element: UInt32
  }

  // MARK: Update

  @unsafe
  @inline(__always)
  func update(_ key: UnsafeRawPointer, _ value: NewValue, flags: UInt64) -> MapErrno? {
    var flags = flags
    var isLocking = false
    if flags > MapUpdateFlags.exist.rawValue {
      isLocking = flags & MapUpdateFlags.lock.rawValue != 0
      flags &= ~MapUpdateFlags.lock.rawValue
      guard flags <= MapUpdateFlags.exist.rawValue, isLocking, lockOffset != nil else {
        return .invalidArgument
      }
    }
    switch keyShape {
    case .eight:
      return unsafe update(WordKey(eight: key), value, flags: flags, isLocking: isLocking)
    case .four: return unsafe update(WordKey(four: key), value, flags: flags, isLocking: isLocking)
    case .word:
      return unsafe update(WordKey(key, size: keySize), value, flags: flags, isLocking: isLocking)
    case .pair:
      return unsafe update(
        WordPairKey(key, size: keySize), value, flags: flags, isLocking: isLocking)
    case .long:
      return unsafe update(LongKey(key, size: keySize), value, flags: flags, isLocking: isLocking)
    }
  }

  @unsafe
  private func update<Key: HashKey>(
    _ key: Key, _ value: NewValue, flags: UInt64, isLocking: Bool
  ) -> MapErrno? {
    let hash = unsafe key.hash(seed)
    let bucket = unsafe bucket(bucketNumber(hash))
    unsafe bucket.prefetch()
    let pool = unsafe lockPool(worker: value.worker)
    defer { unsafe pool.pointee.lock.unlock() }
    while true {
      var control = unsafe bucket.lock()
      if let place = unsafe place(
        of: hash, in: bucket, control, where: { unsafe key.isEqual(to: $0) })
      {
        if flags == MapUpdateFlags.noExist.rawValue {
          unsafe bucket.unlock(control)
          return .exists
        }
        let old = unsafe place.element
        if isLocking, let lockOffset {
          // In place, as in the kernel: programs see all of the old value or all of the new one.
          unsafe ValueLock.withLock(slots.address(Int(old), worker: 0) + lockOffset) {
            unsafe slots.write(value, to: Int(old))
          }
          unsafe bucket.unlock(control)
          return nil
        }
        if slots.isPerWorker {
          unsafe slots.write(value, to: Int(old))
          unsafe setAge(old, Age.young)
          unsafe bucket.unlock(control)
          return nil
        }
        let new = unsafe pool.pointee.spare.load(ordering: .relaxed)
        unsafe fill(new, key, value)
        // A changed entry counts as used, as in the kernel.
        unsafe setAge(new, Age.young)
        unsafe place.bucket.element(place.slot).pointee.store(new, ordering: .releasing)
        unsafe setAge(old, Age.free)
        unsafe bucket.unlock(HashBucket.counted(control))
        unsafe pool.pointee.spare.store(old, ordering: .relaxed)
        return nil
      }
      if flags == MapUpdateFlags.exist.rawValue {
        unsafe bucket.unlock(control)
        return .noEntry
      }
      let new = unsafe take(pool)
      if new != 0 {
        unsafe fill(new, key, value)
        unsafe setAge(new, Age.old)
        unsafe insert(new, HashTable.tag(hash), into: bucket, &control)
        unsafe bucket.unlock(HashBucket.counted(control))
        return nil
      }
      unsafe bucket.unlock(control)
      guard unsafe refill(pool) else { return unsafe ages == nil ? .tooBig : .noMemory }
    }
  }

  @unsafe
  @inline(__always)
  private func fill<Key: HashKey>(_ number: UInt32, _ key: Key, _ value: NewValue) {
    // Who sees a new key sees that the old one's bucket changed.
    atomicMemoryFence(ordering: .releasing)
    unsafe key.store(to: self.key(number))
    unsafe slots.writeFresh(value, to: Int(number))
  }

  @unsafe
  @inline(__always)
  func setAge(_ element: UInt32, _ age: UInt8) {
    if let ages = unsafe ages { unsafe ages[Int(element)].store(age, ordering: .relaxed) }
  }

  // MARK: Places

  /// Finds an element by its hash and by what `isWanted` says of it, while the bucket is locked.
  @unsafe
  @inline(__always)
  func place(
    of hash: UInt64, in bucket: HashBucket, _ control: UInt64,
    where isWanted: (UnsafeMutableRawPointer) -> Bool
  ) -> Place? {
    var bucket = unsafe bucket
    var control = control
    while true {
      let tags = unsafe bucket.tags.pointee.load(ordering: .relaxed)
      var matches = unsafe HashBucket.matches(Self.tag(hash), control: control, tags: tags)
      while !matches.isEmpty {
        let slot = matches.first
        let element = unsafe bucket.element(slot).pointee.load(ordering: .relaxed)
        if unsafe isWanted(self.key(element)) {
          return unsafe Place(bucket: bucket, slot: slot, element: element)
        }
        matches.removeFirst()
      }
      let next = unsafe bucket.overflow.pointee.load(ordering: .relaxed)
      if next == 0 { return nil }
      unsafe bucket = overflowBucket(next)
      unsafe control = bucket.control.pointee.load(ordering: .relaxed)
    }
  }

  /// Gives an element a slot in a locked bucket or behind it.
  @unsafe
  @inline(__always)
  private func insert(
    _ element: UInt32, _ tag: UInt8, into bucket: HashBucket, _ control: inout UInt64
  ) {
    let tags = unsafe bucket.tags.pointee.load(ordering: .relaxed)
    let empty = unsafe HashBucket.matches(0, control: control, tags: tags)
    if empty.isEmpty {
      unsafe insertBehind(element, tag, bucket)
    } else {
      let slot = empty.first
      unsafe bucket.element(slot).pointee.store(element, ordering: .releasing)
      unsafe bucket.setTag(tag, of: slot, in: &control)
    }
  }

  @unsafe
  @inline(never)
  private func insertBehind(_ element: UInt32, _ tag: UInt8, _ bucket: HashBucket) {
    var bucket = unsafe bucket
    while true {
      let next = unsafe bucket.overflow.pointee.load(ordering: .relaxed)
      let isNew = next == 0
      let number = isNew ? unsafe takeOverflowBucket() : next
      let behind = unsafe overflowBucket(number)
      var control = unsafe behind.control.pointee.load(ordering: .relaxed)
      let tags = unsafe behind.tags.pointee.load(ordering: .relaxed)
      let empty = unsafe HashBucket.matches(0, control: control, tags: tags)
      if !empty.isEmpty {
        let slot = empty.first
        unsafe behind.element(slot).pointee.store(element, ordering: .releasing)
        unsafe behind.setTag(tag, of: slot, in: &control)
        unsafe behind.unlock(control)
        if isNew { unsafe bucket.overflow.pointee.store(number, ordering: .releasing) }
        return
      }
      unsafe bucket = behind
    }
  }

  // MARK: Delete

  @unsafe
  @inline(__always)
  func delete(_ key: UnsafeRawPointer, worker: Int) -> MapErrno? {
    let element =
      switch keyShape {
      case .eight: unsafe remove(WordKey(eight: key))
      case .four: unsafe remove(WordKey(four: key))
      case .word: unsafe remove(WordKey(key, size: keySize))
      case .pair: unsafe remove(WordPairKey(key, size: keySize))
      case .long: unsafe remove(LongKey(key, size: keySize))
      }
    guard element != 0 else { return .noEntry }
    unsafe giveBack(element, worker: worker)
    return nil
  }

  /// Takes the element of a key out of its bucket; 0 where there is none.
  @unsafe
  private func remove<Key: HashKey>(_ key: Key) -> UInt32 {
    unsafe remove(key.hash(seed)) {
      unsafe key.isEqual(to: $0)
    } read: { _ in
    }
  }

  /// Takes an element out of its bucket, after `read` looked at it; 0 where there is none that is wanted.
  @unsafe
  @inline(__always)
  func remove(
    _ hash: UInt64, where isWanted: (UnsafeMutableRawPointer) -> Bool, read: (UInt32) -> Void
  ) -> UInt32 {
    let bucket = unsafe bucket(bucketNumber(hash))
    var control = unsafe bucket.lock()
    guard let place = unsafe place(of: hash, in: bucket, control, where: isWanted) else {
      unsafe bucket.unlock(control)
      return 0
    }
    let element = unsafe place.element
    read(element)
    unsafe setAge(element, Age.free)
    var emptied: UInt32 = 0
    if unsafe bucket.overflow.pointee.load(ordering: .relaxed) == 0 {
      unsafe bucket.setTag(0, of: place.slot, in: &control)
    } else {
      unsafe emptied = fillGap(place, behind: bucket, &control)
    }
    unsafe bucket.unlock(HashBucket.counted(control))
    if emptied != 0 { unsafe giveBackOverflowBucket(emptied) }
    return element
  }

  /// Moves the last element of a chain into a place that becomes free, so that all buckets but the last are full.
  ///
  /// - Returns: the overflow bucket that has become empty and left the chain; 0 where none has.
  @unsafe
  @inline(never)
  private func fillGap(
    _ place: Place, behind first: HashBucket, _ control: inout UInt64
  ) -> UInt32 {
    var before = unsafe first
    var number = unsafe first.overflow.pointee.load(ordering: .relaxed)
    var last = unsafe overflowBucket(number)
    while true {
      let next = unsafe last.overflow.pointee.load(ordering: .relaxed)
      if next == 0 { break }
      unsafe (before, number, last) = (last, next, overflowBucket(next))
    }
    var lastControl = unsafe last.control.pointee.load(ordering: .relaxed)
    let tags = unsafe last.tags.pointee.load(ordering: .relaxed)
    let used = unsafe HashBucket.used(control: lastControl, tags: tags)
    let slot = used.first
    let element = unsafe last.element(slot).pointee.load(ordering: .relaxed)
    if unsafe element != place.element {
      let tag = unsafe last.tag(of: slot, control: lastControl, tags: tags)
      unsafe place.bucket.element(place.slot).pointee.store(element, ordering: .releasing)
      if unsafe place.bucket == first {
        unsafe first.setTag(tag, of: place.slot, in: &control)
      } else if unsafe place.bucket == last {
        unsafe last.setTag(tag, of: place.slot, in: &lastControl)
      } else {
        var word = unsafe place.bucket.control.pointee.load(ordering: .relaxed)
        unsafe place.bucket.setTag(tag, of: place.slot, in: &word)
        unsafe place.bucket.unlock(word)
      }
      // Who did not see the element in its new place must not miss it in the old one unnoticed.
      control = unsafe HashBucket.counted(control)
      unsafe first.publish(control)
    }
    unsafe last.setTag(0, of: slot, in: &lastControl)
    unsafe last.unlock(lastControl)
    var left = used
    left.removeFirst()
    guard left.isEmpty else { return 0 }
    unsafe before.overflow.pointee.store(0, ordering: .releasing)
    return number
  }

  // MARK: Overflow buckets

  @unsafe
  private func takeOverflowBucket() -> UInt32 {
    unsafe shared.pointee.overflowing.lock()
    defer { unsafe shared.pointee.overflowing.unlock() }
    let free = unsafe shared.pointee.freeOverflow.load(ordering: .relaxed)
    if free != 0 {
      let link = unsafe overflowBucket(free).overflow
      unsafe shared.pointee.freeOverflow.store(
        link.pointee.load(ordering: .relaxed), ordering: .relaxed)
      unsafe link.pointee.store(0, ordering: .relaxed)
      return free
    }
    return unsafe shared.pointee.usedOverflow.add(1, ordering: .relaxed).newValue
  }

  /// SAFETY: the bucket is empty and in no chain.
  @unsafe
  private func giveBackOverflowBucket(_ number: UInt32) {
    unsafe shared.pointee.overflowing.lock()
    defer { unsafe shared.pointee.overflowing.unlock() }
    let free = unsafe shared.pointee.freeOverflow.load(ordering: .relaxed)
    unsafe overflowBucket(number).overflow.pointee.store(free, ordering: .relaxed)
    unsafe shared.pointee.freeOverflow.store(number, ordering: .relaxed)
  }
}
