import BPFPlatform
import Testing

@testable import BPFRuntime

/// Longest prefixes in larger tries than the model's, where tables take the place of walks.
struct PrefixTrieTests {
  /// Prefixes by length and masked data: the obvious way to find the longest.
  private struct Routes {
    let size: Int
    var values: [[UInt8]: UInt64] = [:]
    /// The lengths there have been.
    var lengths: Set<Int> = []

    func masked(_ data: [UInt8], _ length: Int) -> [UInt8] {
      data.enumerated().map { index, byte in
        let bits = min(max(length - 8 * index, 0), 8)
        return bits == 0 ? 0 : byte & UInt8(truncatingIfNeeded: 0xff00 >> bits)
      }
    }

    func key(_ data: [UInt8], _ length: Int) -> [UInt8] {
      [UInt8(length & 0xff), UInt8(length >> 8), 0, 0] + masked(data, length)
    }

    func longest(_ data: [UInt8]) -> UInt64? {
      for length in lengths.sorted(by: >) {
        if let value = values[key(data, length)] { return value }
      }
      return nil
    }
  }

  private static func bytes(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// - Parameters:
  ///   - size: the bytes of data.
  ///   - common: how many of them at the start are the same for most prefixes.
  @Test(arguments: [
    (size: 4, common: 0, entries: 10_000), (4, 1, 10_000), (4, 2, 1000), (4, 2, 40), (4, 3, 100),
    (1, 0, 300), (2, 0, 60), (16, 1, 2000),
    (16, 4, 9000), (16, 6, 500), (40, 30, 600), (256, 200, 300),
  ])
  func `the longest prefix is found`(size: Int, common: Int, entries: Int) throws {
    let map = try Map(
      MapSpec(
        name: "routes", kind: .lpmTrie, keySize: 4 + size, valueSize: 8, maxEntries: entries,
        flags: .noPreallocation))
    var routes = Routes(size: size)
    var state: UInt64 = 42
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    func data() -> [UInt8] {
      (0..<size).map { index in
        if index < common { return random(300) == 0 ? UInt8(random(256)) : 0x20 }
        return index < common + 3 ? UInt8(random(256)) : UInt8(random(4) * 0x55)
      }
    }
    func length() -> Int {
      switch random(10) {
      case 0: min(8 * size, random(40) * size / 5 + random(size < 8 ? 8 : 1))
      case ..<7: min(8 * size, 8 * common + 8 + random(17))
      default: min(8 * size, 8 * common + 16)
      }
    }
    #if DEBUG
    let rounds = min(2 * entries, 64_000 / (size + 64))
    #else
    let rounds = 4 * entries
    #endif
    for round in 0..<rounds {
      let prefix = routes.key(data(), length())
      if random(4) > 0 {
        routes.lengths.insert(Int(prefix[0]) | Int(prefix[1]) << 8)
        if routes.values[prefix] == nil, routes.values.count == entries { continue }
        try map.set(prefix, Self.bytes(UInt64(round)))
        routes.values[prefix] = UInt64(round)
      } else {
        // One that is there, more often than not.
        let victim = random(3) > 0 ? routes.values.keys.first ?? prefix : prefix
        #expect(try map.delete(victim) == (routes.values.removeValue(forKey: victim) != nil))
      }
      for _ in 0..<2 {
        let address = data()
        let expected = routes.longest(address).map(Self.bytes)
        let found = try map.get(routes.key(address, 8 * size))
        if found != expected {
          Issue.record("round \(round): \(address): \(found ?? []), not \(expected ?? [])")
          return
        }
      }
    }
    for prefix in routes.values.keys { #expect(try map.delete(prefix)) }
    #expect(try map.entries().isEmpty)
    #expect(try map.get(routes.key(data(), 8 * size)) == nil)
  }
}
