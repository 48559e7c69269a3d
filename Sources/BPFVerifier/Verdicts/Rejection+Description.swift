import BPFISA

extension Rejection: CustomStringConvertible {
  /// The report: what is wrong in one line, then why, where, how a run gets there and what to do, each after its label.
  public var description: String {
    let explanation = explanation
    return """
      \(summary)
      Reason: \(explanation.reason).
      \(placeText)\(pathText)Suggestion: \(explanation.suggestion).
      """
  }

  /// The report's first line.
  public var summary: String {
    "Verification failed: \(category.rawValue): \(explanation.problem)"
  }

  /// The branches at the end of the path that a report shows.
  static let shownSteps = 12

  private static let disassembler = Disassembler(style: TextStyle(radix: .decimal))

  private var placeText: String {
    guard let instruction else { return "" }
    var text = "At: instruction \(slot): \(Self.disassembler.text(of: instruction))"
    if program.subprograms.count > 1 { text += ", in '\(function)'" }
    text += "\n"
    if let line { text += "    \(Self.text(of: line))\n" }
    return text
  }

  private var pathText: String {
    let start = globalFunction.map {
      ", from the start of '\($0)', for any arguments of its prototype"
    }
    guard !path.isEmpty || start != nil else { return "" }
    var text = "Causal path\(start ?? ""):\n"
    if path.isEmpty { text += "    no branches\n" }
    let hidden = path.count - Self.shownSteps
    if hidden > 0 {
      text += "    … after \(hidden) \(hidden == 1 ? "branch" : "branches") before\n"
    }
    for step in path.suffix(Self.shownSteps) {
      let jump = Self.disassembler.text(of: program.instruction(at: step.slot))
      text += "    \(step.slot): \(jump): \(step.isTaken ? "taken" : "not taken")\n"
      if let line = program.line(at: step.slot) { text += "        \(Self.text(of: line))\n" }
    }
    return text
  }

  private static func text(of line: LineInfo) -> String {
    "\(line.file):\(line.line)" + (line.text.isEmpty ? "" : ": \(line.text)")
  }
}
