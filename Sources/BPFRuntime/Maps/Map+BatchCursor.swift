import BPFPlatform

/// Batches as `bpf(2)` has them: bounded, from a cursor on, and only for the kinds that have them in the kernel.
extension Map {
  /// Reads entries from a cursor on (`BPF_MAP_LOOKUP_BATCH`).
  ///
  /// A hash map is read by whole buckets, each as it is at one moment: a batch ends before the bucket that does not fit. Other
  /// maps are read by keys; a key that was removed since sends the walk back to the beginning.
  ///
  /// - Parameters:
  ///   - cursor: where the last batch ended; nil for the beginning.
  ///   - count: the most entries to read; with 0, nothing is done.
  ///   - flags: ``MapUpdateFlags/lock`` to read each value while nobody holds its spin lock.
  /// - Returns: The entries, and `ENOENT` beside them where they are the last. Other errors come alone: `EPERM` for a map
  ///   the host may only write, `ENOTSUPP` for kinds without batches, `EINVAL` for other flags, for a lock that values do not
  ///   have and for another map's cursor, `ENOSPC` where a hash map's next bucket alone has more entries than `count`.
  /// - Complexity: O(*n*), *n* the entries and, in a hash map, the buckets passed.
  public func lookUpBatch(
    after cursor: MapBatchCursor? = nil, count: Int, flags: MapUpdateFlags = .any
  ) -> MapBatch {
    batch(.look, after: cursor, count: count, flags: flags)
  }

  /// Removes entries from a cursor on and gives them (`BPF_MAP_LOOKUP_AND_DELETE_BATCH`), for hash maps.
  ///
  /// Each entry is removed at a moment of its own, with the value it had then.
  ///
  /// - Returns: As ``lookUpBatch(after:count:flags:)``; `EPERM` also where the host may not write or the map is frozen.
  /// - Complexity: O(*n*), *n* the entries and the buckets passed.
  public func takeBatch(
    after cursor: MapBatchCursor? = nil, count: Int, flags: MapUpdateFlags = .any
  ) -> MapBatch {
    batch(.take, after: cursor, count: count, flags: flags)
  }

  /// Makes or changes entries (`BPF_MAP_UPDATE_BATCH`), in order up to the first error.
  ///
  /// Unlike ``set(contentsOf:flags:)`` it asks what the kernel asks: that the kind has batches (`ENOTSUPP`), and for no flags
  /// but ``MapUpdateFlags/lock`` (`EINVAL`).
  ///
  /// - Complexity: O(*n*), *n* the number of entries.
  @discardableResult
  public func updateBatch(
    _ entries: some Sequence<(key: [UInt8], value: [UInt8])>, flags: MapUpdateFlags = .any
  ) -> MapBatchResult {
    do throws(MapError) {
      _ = try checkBatch(.update, flags)
    } catch {
      return MapBatchResult(count: 0, error: error)
    }
    return set(contentsOf: entries, flags: flags)
  }

  /// Removes entries (`BPF_MAP_DELETE_BATCH`), in order up to the first error, `ENOENT` for a key that is not there.
  ///
  /// Unlike ``delete(contentsOf:)`` it asks what the kernel asks, as ``updateBatch(_:flags:)``.
  ///
  /// - Complexity: O(*n*), *n* the number of keys.
  @discardableResult
  public func deleteBatch(
    _ keys: some Sequence<[UInt8]>, flags: MapUpdateFlags = .any
  ) -> MapBatchResult {
    do throws(MapError) {
      _ = try checkBatch(.delete, flags)
    } catch {
      return MapBatchResult(count: 0, error: error)
    }
    return delete(contentsOf: keys)
  }

  /// Checks in the kernel's order; whether values are to be locked.
  private func checkBatch(
    _ operation: MapBatchOperation, _ flags: MapUpdateFlags
  ) throws(MapError) -> Bool {
    if operation == .look || operation == .take { try checkReadable() }
    if operation != .look { try checkWritable() }
    guard hasBatch(operation) else {
      throw error(.notSupported, "a \(spec.kind.name) has no such batches")
    }
    return try isLocking(flags)
  }

