import BPFPlatform

/// How far a batch came.
public struct MapBatchResult: Sendable {
  /// The number of entries done, before the first that was refused.
  public let count: Int
  /// Why the next one was refused; nil where all are done.
  public let error: MapError?
}

/// Many entries at once, as `BPF_MAP_UPDATE_BATCH` and its siblings: in order, up to the first error.
extension Map {
  /// Makes or changes entries.
  ///
  /// - Complexity: O(*n*), *n* the number of entries.
  @discardableResult
  public func set(
    contentsOf entries: some Sequence<(key: [UInt8], value: [UInt8])>,
    flags: MapUpdateFlags = .any
  ) -> MapBatchResult {
    var count = 0
    for entry in entries {
      do throws(MapError) {
        try set(entry.key, entry.value, flags: flags)
      } catch {
        return MapBatchResult(count: count, error: error)
      }
      count += 1
    }
    return MapBatchResult(count: count, error: nil)
  }

  /// Removes entries; a key that is not there is an error (`ENOENT`).
  ///
  /// - Complexity: O(*n*), *n* the number of keys.
  @discardableResult
  public func delete(contentsOf keys: some Sequence<[UInt8]>) -> MapBatchResult {
    var count = 0
    for key in keys {
      do throws(MapError) {
        guard try delete(key) else {
          throw error(.noEntry, words(for: .noEntry, key: key, flags: 0))
        }
      } catch {
        return MapBatchResult(count: count, error: error)
      }
      count += 1
    }
    return MapBatchResult(count: count, error: nil)
  }

  /// The values of keys, nil where there is none.
  ///
  /// - Throws: ``MapError`` as ``get(_:)`` does.
  public func get(contentsOf keys: some Sequence<[UInt8]>) throws(MapError) -> [[UInt8]?] {
    var values: [[UInt8]?] = []
    for key in keys { values.append(try get(key)) }
    return values
  }

  /// Removes all entries of a hash map or an `lpm_trie`, and gives those it removed.
  ///
  /// - Throws: ``MapError`` as ``entries()`` and ``delete(_:)`` do.
  public func takeAll() throws(MapError) -> [(key: [UInt8], value: [UInt8])] {
    try checkWritable()
    var taken: [(key: [UInt8], value: [UInt8])] = []
    for entry in try entries() {
      if case .hash = storage {
        // Its value may have changed since.
        if let value = try take(entry.key) { taken.append((entry.key, value)) }
      } else if try delete(entry.key) {
        taken.append(entry)
      }
    }
    return taken
  }
}
