import BPFISA
import BPFRewriter
import PatcherOracles
import Testing

/// What once went wrong in the patcher.
@Suite struct PatcherRegressionTests {
  /// `r0 = 0`, `r0 = 1`, … and `exit`.
  static func moves(_ count: Int, lines: [LineInfo] = [], sub: Int? = nil) throws -> Program {
    let slots =
      try (0..<count).map { try move(Int32($0)).encoded.first } + [Instruction.exit.encoded.first]
    return try Program(
      name: "main", slots: slots,
      subprograms: [Subprogram(name: "main", start: 0)]
        + (sub.map { [Subprogram(name: "sub", start: $0)] } ?? []),
      lines: lines)
  }

  static func move(_ value: Int32) -> Instruction {
    .arithmetic(.move, .bits64, destination: .r0, source: .immediate(value))
  }

  static func patch(_ instructions: Instruction...) -> Patch {
    ScriptedPatch(instructions.map { ScriptedPatch.Line($0) }).patch
  }

  @Test func `a line whose code is gone does not move to the next subprogram`() throws {
    let line = LineInfo(slot: 1, file: "a.c", line: 1, column: 1, text: "x")
    var patcher = ProgramPatcher(try Self.moves(3, lines: [line], sub: 2))
    try patcher.remove(1)
    let program = try patcher.linearize().program
    #expect(program.lines.isEmpty)
    #expect(program.line(at: 1) == nil)
  }

  @Test func `an inserted instruction that was replaced cannot be edited again`() throws {
    var patcher = ProgramPatcher(try Self.moves(1))
    try patcher.insert(Self.patch(Self.move(10)), before: 0, branches: .throughPatch)
    var place = patcher.start
    #expect(patcher.next(&place) == Self.move(10))
    try patcher.replace(at: &place, with: Self.patch(Self.move(20), Self.move(21)))
    #expect(throws: PatchError.alreadyRemoved(0)) {
      try patcher.replace(at: &place, with: Self.patch(Self.move(30)))
    }
    #expect(throws: PatchError.alreadyRemoved(0)) {
      try patcher.insert(Self.patch(Self.move(30)), before: &place, branches: .afterPatch)
    }
    patcher.remove(at: &place)
    #expect(patcher.next(&place) == Self.move(0))
    let program = try patcher.linearize().program
    #expect(listing(of: program) == ["r0 = 0x14", "r0 = 0x15", "r0 = 0x0", "exit"])
  }

  @Test func `a prologue of a patch inserted before an inserted instruction is skipped`() throws {
    var slots = try Self.moves(2).slots
    slots[0] = try Instruction.jump(offset: 0).encoded.first
    var patcher = ProgramPatcher(try Program(name: "main", slots: slots))
    try patcher.insert(Self.patch(Self.move(10)), before: 1, branches: .throughPatch)
    var place = patcher.start
    _ = patcher.next(&place)
    #expect(patcher.next(&place) == Self.move(10))
    try patcher.insert(Self.patch(Self.move(20)), before: &place, branches: .throughPatch)
    place = patcher.start
    _ = patcher.next(&place)
    #expect(patcher.next(&place) == Self.move(20))
    try patcher.insert(Self.patch(Self.move(30)), before: &place, branches: .afterPatch)
    let program = try patcher.linearize().program
    #expect(
      listing(of: program) == [
        "goto +0x1", "r0 = 0x1e", "r0 = 0x14", "r0 = 0xa", "r0 = 0x1", "exit",
      ])
  }
}
