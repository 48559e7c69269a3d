extension HelperPrototype {
  /// Maps by key, queues and stacks, and tail calls.
  static let mapHelpers: [HelperPrototype] = [
    entry(.mapLookupElement, [.map, .mapKey], .mapValueOrNull),
    entry(.mapUpdateElement, [.map, .mapKey, .mapValue, .anything], .integer),
    entry(.mapDeleteElement, [.map, .mapKey], .integer),
    entry(.tailCall, [.context, .map, .anything], .void),
    entry(.mapPushElement, [.map, .mapValue, .anything], .integer),
    entry(.mapPopElement, [.map, .uninitializedMapValue], .integer),
    entry(.mapPeekElement, [.map, .uninitializedMapValue], .integer),
    entry(
      .mapLookupPerCPUElement, [.map, .mapKey, .anything], .mapValueOrNull,
      in: .programs),
  ]

  /// Values that belong to an object of the kernel.
  static let storageHelpers: [HelperPrototype] = [
    entry(
      .getLocalStorage, [.map, .anything], .mapValue,
      in: [
        .cgroupSKB, .cgroupSock, .sockOps, .cgroupDevice, .cgroupSockAddr, .cgroupSysctl,
        .cgroupSockopt, .lsm,
      ]),
    entry(
      .socketStorageGet, [.map, .socketCommon, .mapValueOrNull, .anything], .mapValueOrNull,
      in: .typedTracing.union(Set.trafficControl).union([
        .cgroupSKB, .cgroupSock, .sockOps, .skMsg, .cgroupSockAddr, .cgroupSockopt, .structOps,
      ]),
      otherwise: .init(in: [.cgroupSock], [.map, .context, .mapValueOrNull, .anything])),
    entry(
      .socketStorageDelete, [.map, .socketCommon], .integer,
      in: .typedTracing.union(Set.trafficControl).union([
        .cgroupSKB, .sockOps, .skMsg, .cgroupSockAddr, .cgroupSockopt, .structOps,
      ])),
    entry(
      .inodeStorageGet, [.map, .kernelObjectOrNull, .mapValueOrNull, .anything], .mapValueOrNull,
      in: [.lsm]),
    entry(
      .inodeStorageDelete, [.map, .kernelObjectOrNull], .integer,
      in: [.lsm]),
    entry(
      .taskStorageGet, [.map, .kernelObjectOrNull, .mapValueOrNull, .anything], .mapValueOrNull,
      in: .kernelPrograms),
    entry(
      .taskStorageDelete, [.map, .kernelObjectOrNull], .integer,
      in: .kernelPrograms),
    entry(
      .kernelPointerExchange, [.kernelPointerSlot, .kernelObjectOrNull], .kernelObjectOrNull,
      releasing: 1, .acquires,
      in: .kernelPrograms),
    entry(
      .cgroupStorageGet, [.map, .kernelObjectOrNull, .mapValueOrNull, .anything], .mapValueOrNull,
      in: .kernelPrograms),
    entry(
      .cgroupStorageDelete, [.map, .kernelObjectOrNull], .integer,
      in: .kernelPrograms),
  ]
}
