import BPFCommands
import Testing
import TestSupport

@Suite struct ConformanceTests {
  @Test func runsOurOwnVectors() throws {
    let vectors = try ConformanceVector.own()
    #expect(vectors.count >= 313)
    for vector in vectors { check(vector) }
  }

  // The public suite's vectors lie beside a developer's checkout only.
  @Test(.enabled(if: SharedFolder.path != nil))
  func runsTheSuitesVectors() throws {
    let vectors = try ConformanceVector.shared()
    #expect(vectors.count == 313)
    for vector in vectors { check(vector) }
  }

  @Test func saysWhatAProgramDidWrong() {
    // A load through r1 where there is no memory.
    let program: [UInt8] = [0x61, 0x10, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    #expect(throws: CommandError.self) { try ConformancePlugin.result(of: program, memory: []) }
    #expect(throws: CommandError.self) { try ConformancePlugin.result(of: [0x95], memory: []) }
    #expect(throws: CommandError.self) { try ConformancePlugin.result(of: [], memory: []) }
  }

  private func check(_ vector: ConformanceVector) {
    do {
      let result = try ConformancePlugin.result(of: vector.program, memory: vector.memory ?? [])
      #expect(result == vector.result, "\(vector.name)")
    } catch {
      Issue.record("\(vector.name): \(error)")
    }
  }
}
