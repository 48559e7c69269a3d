import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// SAFETY (whole file): as for HashTable. The host copies keys and values while it holds the bucket, so that what it gets is
// what one update wrote.

extension HashTable {
  @unsafe
  private func withBucket<Result>(
    of hash: UInt64, _ body: (HashBucket, UInt64) -> Result
  ) -> Result {
    let bucket = unsafe bucket(bucketNumber(hash))
    let control = unsafe bucket.lock()
    defer { unsafe bucket.unlock(control) }
    return unsafe body(bucket, control)
  }

  @unsafe
  func get(_ key: UnsafeRawPointer, isLocking: Bool = false) -> [UInt8]? {
    let hash = unsafe hash(of: key)
    return unsafe withBucket(of: hash) { bucket, control in
      unsafe place(of: hash, in: bucket, control) { unsafe isEqual($0, key) }
        .map { unsafe slots.read(Int($0.element), lockOffset: isLocking ? lockOffset : nil) }
    }
  }

  /// Removes an entry and gives its value as it was then.
  @unsafe
  func take(_ key: UnsafeRawPointer, isLocking: Bool) -> [UInt8]? {
    var value: [UInt8]?
    let element = unsafe remove(hash(of: key)) {
      unsafe isEqual($0, key)
    } read: { element in
      unsafe value = slots.read(Int(element), lockOffset: isLocking ? lockOffset : nil)
    }
    if element != 0 { unsafe giveBack(element, worker: 0) }
    return value
  }

  @unsafe
  private func isEqual(_ element: UnsafeMutableRawPointer, _ key: UnsafeRawPointer) -> Bool {
    unsafe UnsafeRawBufferPointer(start: element, count: keySize)
      .elementsEqual(UnsafeRawBufferPointer(start: key, count: keySize))
  }

  /// The key of an element.
  @unsafe
  private func copyKey(_ number: UInt32) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: key(number), count: keySize))
  }

  /// Calls `body` with the elements of a locked bucket and of those behind it, in order, until it returns false.
  @unsafe
  private func forEachElement(
    in bucket: HashBucket, _ control: UInt64, _ body: (UInt32) -> Bool
  ) {
    var bucket = unsafe bucket
    var control = control
    while true {
      let tags = unsafe bucket.tags.pointee.load(ordering: .relaxed)
      var used = unsafe HashBucket.used(control: control, tags: tags)
      while !used.isEmpty {
        if unsafe !body(bucket.element(used.first).pointee.load(ordering: .relaxed)) { return }
        used.removeFirst()
      }
      let next = unsafe bucket.overflow.pointee.load(ordering: .relaxed)
      if next == 0 { return }
      unsafe bucket = overflowBucket(next)
      unsafe control = bucket.control.pointee.load(ordering: .relaxed)
    }
  }

  /// The key after another in the order of buckets, and in a bucket in that of their bytes; the first where that key is not
  /// there (any more).
  ///
  /// What stays in the map is found by each walk from the first key to the last: elements change their slots when others
  /// go, so that the order of slots would not do.
  @unsafe
  func nextKey(after key: UnsafeRawPointer?) -> [UInt8]? {
    var number = 0
    if let key = unsafe key {
      let hash = unsafe hash(of: key)
      let (next, isThere) = unsafe withBucket(of: hash) { bucket, control in
        unsafe leastKey(in: bucket, control, after: key)
      }
      if let next { return next }
      if isThere { number = bucketNumber(hash) + 1 }
    }
    while number < bucketCount {
      let bucket = unsafe bucket(number)
      if unsafe bucket.isUsed {
        let control = unsafe bucket.lock()
        let first = unsafe leastKey(in: bucket, control, after: nil).key
        unsafe bucket.unlock(control)
        if let first { return first }
      }
      number += 1
    }
    return nil
  }

  /// The least key in a locked bucket and those behind it, or the least after another one where that is there; and whether
  /// it is.
  @unsafe
  private func leastKey(
    in bucket: HashBucket, _ control: UInt64, after key: UnsafeRawPointer?
  ) -> (key: [UInt8]?, isThere: Bool) {
    var least: UInt32?
    var isThere = unsafe key == nil
    unsafe forEachElement(in: bucket, control) { element in
      if let key = unsafe key {
        let order = unsafe memcmp(self.key(element), key, keySize)
        if order == 0 { isThere = true }
        if order <= 0 { return true }
      }
      if let found = least, unsafe memcmp(self.key(found), self.key(element), keySize) < 0 {
        return true
      }
      least = element
      return true
    }
    guard isThere, let least else { return (nil, isThere) }
    return unsafe (copyKey(least), true)
  }

  /// Appends the elements of a bucket as it is at one moment.
  @unsafe
  func appendElements(ofBucket number: UInt32, to elements: inout [UInt32]) {
    let bucket = unsafe bucket(Int(number))
    guard unsafe bucket.isUsed else { return }
    let control = unsafe bucket.lock()
    unsafe forEachElement(in: bucket, control) { element in
      elements.append(element)
      return true
    }
    unsafe bucket.unlock(control)
  }

  /// The entries of a bucket and of those behind it, at one moment.
  func entries(ofBucket number: Int, isLocking: Bool) -> [(key: [UInt8], value: [UInt8])] {
    let bucket = unsafe bucket(number)
    guard unsafe bucket.isUsed else { return [] }
    var entries: [(key: [UInt8], value: [UInt8])] = []
    let control = unsafe bucket.lock()
    unsafe forEachElement(in: bucket, control) { element in
      unsafe entries.append(
        (
          copyKey(element),
          slots.read(Int(element), lockOffset: isLocking ? lockOffset : nil)
        ))
      return true
    }
    unsafe bucket.unlock(control)
    return entries
  }

  /// Calls `body` with all entries, bucket by bucket; each bucket as it is at one moment.
  func forEach(_ body: ([UInt8], [UInt8]) -> Void) {
    var entries: [([UInt8], [UInt8])] = []
    for number in 0..<bucketCount {
      let bucket = unsafe bucket(number)
      guard unsafe bucket.isUsed else { continue }
      let control = unsafe bucket.lock()
      unsafe forEachElement(in: bucket, control) { element in
        unsafe entries.append((copyKey(element), slots.read(Int(element))))
        return true
      }
      unsafe bucket.unlock(control)
      for (key, value) in entries { body(key, value) }
      entries.removeAll(keepingCapacity: true)
    }
  }
}
