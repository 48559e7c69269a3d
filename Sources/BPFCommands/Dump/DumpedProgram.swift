import BPFISA
import BPFPlatform
import BPFRewriter

/// A program whose instructions are shown as bpftool shows those of a program in the kernel.
struct DumpedProgram {
  let program: Program
  let type: ProgramType?
  let isGPLCompatible: Bool
  /// What passes did; nil for a program as it was linked.
  var rewriting: RewriteReport?

  /// An instruction as it is shown.
  struct Line {
    let slot: Int
    let instruction: Instruction
    /// The function that begins with it, where the program has several.
    let function: Subprogram?
    /// The source line that begins with it.
    let source: LineInfo?
    let text: String
    let slots: ArraySlice<RawInstruction>
  }

  /// What each line shows, in order.
  ///
  /// - Complexity: O(*n*), *n* the slots.
  func forEachLine<Failure>(_ body: (Line) throws(Failure) -> Void) throws(Failure) {
    var nextFunction = 0
    var nextSource = 0
    var slot = 0
    while slot < program.slots.count {
      let instruction = program.instruction(at: slot)
      var function: Subprogram?
      while nextFunction < program.subprograms.count,
        program.subprograms[nextFunction].start <= slot
      {
        function = program.subprograms[nextFunction]
        nextFunction += 1
      }
      var source: LineInfo?
      while nextSource < program.lines.count, program.lines[nextSource].slot <= slot {
        source = program.lines[nextSource]
        nextSource += 1
      }
      try body(
        Line(
          slot: slot, instruction: instruction, function: function, source: source,
          text: InstructionStyle.kernel.text(of: instruction, at: slot, in: program),
          slots: program.slots[slot..<slot + instruction.slotCount]))
      slot += instruction.slotCount
    }
  }

  /// What bpftool prints before each of several programs, without what only a loaded one has (its number, its tag).
  var heading: String {
    var text = type.map { $0.name + "  " } ?? ""
    text += "name \(program.name.escapedForDisplay)"
    return text + (isGPLCompatible ? "  gpl" : "")
  }
}
