import BPFPlatform

/// What the host does: bytes in and out, errors as `bpf(2)` gives them.
///
/// A value of a per-CPU map is all workers' values in a row, each padded to 8 bytes.
extension Map {
  /// The bytes of a value as the host sees it: `workers` times the value padded to 8 bytes for a per-CPU map.
  public var hostValueSize: Int {
    switch storage {
    case .special where spec.kind == .perCPUCgroupStorage: spec.valueSize.roundedUpTo8 * workers
    case .hash(let table): table.slots.hostSize
    case .array(let table): table.slots.hostSize
    case .prefixes, .devices, .programs, .events, .ring, .special: spec.valueSize
    }
  }

  /// The value of a key, or nil; for an `lpm_trie` the value of the longest prefix of the key.
  ///
  /// A lookup by the host does not count as use in an `lru_hash`.
  ///
  /// - Parameter flags: ``MapUpdateFlags/lock`` to read the value while nobody holds its spin lock.
  /// - Complexity: O(1), but for an `lpm_trie`.
  /// - Throws: ``MapError``: `EPERM` for a map the host may only write, `EINVAL` for a key of another size, for other
  ///   flags, and for a lock that values do not have, `ENOTSUPP` for kinds without values.
  public func get(
    _ key: [UInt8], flags: MapUpdateFlags = .any
  ) throws(MapError) -> [UInt8]? {
    let isLocking = try isLocking(flags)
    try checkReadable()
    try checkKey(key)
    // SAFETY: the key has the map's key size.
    return unsafe try withKey(key) { key throws(MapError) in
      switch storage {
      case .hash(let table): return unsafe table.get(key, isLocking: isLocking)
      case .array(let table):
        let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
        guard index < table.count else { return nil }
        return unsafe table.slots.read(index, lockOffset: isLocking ? table.lockOffset : nil)
      case .prefixes(let trie): return unsafe trie.get(key)
      case .devices(let table):
        let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
        return unsafe table.lookup(key) == nil ? nil : unsafe table.slots.read(index)
      case .programs, .events, .ring:
        throw error(.notSupported, "a \(spec.kind.name) has no values to read")
      case .special(let table):
        do throws(MapErrno) {
          return unsafe try table.get(key)
        } catch {
          throw refusal(error, "a \(spec.kind.name) has no values to read")
        }
      }
    }
  }

  /// Makes or changes an entry.
  ///
  /// - Throws: ``MapError``: `EPERM` where the host may not write or the map is frozen; `EINVAL` for a key or value of
  ///   another size, and for unknown flags; `EEXIST` and `ENOENT` as the flags ask; `E2BIG` (`ENOSPC` in an
  ///   `lpm_trie`) where the map is full or the index beyond it; `ENOMEM`; `ENOTSUPP` for kinds without values.
  public func set(
    _ key: [UInt8], _ value: [UInt8], flags: MapUpdateFlags = .any
  ) throws(MapError) {
    try checkWritable()
    try store(key, value, flags: flags)
  }

  /// Sets an entry of the declaration, whatever the host may do later.
  func initialize(_ key: [UInt8], _ value: [UInt8]) throws(MapError) {
    try store(key, value, flags: .any)
  }

  private func store(
    _ key: [UInt8], _ value: [UInt8], flags: MapUpdateFlags
  ) throws(MapError) {
    try checkKey(key)
    if flags.rawValue & MapUpdateFlags.lock.rawValue != 0, spec.lockOffset == nil {
      throw error(.invalidArgument, "the value has no spin lock")
    }
    guard value.count == hostValueSize else {
      throw error(
        .invalidArgument, "the value has \(value.count) bytes, the map's \(hostValueSize)")
    }
    let flags = flags.rawValue
    // SAFETY: key and value have the map's sizes.
    let refusal: MapErrno? = unsafe try withKey(key) { key throws(MapError) in
      unsafe withKeyBytes(value) { value in
        switch storage {
        case .hash(let table): unsafe table.update(key, .all(value), flags: flags)
        case .array(let table): unsafe table.update(key, .all(value), flags: flags)
        case .prefixes(let trie): unsafe trie.update(key, .all(value), flags: flags)
        case .devices(let table): unsafe table.update(key, value, flags: flags)
        case .programs, .events: unsafe descriptorRefusal(key, flags)
        case .ring: .notSupported
        case .special(let table): unsafe table.set(key, value, flags: flags)
        }
      }
    }
    guard let refusal else { return }
    throw error(refusal, words(for: refusal, key: key, flags: flags))
  }

  /// Why a descriptor cannot be put into a map of descriptors; at last, because a process has none.
  ///
  /// SAFETY: the key has 4 bytes.
  @unsafe
  private func descriptorRefusal(_ key: UnsafeRawPointer, _ flags: UInt64) -> MapErrno {
    if flags != 0 { return .invalidArgument }
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    return index < spec.maxEntries ? .badDescriptor : .tooBig
  }

