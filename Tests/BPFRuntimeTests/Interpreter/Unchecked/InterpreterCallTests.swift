import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Synchronization
import TestSupport
import Testing

/// Calls of every kind: local functions, helpers, callbacks, tail calls, timers.
@Suite struct InterpreterCallTests {
  // MARK: Local functions

  @Test func `eight functions nest, each with its registers and its stack`() throws {
    // f adds r6 of every depth, kept over the call, and a stack word of its own.
    func nested(_ count: Int) -> String {
      """
      r1 = \(count)
      call f
      exit
      f: r6 = r1
      *(u64 *)(r10 - 8) = r1
      r0 = 0
      r1 += -1
      if r1 == 0 goto out
      call f
      out: r0 += r6
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      exit
      """
    }
    for count in 1...7 {
      let outcome = try EveryEngine(nested(count)).expectSame()
      #expect(outcome.returnValue == UInt64(count * (count + 1)))
    }
    let deep = try InterpreterTests.load(nested(8))
    let frame = deep.makeFrame()
    try frame.load([])
    for budget in [nil, 1000] {
      #expect(deep.run(frame, budget: budget).fault?.kind == .callDepthExceeded)
    }
    // The machine is as new after it.
    let outcome = try InterpreterTests.load(nested(7)).run(frame)
    #expect(outcome.fault == nil && outcome.returnValue == 56)
  }

  @Test func `a callee uses its caller's stack by address`() throws {
    try EveryEngine(
      """
      r1 = r10
      r1 += -8
      *(u64 *)(r1 + 0) = 5
      call f
      r0 = *(u64 *)(r10 - 8)
      exit
      f: r2 = *(u64 *)(r1 + 0)
      r2 += 1
      *(u64 *)(r1 + 0) = r2
      *(u64 *)(r10 - 8) = 99
      r0 = 0
      exit
      """
    ).expectSame()
  }

  // MARK: Helpers

  @Test(arguments: [
    MapKind.array, .perCPUArray, .hash, .perCPUHash, .lruHash, .lruPerCPUHash,
  ])
  func `maps are looked up, changed and emptied`(kind: MapKind) throws {
    let isArray = kind == .array || kind == .perCPUArray
    let text = """
      r6 = 6
      loop: *(u32 *)(r10 - 4) = r6
      *(u64 *)(r10 - 16) = r6
      r1 = map[idx:0]
      r2 = r10
      r2 += -4
      r3 = r10
      r3 += -16
      r4 = 0
      call 2
      r7 += r0
      r1 = map[idx:0]
      r2 = r10
      r2 += -4
      call 1
      if r0 == 0 goto next
      r1 = *(u64 *)(r0 + 0)
      r1 *= 3
      *(u64 *)(r0 + 0) = r1
      r1 = 7
      lock *(u64 *)(r0 + 0) += r1
      next: r6 += -1
      if r6 != 0 goto loop
      *(u32 *)(r10 - 4) = 3
      r1 = map[idx:0]
      r2 = r10
      r2 += -4
      call 3
      r0 += r7
      exit
      """
    try EveryEngine(
      "r7 = 0\n" + text, type: .xdp,
      maps: [MapSpec(name: "m", kind: kind, keySize: 4, valueSize: 8, maxEntries: isArray ? 7 : 8)]
    ).expectSame("\(kind)")
  }

  @Test func `dynptrs are made of values and records`() throws {
    for (index, text) in (DynptrTests.locals + DynptrTests.records).enumerated() {
      try EveryEngine(text, type: .xdp, maps: DynptrTests.maps)
        .expectSame("program \(index)")
    }
  }

  @Test func `probes read memory that the program has, and nothing else`() throws {
    for source in ProbeHelperTests.sources {
      for helper in [112, 113, 114, 115] {
        for size in [0, 1, 4, 9, 10, 11, 20] {
          try EveryEngine(
            ProbeHelperTests.probing(helper, size: size, from: source), type: .xdp,
            maps: [ProbeHelperTests.values, ProbeHelperTests.results]
          ).expectSame("helper \(helper) of \(size) bytes: \(source)")
        }
      }
    }
  }

