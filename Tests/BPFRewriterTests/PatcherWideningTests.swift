import BPFISA
import BPFRewriter
import PatcherOracles
import Testing

/// Branches at the ends of what 16 bits reach.
@Suite struct PatcherWideningTests {
  static let kinds: [Instruction] = [
    .jump(offset: 0),
    .jumpIf(.signedLess, .bits32, .r1, .immediate(7), offset: 0),
    .jumpIf(.equal, .bits64, .r1, .register(.r2), offset: 0),
    .jumpIf(.bitsSet, .bits64, .r1, .immediate(7), offset: 0),
    .mayGoto(offset: 0),
  ]

  static let move = Instruction.arithmetic(
    .move, .bits64, destination: .r0, source: .immediate(3))

  /// A branch over so many moves, or after so many that it leads back over.
  static func program(_ branch: Instruction, over count: Int, isForward: Bool) throws -> Program {
    let displacement = isForward ? count : -count - 1
    let slots = try (branch.with(displacement: displacement) ?? branch).encoded.slots
    let moves = [RawInstruction](repeating: try move.encoded.first, count: count)
    let exit = try Instruction.exit.encoded.slots
    return try Program(name: "main", slots: (isForward ? slots + moves : moves + slots) + exit)
  }

  /// What a branch of a kind and a displacement is to look like.
  static func expected(_ branch: Instruction, to displacement: Int) throws -> [Instruction] {
    if let short = branch.with(displacement: displacement) { return [short] }
    // The long jump stands one slot or two after the branch.
    func long(_ slots: Int) -> Instruction {
      .jumpLong(offset: Int32(displacement < 0 ? displacement - slots : displacement))
    }
    switch branch {
    case .jump: return [.jumpLong(offset: Int32(displacement))]
    case .jumpIf(.signedLess, let width, let left, let right, _):
      return [.jumpIf(.signedGreaterOrEqual, width, left, right, offset: 1), long(1)]
    case .jumpIf(.equal, let width, let left, let right, _):
      return [.jumpIf(.notEqual, width, left, right, offset: 1), long(1)]
    case _: return [branch.with(displacement: 1) ?? branch, .jump(offset: 1), long(2)]
    }
  }

  @Test(arguments: kinds, [true, false])
  func `original branches at the limit`(branch: Instruction, isForward: Bool) throws {
    let limit = 0x7fff
    for added in 0...2 {
      let program = try Self.program(branch, over: limit - 1, isForward: isForward)
      var patcher = ProgramPatcher(program)
      let patch = ScriptedPatch([ScriptedPatch.Line](repeating: .init(Self.move), count: added))
      try patcher.insert(patch.patch, before: 100, branches: .afterPatch)
      let patched = try patcher.linearize()
      let slot = patched.slot(ofOriginal: isForward ? 0 : limit - 1)
      let displacement = isForward ? limit - 1 + added : -(limit + added)
      let expected = try Self.expected(branch, to: displacement)
      for (index, instruction) in expected.enumerated() {
        #expect(patched.program.instruction(at: slot + index) == instruction)
      }
      #expect(patched.program.slots.count == program.slots.count + added + expected.count - 1)
    }
  }

  @Test func `backwards, the limit is one further`() throws {
    for (added, isWidened) in [(0, false), (1, true)] {
      let branch = Self.kinds[1]
      let program = try Self.program(branch, over: 0x7fff, isForward: false)
      #expect(program.instruction(at: 0x7fff).displacement == -0x8000)
      var patcher = ProgramPatcher(program)
      let patch = ScriptedPatch([ScriptedPatch.Line](repeating: .init(Self.move), count: added))
      try patcher.insert(patch.patch, before: 5, branches: .throughPatch)
      #expect(try patcher.linearize().program.slots.count == 0x8001 + added + (isWidened ? 1 : 0))
    }
  }

