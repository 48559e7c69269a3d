import Synchronization

// SAFETY (whole file): as for HashTable. The host copies keys and values while it holds the stripe, so that what it gets is
// what one update wrote.

extension HashTable {
  @unsafe
  func get(_ key: UnsafeRawPointer) -> [UInt8]? {
    let hash = unsafe hash(of: key)
    return unsafe withStripe(of: hash) { _ in
      let element = unsafe find(key, hash: hash)
      return element == 0 ? nil : unsafe slots.read(Int(element))
    }
  }

  /// The key of an element.
  @unsafe
  private func copyKey(_ element: UInt32) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: key(element), count: keySize))
  }

  /// The key after another in the order of buckets; the first where that key is not there (any more).
  @unsafe
  func nextKey(after key: UnsafeRawPointer?) -> [UInt8]? {
    var bucket: UInt32 = 0
    if let key = unsafe key {
      let hash = unsafe hash(of: key)
      let (isThere, next) = unsafe withStripe(of: hash) { _ -> (Bool, [UInt8]?) in
        let element = unsafe find(key, hash: hash)
        guard element != 0 else { return (false, nil) }
        let next = unsafe link(element).pointee.load(ordering: .relaxed)
        return (true, isElement(next) ? unsafe copyKey(next) : nil)
      }
      if let next { return next }
      if isThere { bucket = (hash & bucketMask) + 1 }
    }
    while bucket <= bucketMask {
      if unsafe isElement(heads[Int(bucket)].load(ordering: .relaxed)) {
        let first = unsafe withStripe(of: bucket) { _ -> [UInt8]? in
          let first = unsafe heads[Int(bucket)].load(ordering: .relaxed)
          return isElement(first) ? unsafe copyKey(first) : nil
        }
        if let first { return first }
      }
      bucket += 1
    }
    return nil
  }

  /// Appends the elements of a bucket as it is at one moment.
  @unsafe
  func appendElements(ofBucket bucket: UInt32, to elements: inout [UInt32]) {
    guard unsafe isElement(heads[Int(bucket)].load(ordering: .relaxed)) else { return }
    unsafe withStripe(of: bucket) { _ in
      var current = unsafe heads[Int(bucket)].load(ordering: .relaxed)
      while isElement(current) {
        elements.append(current)
        current = unsafe link(current).pointee.load(ordering: .relaxed)
      }
    }
  }

  private func isElement(_ link: UInt32) -> Bool { link &- 1 < Self.end - 1 }

  /// Calls `body` with all entries, bucket by bucket; each bucket as it is at one moment.
  func forEach(_ body: ([UInt8], [UInt8]) -> Void) {
    for bucket in 0...bucketMask {
      guard unsafe isElement(heads[Int(bucket)].load(ordering: .relaxed)) else { continue }
      let entries = unsafe withStripe(of: bucket) { _ in
        var entries: [([UInt8], [UInt8])] = []
        var current = unsafe heads[Int(bucket)].load(ordering: .relaxed)
        while isElement(current) {
          unsafe entries.append((copyKey(current), slots.read(Int(current))))
          current = unsafe link(current).pointee.load(ordering: .relaxed)
        }
        return entries
      }
      for (key, value) in entries { body(key, value) }
    }
  }
}
