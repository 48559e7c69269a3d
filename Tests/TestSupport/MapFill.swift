public import BPFPlatform
public import BPFRuntime

/// Entries that look random, the same each time, for maps that a program is compared with.
public enum MapFill {
  /// Some entries for a map that a host may change: few keys of small numbers, values of few bits. A per-CPU map's are of one
  /// processor.
  public static func entries(for map: MapSpec) -> [(key: [UInt8], value: [UInt8])] {
    if map.isFrozen { return [] }
    var generator = SeededGenerator(
      seed: map.name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let isArray = map.kind == .array || map.kind == .perCPUArray
    // Half of what fits, so that nothing is evicted.
    let count = isArray ? min(map.maxEntries, 16) : min(map.maxEntries / 2, 16)
    return (0..<count).compactMap { index in
      var key = (0..<map.keySize).map { _ in UInt8.random(in: 0...3, using: &generator) }
      switch map.kind {
      case .array, .perCPUArray: key = (0..<4).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) }
      case .hash, .lruHash, .perCPUHash, .lruPerCPUHash: break
      case .lpmTrie:
        key[0] = UInt8.random(in: 0...UInt8(min(8 * (map.keySize - 4), 255)), using: &generator)
        key.replaceSubrange(1..<4, with: [0, 0, 0])
      case _: return nil
      }
      let value = (0..<map.valueSize).map { _ in
        UInt8.random(in: 0...255, using: &generator) & UInt8.random(in: 0...255, using: &generator)
      }
      return (key, value)
    }
  }

  /// Puts them into live maps.
  public static func fill(_ maps: [Map]) throws {
    for map in maps {
      let isPerWorker = [.perCPUArray, .perCPUHash, .lruPerCPUHash].contains(map.spec.kind)
      for (key, value) in entries(for: map.spec) {
        let padding = isPerWorker ? [UInt8](repeating: 0, count: (8 - value.count % 8) % 8) : []
        try map.set(
          key,
          [[UInt8]](repeating: value + padding, count: isPerWorker ? map.workers : 1).flatMap { $0 }
        )
      }
    }
  }
}
