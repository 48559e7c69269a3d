import BPFPlatform
import BPFRuntime
import Synchronization
import TestSupport
import Testing

/// Walks over a map that others change: what is there throughout is found by each, as the kernel has it.
struct MapWalkStressTests {
  private static var walks: Int {
    #if DEBUG
    60
    #else
    600
    #endif
  }

  /// What the threads share.
  private final class Counts: Sendable {
    let isDone = Atomic(false)
    let changes = Atomic(0)
    let missed = Atomic(0)
    let doubled = Atomic(0)
    let foreign = Atomic(0)
    let refused = Atomic(0)
  }

  /// Entries that nobody changes, and keys of each writer that come and go.
  private static let stable: UInt32 = 64
  private static let ownKeys: UInt32 = 64

  private static func key(_ number: UInt32, _ kind: MapKind) -> [UInt8] {
    let data = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
    return kind == .lpmTrie ? [32, 0, 0, 0] + data : data
  }

  private static func value(_ number: UInt32) -> [UInt8] {
    key(number, .hash) + [1, 2, 3, 4]
  }

  private static func map(_ kind: MapKind, entries: Int) throws -> Map {
    let map = try Map(
      MapSpec(
        name: "m", kind: kind, keySize: kind == .lpmTrie ? 8 : 4, valueSize: 8,
        maxEntries: entries, flags: kind == .lpmTrie ? .noPreallocation : []))
    for number in 0..<stable { try map.set(key(number, kind), value(number)) }
    return map
  }

  /// Walks while two threads add and remove entries: `walk` gives the keys it saw, and how often it began again.
  private static func walk(
    _ kind: MapKind, entries: Int = 256,
    _ walk: @escaping @Sendable (Map) throws(MapError) -> (keys: [[UInt8]], restarts: Int)
  ) async throws -> Counts {
    let map = try map(kind, entries: entries)
    let stableKeys = Set((0..<stable).map { key($0, kind) })
    let allKeys = stableKeys.union(
      (1...2).flatMap { writer in (0..<ownKeys).map { key(writer * 1000 + $0, kind) } })
    let counts = Counts()
    await onThreads(3) { thread in
      do throws(MapError) {
        guard thread > 0 else {
          defer { counts.isDone.store(true, ordering: .relaxed) }
          var count = 0
          // Until the writers did something too: a machine may start them late.
          while count < walks || counts.changes.load(ordering: .relaxed) < 1000,
            counts.refused.load(ordering: .relaxed) == 0
          {
            count += 1
            let (keys, restarts) = try walk(map)
            var seen: [[UInt8]: Int] = [:]
            for key in keys {
              if !allKeys.contains(key) { counts.foreign.add(1, ordering: .relaxed) }
              if stableKeys.contains(key) { seen[key, default: 0] += 1 }
            }
            if seen.count < stableKeys.count { counts.missed.add(1, ordering: .relaxed) }
            if seen.values.contains(where: { $0 > restarts + 1 }) {
              counts.doubled.add(1, ordering: .relaxed)
            }
          }
          return
        }
        var state = UInt64(thread)
        while !counts.isDone.load(ordering: .relaxed) {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          let number = UInt32(thread) * 1000 + UInt32(state >> 33) % ownKeys
          if state >> 63 == 0 {
            try map.set(key(number, kind), value(number))
          } else {
            _ = try map.delete(key(number, kind))
          }
          counts.changes.add(1, ordering: .relaxed)
        }
      } catch {
        counts.refused.add(1, ordering: .relaxed)
        counts.isDone.store(true, ordering: .relaxed)
      }
    }
    return counts
  }

  private static func check(_ counts: Counts) {
    #expect(counts.refused.load(ordering: .relaxed) == 0)
    #expect(counts.foreign.load(ordering: .relaxed) == 0)
    #expect(counts.missed.load(ordering: .relaxed) == 0)
    #expect(counts.doubled.load(ordering: .relaxed) == 0)
  }

  /// The same, with changes between the steps of a walk: in a full map, whose elements move most.
  @Test(arguments: [MapKind.hash, .perCPUHash, .lpmTrie], [24, 96])
  func `a walk between whose steps entries come and go`(_ kind: MapKind, entries: Int) throws {
    var state: UInt64 = 7
    func random(_ bound: UInt32) -> UInt32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt32(state >> 33) % bound
    }
    let all = UInt32(entries)
    for _ in 0..<Self.walks {
      let map = try Map(
        MapSpec(
          name: "m", kind: kind, keySize: kind == .lpmTrie ? 8 : 4, valueSize: 8,
          maxEntries: entries, flags: kind == .lpmTrie ? .noPreallocation : []))
      for number in 0..<all { try map.set(Self.key(number, kind), Self.value(number)) }
      // One in three stays.
      var left = Set((0..<all).filter { $0 % 3 == 0 }.map { Self.key($0, kind) })
      var last: [UInt8]?
      while let next = try map.nextKey(after: last) {
        left.remove(next)
        last = next
        for _ in 0..<4 {
          let number = random(all)
          let key = Self.key(number, kind)
          if number % 3 == 0 || key == next { continue }
          if try !map.delete(key) { try map.set(key, Self.value(number)) }
        }
      }
      #expect(left.isEmpty)
    }
  }

  private static let kinds = [MapKind.hash, .perCPUHash, .lpmTrie]

  /// A key that was removed under a walk sends it back to the first one, so that it may see entries again.
  @Test(arguments: kinds, [192, 4096])
  func `a walk by keys`(_ kind: MapKind, entries: Int) async throws {
    let counts = try await Self.walk(kind, entries: entries) { map throws(MapError) in
      var keys: [[UInt8]] = []
      var restarts = 0
      var last: [UInt8]?
      // A walk that is sent back for ever would be no error of the kernel's either: it ends all the same.
      while keys.count < 1_000_000, let next = try map.nextKey(after: last) {
        keys.append(next)
        // Only such a key can go; whether it went while the walk stood there cannot be told.
        if next[kind == .lpmTrie ? 6 : 2] != 0 { restarts += 1 }
        last = next
      }
      return (keys, restarts)
    }
    Self.check(counts)
  }

  @Test(arguments: [MapKind.hash, .perCPUHash], [192, 4096])
  func `a walk by batches`(_ kind: MapKind, entries: Int) async throws {
    let counts = try await Self.walk(kind, entries: entries) { map throws(MapError) in
      var keys: [[UInt8]] = []
      var cursor: MapBatchCursor?
      while true {
        // No bucket ever has more.
        let batch = map.lookUpBatch(after: cursor, count: 192)
        keys += batch.entries.map(\.key)
        cursor = batch.cursor
        guard let error = batch.error else { continue }
        guard error.errorNumber == 2 else { throw error }
        return (keys, 0)
      }
    }
    Self.check(counts)
  }

  @Test(arguments: kinds, [192, 4096])
  func `all entries at once`(_ kind: MapKind, entries: Int) async throws {
    let counts = try await Self.walk(kind, entries: entries) { map throws(MapError) in
      let entries = try map.entries()
      for entry in entries where entry.value != Self.value(of: entry.key, kind) { return ([], 0) }
      return (entries.map(\.key), 0)
    }
    Self.check(counts)
  }

  private static func value(of key: [UInt8], _ kind: MapKind) -> [UInt8] {
    (kind == .lpmTrie ? Array(key[4...]) : key) + [1, 2, 3, 4]
  }
}