  /// Removes an entry; false where there is none.
  ///
  /// An entry of a `devmap`, which has all its keys, is emptied. A `prog_array` forgets a program, a `perf_event_array`
  /// closes a buffer.
  ///
  /// - Throws: ``MapError``: `EPERM` where the host may not write or the map is frozen; `EINVAL` for a key of another
  ///   size, and for arrays, whose entries stay; `E2BIG`, in a devmap `EINVAL`, beyond the map's entries; `ENOTSUPP`.
  public func delete(_ key: [UInt8]) throws(MapError) -> Bool {
    try checkWritable()
    try checkKey(key)
    // SAFETY: the key has the map's key size.
    let refusal: MapErrno? = unsafe try withKey(key) { key throws(MapError) in
      switch storage {
      case .hash(let table): return unsafe table.delete(key, worker: 0)
      case .array: return .invalidArgument
      case .prefixes(let trie): return unsafe trie.delete(key)
      case .devices(let table): return unsafe table.delete(key)
      case .programs(let table):
        return table.remove(at: unsafe key.loadUnaligned(as: UInt32.self))
      case .events(let buffers):
        let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
        guard index < spec.maxEntries else { return .tooBig }
        guard buffers.indices.contains(index), buffers[index].isOpen else { return .noEntry }
        buffers[index].isOpen = false
        return nil
      case .ring: return .notSupported
      case .special(let table): return unsafe table.delete(key)
      }
    }
    guard let refusal else { return true }
    if refusal == .noEntry { return false }
    throw error(refusal, words(for: refusal, key: key, flags: 0))
  }

  /// The key after another one, the first for nil; nil after the last.
  ///
  /// After a key that is not there (any more) comes the first again, as in the kernel: a walk during which keys are
  /// removed may see entries twice. The order is arbitrary for hash maps, longer prefixes before shorter ones for an
  /// `lpm_trie`.
  ///
  /// - Throws: ``MapError`` as ``get(_:)`` does.
  public func nextKey(after key: [UInt8]?) throws(MapError) -> [UInt8]? {
    try checkReadable()
    if let key { try checkKey(key) }
    // SAFETY: the key has the map's key size.
    return unsafe try withKey(key ?? []) { bytes throws(MapError) in
      let key = unsafe key == nil ? nil : bytes
      switch storage {
      case .hash(let table): return unsafe table.nextKey(after: key)
      case .prefixes(let trie): return unsafe trie.nextKey(after: key)
      case .array, .devices, .programs, .events:
        let index = unsafe key?.loadUnaligned(as: UInt32.self)
        return ArrayTable.nextKey(after: index, count: spec.maxEntries).map(Self.bytes)
      case .ring: throw error(.notSupported, "a ring buffer has no keys")
      case .special(let table):
        do throws(MapErrno) {
          return unsafe try table.nextKey(after: key)
        } catch {
          throw refusal(error, "a \(spec.kind.name) has no keys to walk")
        }
      }
    }
  }

  /// All entries. Arrays have all their keys; a `devmap` those that are set.
  ///
  /// Each bucket of a hash map, and an `lpm_trie` as a whole, is read at one moment.
  ///
  /// - Complexity: O(*n*), *n* the map's size.
  /// - Throws: ``MapError`` as ``get(_:)`` does.
  public func entries() throws(MapError) -> [(key: [UInt8], value: [UInt8])] {
    try checkReadable()
    var entries: [(key: [UInt8], value: [UInt8])] = []
    switch storage {
    case .hash(let table): table.forEach { entries.append(($0, $1)) }
    case .prefixes(let trie): entries = trie.entries()
    case .array(let table):
      // SAFETY: indices are below the count.
      entries = (0..<table.count).map { index in
        (Self.bytes(of: UInt32(index)), unsafe table.slots.read(index))
      }
    case .devices(let table):
      for index in 0..<UInt32(table.count) {
        let key = Self.bytes(of: index)
        if let value = try get(key) { entries.append((key, value)) }
      }
    case .special:
      var key = try nextKey(after: nil)
      var last: [UInt8]?
      while let next = key, next != last {
        if let value = try get(next) { entries.append((next, value)) }
        last = next
        key = try nextKey(after: next)
      }
    case .programs, .events, .ring:
      throw error(.notSupported, "a \(spec.kind.name) has no values to read")
    }
    return entries
  }

  private func refusal(_ number: MapErrno, _ words: String) -> MapError {
    if case .special(let table) = storage, let words = table.explanation(of: number) {
      return error(number, words)
    }
    return error(number, words)
  }

  /// Makes the map unchangeable for the host for good; programs are not affected.
  ///
  /// - Throws: ``MapError``: `ENOTSUPP` where its values have special fields, `EPERM` where the host may not write or it is frozen.
  public func freeze() throws(MapError) {
    guard spec.specialFields.isEmpty else {
      throw error(.notSupported, "a map whose values have special fields stays as it is")
    }
    try checkWritable()
    state.freeze()
  }

  /// Whether the host may not change the map any more.
  public var isFrozen: Bool { state.isFrozen }
}
