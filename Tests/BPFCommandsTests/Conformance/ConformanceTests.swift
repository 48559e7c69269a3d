import BPFCommands
import Testing
import TestSupport

@Suite struct ConformanceTests {
  @Test(arguments: EngineChoice.allCases)
  func runsOurOwnVectors(engine: EngineChoice) throws {
    guard LoadedEngine.isCompiled || engine == .checked || engine == .interpreter else { return }
    let vectors = try ConformanceVector.own()
    #expect(vectors.count >= 313)
    for vector in vectors { check(vector, on: engine) }
  }

  // The public suite's vectors lie beside a developer's checkout only.
  @Test(.enabled(if: SharedFolder.path != nil))
  func runsTheSuitesVectors() throws {
    let vectors = try ConformanceVector.shared()
    #expect(vectors.count == 313)
    for vector in vectors { check(vector, on: LoadedEngine.isCompiled ? .all : .checked) }
  }

  @Test func comparesEngines() {
    // The address of its stack, which is elsewhere on each engine.
    let program: [UInt8] = [0xbf, 0xa0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    let run = CommandRun(
      "conformance-plugin", "--engine", "all", input: "bfa0000000000000 9500000000000000")
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("bpfkit: program: engines differ: return value: checked "))
    #expect(throws: CommandError.self) {
      try ConformancePlugin.result(of: program, memory: [], engine: .all)
    }
    #expect(throws: Never.self) { try ConformancePlugin.result(of: program, memory: []) }
  }

  @Test func saysWhatAProgramDidWrong() {
    // A load through r1 where there is no memory.
    let program: [UInt8] = [0x61, 0x10, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    #expect(throws: CommandError.self) { try ConformancePlugin.result(of: program, memory: []) }
    #expect(throws: CommandError.self) { try ConformancePlugin.result(of: [0x95], memory: []) }
    #expect(throws: CommandError.self) { try ConformancePlugin.result(of: [], memory: []) }
  }

  private func check(_ vector: ConformanceVector, on engine: EngineChoice) {
    do {
      let result = try ConformancePlugin.result(
        of: vector.program, memory: vector.memory ?? [], engine: engine)
      #expect(result == vector.result, "\(vector.name)")
    } catch {
      Issue.record("\(vector.name) on \(engine): \(error)")
    }
  }
}
