import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Helpers on maps without keys, and on the maps in maps of maps.
@Suite struct QueueHelperTests {
  static func queue(_ kind: MapKind, entries: Int = 2) -> MapSpec {
    MapSpec(name: "queue", kind: kind, keySize: 0, valueSize: 8, maxEntries: entries)
  }

  static let results = MapSpec(
    name: "results", kind: .array, keySize: 4, valueSize: 96, maxEntries: 1)

  /// Calls one after the other; the result and the value after each go into the results.
  static func program(_ map: MapSpec, _ calls: [(helper: Int, value: Int, flags: Int)]) throws
    -> ComparedProgram
  {
    var text = "r6 = map[idx:1][0]+0\n"
    for (index, call) in calls.enumerated() {
      text += """
        *(u64 *)(r10 - 8) = \(call.value)
        r1 = map[idx:0]
        r2 = r10
        r2 += -8
        r3 = \(call.flags)
        call \(call.helper)
        *(u64 *)(r6 + \(16 * index)) = r0
        r1 = *(u64 *)(r10 - 8)
        *(u64 *)(r6 + \(16 * index + 8)) = r1

        """
    }
    return try ComparedProgram(
      Program(
        name: "queues", slots: Assembler.assemble(text + "r0 = 0\nexit"),
        mapNames: [map.name, "results"]), type: .xdp, maps: [map, results])
  }

  static let sequences: [[(helper: Int, value: Int, flags: Int)]] = [
    [(88, 5, 0), (89, 6, 0), (87, 1, 0), (87, 2, 0), (87, 3, 0), (89, 0, 0)],
    [(87, 1, 0), (87, 2, 2), (87, 3, 2), (88, 0, 0), (88, 0, 0), (88, 9, 0)],
    [(87, 1, 1), (87, 1, 3), (87, 1, 4), (87, 1, 2), (89, 0, 0), (88, 0, 0)],
  ]

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `queues, stacks and filters answer as the kernel's`() throws {
    let packet = [UInt8](repeating: 0, count: 64)
    for kind in [MapKind.queue, .stack] {
      for sequence in Self.sequences {
        try expectSameAsKernel(Self.program(Self.queue(kind), sequence), on: [packet])
      }
    }
    try expectSameAsKernel(
      Self.program(
        Self.queue(.bloomFilter, entries: 100),
        [(89, 7, 0), (87, 7, 0), (89, 7, 0), (87, 8, 1), (89, 8, 0), (87, 8, 4)]), on: [packet])
  }

  static func run(_ text: String, _ maps: [Map]) throws -> Outcome {
    let program = try LoadedProgram(
      unverified: Program(
        name: "maps", slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name)),
      type: .xdp, maps: maps)
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return program.run(frame)
  }

  static let inner = MapSpec(name: "inner", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 8)

  /// Looks map `key` of the outer map up; r6 is it.
  static func finding(_ key: Int, _ rest: String) -> String {
    """
    *(u32 *)(r10 - 4) = \(key)
    r1 = map[idx:0]
    r2 = r10
    r2 += -4
    call 1
    if r0 != 0 goto found
    r0 = 99
    exit
    found: r6 = r0
    \(rest)
    exit
    """
  }

  @Test(arguments: [MapKind.arrayOfMaps, .hashOfMaps])
  func `a map of maps gives maps that helpers work on`(kind: MapKind) throws {
    let outer = try Map(
      MapSpec(
        name: "outer", kind: kind, keySize: 4, valueSize: 4, maxEntries: 4, inner: Self.inner))
    let maps = try (0..<2).map { _ throws in try Map(Self.inner) }
    for (index, map) in maps.enumerated() {
      try outer.setMap(map, forKey: [UInt8(index), 0, 0, 0])
    }
    let body = """
      *(u64 *)(r10 - 16) = 7
      r1 = r6
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call 2
      r1 = r6
      r2 = r10
      r2 += -4
      call 1
      if r0 == 0 goto none
      r1 = *(u64 *)(r0 + 0)
      r1 += 1
      *(u64 *)(r0 + 0) = r1
      none: r1 = r6
      r2 = subprog[visit]
      r3 = 0
      r4 = 0
      call 164
      r7 = r0
      r1 = map[idx:0]
      r2 = r10
      r2 += -4
      call 1
      if r0 != r6 goto other
      r0 = r7
      exit
      other: r0 = 98
      exit
      visit: r0 = 0
      """
    for key in 0..<2 {
      let outcome = try Self.run(Self.finding(key, body), [outer])
      #expect(outcome.fault == nil && outcome.returnValue == 1)
      #expect(try maps[key].get([UInt8(key), 0, 0, 0]) == [8, 0, 0, 0, 0, 0, 0, 0])
    }
    #expect(try Self.run(Self.finding(2, body), [outer]).returnValue == 99)
  }

  @Test func `a map's address is no memory, and maps of maps are not written to`() throws {
    let outer = try Map(
      MapSpec(
        name: "outer", kind: .arrayOfMaps, keySize: 4, valueSize: 4, maxEntries: 4,
        inner: Self.inner))
    try outer.setMap(Map(Self.inner), forKey: [0, 0, 0, 0])
    for body in [
      "r0 = *(u64 *)(r6 + 0)", "*(u64 *)(r6 + 0) = 1\nr0 = 0", "r6 += 8\nr0 = *(u8 *)(r6 + 0)",
      "r1 = map[idx:0]\nr2 = r10\nr2 += -4\nr3 = r2\nr4 = 0\ncall 2",
      "r1 = map[idx:0]\nr2 = r10\nr2 += -4\ncall 3",
      "r1 = r6\nr1 += 1\nr2 = r10\nr2 += -4\ncall 1",
    ] {
      #expect(try Self.run(Self.finding(0, body), [outer]).fault != nil)
    }
  }
}
