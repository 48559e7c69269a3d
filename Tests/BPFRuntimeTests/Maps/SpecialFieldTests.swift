import BPFPlatform
import Testing

@testable import BPFRuntime

/// Values with fields that are no bytes for hosts and programs.
struct SpecialFieldTests {
  private static func spec(
    _ kind: MapKind, _ fields: [MapSpec.SpecialField], valueSize: Int = 32, flags: MapFlags = []
  ) -> MapSpec {
    var spec = MapSpec(
      name: "m", kind: kind, keySize: 4, valueSize: valueSize, maxEntries: 4, flags: flags)
    spec.specialFields = fields
    return spec
  }

  private static let lock = MapSpec.SpecialField(.spinLock, offset: 4)
  private static let timer = MapSpec.SpecialField(.timer, offset: 8)

  /// The value of key 1, as programs see it.
  private static func value(_ map: Map) throws -> UnsafeMutableRawPointer {
    let address = try #require(map.programLookup(1))
    return try unsafe #require(UnsafeMutableRawPointer(bitPattern: address))
  }

  @Test func `what the kernel refuses of fields is refused`() {
    let cases: [(MapSpec, Int32?)] = [
      (Self.spec(.hash, [Self.lock, Self.timer]), nil),
      (Self.spec(.array, [Self.timer]), nil),
      (Self.spec(.lruHash, [Self.timer]), nil),
      (Self.spec(.lruHash, [Self.lock]), 95),
      (Self.spec(.perCPUArray, [Self.lock]), 95),
      (Self.spec(.perCPUHash, [Self.timer]), 95),
      (Self.spec(.perCPUHash, [.init(.kernelPointer, offset: 8)]), nil),
      (Self.spec(.queue, [Self.timer]), 22),
      (Self.spec(.hash, [Self.timer], flags: .readOnlyForPrograms), 13),
      (Self.spec(.hash, [Self.timer, .init(.timer, offset: 24)], valueSize: 40), 7),
      (Self.spec(.hash, [.init(.timer, offset: 20)], valueSize: 40), 22),
      (Self.spec(.hash, [.init(.timer, offset: 24)]), 22),
      (Self.spec(.hash, [.init(.listHead, offset: 8)]), 22),
      (Self.spec(.hash, [Self.lock, .init(.listHead, offset: 8)]), nil),
    ]
    for (spec, expected) in cases { #expect(MapCreationTests.outcome(spec) == expected, "\(spec)") }
  }

  @Test(arguments: [MapKind.array, .hash])
  func `updates leave fields alone and hosts see zeros`(_ kind: MapKind) throws {
    let map = try Map(Self.spec(kind, [Self.lock, Self.timer]))
    let key: [UInt8] = [1, 0, 0, 0]
    let ones = [UInt8](repeating: 1, count: 32)
    let visible = ones[..<4] + [UInt8](repeating: 0, count: 20) + ones[..<8]
    try map.set(key, ones)
    #expect(try map.get(key) == Array(visible))
    let value = unsafe try Self.value(map)
    for offset in stride(from: 0, to: 32, by: 8) {
      let word = unsafe value.load(fromByteOffset: offset, as: UInt64.self)
      let expected: [Int: UInt64] = [0: 0x0101_0101, 24: 0x0101_0101_0101_0101]
      #expect(word == expected[offset, default: 0])
    }
    // A lock stays in an array, whose values are changed in place; a timer ends with the value it was in.
    unsafe value.storeBytes(of: 0x1234, toByteOffset: 4, as: UInt32.self)
    unsafe value.storeBytes(of: 0x1234, toByteOffset: 8, as: UInt64.self)
    try map.set(key, [UInt8](repeating: 2, count: 32))
    #expect(try map.get(key)?[8..<24].allSatisfy { $0 == 0 } == true)
    #expect(try map.get(key)?[0] == 2)
    let changed = unsafe try Self.value(map)
    let lock = unsafe changed.load(fromByteOffset: 4, as: UInt32.self)
    #expect(lock == (kind == .array ? 0x1234 : 0))
    let timer = unsafe changed.load(fromByteOffset: 8, as: UInt64.self)
    #expect(timer == 0)
    #expect(try map.entries().allSatisfy { $0.value[4..<24].allSatisfy { $0 == 0 } })
  }

  @Test func `loaders make maps without the fields the kernel refuses`() {
    #expect(Self.spec(.lruHash, [Self.lock]).adjustedAsLoadersDo.specialFields.isEmpty)
    #expect(Self.spec(.hash, [Self.lock]).adjustedAsLoadersDo.specialFields == [Self.lock])
  }
}
