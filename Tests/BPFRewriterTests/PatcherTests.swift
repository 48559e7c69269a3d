import BPFISA
import BPFRewriter
import Testing

/// The rules of the patcher, one by one, on programs small enough to read.
@Suite struct PatcherTests {
  static func program(_ text: String) throws -> Program {
    try Program(name: "main", slots: Assembler.assemble(text))
  }

  @Test func `branches land on the replacement, and past what is inserted after them`() throws {
    let program = try Self.program(
      """
      r0 = 0
      if r1 == 0 goto +1
      r0 = 1
      exit
      """)
    var patch = Patch()
    let other = patch.label()
    patch.emit(.jumpIf(.equal, .bits64, .r2, .immediate(0), offset: 0), to: .label(other))
    patch.emit(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(7)))
    patch.emit(.jump(offset: 0), to: .end)
    patch.place(other)
    patch.emit(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(8)))
    var patcher = ProgramPatcher(program)
    try patcher.replace(2, with: patch)
    try patcher.insert(patch, before: 3, branches: .afterPatch)
    let result = try patcher.linearize()
    #expect(
      listing(of: result.program) == [
        "r0 = 0x0",
        "if r1 == 0x0 goto +0x8",
        "if r2 == 0x0 goto +0x2",
        "r0 = 0x7",
        "goto +0x1",
        "r0 = 0x8",
        "if r2 == 0x0 goto +0x2",
        "r0 = 0x7",
        "goto +0x1",
        "r0 = 0x8",
        "exit",
      ])
  }
}
