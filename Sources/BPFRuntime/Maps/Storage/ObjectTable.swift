import BPFPlatform

/// The entries of kinds whose values are objects of a kernel, which a process has none of: sockets, control groups, tasks,
/// inodes, programs of a kernel.
///
/// Such a map can be declared and made, and says of every operation what the kernel says of one that finds no object. It
/// never holds anything.
final class ObjectTable: SpecialTable {
  private let kind: Kind
  private let name: String
  private let count: Int
  private let valueSize: Int

  /// Those of the kinds that answer alike.
  private enum Kind {
    case cgroupArray, xskMap, socketMap, socketHash, socketArray
    case cgroupStorage, perCPUCgroupStorage
    /// What is kept with a socket, an inode, a task or a control group.
    case localStorage
    case arena
  }

  init(_ spec: MapSpec) {
    name = spec.kind.name
    count = spec.maxEntries
    valueSize = spec.valueSize
    switch spec.kind {
    case .cgroupArray: kind = .cgroupArray
    case .xskMap: kind = .xskMap
    case .socketMap: kind = .socketMap
    case .socketHash: kind = .socketHash
    case .reuseportSocketArray: kind = .socketArray
    case .cgroupStorage: kind = .cgroupStorage
    case .perCPUCgroupStorage: kind = .perCPUCgroupStorage
    case .socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage: kind = .localStorage
    case .arena: kind = .arena
    case .hash, .array, .programArray, .perfEventArray, .perCPUHash, .perCPUArray, .stackTrace,
      .lruHash, .lruPerCPUHash, .lpmTrie, .arrayOfMaps, .hashOfMaps, .deviceMap, .cpuMap,
      .queue, .stack, .deviceMapHash, .structOps, .ringBuffer, .bloomFilter, .userRingBuffer,
      .instructionArray, .resizableHash:
      preconditionFailure("maps of other kinds hold something")
    }
  }

  // SAFETY (whole type): keys and values have the map's sizes; keys of kinds that are indexed have 4 bytes.

  @unsafe
  private func index(_ key: UnsafeRawPointer) -> Int {
    unsafe Int(key.loadUnaligned(as: UInt32.self))
  }

  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? {
    switch kind {
    case .xskMap: throw .notSupportedByOperation
    case .socketMap, .socketHash, .socketArray:
      // Only the 8 bytes of a socket's cookie are ever told.
      if valueSize != 8 { throw .noSpace }
      return nil
    case .localStorage: throw .badDescriptor
    case .cgroupStorage, .perCPUCgroupStorage: return nil
    case .arena: throw .invalidArgument
    case .cgroupArray: throw .notSupported
    }
  }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    switch kind {
    case .cgroupArray:
      if flags != MapUpdateFlags.any.rawValue { return .invalidArgument }
      return unsafe index(key) < count ? .badDescriptor : .tooBig
    case .xskMap, .socketArray:
      if flags > MapUpdateFlags.exist.rawValue { return .invalidArgument }
      guard unsafe index(key) < count else { return .tooBig }
      return unsafe descriptorRefusal(value)
    case .socketMap, .socketHash: return unsafe descriptorRefusal(value)
    case .cgroupStorage:
      let known = MapUpdateFlags.exist.rawValue | MapUpdateFlags.lock.rawValue
      return flags & ~known == 0 && flags & MapUpdateFlags.lock.rawValue == 0
        ? .noEntry : .invalidArgument
    case .perCPUCgroupStorage:
      return flags == 0 || flags == MapUpdateFlags.exist.rawValue ? .noEntry : .invalidArgument
    case .localStorage: return .badDescriptor
    case .arena: return .notSupportedByOperation
    }
  }

  /// Why a socket's descriptor is refused: at last, because there are no sockets here.
  @unsafe
  private func descriptorRefusal(_ value: UnsafeRawPointer) -> MapErrno {
    guard valueSize == 8 else { return .badDescriptor }
    return unsafe value.loadUnaligned(as: UInt64.self) > UInt64(Int32.max)
      ? .invalidArgument : .badDescriptor
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    switch kind {
    case .cgroupArray, .socketArray: unsafe index(key) < count ? .noEntry : .tooBig
    case .xskMap: unsafe index(key) < count ? nil : .invalidArgument
    case .socketMap, .cgroupStorage, .perCPUCgroupStorage: .invalidArgument
    case .socketHash: .noEntry
    case .localStorage: .badDescriptor
    case .arena: .notSupportedByOperation
    }
  }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    switch kind {
    case .cgroupArray, .xskMap, .socketMap, .socketArray:
      let index = unsafe key?.loadUnaligned(as: UInt32.self)
      return ArrayTable.nextKey(after: index, count: count).map(Map.bytes)
    case .socketHash, .cgroupStorage, .perCPUCgroupStorage: return nil
    case .arena: throw .notSupportedByOperation
    case .localStorage: throw .notSupported
    }
  }

  func explanation(of number: MapErrno) -> String? {
    if number == .invalidArgument || number == .tooBig { return nil }
    return switch kind {
    case .cgroupArray, .cgroupStorage, .perCPUCgroupStorage: noneOf("control groups")
    case .xskMap: noneOf("AF_XDP sockets")
    case .socketMap, .socketHash, .socketArray: noneOf("sockets")
    case .localStorage: noneOf("sockets, inodes, tasks or control groups")
    case .arena: "an arena has no entries: programs use its pages"
    }
  }

  private func noneOf(_ objects: String) -> String {
    "a \(name) belongs to \(objects), which a process without a kernel has none of"
  }

  var access: MapHelperAccess {
    kind == .xskMap || kind == .socketMap || kind == .socketHash ? .lookup : []
  }
}
