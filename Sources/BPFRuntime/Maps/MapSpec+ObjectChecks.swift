import BPFPlatform

/// What the kernel refuses to create of the kinds that hold its objects.
extension MapSpec {
  /// More entries than any kernel has processors (`NR_CPUS` on x86-64).
  private static let maximumProcessors = 8192
  /// What a stack may have (`perf_event_max_stack`).
  private static let maximumStackDepth = 127
  private static let largestKey = 512
  /// The largest value that is kept with an object: what 16 bits count, less what the kernel keeps with it.
  private static let maximumStoredValue = 65535 - 128
  private static let hostFlags: MapFlags = [.numaNode, .readOnly, .writeOnly]

  func checkObjects() throws(MapError) {
    switch kind {
    case .stackTrace: try checkStacks()
    case .deviceMapHash:
      try checkDevices()
      guard maxEntries <= 1 << 31 else { throw refusal("it has too many entries") }
    case .cpuMap: try checkProcessors()
    case .xskMap:
      guard maxEntries > 0, keySize == 4, valueSize == 4 else {
        throw refusal("an xskmap has keys and values of 4 bytes, and max_entries that is not 0")
      }
      try checkFlags(Self.hostFlags)
    case .socketMap, .socketHash: try checkSockets()
    case .reuseportSocketArray:
      guard valueSize == 4 || valueSize == 8 else {
        throw refusal("value_size is \(valueSize); sockets have 4 or 8 bytes")
      }
      try checkArray()
    case .socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage: try checkStorage()
    case .cgroupStorage, .perCPUCgroupStorage: try checkCgroupStorage()
    case .arena: try checkArena()
    case .instructionArray:
      guard keySize == 4, valueSize == 16, maxEntries > 0, flags.isEmpty else {
        throw refusal("an insn_array has 4-byte keys, 16-byte values, entries and no flags")
      }
    case .hash, .array, .programArray, .perfEventArray, .perCPUHash, .perCPUArray, .cgroupArray,
      .lruHash, .lruPerCPUHash, .lpmTrie, .arrayOfMaps, .hashOfMaps, .deviceMap, .queue, .stack,
      .structOps, .ringBuffer, .bloomFilter, .userRingBuffer, .resizableHash:
      preconditionFailure("other kinds are checked elsewhere")
    }
  }

  private func checkStacks() throws(MapError) {
    try checkFlags(Self.hostFlags.union(.stackBuildID))
    let entry = flags.contains(.stackBuildID) ? 32 : 8
    guard maxEntries > 0, keySize == 4, valueSize >= 8, valueSize % 8 == 0,
      valueSize % entry == 0, valueSize / entry <= Self.maximumStackDepth
    else {
      throw refusal(
        "a stack_trace has 4-byte keys and values of 1 to 127 entries of \(entry) bytes")
    }
    guard maxEntries <= 1 << 31 else { throw refusal("it has too many entries", .tooBig) }
  }

  private func checkProcessors() throws(MapError) {
    guard maxEntries > 0, keySize == 4, valueSize == 4 || valueSize == 8 else {
      throw refusal("a cpumap has 4-byte keys, values of 4 or 8 bytes, and entries")
    }
    try checkFlags(.numaNode)
    guard maxEntries <= Self.maximumProcessors else {
      throw refusal("it has more entries than there may be processors", .tooBig)
    }
  }

  private func checkSockets() throws(MapError) {
    guard maxEntries > 0, keySize > 0, kind == .socketHash || keySize == 4,
      valueSize == 4 || valueSize == 8
    else {
      throw refusal("values of a \(kind.name) have 4 or 8 bytes, keys of a sockmap 4")
    }
    try checkFlags(Self.hostFlags)
    guard keySize <= Self.largestKey else {
      throw refusal("key_size \(keySize) is more than \(Self.largestKey)", .tooBig)
    }
  }

  private func checkStorage() throws(MapError) {
    try checkFlags([.noPreallocation, .clone])
    guard flags.contains(.noPreallocation), maxEntries == 0, keySize == 4, valueSize > 0,
      keyTypeID != nil, valueTypeID != nil
    else {
      throw refusal(
        "a \(kind.name) has BPF_F_NO_PREALLOC, 4-byte keys, max_entries 0, and types in BTF")
    }
    guard valueSize <= Self.maximumStoredValue else {
      throw refusal("value_size \(valueSize) is more than \(Self.maximumStoredValue)", .tooBig)
    }
  }

  private func checkCgroupStorage() throws(MapError) {
    guard keySize == 8 || keySize == 16, valueSize > 0 else {
      throw refusal("a \(kind.name) has keys of 8 or 16 bytes and a value_size that is not 0")
    }
    let limit =
      kind == .perCPUCgroupStorage ? Self.maximumPerCPUValue : Self.maximumStoredValue
    guard valueSize <= limit else {
      throw refusal("value_size \(valueSize) is more than \(limit)", .tooBig)
    }
    try checkFlags([
      .numaNode, .readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms,
    ])
    guard maxEntries == 0 else { throw refusal("max_entries must be 0") }
  }

  private func checkArena() throws(MapError) {
    let segfaultOnFault = MapFlags(rawValue: 1 << 17)
    let noUserConversion = MapFlags(rawValue: 1 << 18)
    guard keySize == 0, valueSize == 0, maxEntries > 0, flags.contains(.memoryMappable) else {
      throw refusal("an arena has BPF_F_MMAPABLE, no keys, no values, and max_entries pages")
    }
    try checkFlags([.memoryMappable, segfaultOnFault, noUserConversion])
    guard extra % UInt64(Self.pageSize) == 0 else {
      throw refusal("map_extra is the address of a page")
    }
    let size = UInt64(maxEntries) * UInt64(Self.pageSize)
    guard size <= 1 << 32 else { throw refusal("an arena has at most 4 GB", .tooBig) }
    guard extra >> 32 == (extra &+ size &- 1) >> 32 else {
      throw refusal("an arena's addresses share their upper 32 bits", .outOfRange)
    }
  }
}
