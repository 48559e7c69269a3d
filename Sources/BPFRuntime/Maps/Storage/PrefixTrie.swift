import Synchronization

/// The elements of an `lpm_trie`: a binary trie whose paths are compressed (Documentation/bpf/map_lpm_trie.rst of the
/// kernel).
///
/// A key is a prefix length of 4 bytes in host order and data, its first bit the highest of the first byte. A lookup
/// takes no lock: changes, one at a time, are counted before and after, and a walk during which the count changed is
/// repeated. Nodes lie in one range of memory, longer values in another, at addresses that never change; a removed node stays
/// readable.
///
/// Tables and buckets over the trie save a lookup most of the walk (``PrefixTable``): the trie alone would do.
@safe
final class PrefixTrie: @unchecked Sendable {
  // `@unchecked`: what is in nodes is atomic; what a walk reads of a node that changes meanwhile is thrown away.
  private let memory: MappedMemory
  let maxEntries: Int
  /// The data bytes of a key, at most 256.
  let dataSize: Int
  let slots: ValueSlots
  /// The 8-byte words of a node's data.
  let words: Int
  let nodeStride: Int
  /// The nodes, from number 0, which is none. First those with values, among them a spare; then the forks.
  let nodes: UnsafeMutableRawPointer
  /// The slots of the root table, for the first ``rootBits`` bits of the data.
  let rootSlots: UnsafeMutablePointer<Atomic<UInt64>>
  /// 8 or 16.
  let rootBits: Int
  /// The other tables, from number 1, each for 8 bits.
  let tables: UnsafeMutableRawPointer
  let tableCount: Int
  let tableStride: Int
  /// The buckets, from number 0, which is that of all empty slots, always empty.
  let buckets: UnsafeMutableRawPointer
  let bucketCount: Int
  let shared: UnsafeMutablePointer<Shared>

  /// What changes under the lock.
  struct Changes {
    var count = 0
    /// For nodes with values and for forks: the last number ever used, and the first free node, linked through child 0.
    var usedEntries: UInt32 = 0
    var usedForks: UInt32
    var freeEntry: UInt32 = 0
    var freeFork: UInt32 = 0
    /// The last table ever used, and the first free one, linked through its first slot.
    var usedTables: UInt32 = 0
    var freeTable: UInt32 = 0
    /// As for tables; linked through the first lane.
    var usedBuckets: UInt32 = 0
    var freeBucket: UInt32 = 0
  }

  struct Shared: ~Copyable {
    let root = Atomic<UInt32>(0)
    /// Odd while a change is under way.
    let version = Atomic<UInt64>(0)
    let changes: Mutex<Changes>

    init(_ changes: consuming Changes) { self.changes = Mutex(changes) }
  }

