import ArgumentParser
import BPFISA
import BPFJIT
import BPFPlatform
import BPFRewriter
import BPFRuntime
import BPFVerifier

/// `bpfkit dump`: a program's instructions, as linked or as engines run them, the way bpftool shows a loaded one's.
struct DumpCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract:
      "Show a program's instructions, as bpftool does, before or after rewriting, or compiled.",
    discussion: """
      original: the linked program, before any pass. xlated: after verification and all passes, as engines run it. Prints \
      what 'bpftool prog dump xlated' prints of a loaded program, without loading it. jited: the machine code made of that, \
      each instruction of xlated above those that do its work. A program that is not accepted has no xlated or jited form: the reason follows, and the exit status is 1. Documentation/Dump.md has the format, and where it is \
      not bpftool's.
      """)

  /// Which form of a program is shown.
  enum Form: String, CaseIterable, ExpressibleByArgument {
    case original, xlated, jited
  }

  /// What a control-flow graph is written as.
  enum GraphFormat: String, CaseIterable, ExpressibleByArgument {
    case dot, svg
  }

  @Argument(help: "What to show: original, xlated or jited.")
  var form: Form

  @Argument(help: "An object file, or assembler text with --asm; - for standard input.")
  var object: String

  @Option(help: "Show only the program of this name.")
  var program: String?

  @Option(
    help: ArgumentHelp(
      "What programs are (xdp, sched_cls, …), where sections do not say or instead of what they say.",
      valueName: "type"))
  var type: String?

  @Flag(help: "The file is assembler text.")
  var asm = false

  @Flag(help: "Print functions' names and source lines.")
  var source = false

  @Flag(help: "Print the bytes of instructions.")
  var opcodes = false

  @Flag(help: "Mark what each pass removed and put in, with slots before and after.")
  var marks = false

  @Flag(help: "Print JSON.")
  var json = false

  @Option(help: ArgumentHelp("Print the control-flow graph: dot or svg.", valueName: "format"))
  var graph: GraphFormat?

  @Option(
    help: ArgumentHelp(
      "How code is hardened, for jited: none, blinded (no constant of the program is in it) or full.",
      valueName: "policy"))
  var harden: Compilation.Hardening?

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func validate() throws {
    if marks && form != .xlated {
      throw ValidationError(
        "--marks shows what passes did; "
          + (form == .original ? "'original' is before any." : "'jited' has their result."))
    }
    if form == .jited && graph != nil {
      throw ValidationError("--graph is of a program's instructions; 'jited' has the processor's.")
    }
    if form != .jited && harden != nil {
      throw ValidationError("--harden is of compiled code; it goes with 'jited'.")
    }
    if graph != nil && (json || marks || opcodes || source) {
      throw ValidationError(
        "--graph is of the instructions alone; leave out --json, --marks, --opcodes and --source.")
    }
    if asm && program != nil {
      throw ValidationError("--program chooses among an object's programs; --asm has one.")
    }
    if asm && form != .original && type == nil {
      throw ValidationError("--asm needs --type: text does not say what it is.")
    }
    try ProgramType.check(name: type)
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    if form == .jited && !Compiler.isSupported {
      throw .runFailed("there is no compiler for this processor")
    }
    var programs: [Dump] = []
    var refused: [String] = []
    let inputs = try inputs(in: environment)
    for input in inputs {
      do throws(ProgramInput.Failure) {
        programs.append(try dumped(input.get()))
      } catch {
        refused.append(
          "\(error.program.escapedForDisplay):\n"
            + error.reason.split(separator: "\n").map { String($0).escapedForDisplay + "\n" }
            .joined())
      }
    }
    try print(programs, isList: inputs.count > 1, to: environment.output)
    guard !refused.isEmpty else { return }
    try environment.output.flush()
    try environment.errors.write(refused.joined(separator: "\n"))
    throw .runFailed(
      form == .original
        ? "\(refused.count.grouped) of \(counted(inputs.count, "program")) not linked"
        : "\(refused.count.grouped) of \(counted(inputs.count, "program")) not "
          + (form == .xlated ? "rewritten" : "compiled"))
  }

  // MARK: What to show

  private func inputs(
    in environment: CommandEnvironment
  ) throws(CommandError) -> [Result<ProgramInput, ProgramInput.Failure>] {
    let path = object == "-" ? "standard input" : object
    let bytes = try FileContents.read(object, in: environment)
    let type = type.flatMap(ProgramType.init(name:))
    if asm {
      return [
        .success(
          ProgramInput(program: try BareProgram.assembled(bytes, path: path), type: type))
      ]
    }
    let inputs = try ProgramInput.all(ofObject: bytes, path: path, named: program, as: type)
    if graph != nil, inputs.count > 1 {
      let names = inputs.map { (input: Result<ProgramInput, ProgramInput.Failure>) -> String in
        switch input {
        case .success(let input): input.program.name
        case .failure(let failure): failure.program
        }
      }
      throw .ambiguous(kind: "program", place: path, option: "--program", known: names)
    }
    return inputs
  }

  private func dumped(
    _ input: ProgramInput
  ) throws(ProgramInput.Failure) -> Dump {
    let isCompatible = License.isGPLCompatible(input.license)
    switch form {
    case .original:
      return .program(
        DumpedProgram(program: input.program, type: input.type, isGPLCompatible: isCompatible))
    case .xlated:
      let rewritten = try input.rewritten()
      return .program(
        DumpedProgram(
          program: rewritten.program, type: input.type, isGPLCompatible: isCompatible,
          rewriting: RewriteReport(rewritten)))
    case .jited:
      let code = try input.compiled(Compilation(hardening: harden ?? .none))
      let dumped = DumpedProgram(
        program: code.program, type: input.type, isGPLCompatible: isCompatible)
      return .image(
        DumpedImage(
          code, of: dumped,
          disassembly: Disassembly(Array(code.bytes.prefix(code.image.codeSize)))))
    }
  }

  // MARK: Output

  /// What is shown of a program.
  private enum Dump {
    case program(DumpedProgram)
    case image(DumpedImage)

    var program: DumpedProgram {
      switch self {
      case .program(let program): program
      case .image(let image): image.program
      }
    }

    var image: DumpedImage? {
      switch self {
      case .program: nil
      case .image(let image): image
      }
    }
  }

  private func print(
    _ dumps: [Dump], isList: Bool, to output: OutputSink
  ) throws(CommandError) {
    if json {
      var writer = JSONWriter(.indented)
      let members = DumpedProgram.Members(source: source, opcodes: opcodes, marks: marks)
      if form == .jited {
        DumpedImage.write(
          dumps.compactMap(\.image), isList: isList, members: members, to: &writer)
      } else {
        DumpedProgram.write(dumps.map(\.program), isList: isList, members: members, to: &writer)
      }
      try output.write(writer.bytes)
      return try output.writeLine("")
    }
    for (index, dump) in dumps.enumerated() {
      if index > 0 { try output.writeLine("") }
      let program = dump.program
      if let image = dump.image {
        if isList { try output.writeLine(program.heading) }
        try output.write(image.text(includingSource: source, includingBytes: opcodes))
        continue
      }
      switch graph {
      case .dot: try output.write(FlowGraph(program).dot)
      case .svg: try output.write(FlowGraph(program).svg)
      case nil:
        if marks, let rewriting = program.rewriting {
          try output.write(rewriting.markedText(includingBytes: opcodes, style: .kernel))
        } else {
          if isList { try output.writeLine(program.heading) }
          try output.write(program.text(includingSource: source, includingBytes: opcodes))
        }
      }
    }
  }
}
