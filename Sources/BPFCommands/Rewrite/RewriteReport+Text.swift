import BPFISA
import BPFPlatform
import BPFRewriter

extension RewriteReport {
  private var heading: String {
    let type = type.map { " (\($0.name))" } ?? ""
    return "// program \(before.name.escapedForDisplay)\(type)"
  }

  /// The program before, then after.
  ///
  /// - Parameter asListing: whether with slot numbers and bytes, as `llvm-objdump -d`; else as text that can be assembled.
  func text(asListing: Bool, avoiding labels: inout Set<String>) -> String {
    let disassembler = Disassembler()
    func text(of program: Program) -> String {
      asListing
        ? disassembler.listing(
          of: program.slots, symbols: program.subprograms, lines: program.lines)
        : disassembler.text(of: program, includingSource: true, avoiding: &labels)
    }
    return "\(heading) before: \(counted(before.slots.count, "slot"))\n" + text(of: before)
      + "\n\(heading) after: \(counted(after.slots.count, "slot")); \(summary)\n"
      + text(of: after)
  }

  /// One listing of both: `-` before what is gone, `+` before what a pass put in, with slot numbers before and after.
  ///
  /// - Parameter style: how instructions are written.
  func markedText(includingBytes: Bool, style: InstructionStyle = .assembly) -> String {
    var listing = MarkedListing(self, includingBytes: includingBytes, style: style)
    return "\(heading): \(counted(before.slots.count, "slot")) before, "
      + "\(after.slots.count) after; \(summary)\n" + listing.text()
  }
}

/// Writes the lines of both forms of a program in the order of the first.
private struct MarkedListing {
  private let report: RewriteReport
  private let includingBytes: Bool
  private let style: InstructionStyle
  private var output = ""
  private var nextSubprogram = 0
  private var shownLine: LineInfo?
  /// The columns that a slot number takes.
  private let width: Int
  /// The columns before the bytes and the text.
  private static let bytesWidth = 48

  init(_ report: RewriteReport, includingBytes: Bool, style: InstructionStyle) {
    self.report = report
    self.style = style
    self.includingBytes = includingBytes
    width = max(
      4, String(max(report.before.slots.count, report.after.slots.count)).count)
  }

  mutating func text() -> String {
    let before = report.before
    let program = report.after
    // What was shown of the program before.
    var shown = 0
    var slot = 0
    while slot < program.slots.count {
      let origin = report.origins[slot]
      while shown < origin.original { shown = pass(over: shown) }
      if shown == origin.original, report.isRemoved(shown) { shown = pass(over: shown) }
      begin(origin.original)
      let instruction = program.instruction(at: slot)
      var comment = ""
      if origin.isInserted || origin.isWidened {
        let pass = origin.pass.map { report.passes[$0] } ?? "widened"
        comment =
          "// \(pass)\(origin.isWidened && origin.pass != nil ? ", widened" : "")"
          + ", for \(origin.original)"
      }
      append(
        mark: origin.isInserted || origin.isWidened ? "+" : " ",
        old: origin.isInserted || origin.isWidened ? nil : origin.original, new: slot, instruction,
        program, comment)
      if !origin.isInserted, shown == origin.original {
        shown += before.slots[shown].isWide ? 2 : 1
      }
      slot += instruction.slotCount
    }
    while shown < before.slots.count { shown = pass(over: shown) }
    return output
  }

  /// Shows an instruction of the program before if it is gone.
  ///
  /// - Returns: the slot of the next one.
  private mutating func pass(over slot: Int) -> Int {
    let instruction = report.before.instruction(at: slot)
    if report.isRemoved(slot) {
      begin(slot)
      append(mark: "-", old: slot, new: nil, instruction, report.before, "")
    }
    return slot + instruction.slotCount
  }

  /// Shows what begins with an original instruction: a subprogram, a source line.
  private mutating func begin(_ slot: Int) {
    let subprograms = report.before.subprograms
    while nextSubprogram < subprograms.count, subprograms[nextSubprogram].start <= slot {
      output += "\n\(subprograms[nextSubprogram].name.escapedForDisplay):\n"
      nextSubprogram += 1
      shownLine = nil
    }
    guard let line = report.before.line(at: slot),
      line.line != shownLine?.line
        || line.file != shownLine?.file
    else { return }
    if !line.text.isEmpty { output += "; \(line.text.escapedForDisplay)\n" }
    shownLine = line
  }

  private mutating func append(
    mark: String, old: Int?, new: Int?, _ instruction: Instruction, _ program: Program,
    _ comment: String
  ) {
    let slot = new ?? old ?? 0
    var line = mark + " " + (old.map { String($0) } ?? "").leftPadded(to: width)
    line += " " + (new.map { String($0) } ?? "").leftPadded(to: width) + ": "
    if includingBytes {
      let bytes = RawInstruction.bytes(
        of: Array(program.slots[slot..<slot + instruction.slotCount]))
      line += HexText.spacedDigits(of: bytes).padded(to: Self.bytesWidth)
    }
    let text = style.text(of: instruction, at: slot, in: program)
    line += comment.isEmpty ? text : text.padded(to: 44) + " " + comment
    output += line + "\n"
  }
}
