import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Synchronization
import TestSupport
import Testing

@Suite struct TailCallTests {
  static let programs = MapSpec(
    name: "programs", kind: .programArray, keySize: 4, valueSize: 4, maxEntries: 4)
  static let counters = MapSpec(
    name: "counters", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1)

  /// Counts a run in `counters`, then calls the program in a slot of `programs`.
  static func counting(slot: Int) -> String {
    """
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r1 = map[idx:1]
    r2 = r10
    r2 += -4
    call 1
    if r0 == 0 goto out
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
    r1 = r6
    r2 = map[idx:0]
    r3 = \(slot)
    call 12
    out: r0 = 7
    exit
    """
  }

  private static func load(_ name: String, _ text: String, _ maps: [Map]) throws -> LoadedProgram {
    try LoadedProgram(
      unverified: Program(
        name: name, slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name)),
      type: .xdp, maps: maps)
  }

  private static func run(_ program: LoadedProgram) throws -> Outcome {
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return program.run(frame)
  }

  static func count(_ map: Map) throws -> UInt8 {
    try #require(try map.get([0, 0, 0, 0]))[0]
  }

  @Test func ends33After() throws {
    let maps = [try Map(Self.programs), try Map(Self.counters)]
    let program = try Self.load("self", Self.counting(slot: 2), maps)
    try maps[0].setProgram(program, at: 2)
    let outcome = try Self.run(program)
    #expect(outcome.fault == nil)
    #expect(outcome.returnValue == 7)
    // The first run, and 33 by tail calls.
    #expect(try Self.count(maps[1]) == 34)
    maps[0].removeAllPrograms()
  }

  @Test func goesOnWhereThereIsNoProgram() throws {
    for slot in [0, 3, 4, 1 << 20] {
      let maps = [try Map(Self.programs), try Map(Self.counters)]
      let outcome = try Self.run(Self.load("alone", Self.counting(slot: slot), maps))
      #expect(outcome.fault == nil)
      #expect(outcome.returnValue == 7)
      #expect(try Self.count(maps[1]) == 1)
    }
  }

  /// A program called from a function ends that function: its caller goes on with the r0 it gave.
  @Test func returnsToTheCallerOfTheFunctionItReplaces() throws {
    let maps = [try Map(Self.programs), try Map(Self.counters)]
    let target = try Self.load("target", "r6 = 99\nr0 = 40\nexit", [])
    try maps[0].setProgram(target, at: 0)
    let caller = try Self.load(
      "caller",
      """
      r6 = 2
      call f
      r0 += r6
      r1 = map[idx:1]
      r0 <<= 1
      exit
      f: r2 = map[idx:0]
      r3 = 0
      call 12
      r0 = 1000
      exit
      """, maps)
    let outcome = try Self.run(caller)
    #expect(outcome.fault == nil)
    #expect(outcome.returnValue == 84)
    maps[0].removeAllPrograms()
  }

  /// The program a tail call leads to starts with an empty stack and its own map numbers.
  @Test func startsAfresh() throws {
    let maps = [try Map(Self.programs), try Map(Self.counters)]
    let reader = try Self.load("reader", "r0 = *(u64 *)(r10 - 8)\nexit", [])
    try maps[0].setProgram(reader, at: 1)
    let caller = try Self.load(
      "caller", "*(u64 *)(r10 - 8) = 5\nr2 = map[idx:0]\nr3 = 1\ncall 12\nr0 = 0\nexit",
      [maps[0]])
    let outcome = try Self.run(caller)
    guard case .uninitializedStack(_, offset: -8) = outcome.fault?.kind else {
      Issue.record("\(String(describing: outcome.fault))")
      return
    }
    #expect(outcome.fault?.program == "reader")
    maps[0].removeAllPrograms()
  }

  /// What threads saw.
  private final class Seen: Sendable {
    let isDone = Atomic(false)
    let wrong = Atomic(0)
    let calls = Atomic(0)
  }

  /// Runs go on in programs that others take out of the array meanwhile, and these go when no run is left.
  @Test func `programs are replaced while others call them`() async throws {
    let array = try Map(Self.programs, workers: 4)
    let caller = try Self.load(
      "caller", "r2 = map[idx:0]\nr3 = 1\ncall 12\nr0 = 1\nexit", [array])
    let seen = Seen()
    let rounds = 2000
    await onThreads(4) { thread in
      guard thread > 0 else {
        for round in 0..<rounds {
          do {
            // Each calls through the array once more, so that it keeps the array and is kept by it.
            let target = try Self.load(
              "target", "r2 = map[idx:0]\nr3 = 2\ncall 12\nr0 = 2\nexit", [array])
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

  @Test func `a program goes when it is taken out`() throws {
    let array = try Map(Self.programs)
    weak var held: Map?
    do {
      let counters = try Map(Self.counters)
      held = counters
      try array.setProgram(Self.load("self", Self.counting(slot: 1), [array, counters]), at: 1)
      #expect(try Self.run(try #require(array.program(at: 1))).returnValue == 7)
    }
    #expect(held != nil)
    #expect(try array.delete([1, 0, 0, 0]))
    #expect(held == nil)
    #expect(array.program(at: 1) == nil)
    #expect(array.program(at: 4) == nil)
  }
}
