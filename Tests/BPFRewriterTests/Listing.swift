import BPFISA

/// The text of a program's instructions, one by one.
func listing(of program: Program) -> [String] {
  var slot = 0
  var lines: [String] = []
  while slot < program.slots.count {
    let instruction = program.instruction(at: slot)
    lines.append(Disassembler().text(of: instruction))
    slot += instruction.slotCount
  }
  return lines
}
