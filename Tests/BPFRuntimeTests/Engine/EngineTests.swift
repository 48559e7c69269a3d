import BPFISA
import BPFObject
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import BPFVerifier
import Foundation
import Testing

@Suite struct EngineTests {
  /// An object whose program array declares its programs (`Tests/BPFObjectTests/Fixtures/maps.c`).
  private static func object() throws -> ObjectFile {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = tests.appending(path: "BPFObjectTests/Fixtures/maps.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: file)))
  }

  private static func result(of program: LoadedProgram) throws -> UInt64 {
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    let outcome = program.run(frame)
    #expect(outcome.fault == nil)
    return outcome.returnValue
  }

  @Test(arguments: [Engine.Execution.compiled, .interpreted, .checked])
  func loadsAllOrNothing(execution: Engine.Execution) throws {
    let engine = try Engine(Self.object(), execution: execution)
    let programs = try engine.loadAll()
    #expect(programs.map(\.name) == ["target_first", "target_second", "jump", "count"])
    #expect(try Self.result(of: programs[2]) == 2)
    let limited = try Engine(Self.object(), execution: .interpreted)
    limited.verifierLimits.processedInstructions = 3
    #expect {
      try limited.loadAll()
    } throws: { error in
      guard case .rejected(let rejection) = error as? LoadError else { return false }
      return rejection.category == .tooComplex
    }
    #expect(limited.maps.isEmpty)
  }

  @Test func sharesMapsWithAnotherEngine() throws {
    let first = try Engine(Self.object(), workers: 2)
    #expect(try Self.result(of: first.load("count")) == 40)
    let second = try Engine(Self.object(), sharing: first.maps)
    let program = try second.load("count")
    #expect(second.map(named: "flows") === first.map(named: "flows"))
    // The first program's entry is there.
    #expect(try Self.result(of: program) == 2)
    let third = try Engine(Self.object(), workers: 3, sharing: first.maps)
    #expect(throws: LoadError.sharedMapDiffers("flows")) { try third.load("count") }
  }

  @Test func slotsChangeProgramsWhileThreadsRunThem() async throws {
    let engine = try Engine(Self.object(), workers: 4)
    let programs = [try engine.load("target_first"), try engine.load("target_second")]
    let slot = ProgramSlot(programs[0])
    await withTaskGroup(of: Int.self) { group in
      for worker in 0..<3 {
        group.addTask {
          let frame = slot.program.makeFrame(worker: worker)
          guard (try? frame.load([UInt8](repeating: 0, count: 64))) != nil else { return 0 }
          return (0..<20_000).count { _ in [1, 2].contains(slot.run(frame).returnValue) }
        }
      }
      group.addTask {
        (0..<20_000).count { round in
          (try? slot.replace(with: programs[round % 2]).type) == .xdp
        }
      }
      for await count in group { #expect(count == 20_000) }
    }
    let raw = try LoadedProgram(
      unverified: Program(name: "other", slots: Assembler.assemble("r0 = 0\nexit")), type: .raw,
      maps: [])
    #expect { try slot.replace(with: raw) } throws: { error in
      let error = error as? SlotError
      return error?.expected == .xdp && error?.found == .raw
    }
  }

  @Test func fillsProgramArrays() throws {
    let engine = try Engine(Self.object())
    let program = try engine.load("jump")
    #expect(try Self.result(of: program) == 2)
    let array = try #require(engine.map(named: "jumps"))
    #expect(array.program(at: 1)?.name == "target_first")
    #expect(array.program(at: 5)?.name == "target_second")
    #expect(array.program(at: 0) == nil)
  }

  @Test func programsOutliveTheirEngine() throws {
    weak var array: Map?
    do {
      var engine: Engine? = try Engine(Self.object())
      let program = try #require(engine).load("jump")
      array = engine?.map(named: "jumps")
      engine = nil
      #expect(try Self.result(of: program) == 2)
      #expect(array != nil)
    }
    // The program and the array it calls through do not keep each other alive.
    #expect(array == nil)
  }

  @Test func fillsMapsOfMaps() throws {
    let engine = try Engine(Self.object())
    let program = try engine.load("count")
    let outer = try #require(engine.map(named: "outer"))
    #expect(try outer.map(forKey: [0, 0, 0, 0]) === engine.map(named: "inner_first"))
    #expect(try outer.map(forKey: [1, 0, 0, 0]) == nil)
    let second = try #require(engine.map(named: "inner_second"))
    #expect(try outer.map(forKey: [2, 0, 0, 0]) === second)
    try second.set(UInt32(2), to: UInt64(5))
    #expect(try Self.result(of: program) == 45)
    #expect(try Self.result(of: program) == 2)
  }

  @Test func makesMapsOfMapsByName() throws {
    let engine = try Engine(Self.object())
    let outer = try #require(try engine.makeMap(named: "outer"))
    #expect(engine.maps.map(\.spec.name) == ["inner_first", "inner_second", "outer"])
    #expect(try outer.map(forKey: [2, 0, 0, 0]) === engine.map(named: "inner_second"))
  }

  @Test func leavesNothingOfAProgramItCannotLoad() throws {
    let engine = try Engine(Self.object())
    // `count` refers to this map, whose keys have 8 bytes.
    engine.initialContents["flows"] = [MapSpec.InitialEntry(key: [1], value: .bytes([2]))]
    #expect(throws: LoadError.self) { try engine.load("count") }
    #expect(engine.maps.isEmpty)
    #expect(throws: LoadError.self) { try engine.load("no such program") }
    #expect(throws: LoadError.unsupportedType(program: "jump", .kprobe)) {
      try engine.load("jump", as: .kprobe)
    }
    #expect(engine.maps.isEmpty)
  }

  @Test func runsOnManyThreads() throws {
    let engine = try Engine(Self.object(), workers: 4)
    let program = try engine.load("jump")
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      let frame = program.makeFrame(worker: worker)
      for _ in 0..<1_000 {
        guard (try? frame.load([UInt8](repeating: 0, count: 64))) != nil,
          program.run(frame).returnValue == 2
        else {
          Issue.record("worker \(worker) got something else")
          return
        }
      }
    }
  }
}
