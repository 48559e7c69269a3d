import BPFPlatform

/// What the kernel refuses to create (`map_alloc_check` of each kind, and what `map_create` looks at before), in its order.
extension MapSpec {
  private static let accessFlags: MapFlags = [
    .readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms,
  ]
  /// The largest block the kernel's allocator gives.
  private static let maximumAllocation = 1 << 22
  /// What an element of the kernel's hash table takes beside key and value.
  private static let hashElementSize = 48
  /// The largest value of one CPU.
  static let maximumPerCPUValue = 32 << 10
  /// What a node of the kernel's trie takes beside its value, with the longest key.
  private static let trieNodeSize = 280
  static let pageSize = 4096

  func checkAttributes() throws(MapError) {
    for (size, what) in [(keySize, "key"), (valueSize, "value"), (maxEntries, "entry count")]
    where size < 0 || size > Int(UInt32.max) {
      throw refusal("\(what) \(size) is no 32-bit number")
    }
    guard extra == 0 || kind == .bloomFilter || kind == .arena else {
      throw refusal("map_extra is \(extra); \(kind.name) has none")
    }
    guard !flags.isSuperset(of: [.readOnly, .writeOnly]) else {
      throw refusal("the host may neither read nor write")
    }
    switch kind {
    case .hash, .perCPUHash, .lruHash, .lruPerCPUHash: try checkHash()
    case .array, .perCPUArray: try checkArray()
    case .programArray, .perfEventArray: try checkDescriptorArray()
    case .lpmTrie: try checkTrie()
    case .deviceMap: try checkDevices()
    case .ringBuffer: try checkRing()
    case .arrayOfMaps:
      try checkDescriptorArray()
      try checkInner()
    case .hashOfMaps:
      guard valueSize == 4 else {
        throw refusal("value_size is \(valueSize); descriptors have 4 bytes")
      }
      try checkHash()
      try checkInner()
    case .queue, .stack: try checkQueue()
    case .bloomFilter: try checkBloomFilter()
    case .cgroupArray: try checkDescriptorArray()
    case .userRingBuffer: try checkRing()
    case .stackTrace, .socketMap, .cpuMap, .xskMap, .socketHash, .cgroupStorage,
      .reuseportSocketArray, .perCPUCgroupStorage, .socketStorage, .deviceMapHash,
      .inodeStorage, .taskStorage, .cgroupLocalStorage, .arena, .instructionArray:
      try checkObjects()
    case .structOps, .resizableHash:
      throw MapError(map: name, reason: .unsupportedKind(kind.name))
    }
    try checkSpecialFields()
  }

  private func checkHash() throws(MapError) {
    try checkFlags(
      Self.accessFlags.union([.noPreallocation, .noCommonLRU, .numaNode, .zeroSeed]))
    let isLRU = kind == .lruHash || kind == .lruPerCPUHash
    let isPerCPU = kind == .perCPUHash || kind == .lruPerCPUHash
    if !isLRU, flags.contains(.noCommonLRU) {
      throw refusal("BPF_F_NO_COMMON_LRU is for LRU maps")
    }
    if isLRU, flags.contains(.noPreallocation) {
      throw refusal("LRU maps are always preallocated", .notSupported)
    }
    if flags.contains(.numaNode), isPerCPU || flags.contains(.noCommonLRU) {
      throw refusal("a per-CPU map is on all nodes: BPF_F_NUMA_NODE does not apply")
    }
    guard maxEntries > 0, keySize > 0, valueSize > 0 else {
      throw refusal("max_entries, key_size and value_size must not be 0")
    }
    guard keySize + valueSize < Self.maximumAllocation - Self.hashElementSize else {
      throw refusal(
        "key and value take \(keySize + valueSize) bytes, more than an element may", .tooBig)
    }
    try checkPerCPUValue(isPerCPU)
    guard maxEntries <= 1 << 31 else {
      throw refusal("max_entries \(maxEntries) is more than 2147483648", .tooBig)
    }
  }

  func checkArray() throws(MapError) {
    guard maxEntries > 0, keySize == 4, valueSize > 0 else {
      throw refusal("an array has 4-byte keys, a value_size and max_entries that are not 0")
    }
    try checkFlags(
      Self.accessFlags.union([.numaNode, .memoryMappable, .preserveElements, .innerMap]))
    if flags.contains(.numaNode), kind == .perCPUArray {
      throw refusal("a per-CPU map is on all nodes: BPF_F_NUMA_NODE does not apply")
    }
    if kind != .array, !flags.isDisjoint(with: [.memoryMappable, .innerMap]) {
      throw refusal("BPF_F_MMAPABLE and BPF_F_INNER_MAP are for arrays")
    }
    if kind != .perfEventArray, flags.contains(.preserveElements) {
      throw refusal("BPF_F_PRESERVE_ELEMS is for perf event arrays")
    }
    guard valueSize <= Int(Int32.max) else {
      throw refusal("value_size \(valueSize) is more than 2147483647", .tooBig)
    }
    try checkPerCPUValue(kind == .perCPUArray)
  }

