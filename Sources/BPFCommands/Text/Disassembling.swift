import BPFISA

/// Instructions as reports show them, with decimal numbers as the kernel's log does.
enum Disassembling {
  private static let disassembler = Disassembler(style: TextStyle(radix: .decimal))

  static func text(of instruction: Instruction) -> String { disassembler.text(of: instruction) }
}
