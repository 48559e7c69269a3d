import Synchronization

/// Elements of a hash table that are not in use, for one worker at a time; all zeros where there are none.
///
/// Whoever holds the lock changes the rest; others only look. A pool's lock is taken before a bucket's, never while one is
/// held. Who holds ``HashTable/Shared/stealing`` may take a second pool's lock.
struct ElementPool: ~Copyable {
  let lock = SpinLock()
  /// The first element that was used before, the others linked behind it; 0 for none.
  let first = Atomic<UInt32>(0)
  /// The number of elements linked.
  let count = Atomic<UInt32>(0)
  /// Elements never used: from one number up to another.
  let freshStart = Atomic<UInt32>(0)
  let freshEnd = Atomic<UInt32>(0)
  /// The element that takes the place of the next one whose value changes; there always is one.
  let spare = Atomic<UInt32>(0)
  /// With `BPF_F_NO_COMMON_LRU`, where in the pool's range the search for a victim goes on.
  let hand = Atomic<UInt32>(0)
  private let padding: (UInt32, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)

  func setFresh(_ range: Range<UInt32>) {
    freshStart.store(range.lowerBound, ordering: .relaxed)
    freshEnd.store(range.upperBound, ordering: .relaxed)
  }

  /// Moves all elements of another pool, whose lock is held too, into this one, which has none.
  @unsafe
  func takeAll(of other: UnsafeMutablePointer<ElementPool>) {
    first.store(unsafe other.pointee.first.exchange(0, ordering: .relaxed), ordering: .relaxed)
    count.store(unsafe other.pointee.count.exchange(0, ordering: .relaxed), ordering: .relaxed)
    let start = unsafe other.pointee.freshStart.load(ordering: .relaxed)
    let end = unsafe other.pointee.freshEnd.load(ordering: .relaxed)
    setFresh(start..<end)
    unsafe other.pointee.setFresh(0..<0)
  }

  /// How many elements there are to take.
  var available: Int {
    let fresh = Int(freshEnd.load(ordering: .relaxed)) - Int(freshStart.load(ordering: .relaxed))
    return Int(count.load(ordering: .relaxed)) + max(fresh, 0)
  }
}

// SAFETY (whole file): as for HashTable; pool numbers are less than the count.

extension HashTable {
  /// Takes the lock of a pool: a worker's own, or where it is taken, another one.
  @unsafe
  @inline(__always)
  func lockPool(worker: Int) -> UnsafeMutablePointer<ElementPool> {
    let own = unsafe pools + (worker < poolCount ? worker : 0)
    if unsafe own.pointee.lock.tryLock() { return unsafe own }
    return unsafe lockAnyPool(worker: worker)
  }

  @unsafe
  @inline(never)
  private func lockAnyPool(worker: Int) -> UnsafeMutablePointer<ElementPool> {
    let first = worker < poolCount ? worker : 0
    var turns = 0
    while true {
      for step in 0..<(elementsPerPool == nil ? poolCount : 1) {
        let pool = unsafe pools + (first + step) % poolCount
        if unsafe pool.pointee.lock.tryLock() { return unsafe pool }
      }
      waitTurn(&turns)
    }
  }

  /// An element of a pool whose lock is held; 0 where it has none.
  @unsafe
  @inline(__always)
  func take(_ pool: UnsafeMutablePointer<ElementPool>) -> UInt32 {
    let first = unsafe pool.pointee.first.load(ordering: .relaxed)
    if first != 0 {
      let next = unsafe links[Int(first)].load(ordering: .relaxed)
      unsafe pool.pointee.first.store(next, ordering: .relaxed)
      let count = unsafe pool.pointee.count.load(ordering: .relaxed)
      unsafe pool.pointee.count.store(count &- 1, ordering: .relaxed)
      return first
    }
    let fresh = unsafe pool.pointee.freshStart.load(ordering: .relaxed)
    guard unsafe fresh < pool.pointee.freshEnd.load(ordering: .relaxed) else { return 0 }
    unsafe pool.pointee.freshStart.store(fresh &+ 1, ordering: .relaxed)
    return fresh
  }

  /// Puts an element that is in no bucket, and was in none when a change last ended, into a pool whose lock is held.
  @unsafe
  @inline(__always)
  func put(_ number: UInt32, into pool: UnsafeMutablePointer<ElementPool>) {
    let first = unsafe pool.pointee.first.load(ordering: .relaxed)
    unsafe links[Int(number)].store(first, ordering: .relaxed)
    unsafe pool.pointee.first.store(number, ordering: .relaxed)
    let count = unsafe pool.pointee.count.load(ordering: .relaxed)
    unsafe pool.pointee.count.store(count &+ 1, ordering: .relaxed)
  }

  /// Puts a removed element where it can be used again.
  @unsafe
  @inline(__always)
  func giveBack(_ number: UInt32, worker: Int) {
    // A worker's own elements stay its own.
    let pool = unsafe lockPool(
      worker: elementsPerPool.map { (Int(number) - 1) / $0 } ?? worker)
    unsafe put(number, into: pool)
    unsafe pool.pointee.lock.unlock()
  }

  /// Gets elements into an empty pool whose lock is held; false where all are in use.
  @unsafe
  @inline(never)
  func refill(_ pool: UnsafeMutablePointer<ElementPool>) -> Bool {
    if elementsPerPool == nil {
      var used = unsafe shared.pointee.used.load(ordering: .relaxed)
      while Int(used) < maxEntries {
        let end = min(Int(used) + batch, maxEntries)
        let result = unsafe shared.pointee.used.weakCompareExchange(
          expected: used, desired: UInt32(end), ordering: .relaxed)
        if result.exchanged {
          unsafe pool.pointee.setFresh(used + 1..<UInt32(end) + 1)
          return true
        }
        used = result.original
      }
    }
    guard unsafe ages != nil else { return unsafe steal(pool, above: 0) }
    // Others' elements are worth more than their owners' peace only where they have many.
    if elementsPerPool == nil, unsafe hasElements(above: batch - 1) {
      if unsafe steal(pool, above: batch - 1) { return true }
    }
    if unsafe evict(into: pool) { return true }
    return unsafe elementsPerPool == nil && steal(pool, above: 0)
  }

  @unsafe
  private func hasElements(above count: Int) -> Bool {
    for index in 0..<poolCount where unsafe pools[index].available > count { return true }
    return false
  }

  /// Takes what another pool has, more than `count`, into one whose lock is held.
  @unsafe
  private func steal(_ pool: UnsafeMutablePointer<ElementPool>, above count: Int) -> Bool {
    // Only one at a time holds two pools: nobody misses elements because they are on their way.
    unsafe pool.pointee.lock.unlock()
    unsafe shared.pointee.stealing.lock()
    unsafe pool.pointee.lock.lock()
    defer { unsafe shared.pointee.stealing.unlock() }
    if unsafe pool.pointee.available > 0 { return true }
    for index in 0..<poolCount {
      let other = unsafe pools + index
      if unsafe other == pool { continue }
      unsafe other.pointee.lock.lock()
      defer { unsafe other.pointee.lock.unlock() }
      guard unsafe other.pointee.available > count else { continue }
      unsafe pool.pointee.takeAll(of: other)
      return true
    }
    return false
  }
}
