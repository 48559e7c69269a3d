import BPFPlatform
import Testing

@testable import BPFRuntime

/// What hosts and programs see of maps beyond single operations.
struct MapInterfaceTests {
  private struct Flow: BitwiseCopyable {
    var source: UInt32 = 0
    var port: UInt16 = 0
    var unused: UInt16 = 0
  }

  private static func map(
    _ kind: MapKind, _ keySize: Int = 4, _ valueSize: Int = 8, _ maxEntries: Int = 8,
    flags: MapFlags = [], workers: Int = 1
  ) throws -> Map {
    try Map(
      MapSpec(
        name: "m", kind: kind, keySize: keySize, valueSize: valueSize, maxEntries: maxEntries,
        flags: flags), workers: workers)
  }

  @Test func `keys and values are typed`() throws {
    let map = try Self.map(.hash, 8, 8)
    let flow = Flow(source: 1, port: 2)
    try map.set(flow, to: UInt64(5))
    #expect(try map.get(flow, as: UInt64.self) == 5)
    #expect(try map.get(Flow(), as: UInt64.self) == nil)
    #expect(throws: MapError.self) { try map.get(flow, as: UInt32.self) }
    #expect(throws: MapError.self) { try map.get(UInt32(1), as: UInt64.self) }
    #expect(throws: MapError.self) { try map.set(flow, to: UInt32(1)) }
    #expect(
      #expect(throws: MapError.self) { try map.set(flow, to: UInt64(1), flags: .noExist) }?
        .errorNumber == 17)
    #expect(try map.delete(key: flow))
    #expect(try !map.delete(key: flow))
    #expect(
      #expect(throws: MapError.self) { try map.set(flow, to: UInt64(1), flags: .exist) }?
        .errorNumber == 2)
  }

  @Test func `workers have values of their own`() throws {
    for kind in [MapKind.perCPUHash, .perCPUArray] {
      let map = try Self.map(kind, 4, 4, workers: 3)
      let key: UInt32 = 2
      #expect(map.hostValueSize == 24)
      // A new entry is zero for the workers that did not make it.
      #expect(map.programUpdate(key, 7, worker: 1) == 0)
      #expect(try map.getPerWorker(key, as: UInt32.self) == [0, 7, 0])
      let slot = try #require(map.programLookup(key, worker: 2))
      Map.write(9, to: slot)
      #expect(try map.getPerWorker(key, as: UInt32.self) == [0, 7, 9])
      try map.set(key, to: UInt32(3))
      #expect(try map.getPerWorker(key, as: UInt32.self) == [3, 3, 3])
      #expect(Map.read(slot) == 3)
      let memory = try #require(map.valueMemory)
      let distance = unsafe Int(slot - UInt(bitPattern: memory.base))
      #expect(distance % memory.stride == 0)
      #expect(distance / memory.stride < memory.count)
    }
  }

  @Test func `a replaced value stays as it was for who holds it`() throws {
    let map = try Self.map(.hash, 4, 8)
    let key: UInt32 = 1
    try map.set(key, to: UInt64(10))
    let old = try #require(map.programLookup(key))
    try map.set(key, to: UInt64(11))
    let new = try #require(map.programLookup(key))
    #expect(old != new)
    #expect(Map.read(old) == 10)
    for other: UInt32 in 2..<9 { try map.set(other, to: UInt64(0)) }
    #expect(Map.read(old) == 10)
    #expect(try map.delete(key: key))
    #expect(Map.read(new) == 11)
  }

  @Test func `the host's and programs' access is apart`() throws {
    let readOnly = try Self.map(.hash, flags: [.readOnly])
    #expect(
      #expect(throws: MapError.self) { try readOnly.set(UInt32(1), to: UInt64(1)) }?
        .errorNumber == 1)
    #expect(
      #expect(throws: MapError.self) { try readOnly.delete(key: UInt32(1)) }?.errorNumber == 1)
    #expect(try readOnly.entries().isEmpty)
    let writeOnly = try Self.map(.hash, flags: [.writeOnly])
    try writeOnly.set(UInt32(1), to: UInt64(1))
    #expect(
      #expect(throws: MapError.self) { try writeOnly.get([1, 0, 0, 0]) }?.errorNumber == 1)
    #expect(
      #expect(throws: MapError.self) { try writeOnly.nextKey(after: nil) }?.errorNumber == 1)
    #expect(throws: MapError.self) { try writeOnly.entries() }
    let readable = try #require(Self.map(.array, flags: [.readOnlyForPrograms]).valueMemory)
    #expect(readable.isReadOnlyForPrograms && !readable.isWriteOnlyForPrograms)
    let writable = try #require(Self.map(.array, flags: [.writeOnlyForPrograms]).valueMemory)
    #expect(writable.isWriteOnlyForPrograms && !writable.isReadOnlyForPrograms)
  }

  @Test func `batches stop at the first error`() throws {
    let map = try Self.map(.hash, 4, 4, 3)
    let entries = (0..<5 as Range<UInt8>).map { (key: [$0, 0, 0, 0], value: [$0, 1, 2, 3]) }
    let result = map.set(contentsOf: entries)
    #expect(result.count == 3)
    #expect(result.error?.errorNumber == 7)
    #expect(try map.get(contentsOf: entries.map(\.key)).compactMap { $0 }.count == 3)
    let removed = map.delete(contentsOf: entries.map(\.key))
    #expect(removed.count == 3)
    #expect(removed.error?.errorNumber == 2)
    map.set(contentsOf: entries)
    #expect(Set(try map.takeAll().map { $0.key[0] }) == [0, 1, 2])
    #expect(try map.entries().isEmpty)
  }

  @Test func `a walk goes on while entries change`() throws {
    let map = try Self.map(.hash, 4, 4, 100)
    for key: UInt32 in 0..<100 { try map.set(key, to: key) }
    // Changing each entry as the walk comes to it neither skips nor repeats any.
    var seen: [[UInt8]] = []
    var next = try map.nextKey(after: nil)
    while let key = next, seen.count < 1000 {
      seen.append(key)
      try map.set(key, [9, 9, 9, 9])
      next = try map.nextKey(after: key)
    }
    #expect(seen.count == 100 && Set(seen).count == 100)
    // Removing each: the walk begins anew, and ends.
    var removed = 0
    next = try map.nextKey(after: nil)
    while let key = next, removed < 1000 {
      #expect(try map.delete(key))
      removed += 1
      next = try map.nextKey(after: key)
    }
    #expect(removed == 100)
  }

  @Test func `what is looked up outlives what is not`() throws {
    let map = try Self.map(.lruHash, 4, 4, 100)
    for key: UInt32 in 0..<100 { try map.set(key, to: key) }
    for round: UInt32 in 1..<20 {
      for key: UInt32 in 0..<50 {
        #expect(map.programLookup(key) != nil, "\(key) in round \(round)")
      }
      for key: UInt32 in 0..<40 { try map.set(round * 1000 + key, to: key) }
      #expect(try map.entries().count == 100)
    }
    // The host's own lookups do not count as use.
    for _ in 0..<3 {
      for key: UInt32 in 0..<50 { #expect(try map.get(key, as: UInt32.self) == key) }
    }
  }

  @Test func `a changed entry of a full LRU map evicts nothing`() throws {
    let map = try Self.map(.lruHash, 4, 4, 64)
    for key: UInt32 in 0..<64 { try map.set(key, to: key) }
    for round: UInt32 in 0..<64 * 10 { try map.set(round % 64, to: round) }
    #expect(Set(try map.entries().map { $0.key[0] }) == Set(0..<64))
  }

  @Test func `sizes that do not fit are refused in words`() throws {
    let map = try Self.map(.hash)
    let error = #expect(throws: MapError.self) { try map.set([1, 2], [0]) }
    #expect(error?.errorNumber == 22)
    #expect(error?.description == "map 'm': the key has 2 bytes, the map's 4 (EINVAL)")
    #expect(#expect(throws: MapError.self) { try map.set([1, 2, 3, 4], [0]) }?.errorNumber == 22)
  }
}
