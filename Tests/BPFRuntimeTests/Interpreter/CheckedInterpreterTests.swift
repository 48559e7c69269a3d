import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// Runs a program given as text, in a frame of its own.
func run(
  _ text: String, type: ProgramType = .raw, input: [UInt8] = [UInt8](repeating: 0, count: 64),
  maps: [Map] = [], budget: Int = 1_000_000
) throws -> Outcome {
  let program = try Program(
    name: "test", slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name))
  let loaded = try LoadedProgram(unverified: program, type: type, maps: maps)
  let frame = loaded.makeFrame()
  try frame.load(input)
  return loaded.run(frame, budget: budget)
}

@Suite struct CheckedInterpreterTests {
  @Test func countsInstructionsExactly() throws {
    // 1 + 10 * 3 + 1 instructions; the same whether the budget is near or far.
    let text = """
      r0 = 0
      loop: r0 += 1
      r1 = 5 ll
      if r0 != 10 goto loop
      exit
      """
    for budget in [32, 33, 100, 1_000_000] {
      let outcome = try run(text, budget: budget)
      #expect(outcome.fault == nil)
      #expect(outcome.instructions == 32)
      #expect(outcome.returnValue == 10)
    }
    let short = try run(text, budget: 31)
    #expect(short.fault?.kind == .budgetExhausted(31))
    #expect(short.instructions == 31)
  }

  @Test func endsEndlessLoops() throws {
    let outcome = try run("loop: goto loop", budget: 12_345)
    #expect(outcome.fault?.kind == .budgetExhausted(12_345))
    #expect(outcome.instructions == 12_345)
  }

