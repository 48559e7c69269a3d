public import BPFPlatform

/// Maps of maps.
///
/// A program that looked a map up may use it until its run ends, whatever the host does meanwhile. For that a map of maps
/// keeps every map it ever held: until it goes itself, or ``forgetReplacedMaps()`` is called.
extension Map {
  /// Puts a map into an `array_of_maps` or `hash_of_maps`, in place of the one that was there.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``MapError``: `EINVAL` for a key of another size, for flags that are unknown or other than ``MapUpdateFlags/any``
  ///   for an array, for a map that is not like ``MapSpec/inner`` (``MapSpec/isInterchangeable(with:)``) or was made for
  ///   fewer workers; `E2BIG` beyond an array's entries or where a hash map is full; `EEXIST` and `ENOENT` as the flags
  ///   ask; `EPERM` where the host may not write; `ENOTSUPP` for other kinds.
  public func setMap(
    _ map: Map, forKey key: [UInt8], flags: MapUpdateFlags = .any
  ) throws(MapError) {
    let table = try mapsTable()
    try checkWritable()
    try put(map, into: table, key, flags: flags)
  }

  /// Sets a slot of the declaration, whatever the host may do later.
  func initialize(_ key: [UInt8], map: Map) throws(MapError) {
    try put(map, into: mapsTable(), key, flags: .any)
  }

  private func put(
    _ map: Map, into table: MapsTable, _ key: [UInt8], flags: MapUpdateFlags
  ) throws(MapError) {
    try checkKey(key)
    guard let template = spec.inner?.value, template.isInterchangeable(with: map.spec) else {
      throw error(.invalidArgument, "map '\(map.spec.name)' is not as its inner maps must be")
    }
    guard map.workers >= workers else {
      throw error(
        .invalidArgument,
        "map '\(map.spec.name)' was made for \(map.workers) workers, this one for \(workers)")
    }
    // SAFETY: the key has the map's key size.
    let refusal = unsafe withKeyBytes(key) { key in
      unsafe table.set(key, map, flags: flags.rawValue)
    }
    guard let refusal else { return }
    throw error(refusal, words(for: refusal, key: key, flags: flags.rawValue))
  }

  /// The map of a key in an `array_of_maps` or `hash_of_maps`, or nil.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``MapError``: `EPERM` where the host may not read, `EINVAL` for a key of another size, `ENOTSUPP` for other
  ///   kinds.
  public func map(forKey key: [UInt8]) throws(MapError) -> Map? {
    let table = try mapsTable()
    try checkReadable()
    try checkKey(key)
    // SAFETY: the key has the map's key size.
    return unsafe withKeyBytes(key) { key in unsafe table.map(key) }
  }

  /// Lets go of maps that were in this map of maps and are not any more. Nothing for other kinds.
  ///
  /// - Precondition: no program that can look up in this map is running.
  /// - Complexity: O(*n*), *n* the map's entries.
  public func forgetReplacedMaps() {
    guard case .special(let table as MapsTable) = storage else { return }
    table.forgetReplaced()
  }

  private func mapsTable() throws(MapError) -> MapsTable {
    guard case .special(let table as MapsTable) = storage else {
      throw error(.notSupported, "only maps of maps hold maps")
    }
    return table
  }
}

extension MapSpec {
  /// Whether a map of another specification may stand where one of this was declared: in a map of maps this being its
  /// inner map (the kernel's `bpf_map_meta_equal`).
  ///
  /// Kind, sizes, flags and special fields must be the same. The number of entries may differ, but for an `array` without
  /// `BPF_F_INNER_MAP` and an `xskmap`.
  ///
  /// - Complexity: O(1).
  public func isInterchangeable(with other: MapSpec) -> Bool {
    guard kind == other.kind, keySize == other.keySize, valueSize == other.valueSize,
      flags == other.flags, specialFields == other.specialFields
    else { return false }
    let hasFixedCount =
      kind == .xskMap || kind == .array && !flags.contains(.innerMap)
    return !hasFixedCount || maxEntries == other.maxEntries
  }
}
