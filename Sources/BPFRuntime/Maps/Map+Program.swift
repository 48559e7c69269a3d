import BPFPlatform

/// What programs do, through helpers: host pointers in, the kernel's results out (0, or a negative `errno`).
///
/// SAFETY: keys have the map's key size, values its value size; `worker` is less than ``workers``.
extension Map {
  /// The value of a key, or nil.
  ///
  /// - Complexity: O(1), but for an `lpm_trie`; takes no lock, allocates nothing.
  @unsafe
  func lookup(_ key: UnsafeRawPointer, worker: Int) -> UnsafeMutableRawPointer? {
    switch storage {
    case .hash(let table): unsafe table.lookup(key, worker: worker)
    case .array(let table): unsafe table.lookup(key, worker: worker)
    case .prefixes(let trie): unsafe trie.lookup(key)
    case .devices(let table): unsafe table.lookup(key)
    case .programs, .events, .ring: nil
    }
  }

  /// Makes or changes an entry; in a per-CPU map the worker's slot, others of a new entry being zero.
  @unsafe
  func update(
    _ key: UnsafeRawPointer, value: UnsafeRawPointer, flags: UInt64, worker: Int
  ) -> Int64 {
    let refusal: MapErrno? =
      switch storage {
      case .hash(let table): unsafe table.update(key, .worker(worker, value), flags: flags)
      case .array(let table): unsafe table.update(key, .worker(worker, value), flags: flags)
      case .prefixes(let trie): unsafe trie.update(key, .worker(worker, value), flags: flags)
      case .devices, .programs, .events: .notSupportedByOperation
      case .ring: .notSupported
      }
    return refusal?.result ?? 0
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> Int64 {
    let refusal: MapErrno? =
      switch storage {
      case .hash(let table): unsafe table.delete(key)
      case .array: .invalidArgument
      case .prefixes(let trie): unsafe trie.delete(key)
      case .devices, .programs, .events: .notSupportedByOperation
      case .ring: .notSupported
      }
    return refusal?.result ?? 0
  }

  /// Where the map's values live, for bounds checks; nil for kinds without values of their own.
  var valueMemory: ValueMemory? {
    let isReadOnly = spec.flags.contains(.readOnlyForPrograms) || spec.kind == .deviceMap
    let isWriteOnly = spec.flags.contains(.writeOnlyForPrograms)
    func memory(_ slots: ValueSlots, count: Int) -> ValueMemory {
      unsafe ValueMemory(
        base: slots.base, stride: slots.stride, valueSize: slots.valueSize, count: count,
        isReadOnlyForPrograms: isReadOnly, isWriteOnlyForPrograms: isWriteOnly)
    }
    switch storage {
    case .hash(let table): return memory(table.slots, count: table.slotCount)
    case .array(let table): return memory(table.slots, count: table.slotCount)
    case .prefixes(let trie): return memory(trie.slots, count: trie.slotCount)
    case .devices(let table): return memory(table.slots, count: table.count)
    case .programs, .events, .ring: return nil
    }
  }
}

/// What programs may do with a map through the general map helpers (the kernel's `check_map_func_compatibility`).
struct MapHelperAccess: OptionSet {
  let rawValue: UInt8

  static let lookup = MapHelperAccess(rawValue: 1)
  static let update = MapHelperAccess(rawValue: 2)
  static let delete = MapHelperAccess(rawValue: 4)
}

extension Map {
  /// What the helpers that look up, update and delete may be called for on this map.
  var helperAccess: MapHelperAccess {
    switch storage {
    case .hash, .array, .prefixes: [.lookup, .update, .delete]
    case .devices: .lookup
    case .programs, .events, .ring: []
    }
  }
}
