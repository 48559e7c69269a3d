import BPFPlatform
import BPFRuntime
import TestSupport
import Testing

/// Batches with a cursor, against the running kernel.
///
/// Which entries share a bucket of a hash map differs from the kernel's, and so do the batches a walk has; what it finds
/// in all may not.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct MapBatchTests {
  private static let supported =
    MapSamples.locked
    + MapSamples.all.filter {
      [.hash, .perCPUHash, .lruHash, .lruPerCPUHash, .array, .perCPUArray, .lpmTrie]
        .contains($0.kind)
    }

  /// The flags of batches that read and change values: under their locks, where they have some.
  private static func flags(_ spec: MapSpec) -> MapUpdateFlags {
    spec.specialFields.isEmpty ? .any : .lock
  }

  /// A map and the kernel's with the same entries.
  private static func filled(_ spec: MapSpec) throws -> (Map, KernelMap) {
    let map = try Map(spec, workers: KernelOracle.possibleProcessors)
    let kernel = try KernelMap(spec)
    var traffic = MapTraffic(spec, valueSize: map.hostValueSize, keys: 32, seed: 3)
    for _ in 0..<60 {
      let set = MapOperation.set(traffic.key(), traffic.value(), flags: 0)
      #expect(try map.perform(set) == kernel.perform(set))
    }
    return (map, kernel)
  }

  private static func sorted(
    _ entries: [(key: [UInt8], value: [UInt8])]
  ) -> [[UInt8]] { entries.map { $0.key + $0.value }.sorted { $0.lexicographicallyPrecedes($1) } }

  @Test(arguments: supported)
  func `a walk by batches finds what the kernel's does`(_ spec: MapSpec) throws {
    let (map, kernel) = try Self.filled(spec)
    // No bucket of either has more.
    for size in [32, 40, 64, 10_000] {
      var ours: [(key: [UInt8], value: [UInt8])] = []
      var cursor: MapBatchCursor?
      var end: Int32 = 0
      while end == 0 {
        let batch = map.lookUpBatch(
          after: cursor, count: size, flags: Self.flags(spec))
        #expect(batch.entries.count <= size)
        ours += batch.entries
        (cursor, end) = (batch.cursor, batch.error?.errorNumber ?? 0)
      }
      var theirs: [(key: [UInt8], value: [UInt8])] = []
      var place: [UInt8]?
      var theirEnd: Int32 = 0
      while theirEnd == 0 {
        let batch = kernel.batch(
          isTaking: false, after: place, count: size, flags: Self.flags(spec).rawValue)
        theirs += batch.entries
        (place, theirEnd) = (batch.cursor, batch.number)
      }
      #expect(end == theirEnd)
      #expect(Self.sorted(ours) == Self.sorted(theirs))
    }
  }

  @Test(arguments: supported.filter { MapSamples.isOrdered($0.kind) })
  func `each batch of a map in order is the kernel's`(_ spec: MapSpec) throws {
    let (map, kernel) = try Self.filled(spec)
    for size in 0...12 {
      var cursor: MapBatchCursor?
      var place: [UInt8]?
      for _ in 0..<50 {
        let ours = map.lookUpBatch(
          after: cursor, count: size, flags: Self.flags(spec))
        let theirs = kernel.batch(
          isTaking: false, after: place, count: size, flags: Self.flags(spec).rawValue)
        #expect((ours.error?.errorNumber ?? 0) == theirs.number)
        #expect(ours.entries.map(\.key) == theirs.entries.map(\.key))
        #expect(ours.entries.map(\.value) == theirs.entries.map(\.value))
        (cursor, place) = (ours.cursor, theirs.cursor)
        if theirs.number != 0 { break }
      }
    }
  }

  @Test(arguments: supported)
  func `entries are taken by batches as the kernel's`(_ spec: MapSpec) throws {
    let (map, kernel) = try Self.filled(spec)
    let ours = map.takeBatch(count: 10_000, flags: Self.flags(spec))
    let theirs = kernel.batch(
      isTaking: true, after: nil, count: 10_000, flags: Self.flags(spec).rawValue)
    #expect((ours.error?.errorNumber ?? 0) == theirs.number)
    #expect(Self.sorted(ours.entries) == Self.sorted(theirs.entries))
    #expect(Set(try map.walk()) == Set(try kernel.walk()))
  }

  @Test func `a bucket that does not fit is an error only at a batch's beginning`() throws {
    // Our map has one bucket for all; the kernel's has enough that two keys may lie apart.
    let spec = MapSpec(name: "few", kind: .hash, keySize: 4, valueSize: 4, maxEntries: 5)
    let map = try Map(spec)
    for number in 0..<5 as Range<UInt8> { try map.set([number, 0, 0, 0], [1, 2, 3, number]) }
    let refused = map.lookUpBatch(count: 4)
    #expect(refused.error?.errorNumber == 28)
    #expect(refused.entries.isEmpty)
    let whole = map.lookUpBatch(after: refused.cursor, count: 5)
    #expect(whole.error?.errorNumber == 2)
    #expect(whole.entries.count == 5)
    #expect(map.lookUpBatch(after: whole.cursor, count: 5).entries.isEmpty)
    #expect(map.lookUpBatch(after: whole.cursor, count: 5).error?.errorNumber == 2)
  }

  @Test(arguments: MapSamples.all + MapSamples.locked)
  func `every kind has the batches it has in the kernel`(_ spec: MapSpec) throws {
    for flags: UInt64 in [0, 1, 2, 4, 8] {
      for isFrozen in [false, true] {
        let map = try Map(spec, workers: KernelOracle.possibleProcessors)
        let kernel = try KernelMap(spec)
        if isFrozen { guard try map.perform(.freeze) == kernel.perform(.freeze) else { continue } }
        let given = MapUpdateFlags(rawValue: flags)
        let key = [UInt8](repeating: 0, count: spec.keySize)
        let value = [UInt8](repeating: 7, count: map.hostValueSize)
        for count in [0, 1] {
          let looked = map.lookUpBatch(count: count, flags: given).error?.errorNumber ?? 0
          let kernelLooked = kernel.batch(
            isTaking: false, after: nil, count: count, flags: flags)
          #expect(looked == kernelLooked.number, "look-up of \(count) with \(flags)")
          let taken = map.takeBatch(count: count, flags: given).error?.errorNumber ?? 0
          let kernelTaken = kernel.batch(isTaking: true, after: nil, count: count, flags: flags)
          #expect(taken == kernelTaken.number, "take of \(count) with \(flags)")
        }
        let updated = map.updateBatch([(key, value)], flags: given).error?.errorNumber ?? 0
        let kernelUpdated = kernel.updateBatch([(key, value)], flags: flags)
        #expect(updated == kernelUpdated.number, "update with \(flags)")
        let deleted = map.deleteBatch([key], flags: given).error?.errorNumber ?? 0
        let kernelDeleted = kernel.deleteBatch([key], flags: flags)
        #expect(deleted == kernelDeleted.number, "delete with \(flags)")
      }
    }
  }

  @Test(arguments: supported)
  func `a batch of changes ends where the kernel's does`(_ spec: MapSpec) throws {
    let (map, kernel) = try Self.filled(spec)
    var traffic = MapTraffic(spec, valueSize: map.hostValueSize, keys: 32, seed: 4)
    for _ in 0..<20 {
      let entries = (0..<30).map { _ in (key: traffic.key(), value: traffic.value()) }
      let ours = map.updateBatch(entries, flags: Self.flags(spec))
      let theirs = kernel.updateBatch(entries, flags: Self.flags(spec).rawValue)
      #expect(ours.count == theirs.count)
      #expect((ours.error?.errorNumber ?? 0) == theirs.number)
      let keys = (0..<3).map { _ in traffic.key() }
      let deleted = map.deleteBatch(keys)
      let theirDeleted = kernel.deleteBatch(keys)
      #expect((deleted.error?.errorNumber ?? 0) == theirDeleted.number)
      // Where there are no batches the kernel leaves the count.
      if theirDeleted.number != 524 { #expect(deleted.count == theirDeleted.count) }
    }
    #expect(Set(try map.walk()) == Set(try kernel.walk()))
  }

  @Test(arguments: [MapKind.arrayOfMaps, .hashOfMaps])
  func `maps of maps have batches too`(_ kind: MapKind) throws {
    let inner = MapSpec(name: "inner", kind: .array, keySize: 4, valueSize: 4, maxEntries: 2)
    let spec = MapSpec(
      name: "outer", kind: kind, keySize: 4, valueSize: 4, maxEntries: 6,
      inner: inner)
    let map = try Map(spec)
    let kernel = try KernelMap(spec)
    let ours = try Map(inner)
    let theirs = try KernelMap(inner)
    for number in [0, 2, 5] as [UInt8] {
      try map.setMap(ours, forKey: [number, 0, 0, 0])
      try kernel.set([number, 0, 0, 0], map: theirs)
    }
    // Values are the maps' numbers, which differ.
    for isTaking in [false, true] {
      for count in [0, 3, 4, 10] {
        let found =
          isTaking ? map.takeBatch(count: count) : map.lookUpBatch(count: count)
        let expected = kernel.batch(isTaking: isTaking, after: nil, count: count)
        #expect((found.error?.errorNumber ?? 0) == expected.number, "\(count)")
        #expect(Set(found.entries.map(\.key)) == Set(expected.entries.map(\.key)), "\(count)")
      }
    }
  }
}