  /// A program array or a perf event array: what user space stores are descriptors.
  private func checkDescriptorArray() throws(MapError) {
    guard valueSize == 4 else {
      throw refusal("value_size is \(valueSize); descriptors have 4 bytes")
    }
    guard flags.isDisjoint(with: [.readOnlyForPrograms, .writeOnlyForPrograms]) else {
      throw refusal("BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG are for maps with values")
    }
    try checkArray()
  }

  private func checkTrie() throws(MapError) {
    guard maxEntries > 0 else { throw refusal("max_entries must not be 0") }
    guard flags.contains(.noPreallocation) else {
      throw refusal("an lpm_trie must have BPF_F_NO_PREALLOC")
    }
    try checkFlags(Self.accessFlags.union([.noPreallocation, .numaNode]))
    guard (5...260).contains(keySize) else {
      throw refusal("key_size is \(keySize); a prefix has 4 bytes of length and 1 to 256 of data")
    }
    guard (1...Self.maximumAllocation - Self.trieNodeSize).contains(valueSize) else {
      throw refusal("value_size \(valueSize) is 0 or more than a node may hold")
    }
  }

  func checkDevices() throws(MapError) {
    guard maxEntries > 0, keySize == 4, valueSize == 4 || valueSize == 8 else {
      throw refusal(
        "a devmap has 4-byte keys, values of 4 or 8 bytes, and max_entries that is not 0")
    }
    try checkFlags([.numaNode, .readOnly, .writeOnly])
  }

  private func checkRing() throws(MapError) {
    try checkFlags(.numaNode)
    guard keySize == 0, valueSize == 0 else {
      throw refusal("a ring buffer has neither keys nor values")
    }
    guard maxEntries > 0, maxEntries & (maxEntries - 1) == 0, maxEntries % Self.pageSize == 0
    else {
      throw refusal(
        "max_entries \(maxEntries) is no power of two that is a multiple of \(Self.pageSize)")
    }
  }

  private func checkQueue() throws(MapError) {
    guard maxEntries > 0, keySize == 0, valueSize > 0 else {
      throw refusal("a \(kind.name) has no keys, but a value_size and max_entries that are not 0")
    }
    try checkFlags(Self.accessFlags.union(.numaNode))
    guard valueSize <= Self.maximumAllocation else {
      throw refusal("value_size \(valueSize) is more than \(Self.maximumAllocation)", .tooBig)
    }
  }

  private func checkBloomFilter() throws(MapError) {
    guard maxEntries > 0, keySize == 0, valueSize > 0 else {
      throw refusal("a bloom_filter has no keys, but a value_size and max_entries that are not 0")
    }
    try checkFlags(Self.accessFlags.union([.numaNode, .zeroSeed]))
    guard extra <= 15 else {
      throw refusal("map_extra is \(extra); a bloom_filter has at most 15 hash functions")
    }
  }

  /// The map that stands for all in a map of maps: the kernel is given a live one.
  private func checkInner() throws(MapError) {
    guard let inner = inner?.value else {
      throw refusal("its inner maps are not declared", .badDescriptor)
    }
    try inner.checkAttributes()
    switch inner.kind {
    case .arrayOfMaps, .hashOfMaps:
      throw refusal("maps of maps do not hold maps of maps")
    case .programArray, .cgroupStorage, .perCPUCgroupStorage, .structOps:
      throw refusal("a \(inner.kind.name) cannot be in a map of maps", .notSupported)
    case .hash, .array, .perfEventArray, .perCPUHash, .perCPUArray, .stackTrace, .cgroupArray,
      .lruHash, .lruPerCPUHash, .lpmTrie, .deviceMap, .socketMap, .cpuMap, .xskMap,
      .socketHash, .reuseportSocketArray, .queue, .stack, .socketStorage, .deviceMapHash,
      .ringBuffer, .inodeStorage, .taskStorage, .bloomFilter, .userRingBuffer,
      .cgroupLocalStorage, .arena, .instructionArray, .resizableHash:
      break
    }
  }

  // MARK: Parts

  func checkFlags(_ allowed: MapFlags) throws(MapError) {
    let unknown = flags.subtracting(allowed)
    guard unknown.isEmpty else {
      throw refusal("flags 0x\(String(unknown.rawValue, radix: 16)) do not apply to \(kind.name)")
    }
    guard !flags.isSuperset(of: [.readOnlyForPrograms, .writeOnlyForPrograms]) else {
      throw refusal("programs may neither read nor write")
    }
  }

  private func checkPerCPUValue(_ isPerCPU: Bool) throws(MapError) {
    guard isPerCPU, valueSize.roundedUpTo8 > Self.maximumPerCPUValue else { return }
    throw refusal("value_size \(valueSize) is more than the 32768 bytes a CPU may have", .tooBig)
  }

  func refusal(_ words: String, _ number: MapErrno = .invalidArgument) -> MapError {
    MapError(map: name, reason: .errno(number.rawValue, words))
  }
}