  /// Addresses of the process that are not the program's: other maps, the runtime's own objects, code.
  @Test func `no address is read because it is one`() throws {
    let other = try Map(ProbeHelperTests.values)
    let maps = [try Map(ProbeHelperTests.values), try Map(ProbeHelperTests.results)]
    let code = try InterpreterTests.load("r0 = r10\nexit")
    let elsewhere = code.makeFrame()
    try elsewhere.load([1])
    let addresses =
      [
        unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(other).toOpaque())),
        unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(maps[0]).toOpaque())),
        // Another frame's stack and packet, and what lies after a stack: what functions return to.
        code.run(elsewhere).returnValue - 8,
        unsafe UInt64(UInt(bitPattern: elsewhere.packet.memory.baseAddress)) + 256,
      ].map { "r3 = \($0) ll" } + ["r3 = r10", "r3 = r10\nr3 += -520", "r3 = r10\nr3 += 8"]
    for source in addresses {
      for helper in [113, 115] {
        let outcome = try InterpreterTests.run(
          ProbeHelperTests.probing(helper, size: 8, from: source), type: .xdp, maps: maps)
        #expect(Int64(bitPattern: outcome.returnValue) < 0, "\(source)")
      }
    }
    let results = try #require(try maps[1].get([0, 0, 0, 0]))
    #expect(results.prefix(8) == [0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `what the host grants is read`() throws {
    let program = try InterpreterTests.load(
      ProbeHelperTests.probing(113, size: 4, from: "r3 = 0xffff888100001000 ll"), type: .xdp,
      maps: [Map(ProbeHelperTests.values), Map(ProbeHelperTests.results)])
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    #expect(Int64(bitPattern: program.run(frame).returnValue) == -14)
    frame.grantMemory(at: 0xffff_8881_0000_1000, [1, 2, 3, 4])
    #expect(program.run(frame).returnValue == 0)
    #expect(try program.maps[1].get([0, 0, 0, 0])?.prefix(4) == [1, 2, 3, 4])
  }

  @Test func `texts are read through addresses`() throws {
    // bpf_trace_printk of "%s", then bpf_strncmp.
    let text = """
      r1 = 0x7325
      *(u64 *)(r10 - 8) = r1
      r1 = r10
      r1 += -8
      r2 = 3
      r3 = map[idx:0][0]+5
      call 6
      r6 = r0
      r1 = map[idx:0][0]+5
      r2 = 4
      r3 = map[idx:0][0]+5
      call 182
      r0 += r6
      exit
      """
    var values = ProbeHelperTests.values
    values.flags = .readOnlyForPrograms
    let both = try EveryEngine(text, type: .xdp, maps: [values])
    let outcome = try both.expectSame()
    #expect(outcome.traceLines == ["text"])
  }

  @Test func `stacks name the calls they are in`() throws {
    let maps = [try Map(StackHelperTests.stacks), try Map(StackHelperTests.results)]
    let program = try InterpreterTests.load(
      StackHelperTests.getStack(size: 64, flags: 0), maps: maps)
    let frame = program.makeFrame()
    try frame.load([0])
    #expect(program.run(frame).returnValue == 24)
    let bytes = try #require(try maps[1].get([0, 0, 0, 0]))
    let slots = (0..<3).map { index in
      let word = bytes[8 * index..<8 * index + 8].reversed().reduce(UInt64(0)) {
        $0 << 8 | UInt64($1)
      }
      return program.location(ofStackAddress: word)?.slot
    }
    #expect(slots == [9, 3, 1])
  }

  // MARK: Callbacks

  @Test func `loops`() throws {
    for (index, text) in CallbackTests.loops.enumerated() {
      try EveryEngine(text, type: .xdp).expectSame("loop \(index)")
    }
  }

  @Test(arguments: [MapKind.array, .perCPUArray, .hash, .perCPUHash, .lruHash])
  func `walks over elements`(kind: MapKind) throws {
    for entries in [0, 1, 8] {
      let map = CallbackTests.map(kind, entries: entries)
      var texts = [CallbackTests.visiting(), CallbackTests.visiting(flags: 1)]
      if entries < 2 || kind == .array || kind == .perCPUArray {
        texts.append(CallbackTests.visiting(stop: true))
      }
      if kind != .array, kind != .perCPUArray {
        texts.append(CallbackTests.visiting(isDeleting: true))
      }
      for text in texts { try EveryEngine(text, type: .xdp, maps: [map]).expectSame() }
    }
  }

  @Test func `drains of samples`() throws {
    for (index, text) in UserRingTests.programs.enumerated() {
      let both = try EveryEngine(text, type: .xdp, maps: [UserRingTests.ring])
      for samples in UserRingTests.samples + UserRingTests.samples {
        for side in [both.checked, both.unchecked, both.compiled] {
          for sample in samples { try side.maps[0].submitSample(sample) }
        }
        try both.expectSame("program \(index) on \(samples.count) samples")
        for side in [both.checked, both.unchecked, both.compiled] {
          _ = try UserRingTests.Machine(
            UserRingTests.draining("r1 = 0"), map: side.maps[0]
          ).run()
        }
      }
    }
  }

  @Test func `callbacks nest as deep as calls do`() throws {
    func nested(_ depth: Int) -> String {
      let functions = (1...depth).map { level in
        """
        f\(level): r6 = \(level)
        r1 = 2
        r2 = subprog[f\(level + 1)]
        r3 = 0
        r4 = 0
        call 181
        r0 = 0
        if r6 == \(level) goto +1
        r0 = 1
        exit
        """
      }
      return "call f1\nexit\n" + functions.joined(separator: "\n")
        + "\nf\(depth + 1): r6 = 99\nr0 = 0\nexit"
    }
    try EveryEngine(nested(6), type: .xdp).expectSame()
    let deep = try InterpreterTests.load(nested(7), type: .xdp)
    let frame = deep.makeFrame()
    #expect(deep.run(frame).fault?.kind == .callDepthExceeded)
    #expect(try InterpreterTests.load(nested(6), type: .xdp).run(frame).fault == nil)
  }

  @Test func `a run that is ended in a drain lets others drain`() throws {
    let map = try Map(UserRingTests.ring)
    let endless = try InterpreterTests.load(
      UserRingTests.draining("again: goto again"), type: .xdp, maps: [map])
    try map.submitSample([1])
    let frame = endless.makeFrame()
    #expect(endless.run(frame, budget: 100).fault?.kind == .budgetExhausted(100))
    let draining = try InterpreterTests.load(
      UserRingTests.draining("r1 = 1"), type: .xdp, maps: [map])
    #expect(draining.run(frame).returnValue == 1 << 16 + 1)
  }

  // MARK: Timers

  @Test(arguments: [MapKind.array, .hash, .lruHash])
  func `a timer calls its function`(kind: MapKind) throws {
    let map = try Map(TimerTests.spec(kind))
    defer { map.cancelTimers() }
    let program = try InterpreterTests.load(
      TimerTests.program(TimerTests.started(500)), type: .xdp, maps: [map])
    let frame = program.makeFrame()
    frame.clock = TimerTests.start
    let outcome = program.run(frame)
    #expect(outcome.fault == nil && outcome.returnValue == 0)
    #expect(map.nextTimerDeadline == 1_500)
    #expect(map.runDueTimers(clock: .fixed(nanoseconds: 1_499)).isEmpty)
    let runs = map.runDueTimers(clock: .fixed(nanoseconds: 1_500))
    #expect(runs.map(\.key) == [[0, 0, 0, 0]] && runs.allSatisfy { $0.outcome.fault == nil })
    #expect(try TimerTests.counted(map) == 1)
    let cancelling = try InterpreterTests.load(
      TimerTests.program(TimerTests.start(1) + "\n" + TimerTests.cancel), type: .xdp, maps: [map])
    frame.clock = TimerTests.start
    #expect(cancelling.run(frame).returnValue == 1)
  }

  @Test func `a timer's callback that does not end is ended`() throws {
    let map = try Map(TimerTests.spec(.array))
    defer { map.cancelTimers() }
    let program = try InterpreterTests.load(
      TimerTests.program(TimerTests.started(1), callback: "again: goto again"), type: .xdp,
      maps: [map])
    #expect(program.run(program.makeFrame()).fault == nil)
    let runs = map.runDueTimers(budget: 100)
    #expect(runs.map(\.outcome.fault?.kind) == [.budgetExhausted(100)])
  }
}
