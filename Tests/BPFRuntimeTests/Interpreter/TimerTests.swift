import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// `bpf_timer` at offset 8 of a value of 24 bytes, whose first word counts the callback's runs.
@Suite struct TimerTests {
  static func spec(_ kind: MapKind, entries: Int = 4) -> MapSpec {
    var spec = MapSpec(
      name: "timers", kind: kind, keySize: 4, valueSize: 24, maxEntries: entries,
      contents: (0..<2).map {
        .init(key: [$0, 0, 0, 0], value: .bytes([UInt8](repeating: 0, count: 24)))
      })
    spec.specialFields = [.init(.timer, offset: 8)]
    return spec
  }

  static let start = HostClock.fixed(nanoseconds: 1_000)

  /// Looks up element `key` (its value's address is r6, its timer's r7), does `body`, and returns r0.
  static func program(
    _ body: String, callback: String = count, key: Int = 0
  ) -> String {
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
    r7 = r0
    r7 += 8
    \(body)
    exit
    callback: \(callback)
    """
  }

  static let initialize = "r1 = r7\nr2 = map[idx:0]\nr3 = 1\ncall 169"
  static let set = "r1 = r7\nr2 = subprog[callback]\ncall 170"
  static func start(_ nanoseconds: Int, flags: Int = 0) -> String {
    "r1 = r7\nr2 = \(nanoseconds)\nr3 = \(flags)\ncall 171"
  }
  static let cancel = "r1 = r7\ncall 172"
  static let count = """
    r4 = *(u64 *)(r3 + 0)
    r4 += 1
    *(u64 *)(r3 + 0) = r4
    r0 = 0
    exit
    """

  static func load(_ text: String, _ map: Map) throws -> LoadedProgram {
    try LoadedProgram(
      unverified: Program(name: "timing", slots: Assembler.assemble(text), mapNames: ["timers"]),
      type: .xdp, maps: [map])
  }

  @discardableResult
  static func run(
    _ body: String, _ map: Map, callback: String = count, key: Int = 0, at clock: HostClock = start
  ) throws -> Int64 {
    let program = try load(program(body, callback: callback, key: key), map)
    let frame = program.makeFrame()
    frame.clock = clock
    try frame.load([UInt8](repeating: 0, count: 64))
    let outcome = program.run(frame)
    #expect(outcome.fault == nil)
    return Int64(bitPattern: outcome.returnValue)
  }

  static func counted(_ map: Map, _ key: UInt8 = 0) throws -> UInt8? {
    try map.get([key, 0, 0, 0])?[0]
  }

  static func started(_ nanoseconds: Int, flags: Int = 0) -> String {
    [initialize, set, start(nanoseconds, flags: flags)].joined(separator: "\n")
  }

  @Test(arguments: [MapKind.array, .hash, .lruHash])
  func `a timer calls its function once, when it is due`(kind: MapKind) throws {
    let map = try Map(Self.spec(kind))
    defer { map.cancelTimers() }
    #expect(map.nextTimerDeadline == nil)
    #expect(try Self.run(Self.started(500), map) == 0)
    #expect(map.nextTimerDeadline == 1_500)
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 1_499)).isEmpty)
    let runs = map.runDueTimers(clock: .fixed(nanoseconds: 1_500))
    #expect(runs.map(\.key) == [[0, 0, 0, 0]] && runs.allSatisfy { $0.outcome.fault == nil })
    #expect(runs.map(\.map) == ["timers"])
    #expect(try Self.counted(map) == 1)
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 9_999)).isEmpty)
    #expect(map.nextTimerDeadline == nil)
  }

  @Test func `times may be absolute, and clocks are three`() throws {
    let map = try Map(Self.spec(.array))
    defer { map.cancelTimers() }
    #expect(try Self.run(Self.started(1_200, flags: 1), map) == 0)
    #expect(map.nextTimerDeadline == 1_200)
    for (clock, key) in [(0, 1), (7, 2)] {
      let other = Self.initialize.replacing("r3 = 1", with: "r3 = \(clock)")
      #expect(try Self.run(other, map, key: key) == 0)
    }
    for clock in [2, 3, 11, 16, -1] {
      let other = Self.initialize.replacing("r3 = 1", with: "r3 = \(clock)")
      #expect(try Self.run(other, map, key: 3) == -22)
    }
  }

  @Test func `errors are the kernel's`() throws {
    let map = try Map(Self.spec(.array))
    defer { map.cancelTimers() }
    for call in [Self.set, Self.start(1), Self.cancel] { #expect(try Self.run(call, map) == -22) }
    #expect(try Self.run(Self.initialize, map) == 0)
    #expect(try Self.run(Self.initialize, map) == -16)
    #expect(try Self.run(Self.start(1), map) == -22)
    #expect(try Self.run(Self.cancel, map) == 0)
    #expect(try Self.run(Self.set, map) == 0)
    #expect(try Self.run(Self.start(1, flags: 4), map) == -22)
    #expect(try Self.run(Self.start(1, flags: 3), map) == 0)
    #expect(try Self.run(Self.cancel, map) == 1)
    // A cancelled timer has no function any more.
    #expect(try Self.run(Self.start(1), map) == -22)
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 9_999)).isEmpty)
  }

  @Test func `a callback may start its timer again, and not cancel it`() throws {
    let map = try Map(Self.spec(.array))
    defer { map.cancelTimers() }
    let again = """
      r6 = r3
      r4 = *(u64 *)(r6 + 0)
      r4 += 1
      *(u64 *)(r6 + 0) = r4
      r1 = r6
      r1 += 8
      call 172
      if r0 != -35 goto wrong
      r1 = r6
      r1 += 8
      r2 = 0
      r3 = 0
      call 171
      exit
      wrong: r0 = 1
      exit
      """
    try Self.run(Self.started(500), map, callback: again)
    for count in 1...5 as ClosedRange<UInt8> {
      let runs = map.runDueTimers(clock: .fixed(nanoseconds: 2_000))
      #expect(runs.count == 1 && runs.allSatisfy { $0.outcome.fault == nil })
      #expect(try Self.counted(map) == count)
    }
  }

  @Test(arguments: [MapKind.hash, .lruHash])
  func `a timer ends with its element`(kind: MapKind) throws {
    let map = try Map(Self.spec(kind))
    defer { map.cancelTimers() }
    try Self.run(Self.started(500), map)
    try Self.run(Self.started(600), map, key: 1)
    #expect(try map.delete([0, 0, 0, 0]))
    #expect(
      map.runDueTimers(clock: .fixed(nanoseconds: 9_999)).map(\.key) == [[1, 0, 0, 0]])
    try map.set([0, 0, 0, 0], [UInt8](repeating: 0, count: 24))
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 9_999)).isEmpty)
    #expect(try Self.run(Self.start(1), map) == -22)
    #expect(try Self.run(Self.started(1), map) == 0)
  }

  @Test func `an update ends the timer of a value`() throws {
    let map = try Map(Self.spec(.array))
    defer { map.cancelTimers() }
    try Self.run(Self.started(500), map)
    try map.set([0, 0, 0, 0], [UInt8](repeating: 0, count: 24))
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 9_999)).isEmpty)
    #expect(try Self.run(Self.initialize, map) == 0)
  }

  /// The kernel's arrays end it (`bpf_obj_free_fields`), its hash maps write around it (`copy_map_value_locked`).
  @Test(arguments: [MapKind.array, .hash])
  func `an update under the value's lock ends the timer of an array's value`(
    _ kind: MapKind
  ) throws {
    let value = [UInt8](repeating: 0, count: 32)
    var spec = Self.spec(kind)
    spec.valueSize = 32
    spec.contents = [.init(key: [0, 0, 0, 0], value: .bytes(value))]
    spec.specialFields.append(.init(.spinLock, offset: 24))
    let map = try Map(spec)
    defer { map.cancelTimers() }
    try Self.run(Self.started(500), map)
    try map.set([0, 0, 0, 0], value, flags: .lock)
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 9_999)).isEmpty == (kind == .array))
    #expect(try Self.run(Self.initialize, map) == (kind == .array ? 0 : -16))
  }

  @Test func `timers are called in the order of their times`() throws {
    let map = try Map(Self.spec(.array, entries: 64))
    defer { map.cancelTimers() }
    let times = (0..<64).map { ($0 * 37) % 64 + 1 }
    for (key, time) in times.enumerated() { try Self.run(Self.started(time), map, key: key) }
    for key in 0..<32 { try Self.run(Self.start(times[key] + 100), map, key: key) }
    let runs = map.runDueTimers(clock: .fixed(nanoseconds: 1_100))
    #expect(runs.count == 32)
    let order = runs.map { times[Int($0.key[0])] }
    #expect(order == order.sorted())
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 1_200)).count == 32)
  }

  @Test func `what a callback does wrong is a fault of its run`() throws {
    let map = try Map(Self.spec(.array))
    defer { map.cancelTimers() }
    for (key, callback) in [
      "r0 = 1\nexit", "exit", "r0 = *(u64 *)(r2 + 4)\nexit", "*(u32 *)(r2 + 0) = 1\nr0 = 0\nexit",
    ].enumerated() {
      try Self.run(Self.started(1), map, callback: callback, key: key)
    }
    let runs = map.runDueTimers(clock: .fixed(nanoseconds: 9_999))
    #expect(runs.count == 4 && runs.allSatisfy { $0.outcome.fault != nil })
    let endless = try Map(Self.spec(.array))
    defer { endless.cancelTimers() }
    try Self.run(Self.started(1), endless, callback: "again: goto again")
    let run = endless.runDueTimers(clock: .fixed(nanoseconds: 9_999), budget: 100)
    #expect(run.map(\.outcome.fault?.kind) == [.budgetExhausted(100)])
  }

  @Test func `only a map's own timer is one`() throws {
    let map = try Map(Self.spec(.array))
    for body in [
      "r1 = r6\nr2 = map[idx:0]\nr3 = 1\ncall 169", "r1 = r10\nr1 += -16\ncall 172",
      "r0 = *(u64 *)(r7 + 0)", "*(u64 *)(r7 + 8) = 1\nr0 = 0",
    ] {
      let program = try Self.load(Self.program(body), map)
      let frame = program.makeFrame()
      try frame.load([UInt8](repeating: 0, count: 64))
      #expect(program.run(frame).fault != nil)
    }
  }
}
