import BPFPlatform
import Testing

@testable import BPFRuntime

/// The ring buffer as programs and the host use it.
struct RingBufferTests {
  private static func ring(_ size: Int = 4096) throws -> Map {
    try Map(
      MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: size))
  }

  @Test func `records come in the order of their reservation`() throws {
    let map = try Self.ring()
    let first = try #require(map.reserve(5))
    let second = try #require(map.reserve(8))
    let third = try #require(map.reserve(1))
    Map.fill(first, 1, 5)
    Map.fill(second, 2, 8)
    Map.fill(third, 3, 1)
    Map.submit(third)
    Map.discard(second)
    #expect(map.takeRecords().isEmpty)
    #expect(map.queryRing(0) == 48)
    Map.submit(first)
    #expect(map.takeRecords() == [[1, 1, 1, 1, 1], [3]])
    #expect(map.queryRing(0) == 0)
    #expect(map.queryRing(1) == 4096)
    #expect(map.queryRing(2) == 48)
    #expect(map.queryRing(3) == 48)
    #expect(map.queryRing(4) == 0)
  }

  @Test func `a full ring refuses`() throws {
    let map = try Self.ring()
    let bytes = [UInt8](repeating: 7, count: 1016)
    let output = { map.output(bytes) }
    // The ring never fills entirely: 4 records of 1,024 bytes would.
    for _ in 0..<3 { #expect(output() == 0) }
    #expect(output() == -11)
    #expect(map.reserve(1016) == nil)
    #expect(map.reserve(1008) != nil)
    #expect(map.reserve(8, flags: 1) == nil)
    #expect(map.reserve(5000) == nil)
    #expect(map.reserve(.max) == nil)
    #expect(map.reserve(UInt64(UInt32.max)) == nil)
    #expect(map.output(bytes, flags: 4) == -22)
    #expect(map.takeRecords().count == 3)
  }

  @Test func `records are contiguous across the end`() throws {
    let map = try Self.ring()
    let base = try #require(map.ringBase)
    var crossed = 0
    for round in 0..<500 {
      let count = 100 + round % 700
      let record = try #require(map.reserve(UInt64(count)))
      let offset = Int(record - base)
      #expect(offset + count <= 2 * 4096)
      if offset + count > 4096 { crossed += 1 }
      #expect(map.reservedSize(at: record) == count)
      #expect(map.reservedSize(at: record + 8) == nil)
      Map.fill(record, UInt8(truncatingIfNeeded: round), count)
      Map.submit(record)
      #expect(map.reservedSize(at: record) == nil)
      let expected = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: count)
      var records = map.records
      #expect(records.next() == expected)
      #expect(records.next() == nil)
    }
    #expect(crossed > 10)
  }

  @Test func `headers that programs make up are not records`() throws {
    let map = try Self.ring()
    let record = try #require(map.reserve(64))
    // What a header looks like: a length with the busy bit, then something.
    Map.write(1 << 31 | 8, count: 16, to: record)
    for address in record - 8..<record + 72 {
      #expect((map.reservedSize(at: address) != nil) == (address == record))
    }
  }

  @Test func `the kernel's operations on entries are refused`() throws {
    let map = try Self.ring()
    let operations: [() throws -> Void] = [
      { _ = try map.get([]) }, { try map.set([], []) }, { _ = try map.delete([]) },
      { _ = try map.nextKey(after: nil) }, { _ = try map.entries() },
    ]
    for operation in operations {
      let error = #expect(throws: MapError.self) { try operation() }
      #expect(error?.errorNumber == 524)
    }
    let hasValues = map.valueMemory != nil
    #expect(!hasValues)
  }
}
