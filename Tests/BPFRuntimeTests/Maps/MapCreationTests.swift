import BPFPlatform
import BPFRuntime
import TestSupport
import Testing

/// What may be created, and what is refused with which error.
struct MapCreationTests {
  /// A specification and the error it is refused with; nil where it is fine.
  static func outcome(_ spec: MapSpec) -> Int32? {
    do throws(MapError) {
      _ = try Map(spec)
      return nil
    } catch {
      return error.errorNumber
    }
  }

  private static func spec(
    _ kind: MapKind, _ keySize: Int, _ valueSize: Int, _ maxEntries: Int, _ flags: UInt32 = 0
  ) -> MapSpec {
    let inner = MapSpec(name: "i", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 2)
    return MapSpec(
      name: "m", kind: kind, keySize: keySize, valueSize: valueSize, maxEntries: maxEntries,
      flags: MapFlags(rawValue: flags), inner: kind.holdsMaps ? inner : nil)
  }

  static let kinds: [MapKind] = [
    .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lpmTrie, .programArray, .deviceMap,
    .perfEventArray, .ringBuffer, .arrayOfMaps, .hashOfMaps, .queue, .stack, .bloomFilter,
    .stackTrace, .cgroupArray, .deviceMapHash, .cpuMap, .xskMap, .socketMap, .socketHash,
    .reuseportSocketArray, .cgroupStorage, .perCPUCgroupStorage, .userRingBuffer, .arena,
    .lruPerCPUHash,
  ]

  /// Kinds that take types, without which there are none, and one that kernels of today do not have.
  static let otherKinds: [MapKind] = [
    .socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage, .instructionArray,
  ]

