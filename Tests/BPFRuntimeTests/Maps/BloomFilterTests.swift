import BPFPlatform
import TestSupport
import Testing

@testable import BPFRuntime

/// Bloom filters: without a seed they find by chance what the kernel's find by chance.
struct BloomFilterTests {
  static let samples: [MapSpec] = [
    (1, 1), (4, 2), (7, 0), (8, 15), (12, 3), (13, 5), (24, 4), (36, 1), (100, 6),
  ].map {
    size, hashes in
    MapSpec(
      name: "bloom", kind: .bloomFilter, keySize: 0, valueSize: size, maxEntries: 37,
      flags: .zeroSeed, extra: UInt64(hashes))
  }

  private static func value(_ number: Int, _ spec: MapSpec) -> [UInt8] {
    (0..<spec.valueSize).map {
      UInt8(truncatingIfNeeded: number &* ($0 &* 2 &+ 1) &+ (number >> 8))
    }
  }

  @Test(arguments: samples)
  func `what was pushed is found`(_ spec: MapSpec) throws {
    let map = try Map(spec)
    for number in 0..<20 { try map.push(Self.value(number, spec)) }
    for number in 0..<20 { #expect(try map.contains(Self.value(number, spec))) }
    if spec.valueSize > 1 {
      let others = try (20..<2020).filter { try map.contains(Self.value($0, spec)) }.count
      #expect(others < 1500)
    }
    #expect(map.perform(.set([], Self.value(1, spec), flags: 1)) == .refused(22))
    #expect(map.perform(.delete([])) == .refused(95))
    #expect(map.perform(.nextKey(nil)) == .refused(95))
    #expect(map.perform(.take([])) == .refused(524))
    #expect(map.perform(.get([])) == .refused(22))
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"), arguments: samples)
  func `the kernel finds the same by chance`(_ spec: MapSpec) throws {
    let map = try Map(spec)
    let kernel = try KernelMap(spec)
    for number in 0..<40 {
      try map.push(Self.value(number, spec))
      try kernel.set([], Self.value(number, spec))
    }
    for number in 0..<4000 {
      let value = Self.value(number, spec)
      #expect(try map.contains(value) == kernel.contains(value), "\(number)")
    }
    for operation in [
      MapOperation.set([], Self.value(1, spec), flags: 1), .set([], Self.value(1, spec), flags: 4),
      .delete([]), .nextKey(nil), .take([]),
    ] {
      #expect(try map.perform(operation) == kernel.perform(operation), "\(operation)")
    }
  }
}
