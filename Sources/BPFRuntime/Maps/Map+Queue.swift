import BPFPlatform

/// Queues, stacks and Bloom filters: maps without keys.
extension Map {
  /// Adds a value to a `queue`, `stack` or `bloom_filter`.
  ///
  /// - Parameter flags: ``MapUpdateFlags/exist`` to drop the oldest value of a queue or stack where there is no room.
  /// - Complexity: O(1).
  /// - Throws: ``MapError``: `E2BIG` where a queue or stack is full; `EINVAL` for a value of another size and for other flags;
  ///   `EPERM` where the host may not write; `ENOTSUPP` for other kinds.
  public func push(_ value: [UInt8], flags: MapUpdateFlags = .any) throws(MapError) {
    try checkKeyless()
    try set([], value, flags: flags)
  }

  /// Takes the next value out of a `queue`, its oldest, or of a `stack`, its newest; nil where there is none.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``MapError``: `EPERM` where the host may not both read and write, `ENOTSUPP` for other kinds.
  public func pop() throws(MapError) -> [UInt8]? {
    try checkKeyless()
    try checkReadable()
    try checkWritable()
    return try takeValue(isRemoving: true)
  }

  /// The next value of a `queue` or `stack`, which stays there; nil where there is none.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``MapError`` as ``get(_:)`` does; `ENOTSUPP` for other kinds.
  public func peek() throws(MapError) -> [UInt8]? {
    try checkKeyless()
    try checkReadable()
    return try takeValue(isRemoving: false)
  }

  /// Whether a `bloom_filter` may have been given a value: surely not, if this is false.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``MapError``: `EINVAL` for a value of another size, `EPERM` where the host may not read, `ENOTSUPP` for other
  ///   kinds.
  public func contains(_ value: [UInt8]) throws(MapError) -> Bool {
    guard case .special(let filter as BloomFilter) = storage else {
      throw error(.notSupported, "only a bloom_filter is asked whether it contains a value")
    }
    try checkReadable()
    guard value.count == spec.valueSize else {
      throw error(
        .invalidArgument, "the value has \(value.count) bytes, the map's \(spec.valueSize)")
    }
    // SAFETY: the value has the map's value size.
    return unsafe withKeyBytes(value) { value in unsafe filter.contains(value) }
  }

  private func checkKeyless() throws(MapError) {
    switch spec.kind {
    case .queue, .stack, .bloomFilter: return
    default: throw error(.notSupported, "a \(spec.kind.name) has no order of its values")
    }
  }

  private func takeValue(isRemoving: Bool) throws(MapError) -> [UInt8]? {
    guard case .special(let queue as ElementQueue) = storage else {
      throw error(.notSupported, "a bloom_filter cannot tell what it was given")
    }
    return queue.take(isRemoving: isRemoving)
  }
}

/// What programs do with maps without keys, through helpers.
///
/// SAFETY: addresses are of as many bytes as the map's values have.
extension Map {
  /// `bpf_map_push_elem`: 0, or a negative `errno`.
  @unsafe
  func push(_ value: UnsafeRawPointer, flags: UInt64) -> Int64 {
    guard case .special(let table) = storage else { return MapErrno.notSupported.result }
    var none: UInt64 = 0
    return unsafe withUnsafeBytes(of: &none) { key -> Int64 in
      guard let key = key.baseAddress else { return MapErrno.invalidArgument.result }
      switch spec.kind {
      case .queue, .stack, .bloomFilter:
        return unsafe table.set(key, value, flags: flags)?.result ?? 0
      default: return MapErrno.notSupported.result
      }
    }
  }

  /// `bpf_map_pop_elem`: 0 and the value, or `-ENOENT` and zeros.
  @unsafe
  func pop(into target: UnsafeMutableRawPointer) -> Int64 {
    guard case .special(let table) = storage else { return MapErrno.notSupported.result }
    guard let queue = table as? ElementQueue else {
      return MapErrno.notSupportedByOperation.result
    }
    return unsafe queue.take(into: target, isRemoving: true)?.result ?? 0
  }

  /// `bpf_map_peek_elem`: as ``pop(into:)``, but the value stays. In a `bloom_filter` the value is given, and 0 means that it
  /// may be there, `-ENOENT` that it is not.
  @unsafe
  func peek(into target: UnsafeMutableRawPointer) -> Int64 {
    guard case .special(let table) = storage else { return MapErrno.notSupported.result }
    if let filter = table as? BloomFilter {
      return unsafe filter.contains(target) ? 0 : MapErrno.noEntry.result
    }
    guard let queue = table as? ElementQueue else { return MapErrno.notSupported.result }
    return unsafe queue.take(into: target, isRemoving: false)?.result ?? 0
  }
}
