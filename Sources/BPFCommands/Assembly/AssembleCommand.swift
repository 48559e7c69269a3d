import ArgumentParser
import BPFISA

/// `bpfkit assemble`: assembler text to slots.
struct AssembleCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "assemble",
    abstract: "Turn assembler text into instructions.",
    discussion: """
      Writes little-endian slots of 8 bytes; as a line of hexadecimal with --hex and on a terminal. Reads what \
      'bpfkit disassemble' and 'llvm-objdump -d' print.
      """)

  @Argument(help: "The text; - for standard input.")
  var file: String

  @Option(name: .shortAndLong, help: "Write to this file.")
  var output: String?

  @Flag(help: "Write hexadecimal text.")
  var hex = false

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let name = file == "-" ? "standard input" : file
    let bytes = try FileContents.read(file, in: environment)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .input(name: name, detail: "not UTF-8; expected assembler text")
    }
    let slots: [RawInstruction]
    do throws(AssemblyError) {
      slots = try Assembler.withHelperNames.assemble(utf8: bytes).slots
    } catch {
      throw .input(name: name, detail: "\(error)", more: Self.excerpt(of: text, at: error))
    }
    var result = RawInstruction.bytes(of: slots)
    if hex || (output == nil && environment.output.isTerminal) {
      result = Array((HexText.digits(of: result) + "\n").utf8)
    }
    if let output {
      try FileContents.write(result, to: output)
    } else {
      try environment.output.write(result)
    }
  }

  /// The line at fault, with a mark below the place.
  private static func excerpt(of text: String, at error: AssemblyError) -> [String] {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.indices.contains(error.line - 1) else { return [] }
    let line = lines[error.line - 1].prefix(200)
    let before = String(decoding: line.utf8.prefix(max(0, error.column - 1)), as: UTF8.self)
    let shown = String(line.map { $0 == "\t" ? " " : $0 })
    return ["  \(shown)", "  \(String(repeating: " ", count: before.count))^"]
  }
}
