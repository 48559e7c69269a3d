import ArgumentParser
import BPFISA
import BPFObject

/// `bpfkit disassemble`: programs as assembler text.
struct DisassembleCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "disassemble",
    abstract: "Print programs as assembler text.",
    discussion: """
      The text of one program assembles to the same instructions: 'bpfkit disassemble FILE | bpfkit assemble -'. \
      A program of an object is printed linked, that is with the functions it calls; with --objdump the sections \
      of code are printed as they are in the file, as 'llvm-objdump -d' does.
      """)

  @Argument(help: "An object file, or instructions; - for standard input.")
  var file: String

  @Option(help: "Print only the program of this name.")
  var program: String?

  @Flag(help: "The file is hexadecimal text of 8-byte slots.")
  var hex = false

  @Flag(help: "The file is slots of 8 bytes.")
  var raw = false

  @Flag(help: "Print the lines of C before the instructions compiled from them.")
  var source = false

  @Flag(help: "Print the slot numbers and bytes of instructions.")
  var opcodes = false

  @Flag(help: "Print as llvm-objdump does.")
  var objdump = false

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func validate() throws {
    if hex && raw { throw ValidationError("--hex and --raw cannot be given together.") }
    if (hex || raw) && program != nil {
      throw ValidationError(
        "--program chooses among an object's programs; --hex and --raw have one.")
    }
    if objdump && (program != nil || source) {
      throw ValidationError(
        "--objdump prints sections as they are; leave out --program and --source.")
    }
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let path = file == "-" ? "standard input" : file
    let bytes = try FileContents.read(file, in: environment)
    if hex || raw {
      let slots = try BareProgram.slots(of: bytes, isHex: hex, path: path)
      return try disassemble(slots, path: path, to: environment.output)
    }
    let object: ObjectFile
    do throws(ObjectError) { object = try ObjectFile(bytes: bytes) } catch {
      let isELF = bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46])
      let hint = isELF ? "" : "; --raw reads 8-byte slots, --hex hexadecimal text"
      throw .input(name: path, detail: "\(error)\(hint)")
    }
    if objdump {
      try environment.output.write("\n\(path.escapedForDisplay):\tfile format elf64-bpf\n")
      for section in object.sections where section.isExecutable && section.size > 0 {
        try environment.output.write(
          "\n" + SectionListing(section, of: object).text(disassembler))
      }
    } else {
      try disassemblePrograms(of: object, path: path, to: environment.output)
    }
  }

  private var disassembler: Disassembler {
    Disassembler(style: TextStyle(dialect: objdump ? .llvm : .lossless))
  }

  private func disassemble(
    _ slots: [RawInstruction], path: String, to output: OutputSink
  ) throws(CommandError) {
    if objdump || opcodes {
      return try output.write(disassembler.listing(of: slots, symbols: []))
    }
    let program: Program
    do throws(DecodingError) { program = try Program(name: "program", slots: slots) } catch {
      throw .input(name: path, detail: "\(error)")
    }
    try output.write(disassembler.text(of: program))
  }

  private func disassemblePrograms(
    of object: ObjectFile, path: String, to output: OutputSink
  ) throws(CommandError) {
    let names = ProgramChoice.names(of: object)
    if case .unknown(let name) = ProgramChoice(program, of: object) {
      throw .noSuchName(kind: "program", name: name, place: path, known: names)
    }
    if program == nil && names.isEmpty {
      throw .input(name: path, detail: "the object has no programs; --objdump prints its sections")
    }
    var labels: Set<String> = []
    for (index, name) in (program.map { [$0] } ?? names).enumerated() {
      let linked: LinkedProgram
      do throws(ObjectError) { linked = try object.link(name) } catch {
        throw .input(name: path, detail: "program \(name): \(error)")
      }
      if program == nil && names.count > 1 {
        try output.write("\(index > 0 ? "\n" : "")// program \(name.escapedForDisplay)\n")
      }
      try write(linked.program, labels: &labels, to: output)
    }
  }

  private func write(
    _ program: Program, labels: inout Set<String>, to output: OutputSink
  ) throws(CommandError) {
    if opcodes {
      try output.write(
        disassembler.listing(
          of: program.slots, symbols: program.subprograms, lines: source ? program.lines : []))
    } else {
      try output.write(
        disassembler.text(of: program, includingSource: source, avoiding: &labels))
    }
  }
}
