import Synchronization

// SAFETY (whole file): as for HashTable.

extension HashTable {
  /// The value of a key for a program on a worker. In an LRU map the element counts as used.
  @unsafe
  @inline(__always)
  func lookup(_ key: UnsafeRawPointer, worker: Int) -> UnsafeMutableRawPointer? {
    let element = unsafe find(key)
    guard element != 0 else { return nil }
    if let ages = unsafe ages {
      let age = unsafe ages + Int(element)
      if unsafe age.pointee.load(ordering: .relaxed) == Age.old {
        // An element that is freed meanwhile must not look used.
        _ = unsafe age.pointee.compareExchange(
          expected: Age.old, desired: Age.young, ordering: .relaxed)
      }
    }
    return unsafe slots.address(Int(element), worker: worker)
  }

  /// The element of a key; 0 where there is none.
  @unsafe
  @inline(__always)
  func find(_ key: UnsafeRawPointer) -> UInt32 {
    switch keyShape {
    case .eight: return unsafe find(WordKey(eight: key))
    case .four: return unsafe find(WordKey(four: key))
    case .word: return unsafe find(WordKey(key, size: keySize))
    case .pair: return unsafe find(WordPairKey(key, size: keySize))
    case .long: return unsafe find(LongKey(key, size: keySize))
    }
  }

  @unsafe
  @inline(__always)
  private func find<Key: HashKey>(_ key: Key) -> UInt32 {
    let hash = unsafe key.hash(seed)
    let bucket = unsafe bucket(bucketNumber(hash))
    let control = unsafe bucket.control.pointee.load(ordering: .acquiring)
    let tags = unsafe bucket.tags.pointee.load(ordering: .acquiring)
    var matches = unsafe HashBucket.matches(Self.tag(hash), control: control, tags: tags)
    while !matches.isEmpty {
      let element = unsafe bucket.element(matches.first).pointee.load(ordering: .acquiring)
      if unsafe key.isEqual(to: self.key(element)) {
        return unsafe isUnchanged(bucket, control) ? element : findAgain(key, hash)
      }
      matches.removeFirst()
    }
    if unsafe bucket.overflow.pointee.load(ordering: .relaxed) == 0,
      unsafe isUnchanged(bucket, control)
    {
      return 0
    }
    return unsafe findAgain(key, hash)
  }

  /// Whether nobody ended a change of a bucket since its control word was loaded.
  ///
  /// An element leaves its bucket before the change ends, and is used again only after.
  @unsafe
  @inline(__always)
  private func isUnchanged(_ bucket: HashBucket, _ control: UInt64) -> Bool {
    atomicMemoryFence(ordering: .acquiring)
    let now = unsafe bucket.control.pointee.load(ordering: .relaxed)
    return unsafe HashBucket.version(now) == HashBucket.version(control)
  }

  /// Goes on where the bucket overflows or changed: as often as others change it, but not without end.
  @unsafe
  @inline(never)
  private func findAgain<Key: HashKey>(_ key: Key, _ hash: UInt64) -> UInt32 {
    let bucket = unsafe bucket(bucketNumber(hash))
    for _ in 0..<64 {
      let control = unsafe bucket.control.pointee.load(ordering: .acquiring)
      if let element = unsafe walk(bucket, control, key, hash) { return element }
    }
    let control = unsafe bucket.lock()
    defer { unsafe bucket.unlock(control) }
    return unsafe walk(bucket, bucket.control.pointee.load(ordering: .relaxed), key, hash) ?? 0
  }

  /// The element of a key in a bucket and those after it; nil where they changed meanwhile.
  @unsafe
  private func walk<Key: HashKey>(
    _ first: HashBucket, _ version: UInt64, _ key: Key, _ hash: UInt64
  ) -> UInt32? {
    var bucket = unsafe first
    while true {
      let control = unsafe bucket.control.pointee.load(ordering: .acquiring)
      let tags = unsafe bucket.tags.pointee.load(ordering: .acquiring)
      var matches = unsafe HashBucket.matches(Self.tag(hash), control: control, tags: tags)
      while !matches.isEmpty {
        let element = unsafe bucket.element(matches.first).pointee.load(ordering: .acquiring)
        if unsafe key.isEqual(to: self.key(element)) {
          return unsafe isUnchanged(first, version) ? element : nil
        }
        matches.removeFirst()
      }
      let next = unsafe bucket.overflow.pointee.load(ordering: .acquiring)
      // A bucket that left the chain may be in another one by now.
      guard unsafe isUnchanged(first, version) else { return nil }
      if next == 0 { return 0 }
      unsafe bucket = overflowBucket(next)
    }
  }

  /// A key's hash.
  @unsafe
  @inline(__always)
  func hash(of key: UnsafeRawPointer) -> UInt64 {
    switch keyShape {
    case .eight: unsafe WordKey(eight: key).hash(seed)
    case .four: unsafe WordKey(four: key).hash(seed)
    case .word: unsafe WordKey(key, size: keySize).hash(seed)
    case .pair: unsafe WordPairKey(key, size: keySize).hash(seed)
    case .long: unsafe LongKey(key, size: keySize).hash(seed)
    }
  }

  /// The hash of the key an element has, which may change meanwhile.
  @unsafe
  func hash(ofElement number: UInt32) -> UInt64 {
    let element = unsafe self.key(number)
    return switch keyShape {
    case .eight, .four, .word: unsafe WordKey(element: element).hash(seed)
    case .pair: unsafe WordPairKey(element: element).hash(seed)
    case .long: unsafe LongKey.hash(seed, size: keySize) { unsafe loadShared(element, $0) }
    }
  }
}
