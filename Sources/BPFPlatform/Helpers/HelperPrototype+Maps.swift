extension HelperPrototype {
  /// Whether the helper works on maps of a kind (kernel: `check_map_func_compatibility`).
  ///
  /// True for a helper that takes no map.
  public func accepts(_ kind: MapKind) -> Bool {
    guard arguments.contains(.map) else { return true }
    switch id {
    case .tailCall:
      return kind == .programArray
    case .perfEventOutput:
      return kind == .perfEventArray
    case .ringBufferOutput, .ringBufferReserve, .ringBufferQuery:
      return kind == .ringBuffer
    case .redirectMap:
      return [.deviceMap, .deviceMapHash, .cpuMap, .xskMap].contains(kind)
    case .mapLookupPerCPUElement:
      return [.perCPUArray, .perCPUHash, .lruPerCPUHash].contains(kind)
    case .mapLookupElement:
      return Self.storesValues(kind)
        || [
          .deviceMap, .deviceMapHash, .xskMap, .arrayOfMaps, .hashOfMaps, .socketMap, .socketHash,
        ]
        .contains(kind)
    default:
      return Self.storesValues(kind)
    }
  }

  /// Whether programs read and write the kind's values by key.
  private static func storesValues(_ kind: MapKind) -> Bool {
    switch kind {
    case .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lruPerCPUHash, .lpmTrie,
      .resizableHash:
      true
    case .programArray, .perfEventArray, .stackTrace, .cgroupArray, .arrayOfMaps,
      .hashOfMaps, .deviceMap, .socketMap, .cpuMap, .xskMap, .socketHash, .cgroupStorage,
      .reuseportSocketArray, .perCPUCgroupStorage, .queue, .stack, .socketStorage, .deviceMapHash,
      .structOps, .ringBuffer, .inodeStorage, .taskStorage, .bloomFilter, .userRingBuffer,
      .cgroupLocalStorage, .arena, .instructionArray:
      false
    }
  }
}
