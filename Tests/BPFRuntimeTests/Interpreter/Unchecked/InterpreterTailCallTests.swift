import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Synchronization
import TestSupport
import Testing

@Suite struct InterpreterTailCallTests {
  private static func load(_ text: String, _ maps: [Map] = []) throws -> LoadedProgram {
    try InterpreterTests.load(text, type: .xdp, maps: maps)
  }

  private static func run(_ program: LoadedProgram, budget: Int? = nil) throws -> Outcome {
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return program.run(frame, budget: budget)
  }

  @Test(arguments: [nil, 1 << 20] as [Int?])
  func `33 tail calls follow one another`(budget: Int?) throws {
    let maps = [try Map(TailCallTests.programs), try Map(TailCallTests.counters)]
    let program = try Self.load(TailCallTests.counting(slot: 2), maps)
    try maps[0].setProgram(program, at: 2)
    defer { maps[0].removeAllPrograms() }
    for run in 1...2 as ClosedRange<UInt8> {
      let outcome = try Self.run(program, budget: budget)
      #expect(outcome.fault == nil && outcome.returnValue == 7)
      #expect(try TailCallTests.count(maps[1]) == 34 * run)
    }
  }

  @Test func `where there is no program the caller goes on`() throws {
    for slot in [0, 3, 4, 1 << 20] {
      let maps = [try Map(TailCallTests.programs), try Map(TailCallTests.counters)]
      let outcome = try Self.run(Self.load(TailCallTests.counting(slot: slot), maps))
      #expect(outcome.fault == nil && outcome.returnValue == 7)
      #expect(try TailCallTests.count(maps[1]) == 1)
    }
  }

  @Test func `a program returns to the caller of the function it replaces`() throws {
    let maps = [try Map(TailCallTests.programs), try Map(TailCallTests.counters)]
    try maps[0].setProgram(Self.load("r6 = 99\nr0 = 40\nexit"), at: 0)
    defer { maps[0].removeAllPrograms() }
    let caller = try Self.load(
      """
      r6 = 2
      call f
      r0 += r6
      r0 <<= 1
      exit
      f: r2 = map[idx:0]
      r3 = 0
      call 12
      r0 = 1000
      exit
      """, [maps[0]])
    let outcome = try Self.run(caller)
    #expect(outcome.fault == nil && outcome.returnValue == 84)
  }

  /// After such a return, helpers ask for memory of the caller's maps, which are not the callee's.
  @Test func `memory is the running program's`() throws {
    let programs = try Map(TailCallTests.programs)
    let maps = [programs, try Map(ProbeHelperTests.results), try Map(ProbeHelperTests.values)]
    try programs.setProgram(Self.load("r0 = 0\nexit"), at: 0)
    defer { programs.removeAllPrograms() }
    let caller = try Self.load(
      """
      call f
      r1 = map[idx:1][0]+0
      r2 = 4
      r3 = map[idx:2][0]+0
      call 113
      exit
      f: r2 = map[idx:0]
      r3 = 0
      call 12
      exit
      """, maps)
    #expect(try Self.run(caller).returnValue == 0)
    #expect(try maps[1].get([0, 0, 0, 0])?.prefix(4) == Array("some".utf8)[...])
  }

  @Test func `programs of one array are verified, or none is`() throws {
    let array = try Map(TailCallTests.programs)
    let checked = try LoadedProgram(
      unverified: Program(name: "checked", slots: Assembler.assemble("r0 = 1\nexit")), type: .xdp,
      maps: [])
    try array.setProgram(checked, at: 0)
    let caller = try Self.load("r2 = map[idx:0]\nr3 = 0\ncall 12\nr0 = 9\nexit", [array])
    #expect(throws: MapError.self) { try array.setProgram(caller, at: 1) }
    #expect(try Self.run(caller).fault?.kind == .tailCallToOtherEngine)

    let other = try Map(TailCallTests.programs)
    try other.setProgram(Self.load("r0 = 1\nexit"), at: 0)
    let unverified = try LoadedProgram(
      unverified: Program(
        name: "caller", slots: Assembler.assemble("r2 = map[idx:0]\nr3 = 0\ncall 12\nexit"),
        mapNames: ["programs"]), type: .xdp, maps: [other])
    #expect(throws: MapError.self) { try other.setProgram(unverified, at: 1) }
    #expect(try Self.run(unverified).fault?.kind == .tailCallToOtherEngine)
  }

  @Test func `a fault names the program it is in`() throws {
    let array = try Map(TailCallTests.programs)
    let endless = unsafe try LoadedProgram(
      unchecked: Program(name: "endless", slots: Assembler.assemble("loop: goto loop")),
      type: .xdp, maps: [])
    try array.setProgram(endless, at: 0)
    defer { array.removeAllPrograms() }
    let caller = try Self.load("r2 = map[idx:0]\nr3 = 0\ncall 12\nexit", [array])
    let fault = try #require(try Self.run(caller, budget: 100).fault)
    #expect(fault.kind == .budgetExhausted(100) && fault.program == "endless" && fault.slot == 0)
  }

  private final class Seen: Sendable {
    let isDone = Atomic(false)
    let wrong = Atomic(0)
    let calls = Atomic(0)
  }

  @Test func `programs are replaced while others call them`() async throws {
    let array = try Map(TailCallTests.programs, workers: 4)
    let caller = try Self.load("r2 = map[idx:0]\nr3 = 1\ncall 12\nr0 = 1\nexit", [array])
    let seen = Seen()
    await onThreads(4) { thread in
      guard thread > 0 else {
        for round in 0..<2000 {
          do {
            // Each calls through the array once more, so that it keeps the array and is kept by it.
            let target = try Self.load("r2 = map[idx:0]\nr3 = 2\ncall 12\nr0 = 2\nexit", [array])
            try array.setProgram(target, at: 1)
            if round % 3 == 0 { _ = try array.delete([1, 0, 0, 0]) }
          } catch {
            seen.wrong.add(1, ordering: .relaxed)
          }
        }
        seen.isDone.store(true, ordering: .releasing)
        return
      }
      let frame = caller.makeFrame(worker: thread)
      repeat {
        let outcome = caller.run(frame)
        switch outcome.returnValue {
        case 2: seen.calls.add(1, ordering: .relaxed)
        case 1: break
        default: seen.wrong.add(1, ordering: .relaxed)
        }
        if outcome.fault != nil { seen.wrong.add(1, ordering: .relaxed) }
      } while !seen.isDone.load(ordering: .acquiring)
    }
    #expect(seen.wrong.load(ordering: .relaxed) == 0)
    #expect(seen.calls.load(ordering: .relaxed) > 0)
    array.removeAllPrograms()
  }
}
