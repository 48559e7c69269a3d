import BPFPlatform
import TestSupport
import Testing

@testable import BPFRuntime

/// Maps of maps, from a host's side.
struct MapOfMapsTests {
  static let inner = MapSpec(name: "inner", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 5)

  static func outer(_ kind: MapKind, _ inner: MapSpec?, maxEntries: Int = 3) -> MapSpec {
    MapSpec(
      name: "outer", kind: kind, keySize: 4, valueSize: 4, maxEntries: maxEntries, inner: inner)
  }

  /// What an operation is refused with.
  private static func refusal(_ body: () throws(MapError) -> Void) -> Int32? {
    do throws(MapError) {
      try body()
      return nil
    } catch {
      return error.errorNumber
    }
  }

  @Test(arguments: [MapKind.arrayOfMaps, .hashOfMaps])
  func `maps are found where they were put`(_ kind: MapKind) throws {
    let map = try Map(Self.outer(kind, Self.inner))
    let first = try Map(Self.inner)
    let second = try Map(Self.inner)
    #expect(first.id != second.id)
    try map.setMap(first, forKey: [1, 0, 0, 0])
    try map.setMap(second, forKey: [2, 0, 0, 0])
    #expect(try map.map(forKey: [0, 0, 0, 0]) == nil)
    #expect(try map.map(forKey: [1, 0, 0, 0]) === first)
    #expect(try map.map(forKey: [9, 0, 0, 0]) == nil)
    #expect(try map.get(UInt32(2), as: UInt32.self) == second.id)
    #expect(Set(try map.entries().map(\.value)).count == 2)
    try map.setMap(first, forKey: [2, 0, 0, 0])
    #expect(try map.map(forKey: [2, 0, 0, 0]) === first)
    #expect(try map.delete([2, 0, 0, 0]))
    #expect(try !map.delete([2, 0, 0, 0]))
    #expect(try map.map(forKey: [2, 0, 0, 0]) == nil)
  }

  @Test(arguments: [MapKind.arrayOfMaps, .hashOfMaps])
  func `a replaced map lives until it is forgotten`(_ kind: MapKind) throws {
    let map = try Map(Self.outer(kind, Self.inner))
    weak var replaced: Map?
    weak var present: Map?
    do {
      let first = try Map(Self.inner)
      let second = try Map(Self.inner)
      replaced = first
      present = second
      try map.setMap(first, forKey: [1, 0, 0, 0])
      try map.setMap(second, forKey: [1, 0, 0, 0])
    }
    #expect(replaced != nil)
    map.forgetReplacedMaps()
    #expect(replaced == nil)
    #expect(present != nil)
    let isPresent = try map.map(forKey: [1, 0, 0, 0]) === present
    #expect(isPresent)
    #expect(try map.delete([1, 0, 0, 0]))
    #expect(present != nil)
    map.forgetReplacedMaps()
    #expect(present == nil)
  }

  @Test func `a map for fewer workers is refused`() throws {
    let map = try Map(Self.outer(.arrayOfMaps, Self.inner), workers: 2)
    let narrow = try Map(Self.inner, workers: 1)
    #expect(
      Self.refusal { () throws(MapError) in
        try map.setMap(narrow, forKey: [0, 0, 0, 0])
      } == 22)
    try map.setMap(Map(Self.inner, workers: 3), forKey: [0, 0, 0, 0])
  }

  @Test func `other kinds hold no maps`() throws {
    let map = try Map(Self.inner)
    #expect(
      Self.refusal { () throws(MapError) in
        try map.setMap(map, forKey: [0, 0, 0, 0])
      } == 524)
    #expect(Self.refusal { () throws(MapError) in _ = try map.map(forKey: [0, 0, 0, 0]) } == 524)
    let outer = try Map(Self.outer(.arrayOfMaps, Self.inner))
    #expect(outer.perform(.set([0, 0, 0, 0], [1, 0, 0, 0], flags: 0)) == .refused(9))
    #expect(
      Self.refusal { () throws(MapError) in
        _ = try Map(Self.outer(.arrayOfMaps, nil))
      } == 9)
  }

  @Test(
    .enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"),
    arguments: [MapKind.arrayOfMaps, .hashOfMaps])
  func `the kernel takes and refuses the same maps`(_ kind: MapKind) throws {
    var candidates: [MapSpec] = []
    for kind in [MapKind.array, .hash, .perCPUArray, .lpmTrie, .deviceMap] {
      for entries in [2, 3] {
        for flags: MapFlags in [[], .innerMap, .readOnlyForPrograms, .noPreallocation] {
          for size in [4, 8] {
            let spec = MapSpec(
              name: "i", kind: kind, keySize: kind == .lpmTrie ? 8 : 4, valueSize: size,
              maxEntries: entries, flags: flags)
            if (try? Map(spec)) != nil { candidates.append(spec) }
          }
        }
      }
    }
    candidates.append(
      MapSpec(name: "i", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096))
    candidates.append(
      MapSpec(name: "i", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 8192))
    candidates.append(MapSpec(name: "i", kind: .queue, keySize: 0, valueSize: 4, maxEntries: 3))
    let maps = try candidates.map { try Map($0) }
    let kernelMaps = try candidates.map { try KernelMap($0) }
    for template in candidates {
      let map = try Map(Self.outer(kind, template))
      let kernel = try KernelMap(Self.outer(kind, template))
      for index in maps.indices {
        let ours = Self.refusal { () throws(MapError) in
          try map.setMap(maps[index], forKey: [1, 0, 0, 0])
        }
        var theirs: Int32?
        do { try kernel.set([1, 0, 0, 0], map: kernelMaps[index]) } catch let refusal
          as KernelRefusal
        {
          theirs = refusal.number
        }
        #expect(ours == theirs, "\(template) <- \(candidates[index])")
      }
    }
  }

  @Test(
    .enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"),
    arguments: [MapKind.arrayOfMaps, .hashOfMaps])
  func `the kernel's map of maps answers the same`(_ kind: MapKind) throws {
    let map = try Map(Self.outer(kind, Self.inner))
    let kernel = try KernelMap(Self.outer(kind, Self.inner))
    let ours = try (0..<3).map { _ in try Map(Self.inner) }
    let theirs = try (0..<3).map { _ in try KernelMap(Self.inner) }
    var random = SystemRandomNumberGenerator()
    for step in 0..<3000 {
      let key: [UInt8] = [UInt8.random(in: 0..<6, using: &random), 0, 0, 0]
      switch Int.random(in: 0..<6, using: &random) {
      case 0..<3:
        let flags = UInt64.random(in: 0..<5, using: &random)
        let which = Int.random(in: 0..<3, using: &random)
        let answer = Self.refusal { () throws(MapError) in
          try map.setMap(ours[which], forKey: key, flags: MapUpdateFlags(rawValue: flags))
        }
        var expected: Int32?
        do { try kernel.set(key, map: theirs[which], flags: flags) } catch let refusal
          as KernelRefusal
        {
          expected = refusal.number
        }
        #expect(answer == expected, "step \(step): set \(key) flags \(flags)")
      case 3:
        #expect(try map.perform(.delete(key)) == kernel.perform(.delete(key)), "step \(step)")
      default:
        let isThere = try map.map(forKey: key) != nil
        let isExpected = try kernel.get(key) != nil
        #expect(isThere == isExpected, "step \(step)")
      }
    }
    if kind == .arrayOfMaps { #expect(try map.walk() == kernel.walk()) }
    #expect(Set(try map.walk()) == Set(try kernel.walk()))
  }
}
