import BPFISA
import BPFVerifier

/// Prints the state before each instruction while a program is verified, with its source lines between.
final class StatePrinter {
  /// Why nothing more is printed.
  private(set) var failure: CommandError?
  private let program: Program
  private let output: OutputSink
  private let disassembler = Disassembler(style: TextStyle(radix: .decimal))
  /// The instruction printed last, and the line that was printed before it.
  private var last: Int?
  /// Whether the path that was printed has ended.
  private var isEnded = false
  private var line: LineInfo?

  init(_ program: Program, output: OutputSink) {
    self.program = program
    self.output = output
  }

  var log: VerificationLog {
    VerificationLog(
      { [self] slot, state in print(slot, state) }, covered: { [self] slot in printCovered(slot) })
  }

  func printHeading() throws(CommandError) {
    try output.writeLine("program \(program.name.escapedForDisplay):")
  }

  private func print(_ slot: Int, _ state: String) {
    if let last, isEnded || !follows(slot, last) { write("from another path to \(slot):") }
    last = slot
    isEnded = false
    if let line = program.line(at: slot), line != self.line {
      write("; \(line.file):\(line.line): \(line.text)")
      self.line = line
    }
    write("\(slot): \(disassembler.text(of: program.instruction(at: slot))) ; \(state)")
  }

  private func printCovered(_ slot: Int) {
    write("\(slot): an earlier state covers this one")
    isEnded = true
    line = nil
  }

  /// Whether a path can go from one instruction to another.
  private func follows(_ slot: Int, _ before: Int) -> Bool {
    let instruction = program.instruction(at: before)
    if case .exit = instruction { return program.subprograms.count > 1 }
    return slot == before + instruction.slotCount || instruction.target(at: before) == slot
  }

  private func write(_ line: String) {
    guard failure == nil else { return }
    do throws(CommandError) { try output.writeLine(line.escapedForDisplay) } catch {
      failure = error
    }
  }
}
