import Synchronization

/// The elements of a `hash`, `percpu_hash` or `lru_hash`.
///
/// A lookup takes no lock and allocates nothing. It walks the chain of the key's bucket, whose links are element
/// numbers; the last link names the bucket, so that a walk that strayed into another chain, because its element was
/// removed and used again meanwhile, is noticed and begins anew. Changes hold the lock of the bucket's stripe.
///
/// Elements lie in one range of memory, their values in another, at addresses that never change. A removed element stays
/// readable. Changing a value means putting a new element in the old one's place, as in the kernel: who
/// holds the old value goes on seeing it. For that each stripe keeps a spare element.
@safe
final class HashTable: @unchecked Sendable {
  // `@unchecked`: links and hashes are atomic; keys change only while an element is in no chain; values are the
  // programs' to share.
  private let memory: MappedMemory
  let keySize: Int
  let maxEntries: Int
  let slots: ValueSlots
  /// The bytes of an element: its link, its hash, and its key padded to 8.
  let elementStride: Int
  let bucketMask: UInt32
  let stripeMask: UInt32
  let seed: (UInt64, UInt64)
  /// The first link of each bucket; 0 where it never had any.
  let heads: UnsafeMutablePointer<Atomic<UInt32>>
  /// The elements, from number 0, which is none.
  let elements: UnsafeMutableRawPointer
  /// For each element of an `lru_hash` an ``Age``.
  let ages: UnsafeMutablePointer<Atomic<UInt8>>?
  let stripes: UnsafeMutablePointer<Stripe>
  let shared: UnsafeMutablePointer<Shared>

  /// A group of buckets that changes under one lock, with a cache line of its own.
  struct Stripe: ~Copyable {
    /// The lock, and the number of the stripe's spare element.
    let spare: Mutex<UInt32>
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
      0, 0, 0, 0, 0, 0, 0
    )

