import BPFPlatform
import Synchronization

/// The elements of a `hash`, `percpu_hash`, `lru_hash` or `lru_percpu_hash`.
///
/// A lookup takes no lock and allocates nothing: it reads the bucket of the key (``HashBucket``, one cache line), compares the
/// key with those elements whose tag is that of its hash, and looks whether the bucket changed meanwhile. Only then
/// can an element it compared have been removed and used again; it begins anew, and after many times takes the lock, so that
/// it ends whatever others do. Changes hold the bucket's lock.
///
/// Elements, key and value side by side, lie in one range of memory at addresses that never change. A removed element stays
/// readable. Changing a value means putting a new element in the old one's place, as in the kernel: who
/// holds the old value goes on seeing it. Elements not in use are in pools (``ElementPool``).
@safe
final class HashTable: @unchecked Sendable {
  // `@unchecked`: buckets, keys and pools are atomic; values are the programs' to share.
  private let memory: MappedMemory
  let keySize: Int
  let keyShape: HashKeyShape
  let maxEntries: Int
  let slots: ValueSlots
  /// What values have that is not copied.
  private let layout: ValueLayout?
  /// Where in a value its spin lock is; nil where it has none.
  let lockOffset: Int?
  let elementStride: Int
  let seed: HashSeed
  let bucketCount: Int
  /// The buckets, and after them those that others overflow into, counted on.
  let buckets: UnsafeMutableRawPointer
  /// The elements, key and value (in a per-CPU map only the key), from number 0, which is none.
  let elements: UnsafeMutableRawPointer
  /// For each element in a pool the next one in it.
  let links: UnsafeMutablePointer<Atomic<UInt32>>
  /// For each element of an LRU map an ``Age``.
  let ages: UnsafeMutablePointer<Atomic<UInt8>>?
  let pools: UnsafeMutablePointer<ElementPool>
  let poolCount: Int
  /// In an LRU map with `BPF_F_NO_COMMON_LRU` the elements of each worker's pool; else nil.
  let elementsPerPool: Int?
  /// How many elements are taken or evicted at once.
  let batch: Int
  let shared: UnsafeMutablePointer<Shared>

