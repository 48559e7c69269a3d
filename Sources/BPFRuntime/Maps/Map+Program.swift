import BPFPlatform

/// What programs do, through helpers: host pointers in, the kernel's results out (0, or a negative `errno`).
///
/// SAFETY: keys have the map's key size, values its value size; `worker` is less than ``workers``.
extension Map {
  /// The value of a key, or nil.
  ///
  /// - Complexity: O(1), but for an `lpm_trie`; takes no lock, allocates nothing.
  @unsafe
  @inline(__always)
  func lookup(_ key: UnsafeRawPointer, worker: Int) -> UnsafeMutableRawPointer? {
    // An array's, which takes as long as a call, is part of the caller; others are jumped to (`make bench`, maps).
    if case .array(let table) = unsafe path {
      return unsafe table._withUnsafeGuaranteedRef { unsafe $0.lookup(key, worker: worker) }
    }
    return unsafe lookupSearching(key, worker: worker)
  }

  @unsafe
  @inline(never)
  private func lookupSearching(
    _ key: UnsafeRawPointer, worker: Int
  ) -> UnsafeMutableRawPointer? {
    if case .hash(let table) = unsafe path {
      return unsafe table._withUnsafeGuaranteedRef { unsafe $0.lookup(key, worker: worker) }
    }
    return unsafe lookupOther(key)
  }

  @unsafe
  @inline(never)
  private func lookupOther(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    if case .prefixes(let trie) = unsafe path {
      return unsafe trie._withUnsafeGuaranteedRef { unsafe $0.lookup(key) }
    }
    return switch storage {
    case .devices(let table): unsafe table.lookup(key)
    case .hash, .array, .prefixes, .programs, .events, .ring: nil
    case .special(let table): unsafe table.lookup(key)
    }
  }

  /// Makes or changes an entry; in a per-CPU map the worker's slot, others of a new entry being zero.
  @unsafe
  func update(
    _ key: UnsafeRawPointer, value: UnsafeRawPointer, flags: UInt64, worker: Int
  ) -> Int64 {
    let value = unsafe NewValue.worker(worker, value)
    let refusal: MapErrno? =
      switch unsafe path {
      case .hash(let table):
        unsafe table._withUnsafeGuaranteedRef { unsafe $0.update(key, value, flags: flags) }
      case .array(let table):
        unsafe table._withUnsafeGuaranteedRef { unsafe $0.update(key, value, flags: flags) }
      case .prefixes(let trie):
        unsafe trie._withUnsafeGuaranteedRef { unsafe $0.update(key, value, flags: flags) }
      case .ring, .programs, .other: refusalToChange
      }
    return refusal?.result ?? 0
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer, worker: Int = 0) -> Int64 {
    let refusal: MapErrno? =
      switch unsafe path {
      case .hash(let table):
        unsafe table._withUnsafeGuaranteedRef { unsafe $0.delete(key, worker: worker) }
      case .array: .invalidArgument
      case .prefixes(let trie): unsafe trie._withUnsafeGuaranteedRef { unsafe $0.delete(key) }
      case .ring, .programs, .other: refusalToChange
      }
    return refusal?.result ?? 0
  }

  /// Why programs do not change entries of kinds that are no tables of values.
  private var refusalToChange: MapErrno {
    switch storage {
    case .devices, .programs, .events, .special: .notSupportedByOperation
    case .ring: .notSupported
    case .hash, .array, .prefixes: .invalidArgument
    }
  }

  /// Where the map's values live, for bounds checks; nil for kinds without values of their own.
  var valueMemory: ValueMemory? {
    let isReadOnly =
      spec.flags.contains(.readOnlyForPrograms) || spec.kind == .deviceMap
      || spec.kind == .deviceMapHash
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
    case .special(let table):
      guard let (slots, count) = table.values else { return nil }
      return memory(slots, count: count)
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
    case .special(let table): table.access
    }
  }
}
