import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Synchronization
import TestSupport
import Testing

/// What programs do on the interpreter that checks nothing, beside single instructions.
@Suite struct InterpreterTests {
  static func load(
    _ text: String, type: ProgramType = .raw, maps: [Map] = []
  ) throws -> LoadedProgram {
    unsafe try LoadedProgram(
      unchecked: Program(
        name: "bound", slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name)),
      type: type, maps: maps)
  }

  static func run(
    _ text: String, type: ProgramType = .raw, maps: [Map] = [], budget: Int? = nil,
    input: [UInt8] = [UInt8](repeating: 0, count: 64)
  ) throws -> Outcome {
    let program = try load(text, type: type, maps: maps)
    let frame = program.makeFrame()
    try frame.load(input)
    return program.run(frame, budget: budget)
  }

  // MARK: The ABI of rewritten programs

  @Test func `a program begins with the runtime's context, or with its memory`() throws {
    // r1 holds the address of the packet's first byte, in 8 bytes.
    let packet: [UInt8] = (0..<64).map { $0 }
    let context = """
      r2 = *(u64 *)(r1 + \(ContextLayout.PacketSlot.start.offset))
      r3 = *(u64 *)(r1 + \(ContextLayout.PacketSlot.end.offset))
      r3 -= r2
      r0 = *(u8 *)(r2 + 5)
      r0 <<= 8
      r0 += r3
      exit
      """
    #expect(try Self.run(context, type: .xdp, input: packet).returnValue == 5 << 8 + 64)
    let raw = "r0 = *(u8 *)(r1 + 7)\nr0 <<= 8\nr0 += r2\nexit"
    #expect(try Self.run(raw, input: packet).returnValue == 7 << 8 + 64)
    #expect(try Self.run("r0 = r1\nr0 += r2\nexit", input: []).returnValue == 0)
  }

  @Test func `packet pointers follow a packet that moves`() throws {
    let text = """
      r6 = r1
      r2 = -4
      call 44
      r2 = *(u64 *)(r6 + \(ContextLayout.PacketSlot.start.offset))
      r3 = *(u64 *)(r6 + \(ContextLayout.PacketSlot.end.offset))
      r0 = r3
      r0 -= r2
      *(u32 *)(r2 + 0) = 7
      exit
      """
    let program = try Self.load(text, type: .xdp)
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 9, count: 64))
    #expect(program.run(frame).returnValue == 68)
    #expect(frame.packet.bytes.prefix(5) == [7, 0, 0, 0, 9])
  }

  /// As per-CPU arrays are inlined: the run area's header is found from any function's frame pointer.
  @Test func `code finds its worker by its frame pointer`() throws {
    let counters = try Map(
      MapSpec(name: "m", kind: .perCPUArray, keySize: 4, valueSize: 8, maxEntries: 1), workers: 4)
    func nested(_ depth: Int) -> String {
      let calls = (0..<depth).map { "f\($0): call f\($0 + 1)\nexit\n" }.joined()
      return calls
        + "f\(depth): r1 = map[idx:0]\nr1 = r10\nr1 &= -8192\nr0 = *(u64 *)(r1 + 0)\nexit"
    }
    for depth in 0..<8 {
      let program = try Self.load(nested(depth), maps: [counters])
      for worker in 0..<4 {
        let frame = program.makeFrame(worker: worker)
        try frame.load([])
        #expect(program.run(frame).returnValue == UInt64(worker))
      }
    }
  }

  @Test func `passes have 64 bytes below every function's stack`() throws {
    let text = """
      *(u64 *)(r10 - 576) = 1
      *(u64 *)(r10 - 8) = 2
      r6 = r10
      r6 += -576
      r7 = 40
      call f
      r0 = *(u64 *)(r6 + 0)
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      r0 += r7
      exit
      f: r6 = 5
      r7 = 5
      r1 = r10
      r2 = 72
      r0 = 0
      loop: r1 += -8
      *(u64 *)(r1 + 0) = -1
      r2 += -1
      if r2 != 0 goto loop
      exit
      """
    #expect(try Self.run(text).returnValue == 43)
  }

  @Test func `maps' values have the host's addresses`() throws {
    let map = try Map(MapSpec(name: "m", kind: .array, keySize: 4, valueSize: 16, maxEntries: 2))
    let text =
      "r1 = map[idx:0][0]+8\nr2 = *(u64 *)(r1 + 0)\nr2 += 5\n*(u64 *)(r1 + 0) = r2\nr0 = r2\nexit"
    #expect(try Self.run(text, maps: [map]).returnValue == 5)
    #expect(try Self.run(text, maps: [map]).returnValue == 10)
    #expect(try map.get([0, 0, 0, 0])?[8] == 10)
  }

  /// What the rewriter puts in place of `bpf_map_lookup_elem` where it knows the kind of map.
  @Test(arguments: [
    (MapKind.hash, HelperID.hashMapLookup), (.lruHash, .hashMapLookup),
    (.perCPUHash, .hashMapLookup), (.lpmTrie, .prefixMapLookup),
  ])
  func `lookups go straight into the table`(kind: MapKind, helper: HelperID) throws {
    let isPrefix = kind == .lpmTrie
    var spec = MapSpec(
      name: "m", kind: kind, keySize: isPrefix ? 8 : 4, valueSize: 8, maxEntries: 8)
    if isPrefix { spec.flags = .noPreallocation }
    let map = try Map(spec)
    let key: [UInt8] = isPrefix ? [32, 0, 0, 0, 10, 0, 0, 1] : [10, 0, 0, 1]
    try map.set(key, [77, 0, 0, 0, 0, 0, 0, 0])
    func text(_ word: Int) -> String {
      """
      *(u32 *)(r10 - \(isPrefix ? 8 : 4)) = \(isPrefix ? "32" : "\(word)")
      \(isPrefix ? "*(u32 *)(r10 - 4) = \(word)" : "")
      r1 = map[idx:0]
      r2 = r10
      r2 += -\(isPrefix ? 8 : 4)
      call \(helper.rawValue)
      if r0 == 0 goto out
      r0 = *(u64 *)(r0 + 0)
      out: exit
      """
    }
    #expect(try Self.run(text(0x0100_000a), maps: [map]).returnValue == 77)
    #expect(try Self.run(text(0x0200_000a), maps: [map]).returnValue == 0)
  }

  // MARK: What is refused

  @Test func `what rewritten programs do not have is not loaded`() throws {
    func refusal(_ text: String, type: ProgramType = .raw) -> UnrunnableReason? {
      do {
        _ = try Self.load(text, type: type)
        return nil
      } catch LoadError.unrunnable(program: "bound", slot: _, let reason) {
        return reason
      } catch {
        Issue.record("\(error)")
        return nil
      }
    }
    for text in [
      "r0 = 0\nloop: may_goto out\ngoto loop\nout: exit", "r6 = r1\nr0 = *(u8 *)skb[0]\nexit",
      "r10 = 5\nexit", "r10 += 8\nexit", "r0 = *(u64 *)(r11 + 8)\nexit",
      "r0 = addr_space_cast(r1, 0, 1)\nexit", "callx r1\nexit",
    ] {
      guard case .instruction = refusal(text) else {
        Issue.record("\(text) was loaded")
        continue
      }
    }
    for (text, target) in [
      ("goto +5\nexit", 6), ("goto -7\nexit", -6), ("gotol +100000\nexit", 100_001),
      ("call pc+77\nexit", 78), ("if r1 s> -3 goto +9\nexit", 10), ("goto +1\nr1 = 5 ll\nexit", 2),
    ] {
      #expect(refusal(text) == .strayBranch(to: target), "\(text)")
    }
    #expect(refusal("call 9999\nexit") == .helper(HelperID(rawValue: 9999)))
    #expect(refusal("call 44\nexit") == .helper(.xdpAdjustHead))
    #expect(refusal("call 44\nexit", type: .xdp) == nil)
    #expect(refusal("r1 = map[idx:0]\nexit") == .reference(.mapIndex(0)))
    #expect(refusal("r1 = map[fd:3]\nexit") == .reference(.map(3)))
    #expect(throws: LoadError.mapCount(program: "bound", expected: 0, found: 1)) {
      unsafe try LoadedProgram(
        unchecked: Program(name: "bound", slots: Assembler.assemble("exit")), type: .raw,
        maps: [
          Map(MapSpec(name: "m", kind: .array, keySize: 4, valueSize: 16, maxEntries: 2))
        ])
    }
  }

  @Test func `running off the end is a fault`() throws {
    let outcome = try Self.run("r0 = 0")
    #expect(outcome.fault?.kind == .programCounterOutOfRange(1))
  }

  // MARK: Budget

  @Test func `a budget counts every instruction`() throws {
    // 1 + 10 * 3 + 1 instructions.
    let text = "r0 = 0\nloop: r0 += 1\nr1 = 5 ll\nif r0 != 10 goto loop\nexit"
    for budget in [32, 33, 100, .max] {
      let outcome = try Self.run(text, budget: budget)
      #expect(outcome.fault == nil && outcome.returnValue == 10 && outcome.instructions == 32)
    }
    for budget in [0, 1, 30, 31] {
      let outcome = try Self.run(text, budget: budget)
      #expect(outcome.fault?.kind == .budgetExhausted(budget))
      #expect(outcome.returnValue == 0)
    }
    #expect(try Self.run(text).instructions == nil)
  }

  @Test(arguments: [
    "loop: goto loop",
    "call f\nexit\nf: r0 = 0\nloop: if r0 == 0 goto loop\nexit",
    // 2^46 invocations, each of which ends by itself.
    """
    r1 = 8388608
    r2 = subprog[outer]
    r3 = 0
    r4 = 0
    call 181
    exit
    outer: r1 = 8388608
    r2 = subprog[inner]
    r3 = 0
    r4 = 0
    call 181
    r0 = 0
    exit
    inner: r0 = 0
    exit
    """,
  ])
  func `a budget ends what does not end`(text: String) throws {
    let outcome = try Self.run(text, type: .xdp, budget: 12_345)
    #expect(outcome.fault?.kind == .budgetExhausted(12_345))
    let executed = try #require(outcome.instructions)
    #expect((12_345...12_345 + 20).contains(executed))
  }

  @Test func `a budget bounds the buckets of walks`() throws {
    let map = try Map(CallbackTests.map(.hash, entries: 3, of: 1 << 16))
    let text = CallbackTests.visiting()
    let whole = try Self.run(text, type: .xdp, maps: [map], budget: 1 << 20)
    #expect(whole.fault == nil && whole.returnValue >> 16 == 3)
    let short = try Self.run(text, type: .xdp, maps: [map], budget: 1000)
    #expect(short.fault?.kind == .budgetExhausted(1000))
  }

  // MARK: Threads

  @Test func `many threads run one program`() async throws {
    let counters = try Map(
      MapSpec(name: "c", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1), workers: 4)
    let program = try Self.load(
      """
      r6 = 100
      *(u32 *)(r10 - 4) = 0
      loop: r1 = map[idx:0]
      r2 = r10
      r2 += -4
      call 1
      if r0 == 0 goto out
      r1 = 1
      lock *(u64 *)(r0 + 0) += r1
      r6 += -1
      if r6 != 0 goto loop
      r1 = r10
      r1 &= -8192
      r6 = *(u64 *)(r1 + 0)
      out: r0 = r6
      exit
      """, type: .xdp, maps: [counters])
    let wrong = Atomic(0)
    await onThreads(4) { worker in
      let frame = program.makeFrame(worker: worker)
      for _ in 0..<500 where program.run(frame).returnValue != UInt64(worker) {
        wrong.add(1, ordering: .relaxed)
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    let bytes = try #require(try counters.get([0, 0, 0, 0]))
    let total = bytes.reversed().reduce(0) { sum, byte in sum << 8 | Int(byte) }
    #expect(total == 4 * 500 * 100)
  }
}