  /// Whether the kernel has a batch for the kind.
  private func hasBatch(_ operation: MapBatchOperation) -> Bool {
    switch spec.kind {
    case .hash, .perCPUHash, .lruHash, .lruPerCPUHash, .hashOfMaps: true
    case .array, .perCPUArray, .arrayOfMaps: operation == .look || operation == .update
    case .lpmTrie: operation != .take
    case .programArray, .perfEventArray, .stackTrace, .cgroupArray, .deviceMap, .socketMap,
      .cpuMap, .xskMap, .socketHash, .cgroupStorage, .reuseportSocketArray,
      .perCPUCgroupStorage, .queue, .stack, .socketStorage, .deviceMapHash, .structOps,
      .ringBuffer, .inodeStorage, .taskStorage, .bloomFilter, .userRingBuffer,
      .cgroupLocalStorage, .arena, .instructionArray, .resizableHash:
      false
    }
  }

  private func batch(
    _ operation: MapBatchOperation, after cursor: MapBatchCursor?, count: Int,
    flags: MapUpdateFlags
  ) -> MapBatch {
    do throws(MapError) {
      let isLocking = try checkBatch(operation, flags)
      guard count > 0 else { return MapBatch(entries: [], cursor: cursor, error: nil) }
      switch (storage, cursor?.place) {
      case (.hash(let table), nil):
        return buckets(
          of: table, from: 0, count: count, isTaking: operation == .take, isLocking: isLocking)
      case (.hash(let table), .bucket(let first)):
        return buckets(
          of: table, from: first, count: count, isTaking: operation == .take,
          isLocking: isLocking)
      case (.hash, .key), (_, .bucket):
        throw error(.invalidArgument, "the cursor is another map's")
      case (_, .key(let key)):
        return try keys(after: key, count: count, isTaking: operation == .take, flags: flags)
      case (_, nil):
        return try keys(after: nil, count: count, isTaking: operation == .take, flags: flags)
      }
    } catch {
      return MapBatch(entries: [], cursor: cursor, error: error)
    }
  }

  /// The error beside the last entries.
  private var atEnd: MapError { error(.noEntry, "there are no more entries") }

  private func buckets(
    of table: HashTable, from first: Int, count: Int, isTaking: Bool, isLocking: Bool
  ) -> MapBatch {
    var entries: [(key: [UInt8], value: [UInt8])] = []
    for number in min(first, table.bucketCount)..<table.bucketCount {
      let bucket = table.entries(ofBucket: number, isLocking: isLocking)
      guard bucket.count <= count - entries.count else {
        return MapBatch(
          entries: entries, cursor: MapBatchCursor(place: .bucket(number)),
          error: entries.isEmpty
            ? error(.noSpace, "the next bucket has \(bucket.count) entries") : nil)
      }
      guard isTaking else {
        entries += bucket
        continue
      }
      for entry in bucket {
        // Its value may have changed since, and another may have removed it.
        // SAFETY: the key came from the table.
        let value = unsafe withKeyBytes(entry.key) { key in
          unsafe table.take(key, isLocking: isLocking)
        }
        if let value { entries.append((entry.key, value)) }
      }
    }
    return MapBatch(
      entries: entries, cursor: MapBatchCursor(place: .bucket(table.bucketCount)), error: atEnd)
  }

  private func keys(
    after first: [UInt8]?, count: Int, isTaking: Bool, flags: MapUpdateFlags
  ) throws(MapError) -> MapBatch {
    var entries: [(key: [UInt8], value: [UInt8])] = []
    var last = first
    while entries.count < count {
      guard let key = try nextKey(after: last) else {
        return MapBatch(
          entries: entries, cursor: last.map { MapBatchCursor(place: .key($0)) }, error: atEnd)
      }
      let value = try get(key, flags: flags)
      if isTaking {
        // The key before stays the cursor: this one is gone.
        if let value, try delete(key) { entries.append((key, value)) }
      } else {
        if let value { entries.append((key, value)) }
        last = key
      }
    }
    // A map of maps by hash is read as other hash maps, which look whether there is more.
    let isAtEnd = spec.kind == .hashOfMaps ? try nextKey(after: last) == nil : false
    return MapBatch(
      entries: entries, cursor: last.map { MapBatchCursor(place: .key($0)) },
      error: isAtEnd ? atEnd : nil)
  }
}
