import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The map helpers, ring buffers and tail calls against the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct MapHelperTests {
  /// Maps of every kind that keeps values by key, with keys of 4 bytes (8 for the trie) and values of 8.
  private static let kinds: [MapKind] = [
    .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lpmTrie,
  ]

  private static func spec(_ kind: MapKind) -> MapSpec {
    // The kernel's LRU lists are approximate: it makes room before all entries are taken.
    MapSpec(
      name: "values", kind: kind, keySize: kind == .lpmTrie ? 8 : 4, valueSize: 8,
      maxEntries: kind == .lruHash ? 1024 : 4,
      flags: kind == .lpmTrie ? .noPreallocation : [])
  }

  /// A program that does one operation of the packet's choice on the map: the words at 14 are the operation (0 lookup and
  /// add, 1 update, 2 delete), the key, the flags and the value.
  private static func operating(on map: MapSpec) throws -> ComparedProgram {
    var builder = ProgramBuilder("map_operation")
    XDPHelperTests.takeArguments(4, in: &builder)
    // The key: for the trie a prefix length of 24 before it.
    builder.load(.r2, .double, .r10, -16)
    if map.kind == .lpmTrie {
      builder.store(.word, .r10, -48, .immediate(24))
      builder.store(.word, .r10, -44, .register(.r2))
    } else {
      builder.store(.word, .r10, -48, .register(.r2))
    }
    builder.load(.r7, .double, .r10, -8)
    builder.load(.r1, map: map)
    builder.move(.r2, .r10)
    builder.apply(.add, .r2, .immediate(-48))
    builder.jump(if: .equal, .r7, .immediate(1), to: "update")
    builder.jump(if: .equal, .r7, .immediate(2), to: "delete")
    builder.call(.mapLookupElement)
    builder.jump(if: .notEqual, .r0, .immediate(0), to: "found")
    builder.move(.r0, 1000)
    builder.jump(to: "exit")
    builder.label("found")
    builder.load(.r1, .double, .r10, -32)
    builder.load(.r2, .double, .r0, 0)
    builder.apply(.add, .r1, .register(.r2))
    builder.store(.double, .r0, 0, .register(.r1))
    builder.move(.r0, .r1)
    builder.jump(to: "exit")
    builder.label("update")
    builder.move(.r3, .r10)
    builder.apply(.add, .r3, .immediate(-32))
    builder.load(.r4, .double, .r10, -24)
    builder.call(.mapUpdateElement)
    builder.jump(to: "exit")
    builder.label("delete")
    builder.call(.mapDeleteElement)
    builder.label("exit")
    builder.exit()
    return try builder.compared(as: .xdp)
  }

  @Test(arguments: kinds)
  func `lookups, updates and deletions are the kernel's`(kind: MapKind) throws {
    var generator = SystemRandomNumberGenerator()
    let packets = (0..<2000).map { _ in
      let flags: [Int32] = [0, 0, 0, 1, 2, 3, 4, 8, -1]
      return XDPHelperTests.packet(
        60, .random(in: 0...2, using: &generator), .random(in: 0...6, using: &generator),
        flags.randomElement(using: &generator) ?? 0, .random(in: 0...100, using: &generator))
    }
    try expectSameAsKernel(Self.operating(on: Self.spec(kind)), on: packets)
  }

  @Test func `elements of another processor's slot are found`() throws {
    for kind in [MapKind.perCPUArray, .perCPUHash] {
      var builder = ProgramBuilder("percpu")
      XDPHelperTests.takeArguments(2, in: &builder)
      builder.store(.word, .r10, -48, .immediate(1))
      builder.store(.double, .r10, -56, .immediate(77))
      builder.load(.r1, map: Self.spec(kind))
      builder.move(.r2, .r10)
      builder.apply(.add, .r2, .immediate(-48))
      builder.move(.r3, .r10)
      builder.apply(.add, .r3, .immediate(-56))
      builder.move(.r4, 0)
      builder.call(.mapUpdateElement)
      builder.load(.r2, .double, .r10, -8)
      builder.store(.word, .r10, -48, .register(.r2))
      builder.load(.r1, map: Self.spec(kind))
      builder.move(.r2, .r10)
      builder.apply(.add, .r2, .immediate(-48))
      builder.load(.r3, .double, .r10, -16)
      builder.call(.mapLookupPerCPUElement)
      builder.jump(if: .equal, .r0, .immediate(0), to: "exit")
      builder.load(.r0, .double, .r0, 0)
      builder.label("exit")
      builder.exit()
      var packets: [[UInt8]] = []
      // Beyond slot 0 the number of processors decides.
      for key: Int32 in 0...5 {
        for processor: Int32 in [0, 100_000, -1] {
          packets.append(XDPHelperTests.packet(60, key, processor))
        }
      }
      try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
    }
  }

  @Test func `tail calls go where the program array says`() throws {
    let programs = MapSpec(
      name: "programs", kind: .programArray, keySize: 4, valueSize: 4, maxEntries: 4,
      contents: [
        .init(key: [1, 0, 0, 0], value: .program("target")),
        .init(key: [2, 0, 0, 0], value: .program("main")),
      ])
    let counter = MapSpec(
      name: "counter", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1)
    var main = ProgramBuilder("main")
    main.load(.r2, valueOf: counter)
    main.load(.r3, .double, .r2, 0)
    main.apply(.add, .r3, .immediate(1))
    main.store(.double, .r2, 0, .register(.r3))
    XDPHelperTests.takeArguments(1, in: &main)
    main.move(.r1, .r6)
    main.load(.r2, map: programs)
    main.load(.r3, .double, .r10, -8)
    main.call(.tailCall)
    main.move(.r0, 5)
    main.label("exit")
    main.exit()
    var target = ProgramBuilder("target")
    target.load(.r0, .word, .r1, 4)
    target.load(.r1, .word, .r1, 0)
    target.apply(.subtract, .r0, .register(.r1))
    target.exit()
    let packets = [0, 1, 2, 3, 4, -1, .max].map { XDPHelperTests.packet(60, $0) }
    try expectSameAsKernel(
      main.compared(as: .xdp), tailCalled: [target.compared(as: .xdp)], on: packets)
  }
}
