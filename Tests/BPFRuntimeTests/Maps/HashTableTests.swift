import BPFPlatform
import Synchronization
import TestSupport
import Testing

@testable import BPFRuntime

/// What is particular to hash tables: overflowing buckets, elements of their own for workers, locks in values.
struct HashTableTests {
  private static func key(_ number: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 20, 23, 24, 32, 40, 64, 257])
  func `keys of any size are told apart`(_ size: Int) throws {
    let map = try Map(
      MapSpec(name: "m", kind: .hash, keySize: size, valueSize: 8, maxEntries: 4 * size + 4))
    // Keys that differ in one bit, wherever it is.
    var keys: [[UInt8]] = [[UInt8](repeating: 0, count: size)]
    for index in 0..<size {
      for bit: UInt8 in [1, 8, 128] {
        var key = keys[0]
        key[index] = bit
        keys.append(key)
      }
    }
    for (number, key) in keys.enumerated() { try map.set(key, Self.key(number)) }
    for (number, key) in keys.enumerated() { #expect(try map.get(key) == Self.key(number)) }
    #expect(Set(try map.walk()) == Set(keys))
    for key in keys { #expect(try map.delete(key)) }
    #expect(try map.walk().isEmpty)
  }

  @Test func `a full map has all its entries, and no more`() throws {
    for maxEntries in [1, 2, 10, 11, 12, 100, 5000] {
      let map = try Map(
        MapSpec(name: "m", kind: .hash, keySize: 8, valueSize: 8, maxEntries: maxEntries),
        workers: 3)
      for round in 0..<3 {
        let first = round * maxEntries
        for number in first..<first + maxEntries { try map.set(Self.key(number), Self.key(number)) }
        #expect(map.perform(.set(Self.key(-1), Self.key(0), flags: 0)) == .refused(7))
        #expect(try map.entries().count == maxEntries)
        for number in first..<first + maxEntries {
          #expect(try map.take(Self.key(number)) == Self.key(number))
        }
        #expect(try map.take(Self.key(first)) == nil)
      }
    }
  }

  @Test func `keys in a row spread over the buckets`() throws {
    // Steps as counters, addresses and ports make them, under several seeds.
    let steps = [1, 2, 8, 256, 4096, 1 << 16, 1 << 32, 1 << 40]
    for step in (0..<8).flatMap({ _ in steps }) {
      let spec = MapSpec(name: "m", kind: .hash, keySize: 8, valueSize: 8, maxEntries: 10_000)
      let table = try HashTable(spec, workers: 1, limits: .standard)
      var counts = [Int](repeating: 0, count: table.bucketCount)
      for number in 0..<10_000 {
        let hash = unsafe Self.key(number &* step).withUnsafeBytes { bytes in
          unsafe bytes.baseAddress.map { unsafe table.hash(of: $0) } ?? 0
        }
        counts[table.bucketNumber(hash)] += 1
      }
      // 6.4 are expected in each, and 7.4 where a key is, itself included.
      #expect((counts.max() ?? 0) < 40, "step \(step)")
      #expect(counts.reduce(0) { $0 + $1 * $1 } < 9 * 10_000, "step \(step)")
    }
  }

  @Test func `workers with lists of their own do not evict others' entries`() throws {
    for kind in [MapKind.lruHash, .lruPerCPUHash] {
      let map = try Map(
        MapSpec(
          name: "m", kind: kind, keySize: 4, valueSize: 8, maxEntries: 20, flags: .noCommonLRU),
        workers: 2)
      for key: UInt32 in 0..<10 { #expect(map.programUpdate(key, 1, worker: 0) == 0) }
      for key: UInt32 in 1000..<2000 { #expect(map.programUpdate(key, 1, worker: 1) == 0) }
      for key: UInt32 in 0..<10 { #expect(map.programLookup(key) != nil) }
      #expect(try map.entries().count <= 20)
      for key: UInt32 in 3000..<3100 { #expect(map.programUpdate(key, 1, worker: 0) == 0) }
      #expect(map.programLookup(0) == nil)
      #expect(map.programLookup(1999) != nil)
    }
  }

  @Test func `an LRU map of a few entries keeps the one that was used`() throws {
    let map = try Map(
      MapSpec(name: "m", kind: .lruHash, keySize: 4, valueSize: 8, maxEntries: 2))
    #expect(map.programUpdate(1, 1) == 0)
    #expect(map.programUpdate(2, 2) == 0)
    #expect(map.programLookup(1) != nil)
    #expect(map.programUpdate(3, 3) == 0)
    #expect(map.programLookup(1) != nil)
    #expect(map.programLookup(2) == nil)
    #expect(map.programLookup(3) != nil)
  }

  @Test(arguments: [MapKind.hash, .array])
  func `the lock of a value is taken where it is asked for`(_ kind: MapKind) throws {
    var spec = MapSpec(name: "m", kind: kind, keySize: 4, valueSize: 16, maxEntries: 4)
    let plain = try Map(spec)
    spec.specialFields = [MapSpec.SpecialField(.spinLock, offset: 4)]
    let map = try Map(spec)
    let key: [UInt8] = [1, 0, 0, 0]
    let ones = [UInt8](repeating: 1, count: 16)
    let visible = ones[..<4] + [0, 0, 0, 0] + ones[8...]
    try map.set(key, ones, flags: .lock)
    #expect(try map.get(key, flags: .lock) == Array(visible))
    // The value changes in place.
    let address = map.programLookup(1)
    try map.set(key, [UInt8](repeating: 2, count: 16), flags: .lock)
    #expect(map.programLookup(1) == address)
    #expect(try map.get(key, flags: .lock)?[0] == 2)
    #expect(map.programUpdate(1, 3, flags: 4) == 0)
    #expect(try map.get(key)?.first == 3)
    let exists = MapOperation.set(key, ones, flags: 5)
    let missing = MapOperation.set([3, 0, 0, 0], ones, flags: 6)
    #expect(map.perform(exists) == .refused(17))
    #expect(map.perform(missing) == (kind == .hash ? .refused(2) : .done))
    #expect(map.perform(.set(key, ones, flags: 7)) == .refused(22))
    #expect(plain.perform(.set(key, ones, flags: 4)) == .refused(22))
    #expect(plain.programUpdate(1, 3, flags: 4) == -22)
    #expect(#expect(throws: MapError.self) { try plain.get(key, flags: .lock) }?.errorNumber == 22)
    #expect(#expect(throws: MapError.self) { try map.get(key, flags: .exist) }?.errorNumber == 22)
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `entries are taken as the kernel takes them`() throws {
    // Queues have operations of their own; what descriptor 0 is to a map of sockets depends on who runs the tests.
    let others: [MapKind] = [
      .queue, .stack, .bloomFilter, .socketMap, .socketHash, .reuseportSocketArray, .xskMap,
    ]
    for spec in MapSamples.all where !others.contains(spec.kind) {
      let map = try Map(spec, workers: KernelOracle.possibleProcessors)
      let kernel = try KernelMap(spec)
      var traffic = MapTraffic(spec, valueSize: map.hostValueSize, keys: 8, seed: 3)
      for _ in 0..<40 {
        let key = traffic.key()
        let set = MapOperation.set(
          key, [UInt8](repeating: 0, count: map.hostValueSize), flags: 0)
        #expect(try map.perform(set) == kernel.perform(set), "\(spec.name)")
        #expect(try map.perform(.take(key)) == kernel.perform(.take(key)), "\(spec.name)")
        #expect(try map.perform(.take(key)) == kernel.perform(.take(key)), "\(spec.name)")
      }
      #expect(try map.perform(.freeze) == kernel.perform(.freeze))
      let key = traffic.key()
      #expect(try map.perform(.take(key)) == kernel.perform(.take(key)), "\(spec.name)")
    }
  }
}