  @Test func `errors are those that map_alloc_check gives`() {
    let invalid: Int32 = 22
    let tooBig: Int32 = 7
    let cases: [(MapSpec, Int32?)] = [
      (Self.spec(.hash, 4, 8, 10), nil),
      (Self.spec(.hash, 0, 8, 10), invalid),
      (Self.spec(.hash, 4, 0, 10), invalid),
      (Self.spec(.hash, 4, 8, 0), invalid),
      (Self.spec(.hash, 4, 8, 10, 1 << 1), invalid),
      (Self.spec(.hash, 4, 8, 10, 1 << 10), invalid),
      (Self.spec(.hash, 4, 8, 10, 1 << 7 | 1 << 8), invalid),
      (Self.spec(.hash, 4, 8, 10, 1 << 3 | 1 << 4), invalid),
      (Self.spec(.hash, 4, 1 << 22, 10), tooBig),
      (Self.spec(.hash, 4, 8, 1 << 31 + 1), tooBig),
      (Self.spec(.perCPUHash, 4, 32769, 10), tooBig),
      (Self.spec(.lruHash, 4, 8, 10, 1), 524),
      (Self.spec(.array, 4, 8, 10), nil),
      (Self.spec(.array, 8, 8, 10), invalid),
      (Self.spec(.array, 4, 8, 10, 1), invalid),
      (Self.spec(.array, 4, 1 << 31, 1), tooBig),
      (Self.spec(.perCPUArray, 4, 32768, 1), nil),
      (Self.spec(.perCPUArray, 4, 32769, 1), tooBig),
      (Self.spec(.perCPUArray, 4, 8, 1, 1 << 10), invalid),
      (Self.spec(.programArray, 4, 4, 10), nil),
      (Self.spec(.programArray, 4, 8, 10), invalid),
      (Self.spec(.programArray, 4, 4, 10, 1 << 7), invalid),
      (Self.spec(.perfEventArray, 4, 4, 10, 1 << 11), nil),
      (Self.spec(.lpmTrie, 8, 8, 10, 1), nil),
      (Self.spec(.lpmTrie, 8, 8, 10), invalid),
      (Self.spec(.lpmTrie, 4, 8, 10, 1), invalid),
      (Self.spec(.lpmTrie, 261, 8, 10, 1), invalid),
      (Self.spec(.deviceMap, 4, 8, 10), nil),
      (Self.spec(.deviceMap, 4, 6, 10), invalid),
      (Self.spec(.deviceMap, 4, 4, 10, 1 << 8), invalid),
      (Self.spec(.ringBuffer, 0, 0, 4096), nil),
      (Self.spec(.ringBuffer, 0, 0, 4097), invalid),
      (Self.spec(.ringBuffer, 0, 0, 12288), invalid),
      (Self.spec(.ringBuffer, 0, 0, 2048), invalid),
      (Self.spec(.ringBuffer, 4, 0, 4096), invalid),
      (Self.spec(.hash, -1, 8, 10), invalid),
      (Self.spec(.hash, 4, 8, .max), invalid),
    ]
    for (spec, expected) in cases {
      #expect(Self.outcome(spec) == expected, "\(spec)")
    }
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"), arguments: kinds)
  func `the kernel creates and refuses the same maps`(_ kind: MapKind) throws {
    let flagBits: [UInt32] = [0] + (0..<20).map { 1 << $0 } + [1 << 3 | 1 << 4, 1 << 7 | 1 << 8, 3]
    let base: UInt32 =
      switch kind {
      case .lpmTrie: 1
      case .arena: 1 << 10
      default: 0
      }
    var specs: [MapSpec] = []
    for keySize in [0, 1, 4, 5, 8, 16, 260, 261, 512, 513] {
      for valueSize in [0, 1, 4, 7, 8, 1016, 1024, 4096, 4097, 32760, 32768, 32769] {
        for maxEntries in [0, 1, 3, 4096, 8192] {
          // The number of entries of a perf_event_array without any is the number of workers.
          if kind == .perfEventArray && maxEntries == 0 { continue }
          // How many processors there may be is a matter of the kernel's configuration.
          if kind == .cpuMap && maxEntries > 64 { continue }
          specs.append(Self.spec(kind, keySize, valueSize, maxEntries, base))
        }
      }
    }
    let sizes =
      switch kind {
      case .ringBuffer, .userRingBuffer: (0, 0, 4096)
      case .arena: (0, 0, 4)
      case .cgroupStorage, .perCPUCgroupStorage: (16, 8, 0)
      case .xskMap, .cgroupArray: (4, 4, 4)
      case .programArray, .perfEventArray, .arrayOfMaps, .hashOfMaps: (4, 4, 4)
      case .queue, .stack, .bloomFilter: (0, 8, 4)
      default: (kind == .lpmTrie ? 8 : 4, 8, 4)
      }
    for flags in flagBits {
      // The kernel looks at the processor's node, which the declaration does not name.
      specs.append(Self.spec(kind, sizes.0, sizes.1, sizes.2, flags))
      specs.append(Self.spec(kind, sizes.0, sizes.1, sizes.2, flags | base))
    }
    for extra: UInt64 in [1, 15, 16, 4096, 0x1_ffff_f000, .max] {
      var spec = Self.spec(kind, sizes.0, sizes.1, sizes.2, base)
      spec.extra = extra
      specs.append(spec)
    }
    if kind == .queue || kind == .stack {
      for size in [1 << 22, 1 << 22 + 1] { specs.append(Self.spec(kind, 0, size, 1)) }
    }
    if kind == .hash || kind == .lruHash || kind == .lpmTrie {
      let limit = 1 << 22
      for below in [0, 23, 24, 25, 47, 48, 49, 283, 284, 285, 300, 301] {
        specs.append(Self.spec(kind, 8, limit - below, 1, base))
        specs.append(Self.spec(kind, 8, limit - below - 8, 1, base))
      }
    }
    for spec in specs {
      var expected: Int32?
      do { _ = try KernelMap(spec) } catch let refusal as KernelRefusal {
        expected = refusal.number
      }
      #expect(Self.outcome(spec) == expected, "\(spec)")
    }
  }

  @Test func `absurd sizes are refused, not tried`() throws {
    let specs = [
      Self.spec(.array, 4, 1 << 30, 1 << 30), Self.spec(.hash, 4, 1 << 20, 1 << 31),
      Self.spec(.array, 4, Int(Int32.max), Int(UInt32.max)),
      Self.spec(.lpmTrie, 260, 1 << 20, Int(UInt32.max), 1),
      Self.spec(.perCPUArray, 4, 32768, Int(UInt32.max)),
      Self.spec(.deviceMap, 4, 8, Int(UInt32.max)),
      Self.spec(.programArray, 4, 4, Int(UInt32.max)),
    ]
    for spec in specs { #expect(Self.outcome(spec) == 12, "\(spec)") }
    // Large ones take no memory before it is used.
    #expect(Self.outcome(Self.spec(.programArray, 4, 4, 1 << 28)) == nil)
    #expect(Self.outcome(Self.spec(.ringBuffer, 0, 0, 1 << 30)) == nil)
    #expect(Self.outcome(Self.spec(.lpmTrie, 8, 8, 1 << 25, 1)) == nil)
    // The limit is the host's to set, and said.
    let spec = Self.spec(.array, 4, 8, 1000)
    #expect(throws: MapError.self) { try Map(spec, limits: MapLimits(maximumBytes: 4096)) }
  }

  @Test func `large maps take memory only as they are filled`() throws {
    let map = try Map(Self.spec(.hash, 8, 8, 20_000_000))
    try map.set(UInt64(7), to: UInt64(8))
    #expect(try map.get(UInt64(7), as: UInt64.self) == 8)
  }

  @Test func `other kinds are refused by name`() {
    let known = Self.kinds + Self.otherKinds + [.lruPerCPUHash]
    for kind in MapKind.allCases where !known.contains(kind) {
      do throws(MapError) {
        _ = try Map(Self.spec(kind, 4, 4, 4))
        Issue.record("a \(kind.name) was made")
      } catch {
        #expect(error.reason == .unsupportedKind(kind.name))
      }
    }
  }

  @Test func `contents are there from the start, then frozen`() throws {
    var spec = Self.spec(.array, 4, 4, 1, 1 << 7)
    spec.contents = [MapSpec.InitialEntry(key: [0, 0, 0, 0], value: .bytes([1, 2, 3, 4]))]
    spec.isFrozen = true
    let map = try Map(spec)
    #expect(try map.get([0, 0, 0, 0]) == [1, 2, 3, 4])
    #expect(map.isFrozen)
    #expect(throws: MapError.self) { try map.set([0, 0, 0, 0], [9, 9, 9, 9]) }
    #expect(try map.get([0, 0, 0, 0]) == [1, 2, 3, 4])
    spec.contents = [MapSpec.InitialEntry(key: [0, 0, 0, 0], value: .bytes([1, 2, 3]))]
    #expect(Self.outcome(spec) == 22)
  }

  @Test func `loaders round ring buffers up`() {
    #expect(Self.spec(.ringBuffer, 0, 0, 5000).adjustedAsLoadersDo.maxEntries == 8192)
    #expect(Self.spec(.ringBuffer, 0, 0, 4096).adjustedAsLoadersDo.maxEntries == 4096)
    #expect(Self.spec(.array, 4, 8, 5000).adjustedAsLoadersDo.maxEntries == 5000)
  }
}
