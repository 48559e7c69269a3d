import BPFPlatform
import Foundation
import TestSupport
import Testing

@testable import BPFISA
@testable import BPFVerifier

/// What is known after each instruction of what was known before it.
struct StateFixtureTests {
  private static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/states.txt")

  private static func fixtures() throws -> [StateFixture] {
    try StateFixture.all(in: String(contentsOf: path, encoding: .utf8))
  }

  /// After a change of what is known: `BPFKIT_WRITE_FIXTURES=1 swift test --filter StateFixtureTests`, and a look at each line
  /// that changed.
  @Test func `states follow from states`() throws {
    var fixtures = try Self.fixtures()
    if ProcessInfo.processInfo.environment["BPFKIT_WRITE_FIXTURES"] != nil {
      for index in fixtures.indices { fixtures[index].states = try fixtures[index].verified() }
      try fixtures.map(\.text).joined(separator: "\n")
        .write(to: Self.path, atomically: true, encoding: .utf8)
    }
    for fixture in fixtures {
      let states = try fixture.verified()
      #expect(states == fixture.states, "\(fixture.name)")
      #expect(states.post != nil || states.taken != nil, "\(fixture.name)")
    }
    #expect(Set(fixtures.map(\.name)).count == fixtures.count)
  }

  /// Each instruction there is has a fixture, but for those that are not verified.
  @Test func `no instruction is left out`() throws {
    var covered: Set<InstructionForm> = []
    for fixture in try Self.fixtures() {
      for slot in try fixture.program().program.slots {
        if let form = InstructionTable.form(of: slot) { covered.insert(form) }
      }
    }
    let without: Set<String> = [
      "addr_space_cast", "gotox", "callx", "call_kfunc", "ld_map_fd", "ld_map_value", "ld_variable",
    ]
    for form in InstructionTable.forms where form.isAccepted && !form.usesStackArguments {
      #expect(covered.contains(form) != without.contains(form.mnemonic), "\(form.mnemonic)")
    }
  }

  /// All are programs that the kernel takes as well.
  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `the kernel accepts each`() throws {
    let maps = try StateFixture.maps.map { spec in
      let map = try KernelMap(spec)
      for entry in spec.contents {
        if case .bytes(let value) = entry.value { try map.set(entry.key, value) }
      }
      if spec.isFrozen { try map.freeze() }
      return map
    }
    for fixture in try Self.fixtures() {
      do {
        _ = try KernelProgram(fixture.program().program, type: StateFixture.type, maps: maps)
      } catch let refusal as KernelRefusal {
        Issue.record("\(fixture.name): \(refusal.log)")
      }
    }
  }
}