  /// What all buckets share, in cache lines by what changes together.
  struct Shared: ~Copyable {
    /// The number of elements ever used: those after it are free too.
    let used = Atomic<UInt32>(0)
    /// Held while elements of other pools are taken.
    let stealing = SpinLock()
    private let padding0: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
      0, 0, 0, 0, 0, 0, 0
    )
    /// Held while the hand moves.
    let evicting = SpinLock()
    /// The element that the search for a victim looked at last.
    let hand = Atomic<UInt32>(0)
    private let padding1: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
      0, 0, 0, 0, 0, 0, 0
    )
    /// For the two that follow.
    let overflowing = SpinLock()
    /// The number of overflow buckets ever used.
    let usedOverflow = Atomic<UInt32>(0)
    /// The first free overflow bucket, the others linked through their overflow; 0 for none.
    let freeOverflow = Atomic<UInt32>(0)
  }

  /// What is known of an element's use, in an LRU map.
  enum Age {
    static let free: UInt8 = 0
    /// Not looked up since it was made or last passed over.
    static let old: UInt8 = 1
    static let young: UInt8 = 3
  }

  /// The entries for which there is a bucket: 10 × 64 / 100 of its slots, so that one in 100 entries overflows.
  private static let entriesPer10Buckets = 64
  private static let minimumPools = 8

  /// - Parameter workers: how many threads use the map, and in a per-CPU map the slots of an element.
  init(
    _ spec: MapSpec, workers: Int, limits: MapLimits
  ) throws(MapMemoryRefusal) {
    let isPerCPU = spec.kind == .perCPUHash || spec.kind == .lruPerCPUHash
    let isLRU = spec.kind == .lruHash || spec.kind == .lruPerCPUHash
    keySize = spec.keySize
    layout = ValueLayout(spec)
    lockOffset = spec.lockOffset
    keyShape = HashKeyShape(keySize: spec.keySize)
    seed = HashSeed(isRandom: !spec.flags.contains(.zeroSeed))
    if isLRU, spec.flags.contains(.noCommonLRU) {
      // As the kernel does, which gives all processors the same number.
      let each = (spec.maxEntries + workers - 1) / workers
      maxEntries = each * workers
      poolCount = workers
      // One more each, for changed values.
      elementsPerPool = each + 1
    } else {
      maxEntries = spec.maxEntries
      poolCount = max(workers, Self.minimumPools)
      elementsPerPool = nil
    }
    batch = max(1, min(16, maxEntries / (8 * poolCount)))
    bucketCount = max(
      1, (maxEntries * 10 + Self.entriesPer10Buckets - 1) / Self.entriesPer10Buckets)
    // All but the last bucket of a chain are full.
    let overflowCount = unsafe maxEntries / HashBucket.slots + 1
    // Element 0 is none; per-worker ranges are whole cache lines.
    let capacity = (maxEntries + poolCount + 1).roundedUpTo8
    let valueStride = spec.valueSize.roundedUpTo8
    let keyStride = spec.keySize.roundedUpTo8
    elementStride = isPerCPU ? keyStride : keyStride + valueStride
    guard capacity < 1 << 32 else { throw .overLimit(limits.maximumBytes) }

    var plan = MemoryLayoutPlan()
    let sharedOffset = plan.add(1, stride: MemoryLayout<Shared>.stride)
    let poolsOffset = plan.add(poolCount, stride: MemoryLayout<ElementPool>.stride)
    let bucketsOffset = unsafe plan.add(bucketCount + overflowCount, stride: HashBucket.size)
    let elementsOffset = plan.add(capacity, stride: elementStride)
    let linksOffset = plan.add(capacity, stride: 4)
    let agesOffset = plan.add(isLRU ? capacity : 0, stride: 1)
    let valuesOffset = plan.add(isPerCPU ? capacity : 0, stride: valueStride)
    if isPerCPU { for _ in 1..<workers { _ = plan.add(capacity, stride: valueStride) } }
    memory = try MappedMemory(plan, limits: limits)
    // Keys are all over the table: large pages save most of the address translations.
    if !spec.flags.contains(.noPreallocation) { memory.preferLargePages() }

    // SAFETY: the plan gave each part its range; zeroed memory is what atomics and locks begin as.
    let base = unsafe memory.base
    unsafe shared = (base + sharedOffset).assumingMemoryBound(to: Shared.self)
    unsafe pools = (base + poolsOffset).assumingMemoryBound(to: ElementPool.self)
    unsafe buckets = base + bucketsOffset
    unsafe elements = base + elementsOffset
    unsafe links = (base + linksOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
    unsafe ages = isLRU ? (base + agesOffset).assumingMemoryBound(to: Atomic<UInt8>.self) : nil
    if isPerCPU {
      unsafe slots = ValueSlots(
        base: base + valuesOffset, valueSize: spec.valueSize, stride: valueStride,
        workerStride: capacity * valueStride, workers: workers,
        layout: layout.map(Unmanaged.passUnretained))
    } else {
      unsafe slots = ValueSlots(
        base: base + (elementsOffset + keyStride), valueSize: spec.valueSize,
        stride: elementStride, workerStride: 0, workers: 1,
        layout: layout.map(Unmanaged.passUnretained))
    }
    for index in 0..<poolCount {
      let pool = unsafe pools + index
      if let elementsPerPool {
        let first = UInt32(index * elementsPerPool + 1)
        unsafe pool.pointee.setFresh(first + 1..<first + UInt32(elementsPerPool))
        unsafe pool.pointee.spare.store(first, ordering: .relaxed)
      } else {
        unsafe pool.pointee.spare.store(UInt32(maxEntries + 1 + index), ordering: .relaxed)
      }
    }
  }

  /// The number of elements, spares and the unused element 0 included; a multiple of 8.
  var capacity: Int { (maxEntries + poolCount + 1).roundedUpTo8 }

  /// The number of slots from ``ValueSlots/base`` on, every worker's.
  var slotCount: Int { slots.isPerWorker ? capacity * slots.workers : capacity }

  // SAFETY (whole type): element and bucket numbers are only ever written from those there are; keys given have `keySize`
  // bytes.

  @unsafe
  @inline(__always)
  func key(_ number: UInt32) -> UnsafeMutableRawPointer {
    unsafe elements + Int(number) &* elementStride
  }

  @inline(__always)
  func bucketNumber(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: ((hash &>> 32) &* UInt64(truncatingIfNeeded: bucketCount)) &>> 32)
  }

  @unsafe
  @inline(__always)
  func bucket(_ number: Int) -> HashBucket {
    unsafe HashBucket(buckets + number &* HashBucket.size)
  }

  /// The overflow bucket of a number, which counts from 1.
  @unsafe
  @inline(__always)
  func overflowBucket(_ number: UInt32) -> HashBucket {
    unsafe bucket(bucketCount &+ Int(number) &- 1)
  }

  /// The byte of a hash that a slot has; not 0.
  @inline(__always)
  static func tag(_ hash: UInt64) -> UInt8 { max(UInt8(truncatingIfNeeded: hash), 1) }
}