    init(spare: UInt32) { self.spare = Mutex(spare) }
  }

  /// What all stripes share.
  struct Shared: ~Copyable {
    /// The first free element in the low half; in the high half a count of changes, so that a change behind one's back
    /// is noticed. Free elements are linked through their hashes.
    let free = Atomic<UInt64>(0)
    /// The number of elements ever used: those after it are free too.
    let used = Atomic<UInt32>(0)
    /// Where the search for a victim goes on.
    let hand = Mutex<UInt32>(0)
  }

  /// What is known of an element's use, in an `lru_hash`.
  enum Age {
    static let free: UInt8 = 0
    /// Not looked up since it was made or last passed over.
    static let old: UInt8 = 1
    static let young: UInt8 = 3
  }

  /// The mark of the link that ends a chain; the bucket's number is in the other bits.
  static let end: UInt32 = 1 << 31
  private static let maximumStripes = 256

  /// - Parameter workers: how many slots an element has; nil where all workers share one.
  init(
    keySize: Int, valueSize: Int, maxEntries: Int, workers: Int?, isLRU: Bool, isSeeded: Bool,
    limits: MapLimits
  ) throws(MapMemoryRefusal) {
    var buckets = 1
    while buckets < maxEntries { buckets *= 2 }
    let stripeCount = min(buckets, Self.maximumStripes)
    // Element 0 is none; per-worker ranges are whole cache lines.
    let capacity = (maxEntries + stripeCount + 1).roundedUpTo8
    let valueStride = valueSize.roundedUpTo8
    let elementStride = 8 + keySize.roundedUpTo8
    var plan = MemoryLayoutPlan()
    let headsOffset = plan.add(buckets, stride: 4)
    let elementsOffset = plan.add(capacity, stride: elementStride)
    let agesOffset = plan.add(isLRU ? capacity : 0, stride: 1)
    let valuesOffset = plan.add(capacity, stride: valueStride)
    for _ in 1..<max(workers ?? 1, 1) { _ = plan.add(capacity, stride: valueStride) }
    // Links have 31 bits.
    guard capacity < Int(Self.end) else { throw .overLimit(limits.maximumBytes) }
    memory = try MappedMemory(plan, limits: limits)

    self.keySize = keySize
    self.maxEntries = maxEntries
    self.elementStride = elementStride
    bucketMask = UInt32(buckets - 1)
    stripeMask = UInt32(stripeCount - 1)
    var random = SystemRandomNumberGenerator()
    seed = isSeeded ? (random.next(), random.next() | 1) : (0x9e37_79b9_7f4a_7c15, 1)
    // SAFETY: the plan gave each part its range; zeroed memory is what the atomics begin as.
    unsafe heads = (memory.base + headsOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
    unsafe elements = memory.base + elementsOffset
    unsafe ages =
      isLRU ? (memory.base + agesOffset).assumingMemoryBound(to: Atomic<UInt8>.self) : nil
    unsafe slots = ValueSlots(
      base: memory.base + valuesOffset, valueSize: valueSize, stride: valueStride,
      workerStride: workers == nil ? 0 : capacity * valueStride, workers: workers ?? 1)
    unsafe stripes = .allocate(capacity: stripeCount)
    for index in 0..<stripeCount {
      unsafe (stripes + index).initialize(to: Stripe(spare: UInt32(maxEntries + 1 + index)))
    }
    unsafe shared = .allocate(capacity: 1)
    unsafe shared.initialize(to: Shared())
  }

  deinit {
    unsafe stripes.deinitialize(count: Int(stripeMask) + 1)
    unsafe stripes.deallocate()
    unsafe shared.deinitialize(count: 1)
    unsafe shared.deallocate()
  }

  /// The number of elements, spares and the unused element 0 included; a multiple of 8.
  var capacity: Int { (maxEntries + Int(stripeMask) + 2).roundedUpTo8 }

  /// The number of slots from ``ValueSlots/base`` on, every worker's.
  var slotCount: Int { slots.isPerWorker ? capacity * slots.workers : capacity }

  // MARK: Elements

  // SAFETY (whole type): an element's number is at most the capacity, since links are only ever written from such numbers;
  // keys given have `keySize` bytes.

  @unsafe
  @inline(__always)
  func link(_ element: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (elements + Int(element) &* elementStride).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// The hash of an element in a chain; the next free element of one that is free.
  @unsafe
  @inline(__always)
  func hash(_ element: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe link(element) + 1
  }

  @unsafe
  @inline(__always)
  func key(_ element: UInt32) -> UnsafeMutableRawPointer {
    unsafe elements + (Int(element) &* elementStride &+ 8)
  }

  // MARK: Lookup

  /// The element of a key; 0 where there is none.
  @unsafe
  @inline(__always)
  func find(_ key: UnsafeRawPointer, hash: UInt32) -> UInt32 {
    let bucket = hash & bucketMask
    while true {
      var current = unsafe heads[Int(bucket)].load(ordering: .acquiring)
      while current &- 1 < Self.end - 1 {
        if unsafe self.hash(current).pointee.load(ordering: .relaxed) == hash,
          unsafe isEqual(self.key(current), key)
        {
          return current
        }
        current = unsafe link(current).pointee.load(ordering: .acquiring)
      }
      if current == 0 || current == Self.end | bucket { return 0 }
    }
  }

  /// The value of a key for a program on a worker. In an `lru_hash` the element counts as used.
  @unsafe
  @inline(__always)
  func lookup(_ key: UnsafeRawPointer, worker: Int) -> UnsafeMutableRawPointer? {
    let element = unsafe find(key, hash: hash(of: key))
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

  // MARK: Keys

  @unsafe
  @inline(__always)
  func isEqual(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Bool {
    switch keySize {
    case 4:
      return unsafe left.load(as: UInt32.self) == right.loadUnaligned(as: UInt32.self)
    case 8:
      return unsafe left.load(as: UInt64.self) == right.loadUnaligned(as: UInt64.self)
    default:
      return unsafe isEqualWords(left, right)
    }
  }

  @unsafe
  private func isEqualWords(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Bool {
    var offset = 0
    while offset + 8 <= keySize {
      guard
        unsafe left.load(fromByteOffset: offset, as: UInt64.self)
          == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      else { return false }
      offset += 8
    }
    while offset < keySize {
      guard
        unsafe left.load(fromByteOffset: offset, as: UInt8.self)
          == right.load(fromByteOffset: offset, as: UInt8.self)
      else { return false }
      offset += 1
    }
    return true
  }

  @unsafe
  @inline(__always)
  func hash(of key: UnsafeRawPointer) -> UInt32 {
    switch keySize {
    case 4: unsafe finish(UInt64(key.loadUnaligned(as: UInt32.self)) ^ seed.0)
    case 8: unsafe finish(key.loadUnaligned(as: UInt64.self) ^ seed.0)
    default: unsafe hashWords(key)
    }
  }

  @unsafe
  private func hashWords(_ key: UnsafeRawPointer) -> UInt32 {
    var state = seed.0
    var offset = 0
    while offset + 8 <= keySize {
      let word = unsafe key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      state = mix(state ^ word, 0xa076_1d64_78bd_642f ^ seed.1)
      offset += 8
    }
    var tail: UInt64 = 0
    while offset < keySize {
      tail = tail << 8 | UInt64(unsafe key.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    return finish(state ^ tail)
  }

  /// Both halves of a product, folded.
  @inline(__always)
  private func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  @inline(__always)
  private func finish(_ state: UInt64) -> UInt32 {
    let mixed = mix(state, 0xe703_7ed1_a0b4_28db ^ seed.1)
    return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
  }
}