  init(
    keySize: Int, valueSize: Int, maxEntries: Int, limits: MapLimits
  ) throws(MapMemoryRefusal) {
    dataSize = keySize - 4
    words = dataSize.roundedUpTo8 / 8
    let header = 16 + 8 * words
    let stride = valueSize.roundedUpTo8
    // A short value lies beside its node, in the same cache line; forks waste the room of one.
    let isBeside = stride <= 16
    nodeStride = isBeside ? header + stride : words == 1 ? 32 : header
    rootBits = maxEntries >= 8192 && dataSize >= 2 ? 16 : 8
    tableCount = min(maxEntries / 8, 1 << 16)
    tableStride = unsafe PrefixTable.slotsOffset(words: words) + 256 * 8
    self.maxEntries = maxEntries
    var plan = MemoryLayoutPlan()
    // A fork has two children, so that there are fewer forks than entries, the spare one included.
    let nodesOffset = plan.add(2 * (maxEntries + 2), stride: nodeStride)
    let valuesOffset = plan.add(isBeside ? 0 : maxEntries + 2, stride: stride)
    let rootOffset = plan.add(1 << rootBits, stride: 8)
    let tablesOffset = plan.add(tableCount, stride: tableStride)
    // None is empty but number 0, and no entry is in two: enough for all but the largest tries, whose lookups walk where
    // there are no more.
    bucketCount = min(maxEntries, 1 << 22)
    let bucketsOffset = unsafe plan.add(bucketCount + 1, stride: PrefixBucket.size)
    guard maxEntries < PrefixTable.Slot.numberLimit / 2 - 2 else {
      throw .overLimit(limits.maximumBytes)
    }
    memory = try MappedMemory(plan, limits: limits)
    if maxEntries >= 8192 { memory.preferLargePages() }
    unsafe nodes = memory.base + nodesOffset
    unsafe rootSlots = (memory.base + rootOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
    unsafe tables = memory.base + tablesOffset
    unsafe buckets = memory.base + bucketsOffset
    unsafe slots = ValueSlots(
      base: isBeside ? memory.base + (nodesOffset + header) : memory.base + valuesOffset,
      valueSize: valueSize, stride: isBeside ? nodeStride : stride, workerStride: 0, workers: 1)
    unsafe shared = .allocate(capacity: 1)
    unsafe shared.initialize(to: Shared(Changes(usedForks: UInt32(maxEntries) + 1)))
  }

  deinit {
    unsafe shared.deinitialize(count: 1)
    unsafe shared.deallocate()
  }

  /// The longest prefix in bits.
  var maximumLength: Int { dataSize * 8 }

  /// The number of value slots, that of node 0 and of the spare included.
  var slotCount: Int { maxEntries + 2 }

  // MARK: Nodes

  // SAFETY (whole type): a node's number is at most `2 * maxEntries + 3`, since links are only ever written from such
  // numbers; keys given have `4 + dataSize` bytes; data is read in whole words of a node, and within `dataSize` of a key.

  /// Whether a node only joins two subtries.
  @inline(__always)
  func isFork(_ node: UInt32) -> Bool { Int(node) > maxEntries + 1 }

  @unsafe
  @inline(__always)
  func node(_ node: UInt32) -> UnsafeMutableRawPointer {
    unsafe nodes + Int(node) &* nodeStride
  }

  @unsafe
  @inline(__always)
  func child(_ node: UInt32, _ side: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (self.node(node) + 4 &* side).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  @unsafe
  @inline(__always)
  func length(_ node: UInt32) -> Int {
    unsafe Int(truncatingIfNeeded: loadShared(self.node(node), 8))
  }

  @unsafe
  @inline(__always)
  func word(_ node: UInt32, _ index: Int) -> UInt64 {
    unsafe loadShared(self.node(node), 16 &+ 8 &* index)
  }

  @unsafe
  @inline(__always)
  static func length(ofKey key: UnsafeRawPointer) -> Int {
    unsafe Int(key.loadUnaligned(as: UInt32.self))
  }

  /// A word of a key's data, its first bit highest; zero beyond the data.
  @unsafe
  @inline(__always)
  func keyWord(_ key: UnsafeRawPointer, _ index: Int) -> UInt64 {
    let data = unsafe key + 4
    if dataSize == 4 {
      return unsafe UInt64(UInt32(bigEndian: data.loadUnaligned(as: UInt32.self))) << 32
    }
    let start = index &* 8
    if start &+ 8 <= dataSize {
      return unsafe UInt64(
        bigEndian: data.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    }
    var word: UInt64 = 0
    for offset in start..<start + 8 {
      let byte = offset < dataSize ? unsafe data.load(fromByteOffset: offset, as: UInt8.self) : 0
      word = word << 8 | UInt64(byte)
    }
    return word
  }

  /// Bit `index` of a key's data; 0 beyond it.
  @unsafe
  @inline(__always)
  func bit(ofKey key: UnsafeRawPointer, _ index: Int) -> Int {
    guard index < maximumLength else { return 0 }
    let byte = unsafe key.load(fromByteOffset: 4 &+ index >> 3, as: UInt8.self)
    return Int(byte >> UInt8(7 &- index & 7) & 1)
  }

  @unsafe
  func bit(ofNode node: UInt32, _ index: Int) -> Int {
    guard index < maximumLength else { return 0 }
    return Int(unsafe word(node, index >> 6) >> UInt64(63 - index & 63) & 1)
  }

  /// How many bits a node's prefix and a key's have in common.
  @unsafe
  @inline(__always)
  func matchLength(_ node: UInt32, _ key: UnsafeRawPointer, _ keyLength: Int) -> Int {
    let limit = unsafe min(length(node), keyLength)
    var index = 0
    while index &* 64 < limit {
      let difference = unsafe word(node, index) ^ keyWord(key, index)
      if difference != 0 { return min(limit, index &* 64 &+ difference.leadingZeroBitCount) }
      index &+= 1
    }
    return limit
  }

  // MARK: Lookup

  /// The value of the longest prefix that begins as the key does.
  ///
  /// - Complexity: O(*b*), *b* the bits of the key; typically one step for each 8 bits in which prefixes differ.
  @unsafe
  @inline(__always)
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    let keyLength = unsafe Self.length(ofKey: key)
    let node: UInt32
    if keyLength == maximumLength {
      let before = unsafe shared.pointee.version.load(ordering: .acquiring)
      let found = unsafe findThroughTables(key)
      atomicMemoryFence(ordering: .acquiring)
      if unsafe before & 1 == 0 && shared.pointee.version.load(ordering: .relaxed) == before {
        node = found
      } else {
        unsafe node = consistent { unsafe findThroughTables(key) }
      }
    } else {
      guard keyLength < maximumLength else { return nil }
      unsafe node = consistent { unsafe find(key, keyLength) }
    }
    return node == 0 ? nil : unsafe slots.address(Int(node), worker: 0)
  }

  /// What a walk gives that no change disturbed; after a few tries under the lock.
  @unsafe
  @inline(never)
  private func consistent(_ walk: () -> UInt32) -> UInt32 {
    var turns = 0
    for _ in 0..<64 {
      let before = unsafe shared.pointee.version.load(ordering: .acquiring)
      guard before & 1 == 0 else {
        waitTurn(&turns)
        continue
      }
      let result = walk()
      atomicMemoryFence(ordering: .acquiring)
      if unsafe shared.pointee.version.load(ordering: .relaxed) == before { return result }
    }
    return unsafe shared.pointee.changes.withLock { _ in walk() }
  }

  @unsafe
  private func find(_ key: UnsafeRawPointer, _ keyLength: Int) -> UInt32 {
    unsafe walk(
      key, keyLength, from: shared.pointee.root.load(ordering: .acquiring), best: 0)
  }

  /// The longest prefix of a key among a node and those below; `best` where there is none.
  @unsafe
  @inline(__always)
  func walk(
    _ key: UnsafeRawPointer, _ keyLength: Int, from first: UInt32, best: UInt32
  ) -> UInt32 {
    var found = best
    var current = first
    // Prefixes grow along a path, unless it changes meanwhile.
    var previous = -1
    while current != 0 {
      let length = unsafe length(current)
      guard length > previous else { break }
      let match = unsafe matchLength(current, key, keyLength)
      if match < length { break }
      if !isFork(current) { found = current }
      if length == keyLength { break }
      previous = length
      unsafe current = child(current, bit(ofKey: key, length)).pointee.load(ordering: .acquiring)
    }
    return isFork(found) ? 0 : found
  }
}
