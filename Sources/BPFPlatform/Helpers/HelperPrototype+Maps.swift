extension HelperPrototype {
  /// Whether the helper works on maps of a kind (kernel: `check_map_func_compatibility`): the kind may limit who works
  /// on it, and the helper what it works on.
  ///
  /// True for a helper that takes no map. Linux lets programs of some types only put sockets into maps of sockets.
  ///
  /// - Complexity: O(1).
  public func accepts(_ kind: MapKind) -> Bool {
    guard arguments.contains(.map) else { return true }
    return kind.helpers?.contains(id) ?? true && id.mapKinds?.contains(kind) ?? true
  }
}

extension MapKind {
  /// The only helpers that work on maps of the kind, or nil where any does that works by key.
  fileprivate var helpers: [HelperID]? {
    switch self {
    case .programArray: [.tailCall]
    case .perfEventArray:
      [.perfEventRead, .perfEventReadValue, .perfEventOutput, .skbOutput, .xdpOutput]
    case .stackTrace: [.getStackID]
    case .cgroupArray: [.skbUnderCgroup, .currentTaskUnderCgroup]
    case .arrayOfMaps, .hashOfMaps: [.mapLookupElement]
    case .deviceMap, .deviceMapHash, .xskMap: [.redirectMap, .mapLookupElement]
    case .cpuMap: [.redirectMap]
    case .socketMap:
      [
        .socketRedirectMap, .messageRedirectMap, .sockMapUpdate, .socketSelectReuseport,
        .mapLookupElement, .mapUpdateElement, .mapDeleteElement,
      ]
    case .socketHash:
      [
        .socketRedirectHash, .messageRedirectHash, .sockHashUpdate, .socketSelectReuseport,
        .mapLookupElement, .mapUpdateElement, .mapDeleteElement,
      ]
    case .cgroupStorage, .perCPUCgroupStorage: [.getLocalStorage]
    case .reuseportSocketArray: [.socketSelectReuseport]
    case .queue, .stack: [.mapPushElement, .mapPopElement, .mapPeekElement]
    case .socketStorage: [.socketStorageGet, .socketStorageDelete]
    case .inodeStorage: [.inodeStorageGet, .inodeStorageDelete]
    case .taskStorage: [.taskStorageGet, .taskStorageDelete]
    case .cgroupLocalStorage: [.cgroupStorageGet, .cgroupStorageDelete]
    case .ringBuffer:
      [.ringBufferOutput, .ringBufferReserve, .ringBufferReserveDynptr, .ringBufferQuery]
    case .userRingBuffer: [.userRingBufferDrain]
    case .bloomFilter: [.mapPushElement, .mapPeekElement]
    case .structOps, .arena, .instructionArray: []
    case .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lruPerCPUHash, .lpmTrie,
      .resizableHash:
      nil
    }
  }
}

extension HelperID {
  /// The only kinds of map the helper works on, or nil where the kind alone decides.
  fileprivate var mapKinds: [MapKind]? {
    switch self {
    case .tailCall: [.programArray]
    case .perfEventRead, .perfEventReadValue, .perfEventOutput, .skbOutput, .xdpOutput:
      [.perfEventArray]
    case .ringBufferOutput, .ringBufferReserve, .ringBufferReserveDynptr, .ringBufferQuery:
      [.ringBuffer]
    case .userRingBufferDrain: [.userRingBuffer]
    case .getStackID: [.stackTrace]
    case .skbUnderCgroup, .currentTaskUnderCgroup: [.cgroupArray]
    case .redirectMap: [.deviceMap, .deviceMapHash, .cpuMap, .xskMap]
    case .socketRedirectMap, .messageRedirectMap, .sockMapUpdate: [.socketMap]
    case .socketRedirectHash, .messageRedirectHash, .sockHashUpdate: [.socketHash]
    case .socketSelectReuseport: [.reuseportSocketArray, .socketMap, .socketHash]
    case .getLocalStorage: [.cgroupStorage, .perCPUCgroupStorage]
    case .mapPopElement: [.queue, .stack]
    case .mapPushElement, .mapPeekElement: [.queue, .stack, .bloomFilter]
    case .mapLookupPerCPUElement: [.perCPUArray, .perCPUHash, .lruPerCPUHash]
    case .socketStorageGet, .socketStorageDelete: [.socketStorage]
    case .inodeStorageGet, .inodeStorageDelete: [.inodeStorage]
    case .taskStorageGet, .taskStorageDelete: [.taskStorage]
    case .cgroupStorageGet, .cgroupStorageDelete: [.cgroupLocalStorage]
    case .forEachMapElement:
      [.hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lruPerCPUHash, .resizableHash]
    // A timer lies in a value of these.
    case .timerInit: [.hash, .array, .lruHash]
    default: nil
    }
  }
}