  @Test func watchesRegisters() throws {
    let cases: [(String, Register)] = [
      ("exit", .r0), ("r0 = r3\nexit", .r3), ("r0 += 1\nexit", .r0),
      ("r0 = 1\nif r7 > 3 goto +0\nexit", .r7),
      // Only one path writes r3.
      ("r0 = 0\nif r2 != 0 goto +1\nr3 = 1\nr0 = r3\nexit", .r3),
      // A helper leaves r1 to r5 with nothing.
      ("call 7\nr0 = r1\nexit", .r1),
      // A callee does not see its caller's r6, and gives r0 back only if it wrote it.
      ("r6 = 1\ncall f\nexit\nf: r0 = r6\nexit", .r6),
      ("call f\nexit\nf: r3 = 1\nexit", .r0),
      // An exchange reads r0.
      ("*(u64 *)(r1 + 0) = 1\nr0 = cmpxchg_64(r1 + 0, r0, r2)\nexit", .r0),
    ]
    for (text, register) in cases {
      #expect(
        try run(text).fault?.kind == .uninitializedRegister(register), "\(text)")
    }
  }

  @Test func keepsCalleeSavedRegisters() throws {
    let outcome = try run(
      """
      r6 = 6
      r7 = 7
      r1 = 1
      call f
      r0 += r6
      r0 += r7
      exit
      f: r6 = 100
      r7 = 100
      r0 = r1
      exit
      """)
    #expect(outcome.returnValue == 14)
    #expect(outcome.fault == nil)
  }

  @Test func nestsEightFrames() throws {
    // f calls itself r1 - 1 times: frames 2 to r1 + 1.
    func nested(_ count: Int) -> String {
      "r1 = \(count)\ncall f\nexit\nf: r1 += -1\nr0 = 9\nif r1 == 0 goto out\ncall f\nout: exit"
    }
    #expect(try run(nested(7)).returnValue == 9)
    #expect(try run(nested(8)).fault?.kind == .callDepthExceeded)
  }

  @Test func givesEachFrameItsStack() throws {
    // A callee may use its caller's stack through a pointer; its own is gone when it returned.
    let shared = """
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
    #expect(try run(shared).returnValue == 6)
    let dead =
      "call f\nr0 = *(u64 *)(r0 + 0)\nexit\nf: r0 = r10\nr0 += -8\n*(u64 *)(r0 + 0) = 1\nexit"
    guard case .outOfBounds(_, .deadStack) = try run(dead).fault?.kind else {
      Issue.record("a dead stack was read")
      return
    }
    // A frame entered again is empty again.
    let stale =
      "call f\ncall g\nexit\nf: *(u64 *)(r10 - 8) = 1\nr0 = 0\nexit\ng: r0 = *(u64 *)(r10 - 8)\nexit"
    guard case .uninitializedStack(_, offset: -8) = try run(stale).fault?.kind else {
      Issue.record("a fresh stack held something")
      return
    }
  }

  @Test func checksEveryByteOfTheStack() throws {
    for size in [1, 2, 4, 8] {
      let type = "u\(8 * size)"
      #expect(
        try run("*(\(type) *)(r10 - 8) = 1\nr0 = *(\(type) *)(r10 - 8)\nexit").returnValue == 1)
      let cases: [(Int, Bool)] = [(-512, true), (-513, false), (-size, true), (1 - size, false)]
      for (offset, isInside) in cases {
        let sign = offset < 0 ? "- \(-offset)" : "+ \(offset)"
        let fault = try run("*(\(type) *)(r10 \(sign)) = 1\nr0 = 0\nexit").fault
        #expect((fault == nil) == isInside, "\(type) at \(offset): \(String(describing: fault))")
      }
    }
    // A byte missing in the middle.
    let gap =
      "*(u32 *)(r10 - 8) = 0\n*(u16 *)(r10 - 4) = 0\n*(u8 *)(r10 - 1) = 0\nr0 = *(u64 *)(r10 - 8)\nexit"
    guard case .uninitializedStack(_, offset: -2) = try run(gap).fault?.kind else {
      Issue.record("a byte that was never written was read")
      return
    }
  }

  @Test func checksMemory() throws {
    for (offset, isInside) in [
      (0, true), (56, true), (57, false), (63, false), (-1, false), (-8, false),
    ] {
      let fault = try run("r0 = *(u64 *)(r1 \(offset < 0 ? "-" : "+") \(abs(offset)))\nexit").fault
      #expect((fault == nil) == isInside, "at \(offset)")
      if !isInside {
        #expect(
          fault?.kind
            == .outOfBounds(
              .init(
                address: 11 << 40 &+ UInt64(bitPattern: Int64(offset)), size: 8, isWrite: false),
              .memory(offset: offset, length: 64)))
      }
    }
    for address in ["0", "1", "-1", "0x7fffffffffff", "0xffffff0000000000"] {
      let fault = try run("r3 = \(address) ll\nr0 = *(u8 *)(r3 + 0)\nexit").fault
      guard case .outOfBounds = fault?.kind else {
        Issue.record("\(address) was read")
        continue
      }
    }
  }

  @Test func givesNoMemoryAsNull() throws {
    #expect(try run("r0 = r1\nr0 += r2\nexit", input: []).returnValue == 0)
  }

  @Test func faultsOnBranchesOutOfTheProgram() throws {
    let cases: [(String, Fault.Kind)] = [
      ("r0 = 0\ngoto +5", .programCounterOutOfRange(7)),
      ("r0 = 0\ngoto -7\nexit", .programCounterOutOfRange(-5)),
      ("r0 = 0", .programCounterOutOfRange(1)),
      ("gotol +100000\nexit", .programCounterOutOfRange(100_001)),
      ("call pc+77\nexit", .programCounterOutOfRange(78)),
      ("r0 = 1\nif r0 s> -3 goto +9\nexit", .programCounterOutOfRange(11)),
      ("goto +1\nr1 = 5 ll\nexit", .jumpIntoWideImmediate(2)),
    ]
    for (text, kind) in cases { #expect(try run(text).fault?.kind == kind, "\(text)") }
    // Not taken, it does no harm.
    #expect(try run("r0 = 1\nif r0 s> 3 goto +9\nexit").returnValue == 1)
  }

  @Test func refusesWhatItCannotRun() throws {
    let cases: [(String, Fault.Kind)] = [
      ("r10 = 5\nexit", .writeToFramePointer),
      ("r0 = 0\nr10 += 8\nexit", .writeToFramePointer),
      ("call 9999\nexit", .unknownHelper(9999)),
      (
        "r0 = *(u8 *)(r1 + 0)\nr0 = addr_space_cast(r1, 0, 1)\nexit",
        .unsupportedInstruction("r0 = addr_space_cast(r1, 0x0, 0x1)")
      ),
    ]
    for (text, kind) in cases { #expect(try run(text).fault?.kind == kind, "\(text)") }
    #expect(
      try run("r2 = 0\ncall 44\nr0 = 0\nexit").fault?.kind
        == .helperNotAllowed(.xdpAdjustHead, .raw))
  }

  @Test func runsMayGoto() throws {
    // 8 Mi steps, then out.
    let outcome = try run(
      "r0 = 0\nloop: may_goto out\nr0 += 1\ngoto loop\nout: exit", budget: 1 << 26)
    #expect(outcome.returnValue == 8 << 20)
  }

  @Test func runsOrderedAccesses() throws {
    let text = """
      r3 = 0x1122334455667788 ll
      store_release((u64 *)(r1 + 8), r3)
      w0 = load_acquire((u16 *)(r1 + 8))
      r2 = load_acquire((u64 *)(r1 + 8))
      if r2 != r3 goto bad
      exit
      bad: r0 = 0
      exit
      """
    #expect(try run(text).returnValue == 0x7788)
    let odd = "r3 = 1\nstore_release((u32 *)(r1 + 2), r3)\nr0 = 0\nexit"
    guard case .misalignedAtomic = try run(odd).fault?.kind else {
      Issue.record("a misaligned store-release was run")
      return
    }
  }

  @Test func readsPacketsByLegacyLoads() throws {
    let packet: [UInt8] = [UInt8](repeating: 0, count: 12) + [8, 0, 0x45, 1, 2, 3]
    func value(_ load: String, _ type: ProgramType) throws -> UInt64 {
      try run("r6 = r1\nr7 = 1\nr0 = 0x77\nr0 = \(load)\nexit", type: type, input: packet)
        .returnValue
    }
    #expect(try value("*(u16 *)skb[12]", .schedCLS) == 0x0800)
    #expect(try value("*(u32 *)skb[14]", .schedCLS) == 0x4501_0203)
    #expect(try value("*(u16 *)skb[r7 + 13]", .schedCLS) == 0x4501)
    // A socket filter sees the network layer; the header before it by SKF_LL_OFF.
    #expect(try value("*(u8 *)skb[0]", .socketFilter) == 0x45)
    #expect(try value("*(u16 *)skb[-2097140]", .socketFilter) == 0x0800)
    #expect(try value("*(u8 *)skb[-1048576]", .schedCLS) == 0x45)
    // Outside, the program ends with 0.
    #expect(try value("*(u32 *)skb[15]", .schedCLS) == 0)
    #expect(
      try run("r6 = r1\nr0 = *(u8 *)skb[0]\nexit", type: .xdp, input: packet).fault?.kind
        == .packetLoadNotAllowed(.xdp))
  }

  @Test func losesPacketPointersWhenThePacketMoves() throws {
    let text = """
      r6 = r1
      r7 = *(u32 *)(r1 + 0)
      r2 = -4
      call 44
      r0 = *(u8 *)(r7 + 0)
      exit
      """
    guard
      case .stalePacketPointer(_, helper: .xdpAdjustHead) = try run(text, type: .xdp).fault?.kind
    else {
      Issue.record("a stale packet pointer was read")
      return
    }
    let again = """
      r6 = r1
      r2 = -4
      call 44
      r1 = *(u32 *)(r6 + 0)
      r2 = *(u32 *)(r6 + 4)
      r0 = r2
      r0 -= r1
      *(u32 *)(r1 + 0) = 7
      exit
      """
    #expect(try run(again, type: .xdp).returnValue == 68)
  }

  @Test func namesPlacesInFaults() throws {
    let fault = try run("r0 = *(u64 *)(r10 - 16)\nexit").fault
    #expect(
      fault.map(String.init(describing:))
        == "read of 8 bytes on the stack, of which byte r10-16 was never written at instruction 0 (r0 = *(u64 *)(r10 - 0x10)) of test"
    )
  }

  /// Registers that a format string may ask for need not hold anything, as in the kernel.
  @Test func printsWithFewerArguments() throws {
    let outcome = try run(
      """
      r1 = 0x6968
      *(u64 *)(r10 - 8) = r1
      r1 = r10
      r1 += -8
      r2 = 3
      call 6
      r0 = 0
      exit
      """, type: .xdp)
    #expect(outcome.fault == nil)
    #expect(outcome.traceLines == ["hi"])
  }
}
