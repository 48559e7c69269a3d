import ArgumentParser

/// `bpfkit conformance-plugin`: what the runner of the public BPF conformance suite drives, one process a test.
struct ConformancePluginCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance-plugin",
    abstract: "Run one program for the runner of the BPF conformance suite.",
    discussion: """
      Reads the program from standard input: one line of hexadecimal bytes, with blanks between them or not. \
      Prints r0 at exit in hexadecimal and exits with status 0, or says on standard error what went wrong.
      """)

  @Argument(
    help: "The memory r1 points to, r2 being its length: hexadecimal bytes, separated by blanks.")
  var memory: String?

  @Flag(help: "The program is an ELF object with one function, 'main'.")
  var elf = false

  @Option(
    help: ArgumentHelp(
      """
      What runs it: checked, interpreter, jit, or all, which compares them. Nothing is proved of the program, so only \
      checked keeps a wrong one from doing to this process whatever it likes.
      """))
  var engine = EngineChoice.checked

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let memory = try Self.bytes(of: memory ?? "", name: "memory")
    let line = try environment.input.readAll(limit: FileContents.defaultLimit)
    guard let text = String(validating: line, as: UTF8.self) else {
      throw .input(name: "standard input", detail: "not UTF-8; expected the program in hexadecimal")
    }
    let program = try Self.bytes(of: text, name: "standard input")
    let result = try ConformancePlugin.result(
      of: program, memory: memory, isELF: elf, engine: engine)
    try environment.output.writeLine(String(result, radix: 16))
  }

  private static func bytes(of text: String, name: String) throws(CommandError) -> [UInt8] {
    do { return try HexText.bytes(of: text, spacing: .whiteSpace) } catch {
      throw .input(name: name, detail: "\(error)")
    }
  }
}