  @Test(arguments: kinds, [true, false])
  func `inserted branches at the limit`(branch: Instruction, isForward: Bool) throws {
    for distance in 0x7ffe...0x8002 {
      // The exit before the moves, or after them, is where the branch leads.
      let count = distance - 1
      let moves = [RawInstruction](repeating: try Self.move.encoded.first, count: count)
      let exit = try Instruction.exit.encoded.slots
      let program = try Program(name: "main", slots: exit + moves + exit)
      var patcher = ProgramPatcher(program)
      let site = isForward ? 1 : count + 1
      let patch = ScriptedPatch([
        .init(branch, to: .original(isForward ? count + 1 : 0)), .init(Self.move),
      ])
      try patcher.insert(patch.patch, before: site, branches: .throughPatch)
      let patched = try patcher.linearize(recordsOrigins: true)
      let displacement = isForward ? count + 1 : -count - 2
      let expected = try Self.expected(branch, to: displacement)
      for (index, instruction) in expected.enumerated() {
        #expect(patched.program.instruction(at: site + index) == instruction)
        #expect(patched.origins[site + index].isInserted)
        #expect(patched.origins[site + index].isWidened == (index > 0))
      }
      #expect(patched.program.instruction(at: site + expected.count) == Self.move)
    }
  }

  @Test func `a patch longer than 16 bits reach branches inside itself`() throws {
    var lines = [ScriptedPatch.Line](repeating: .init(Self.move), count: 0x8002)
    lines[0] = .init(Self.kinds[3], to: .line(0x8001))
    lines[0x8001] = .init(Self.kinds[1], to: .line(0))
    let program = try Program(name: "main", slots: Instruction.exit.encoded.slots)
    var patcher = ProgramPatcher(program)
    try patcher.insert(ScriptedPatch(lines).patch, before: 0, branches: .throughPatch)
    let patched = try patcher.linearize().program
    try #require(patched.slots.count == 0x8006)
    #expect(patched.instruction(at: 2) == .jumpLong(offset: 0x8000))
    #expect(patched.instruction(at: 0x8004) == .jumpLong(offset: -0x8005))
  }

  /// Branches of the longest kind, each over the start of the next: what widens the last widens them all.
  @Test func `widening cascades to the least fixpoint`() throws {
    let count = 20
    var made = PatchingCase()
    for index in 0..<count {
      made.instructions.append(.init(instruction: Self.kinds[1], target: index + 0x8000))
    }
    for _ in 0..<0x8000 { made.instructions.append(.init(instruction: Self.move, target: nil)) }
    made.instructions.append(.init(instruction: .exit, target: nil))
    made.hasFacts = true
    // Between the last two targets.
    let site = count - 1 + 0x7fff
    made.passes = [
      .edits([
        .insert(
          [.init(instruction: Self.move, target: nil, fact: nil)], before: site, .throughPatch)
      ])
    ]
    let run = made.patched(made.assembled())
    #expect(run.result?.slots.count == made.instructions.count + 1 + count)
    #expect(made.difference() == nil)
    // With the last one in reach, all are.
    made.instructions[count - 1].target = site
    #expect(made.patched(made.assembled()).result?.slots.count == made.instructions.count + 1)
    #expect(made.difference() == nil)
  }

  @Test func `a conditional jump that is widened at the end of a subprogram still runs on`() throws
  {
    for isInserted in [false, true] {
      var made = PatchingCase()
      made.instructions = [.init(instruction: Self.kinds[1], target: 0x7fff)]
      made.instructions.append(.init(instruction: .exit, target: nil))
      for _ in 0..<0x8000 { made.instructions.append(.init(instruction: Self.move, target: nil)) }
      made.instructions.append(.init(instruction: .exit, target: nil))
      made.subprograms = [2]
      let filler = PatchingCase.Edit.insert(
        [PatchingCase.PatchLine](
          repeating: .init(instruction: Self.move, target: nil, fact: nil), count: 9),
        before: 9, .throughPatch)
      let last: [PatchingCase.PatchLine] =
        isInserted
        ? [.init(instruction: Self.kinds[2], target: .original(0x8001), fact: nil)] : []
      made.passes = [.edits([filler, .replace(1, last)])]
      #expect(made.patched(made.assembled()).errors == [.fallsOffEnd(subprogram: "main")])
      #expect(made.difference() == nil)
    }
  }

  /// Small programs with gaps that bring some branches to the limit.
  @Test func `random programs around the limit`() {
    #if DEBUG
    let count = 6
    #else
    let count = 200
    #endif
    for seed in 0..<UInt64(count) {
      var choices = Choices(seed: 0x5eed << 32 | seed)
      var made = PatchingCase(random: &choices)
      made.stretch(&choices)
      if let difference = made.difference() {
        Issue.record("seed \(seed)\n\(difference.prefix(2000))")
        return
      }
    }
  }
}
