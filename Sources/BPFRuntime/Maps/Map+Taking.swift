import BPFPlatform

/// Look-ups that remove (`BPF_MAP_LOOKUP_AND_DELETE_ELEM`).
extension Map {
  /// Removes an entry of a hash map or of a `stack_trace`: its value as it was then, or nil where there is none.
  ///
  /// - Parameter flags: ``MapUpdateFlags/lock`` to read the value while nobody holds its spin lock.
  /// - Complexity: O(1).
  /// - Throws: ``MapError``: `EPERM` where the host may not both read and write or the map is frozen; `EINVAL` for a key of
  ///   another size, for other flags, and for a lock that values do not have; `ENOTSUPP` for other kinds.
  public func take(
    _ key: [UInt8], flags: MapUpdateFlags = .any
  ) throws(MapError) -> [UInt8]? {
    let isLocking = try isLocking(
      flags,
      before: { () throws(MapError) in
        try checkReadable()
        try checkWritable()
      })
    try checkKey(key)
    if spec.kind == .stackTrace {
      guard let value = try get(key) else { return nil }
      return try delete(key) ? value : nil
    }
    guard case .hash(let table) = storage else {
      throw error(.notSupported, "a \(spec.kind.name) has no entries that a look-up could remove")
    }
    // SAFETY: the key has the map's key size.
    return unsafe try withKey(key) { key throws(MapError) in
      unsafe table.take(key, isLocking: isLocking)
    }
  }

  /// Whether a look-up asks for the lock in the value; checks, in the kernel's order, that it asks for nothing else, what
  /// `access` says, and that there is one.
  func isLocking(
    _ flags: MapUpdateFlags, before access: () throws(MapError) -> Void = {}
  ) throws(MapError) -> Bool {
    guard flags.rawValue & ~MapUpdateFlags.lock.rawValue == 0 else {
      throw error(.invalidArgument, "a look-up knows no flags but the lock's")
    }
    try access()
    guard flags == .lock else { return false }
    guard spec.lockOffset != nil else {
      throw error(.invalidArgument, "the value has no spin lock")
    }
    return true
  }
}

extension MapSpec {
  /// Where in a value its `struct bpf_spin_lock` is; nil where it has none.
  var lockOffset: Int? { specialFields.first { $0.kind == .spinLock }?.offset }
}
