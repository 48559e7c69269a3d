import ArgumentParser
import BPFISA
import BPFPlatform
import BPFRewriter
import BPFVerifier

/// `bpfkit stats patches`: where passes change programs, and by how much they grow.
struct PatchStatisticsCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "patches",
    abstract: "Count what passes change in programs.",
    discussion: """
      Verifies and rewrites all programs of the objects, and prints for each the sites that passes changed, by kind, with the \
      instructions they put in and took out; then how that is distributed over all of them. Programs that are not accepted \
      are named and left out. Documentation/PatchStatistics.md explains the figures, and has those of real objects.
      """)

  @Argument(help: "Object files; - for standard input.")
  var objects: [String]

  @Option(
    help: ArgumentHelp(
      "What programs are (xdp, sched_cls, …), where sections do not say or instead of what they say.",
      valueName: "type"))
  var type: String?

  @Flag(help: "Print comma-separated values.")
  var csv = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func validate() throws {
    if objects.isEmpty { throw ValidationError("Nothing to count: give an object file.") }
    if csv && json { throw ValidationError("--csv and --json cannot be given together.") }
    try ProgramType.check(name: type)
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    var report = PatchReport()
    for object in objects {
      let path = object == "-" ? "standard input" : object
      let bytes = try FileContents.read(object, in: environment)
      let type = type.flatMap(ProgramType.init(name:))
      for input in try ProgramInput.all(ofObject: bytes, path: path, named: nil, as: type) {
        report.count(input, of: path)
      }
    }
    if json {
      var writer = JSONWriter(.indented)
      report.write(to: &writer)
      try environment.output.write(writer.bytes)
      return try environment.output.writeLine("")
    }
    try environment.output.write(csv ? report.csv : report.text)
    if csv, !report.omissions.isEmpty {
      try environment.errors.writeLine("left out: \(counted(report.omissions.count, "program"))")
    }
  }
}

extension PatchReport {
  /// Rewrites a program and counts what was done, or notes why that cannot be.
  mutating func count(_ input: Result<ProgramInput, ProgramInput.Failure>, of path: String) {
    do throws(ProgramInput.Failure) {
      let rewritten = try input.get().rewritten()
      entries.append(
        Entry(
          file: path, program: rewritten.program.name, type: rewritten.type,
          statistics: RewriteStatistics(rewritten)))
    } catch {
      let reason = error.reason.split(separator: "\n").first.map { String($0) } ?? ""
      omissions.append(Omission(file: path, program: error.program, reason: reason))
    }
  }
}
