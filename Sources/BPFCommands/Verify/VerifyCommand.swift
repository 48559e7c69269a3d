import ArgumentParser
import BPFISA
import BPFPlatform
import BPFVerifier

/// `bpfkit verify`: whether programs are safe, and what it took to find out.
struct VerifyCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove programs safe, or say why they are not.",
    discussion: """
      Prints a line for each program of the objects: its verdict, the instructions processed over all its paths, the states \
      kept and the time taken. With one object the reports of rejected programs follow. The exit status is 1 if any program \
      is not accepted. Documentation/Verifier.md says what is proved and how to read a report.
      """)

  @Argument(help: "Object files, or assembler text with --asm; - for standard input.")
  var objects: [String]

  @Option(help: "Verify only the program of this name.")
  var program: String?

  @Option(
    help: ArgumentHelp(
      "What programs are (xdp, sched_cls, …), where sections do not say or instead of what they say.",
      valueName: "type"))
  var type: String?

  @Flag(help: "The files are assembler text, of one program each.")
  var asm = false

  @Flag(help: "Print the state before each instruction, path after path.")
  var log = false

  @Flag(help: "Print the source lines, or instructions, that most of the work went to.")
  var cost = false

  @Flag(help: "Ask the running kernel too, where it lets this process load programs.")
  var kernel = false

  @Flag(help: "Print comma-separated values.")
  var csv = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(help: ArgumentHelp("Compare with what --csv printed before.", valueName: "baseline.csv"))
  var compare: String?

  @Flag(help: "Verify as for a user who may not see addresses.")
  var unprivileged = false

  @Flag(name: .customLong("strict-alignment"), help: "Refuse accesses not aligned to their size.")
  var strictAlignment = false

  @Flag(
    name: .customLong("strict-prototypes"),
    help: "Refuse global functions that are safe only as they are called, as Linux does.")
  var strictPrototypes = false

  @Flag(
    name: .customLong("allow-unreachable"),
    help: "Accept instructions that no path leads to.")
  var allowUnreachable = false

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  /// The costs that are printed of each program.
  private static let shownCosts = 10

  func validate() throws {
    if objects.isEmpty { throw ValidationError("Nothing to verify: give an object file.") }
    if csv && json { throw ValidationError("--csv and --json cannot be given together.") }
    if (csv || json) && log {
      throw ValidationError("--log is for people; leave out --csv and --json.")
    }
    if csv && cost { throw ValidationError("--csv has a row for each program; --json has costs.") }
    if asm && type == nil {
      throw ValidationError("--asm needs --type: text does not say what it is.")
    }
    if asm && program != nil {
      throw ValidationError("--program chooses among an object's programs; --asm has one.")
    }
    try ProgramType.check(name: type)
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let baseline = try compare.map { path throws(CommandError) in
      try VerificationBaseline(csv: FileContents.read(path, in: environment), path: path)
    }
    var reports: [VerificationReport] = []
    for object in objects { reports += try verify(object, in: environment) }
    let output = environment.output
    let listing = VerificationListing(reports, baseline: baseline, hasKernel: kernel)
    if json {
      var writer = JSONWriter(.indented)
      listing.write(to: &writer, includingCosts: cost)
      try output.write(writer.bytes)
      try output.writeLine("")
    } else if csv {
      try output.write(listing.csv)
    } else {
      try output.write(listing.table)
      if objects.count == 1 { try output.write(listing.explanations) }
      if cost { try output.write(listing.costs(limit: Self.shownCosts)) }
    }
    let refused = reports.count { !$0.isAccepted }
    guard refused == 0 else {
      throw .runFailed("\(refused.grouped) of \(counted(reports.count, "program")) not accepted")
    }
  }

  // MARK: What to verify

  private var options: VerifierOptions {
    var options = VerifierOptions()
    options.isPrivileged = !unprivileged
    options.requiresAlignment = strictAlignment
    options.requiresPrototypes = strictPrototypes
    options.allowsUnreachableCode = allowUnreachable
    return options
  }

  private func verify(
    _ file: String, in environment: CommandEnvironment
  ) throws(CommandError) -> [VerificationReport] {
    let path = file == "-" ? "standard input" : file
    let bytes = try FileContents.read(file, in: environment)
    let type = type.flatMap(ProgramType.init(name:))
    if asm, let type {
      let subject = VerificationReport.Subject(
        program: try BareProgram.assembled(bytes, path: path), type: type)
      return [try verify(subject, of: path, in: environment)]
    }
    var reports: [VerificationReport] = []
    for input in try ProgramInput.all(ofObject: bytes, path: path, named: program, as: type) {
      let subject: VerificationReport.Subject
      do throws(ProgramInput.Failure) { subject = try input.get().subject() } catch {
        reports.append(
          VerificationReport(
            failure: error.reason, program: error.program, type: error.type, of: path))
        continue
      }
      reports.append(try verify(subject, of: path, in: environment))
    }
    return reports
  }

  private func verify(
    _ subject: VerificationReport.Subject, of path: String, in environment: CommandEnvironment
  ) throws(CommandError) -> VerificationReport {
    var report: VerificationReport
    if log {
      let printer = StatePrinter(subject.program, output: environment.output)
      try printer.printHeading()
      report = VerificationReport(subject, of: path, options: options, log: printer.log)
      if let failure = printer.failure { throw failure }
      try environment.output.writeLine("")
    } else {
      report = VerificationReport(subject, of: path, options: options, log: nil)
    }
    if kernel { report.kernel = KernelVerdict(asking: subject) }
    return report
  }
}
