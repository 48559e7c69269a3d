import BPFISA
import BPFPlatform
import Foundation
import TestSupport
import Testing

@testable import BPFVerifier

/// Random programs that the verifier accepts do nothing that they may not, and nothing that it does not know of.
///
/// `BPFKIT_SOUNDNESS_PROGRAMS` says how many have to be accepted.
@Suite struct SoundnessTests {
  private static let asked = ProcessInfo.processInfo.environment["BPFKIT_SOUNDNESS_PROGRAMS"]
    .flatMap { Int($0) }
  #if DEBUG
  private static let wanted = asked ?? 100
  #else
  private static let wanted = asked ?? 2_000
  #endif

  @Test func `accepted programs do what the verifier knows of`() throws {
    var accepted = 0
    var seed: UInt64 = 0
    var kinds: Set<SampleProgram.Kind> = []
    while accepted < Self.wanted {
      seed += 1
      let oracle = Self.oracle(seed)
      var generator = SampleGenerator(seed: seed)
      let sample = generator.sample()
      switch try oracle.judge(sample, seed: seed) {
      case .rejected: break
      case .accepted(let finding):
        accepted += 1
        kinds.formUnion(sample.kinds)
        if let finding { try report(sample, finding, seed, oracle) }
      }
    }
    // The programs are of kinds that are worth trying.
    #expect(accepted * 5 >= Int(seed))
    #expect(kinds == Set(SampleProgram.Kind.allCases))
  }

  /// Every fourth program is one that may not see addresses.
  private static func oracle(_ seed: UInt64) -> SoundnessOracle {
    var oracle = SoundnessOracle()
    oracle.options.isPrivileged = seed % 4 != 0
    return oracle
  }

  private func report(
    _ sample: SampleProgram, _ finding: SoundnessOracle.Finding, _ seed: UInt64,
    _ oracle: SoundnessOracle
  ) throws {
    let smallest = sample.shrunk { candidate in
      (try? oracle.judge(candidate, seed: seed))?.finding?.isLike(finding) ?? false
    }
    let text = Disassembler().text(of: try smallest.program())
    Issue.record("seed \(seed), \(sample.type.name): \(finding)\n\(text)")
  }

  /// The oracle finds out about a verifier that is wrong.
  @Test func `the oracle looks at registers, ways and accesses`() throws {
    let program = SampleProgram(
      type: .xdp,
      items: [
        .init(instruction: .call(.helper(HelperID.getRandomU32.rawValue))),
        .init(
          instruction: .arithmetic(
            .and, .bits64, destination: .r0, source: .immediate(1))),
        .init(instruction: .exit),
      ])
    guard case .accepted(nil) = try SoundnessOracle().judge(program, seed: 1) else {
      Issue.record("it is accepted")
      return
    }
    #expect(try Self.finding(in: program, at: 2, .constant(0)) != nil)
    #expect(try Self.finding(in: program, at: 2, .scalar(.range(0, 1))) == nil)
    #expect(try Self.finding(in: program, at: 2, .pointer(.context)) != nil)
  }

  @Test func `the oracle looks at the stack`() throws {
    let store = { (size: MemorySize, offset: Int16, value: Int32) in
      SampleProgram.Item(
        instruction: .store(size, base: .r10, offset: offset, source: .immediate(value)))
    }
    let sample = SampleProgram(
      type: .xdp,
      items: [
        store(.word, -8, 0), store(.byte, -4, 7), store(.double, -16, 5),
        .init(
          instruction: .arithmetic(.move, .bits64, destination: .r0, source: .immediate(0))),
        .init(instruction: .exit),
      ])
    guard case .accepted(nil) = try SoundnessOracle().judge(sample, seed: 1) else {
      Issue.record("it is accepted")
      return
    }
    func finding(_ index: Int, _ change: @escaping (inout StackSlot) -> Void) throws
      -> SoundnessOracle.Finding?
    {
      try Self.finding(in: sample, at: 3) { change(&$0.stack[index].contents) }
    }
    #expect(try finding(0) { $0.value.number = .range(4, 6) } == nil)
    #expect(
      try finding(0) { $0.value.number = .range(6, 9) }
        == .outsideStack(frame: 0, offset: -16, slot: 3))
    let place = SoundnessOracle.Finding.outsideStack(frame: 0, offset: -8, slot: 3)
    #expect(try finding(1) { $0.setBytes(4, 1, StackSlot.ByteKind.zero) } == place)
    #expect(try finding(1) { $0.setBytes(5, 1, StackSlot.ByteKind.zero) } == place)
    #expect(try finding(1) { $0.setBytes(4, 1, StackSlot.ByteKind.dynptr) } == place)
    #expect(try finding(1) { $0.setBytes(4, 1, StackSlot.ByteKind.data) } == nil)
  }

  /// What the oracle finds if r0 were said to be a value at an instruction.
  private static func finding(
    in sample: SampleProgram, at slot: Int, _ value: Value
  ) throws -> SoundnessOracle.Finding? {
    try finding(in: sample, at: slot) { $0.registers[0] = value }
  }

  /// What the oracle finds if something else were known at an instruction.
  private static func finding(
    in sample: SampleProgram, at slot: Int, _ change: @escaping (inout ExploredState) -> Void
  ) throws -> SoundnessOracle.Finding? {
    let program = try sample.program()
    let verified = try Verifier(for: sample.type).verify(program, maps: SampleProgram.maps)
    let states = RecordedStates()
    _ = try Verifier(for: sample.type).verify(
      program, maps: SampleProgram.maps,
      probe: ExplorationProbe(prunes: false) { state in
        var state = state
        if state.slot == slot { change(&state) }
        states.add(state)
      })
    var random = RandomSource(seed: 3)
    for _ in 0..<20 {
      let finding = try SoundnessOracle().run(sample, program, verified, states, &random)
      if let finding { return finding }
    }
    return nil
  }
}

extension SoundnessOracle.Finding {
  /// Whether two findings are of a kind.
  fileprivate func isLike(_ other: SoundnessOracle.Finding) -> Bool {
    switch (self, other) {
    case (.fault, .fault), (.outside, .outside), (.outsideStack, .outsideStack),
      (.unreached, .unreached), (.branch, .branch), (.pruned, .pruned):
      true
    case (.fault, _), (.outside, _), (.outsideStack, _), (.unreached, _), (.branch, _),
      (.pruned, _):
      false
    }
  }
}
