import BPFISA

extension DumpedProgram {
  /// The lines that `bpftool prog dump xlated` prints.
  ///
  /// - Parameters:
  ///   - includingSource: whether functions begin with their name and source lines come before the instructions made of
  ///     them.
  ///   - includingBytes: whether the bytes of each instruction follow it.
  func text(includingSource: Bool, includingBytes: Bool) -> String {
    var output = ""
    forEachLine { line in
      if includingSource {
        if let function = line.function { output += "\(function.name.escapedForDisplay):\n" }
        if let text = line.source?.text, !text.isEmpty { output += "; \(text.escapedForDisplay)\n" }
      }
      output += Self.number(line.slot) + line.text + "\n"
      if includingBytes { output += "       \(Self.bytes(of: line))\n" }
    }
    return output
  }

  /// A slot's number as bpftool prints it: in four columns, and with a blank before it in any case (C's `% 4d`).
  static func number(_ slot: Int) -> String { " \(slot)".leftPadded(to: 4) + ": " }

  /// The bytes of an instruction.
  static func bytes(of line: Line) -> String {
    HexText.spacedDigits(of: RawInstruction.bytes(of: Array(line.slots)))
  }
}
