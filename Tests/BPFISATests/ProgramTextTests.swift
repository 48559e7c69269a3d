import Testing

@testable import BPFISA

@Suite struct ProgramTextTests {
  static let source = """
    entry:
      ; if (x > 5) { y = 1; }
      r1 = map[idx:0] // counters
      r2 = map[idx:1][0]+0x8 // weird name
      if r0 == 0x0 goto L9
      call helper_function
      r3 = subprog[helper_function]
      goto -0x3
      goto +0x64
    L9:
      exit

    helper_function:
      r0 = 0x0
      goto L12
    L12:
      exit

    """

  @Test func aProgramWithLabelsSourceAndMaps() throws {
    let slots = try Assembler.assemble(Self.source)
    let program = try Program(
      name: "entry", slots: slots,
      subprograms: [
        Subprogram(name: "entry", start: 0), Subprogram(name: "helper_function", start: 11),
      ],
      lines: [
        LineInfo(slot: 0, file: "a.c", line: 1, column: 1, text: "if (x > 5) { y = 1; }"),
        LineInfo(slot: 2, file: "a.c", line: 1, column: 9, text: "if (x > 5) { y = 1; }"),
      ],
      mapNames: ["counters", "weird name"])
    let text = Disassembler().text(of: program, includingSource: true)
    #expect(try Assembler.assemble(text) == slots)
    #expect(text.contains("  ; if (x > 5) { y = 1; }\n"))
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("  ; ") }.count == 1)
    #expect(text.contains("call helper_function\n"))
    #expect(text.contains("r1 = map[idx:0] // counters\n"))
    #expect(text.contains("\nhelper_function:\n"))
    let plain = Disassembler().text(of: program)
    #expect(!plain.contains(";"))
    #expect(try Assembler.assemble(plain) == slots)
  }

  /// Names that are no labels, names given twice and names of generated labels are replaced, not written.
  @Test func namesThatAreNoLabels() throws {
    let slots = try Assembler.assemble("goto +1; exit; exit; exit; exit; goto -2")
    let program = try Program(
      name: "a", slots: slots,
      subprograms: [
        Subprogram(name: "L2", start: 0), Subprogram(name: "a b", start: 1),
        Subprogram(name: "pc", start: 2), Subprogram(name: "r1", start: 3),
        Subprogram(name: "L2", start: 4),
      ])
    let text = Disassembler().text(of: program)
    #expect(try Assembler.assemble(text) == slots)
    #expect(text.hasPrefix("L2:\n  goto L2_2\n"))
  }
}
