import ArgumentParser
import BPFISA
import BPFObject
import BPFPlatform
import BPFRewriter

/// `bpfkit rewrite`: a program before and after passes.
struct RewriteCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "rewrite",
    abstract: "Show what passes make of a program.",
    discussion: """
      Prints the program before and after; with --marks one listing with both, in which '-' marks what is gone and '+' \
      what a pass put in, with slot numbers before and after. Passes run in the order given:

      \(RewritePass.allCases.map { "  " + $0.rawValue.padded(to: 16) + $0.abstract }.joined(separator: "\n"))
      """)

  @Argument(help: "An object file, instructions or assembler text; - for standard input.")
  var file: String

  @Option(
    name: .customLong("pass"), parsing: .upToNextOption,
    help: ArgumentHelp("The passes to run, or all.", valueName: "name"))
  var passNames: [String]

  @Option(help: "Rewrite only the program of this name.")
  var program: String?

  @Flag(help: "The file is hexadecimal text of 8-byte slots.")
  var hex = false

  @Flag(help: "The file is slots of 8 bytes.")
  var raw = false

  @Flag(help: "The file is assembler text.")
  var asm = false

  @Option(
    help: ArgumentHelp(
      "What the program is (sched_cls, socket_filter, …), where its section does not say.",
      valueName: "type"))
  var type: String?

  @Option(
    name: .customLong("inline"),
    help: ArgumentHelp(
      "What a helper returns, for inline-helpers: get_smp_processor_id=0, or jiffies64=@0xffff0000 for the 8 bytes at "
        + "an address; may be given several times.",
      valueName: "helper=value"))
  var inlined: [String] = []

  @Option(help: "Where the keys of blinding start from, for output that can be made again.")
  var seed: UInt64?

  @Flag(help: "Print the slot numbers and bytes of instructions.")
  var opcodes = false

  @Flag(help: "Print one listing that marks what changed, and which pass changed it.")
  var marks = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(
    name: .shortAndLong, help: "Write the rewritten program to this file, as slots of 8 bytes.")
  var output: String?

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func validate() throws {
    if [hex, raw, asm].count(where: { $0 }) > 1 {
      throw ValidationError("--hex, --raw and --asm say what the file is: give one of them.")
    }
    if (hex || raw || asm) && program != nil {
      throw ValidationError(
        "--program chooses among an object's programs; --hex, --raw and --asm have one.")
    }
    if json && (marks || opcodes) {
      throw ValidationError("--json prints all there is; leave out --marks and --opcodes.")
    }
    try ProgramType.check(name: type)
    let passes = try Self.passes(passNames)
    for argument in inlined where Self.inlinedHelper(argument) == nil {
      throw ValidationError(
        "--inline \(argument): expected HELPER=NUMBER or HELPER=@ADDRESS, as jiffies64=@0xffff0000."
      )
    }
    if passes.contains(.inlineHelpers) && inlined.isEmpty && !passNames.contains("all") {
      throw ValidationError("inline-helpers needs --inline HELPER=VALUE.")
    }
    if !inlined.isEmpty && !passes.contains(.inlineHelpers) {
      throw ValidationError("--inline is for the pass inline-helpers.")
    }
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let path = file == "-" ? "standard input" : file
    let bytes = try FileContents.read(file, in: environment)
    let subjects =
      hex || raw || asm
      ? [try bareProgram(bytes, path)] : try programs(of: bytes, path, writesFile: output != nil)
    var reports: [RewriteReport] = []
    for subject in subjects { reports.append(try rewrite(subject, path)) }
    if let output {
      try FileContents.write(
        reports.flatMap { RawInstruction.bytes(of: $0.after.slots) }, to: output)
    }
    if json {
      var writer = JSONWriter(.indented)
      RewriteReport.write(reports, to: &writer)
      try environment.output.write(writer.bytes)
      return try environment.output.writeLine("")
    }
    var labels: Set<String> = []
    for (index, report) in reports.enumerated() {
      if index > 0 { try environment.output.writeLine("") }
      try environment.output.write(
        marks
          ? report.markedText(includingBytes: opcodes)
          : report.text(asListing: opcodes, avoiding: &labels))
    }
  }

  // MARK: What to rewrite

  /// A program and what it is.
  private struct Subject {
    let program: Program
    let type: ProgramType?
  }

  private func bareProgram(_ bytes: [UInt8], _ path: String) throws(CommandError) -> Subject {
    let type = type.flatMap(ProgramType.init(name:))
    if asm { return Subject(program: try BareProgram.assembled(bytes, path: path), type: type) }
    let slots = try BareProgram.slots(of: bytes, isHex: hex, path: path)
    guard !slots.isEmpty else { throw .input(name: path, detail: "empty; expected a program") }
    do throws(DecodingError) {
      return Subject(program: try Program(name: "program", slots: slots), type: type)
    } catch {
      throw .input(name: path, detail: "\(error)")
    }
  }

  private func programs(
    of bytes: [UInt8], _ path: String, writesFile: Bool
  ) throws(CommandError) -> [Subject] {
    let object: ObjectFile
    do throws(ObjectError) { object = try ObjectFile(bytes: bytes) } catch {
      let isELF = bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46])
      let hint =
        isELF ? "" : "; --raw reads 8-byte slots, --hex hexadecimal text, --asm assembler text"
      throw .input(name: path, detail: "\(error)\(hint)")
    }
    var names = ProgramChoice.names(of: object)
    if program != nil || writesFile || names.isEmpty {
      names = [try ProgramChoice.choose(program, of: object, path: path)]
    }
    var subjects: [Subject] = []
    for name in names {
      do throws(ObjectError) {
        let linked = try object.link(name)
        subjects.append(
          Subject(
            program: linked.program, type: type.flatMap(ProgramType.init(name:)) ?? linked.type))
      } catch {
        throw .input(name: path, detail: "program \(name): \(error)")
      }
    }
    return subjects
  }

  // MARK: Passes

  private func rewrite(_ subject: Subject, _ path: String) throws(CommandError) -> RewriteReport {
    var settings = RewritePass.Settings(type: subject.type, seed: seed)
    for argument in inlined {
      guard let (helper, value) = Self.inlinedHelper(argument) else { continue }
      settings.inlined[helper] = value
    }
    let passes: [RewritePass]
    do { passes = try Self.passes(passNames) } catch { throw .usage(error.message) }
    var current: RewritePass?
    do throws(PatchError) {
      var patcher = ProgramPatcher(subject.program)
      for pass in passes {
        current = pass
        try Self.run(pass.make(settings), on: &patcher)
      }
      current = nil
      let patched = try patcher.linearize(recordsOrigins: true)
      return RewriteReport(before: subject.program, type: subject.type, after: patched)
    } catch {
      let place = current.map { "pass \($0.rawValue): " } ?? ""
      throw .input(
        name: path,
        detail: "program \(subject.program.name): \(place)\(error)\(hint(for: error, subject))")
    }
  }

  /// What may be done about an error.
  private func hint(for error: PatchError, _ subject: Subject) -> String {
    switch error {
    case .noPacketToLoadFrom where subject.type == nil: "; --type says what the program is"
    case .packetLoadNotLowered: "; give packet-loads before blinding"
    default: ""
    }
  }

  private static func run(
    _ pass: some Pass, on patcher: inout ProgramPatcher
  ) throws(PatchError) {
    try patcher.run(pass)
  }

  /// The passes of names, of which each may be several with commas between.
  static func passes(_ names: [String]) throws(ValidationError) -> [RewritePass] {
    var passes: [RewritePass] = []
    for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) {
      if name == "all" {
        passes += RewritePass.allCases
      } else if let pass = RewritePass(rawValue: name) {
        passes.append(pass)
      } else {
        let known = RewritePass.allCases.map(\.rawValue)
        let nearest =
          NearMatch.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? "."
        let isFile = name.contains("/") || name.contains(".")
        throw ValidationError(
          "There is no pass '\(name)'\(isFile ? " (the file comes before --pass)." : nearest) The passes are \(known.joined(separator: ", ")), all."
        )
      }
    }
    if passes.isEmpty { throw ValidationError("--pass needs the name of a pass.") }
    return passes
  }

  /// A helper by name or number, and what stands for its result.
  static func inlinedHelper(_ argument: String) -> (HelperID, HelperInlining.Value)? {
    guard let equals = argument.firstIndex(of: "=") else { return nil }
    var name = argument[..<equals]
    var text = argument[argument.index(after: equals)...]
    let isAddress = text.first == "@"
    if isAddress { text.removeFirst() }
    let isHex = text.hasPrefix("0x")
    guard let value = UInt64(isHex ? text.dropFirst(2) : text, radix: isHex ? 16 : 10) else {
      return nil
    }
    if name.hasPrefix("bpf_") { name.removeFirst(4) }
    guard
      let helper = HelperID.all.first(where: {
        $0.name.map { $0 == name } ?? false || String($0.rawValue) == name
      })
    else { return nil }
    return (helper, isAddress ? .memory(.value(value), .double) : .constant(value))
  }
}
