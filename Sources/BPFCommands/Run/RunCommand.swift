import ArgumentParser
import BPFObject
import BPFPlatform
import BPFRuntime

/// `bpfkit run`: a program over a capture, or over one packet or block of memory.
struct RunCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a program over a capture, or over one packet.",
    discussion: """
      The program is verified first, with those it can reach by tail calls, and one that is not accepted does not \
      run: its report tells why (Documentation/Verifier.md). With --unverified it runs all the same, with every access \
      checked as it is made. What is verified is compiled, and interpreted where that cannot be; --engine chooses.

      Prints verdicts by name with packets and bytes, redirects, events, trace lines, what the maps hold \
      afterwards, and the time a run takes. A program that faults ends that run only; the exit status is then 1.

      With --write, the packets that go on are written as the program left them, in the format, link type and \
      times of the capture: XDP_PASS, XDP_TX and XDP_REDIRECT; for tc programs all but TC_ACT_SHOT, TC_ACT_STOLEN, \
      TC_ACT_QUEUED and TC_ACT_TRAP; those a socket filter accepts, cut to what it keeps; those a cgroup program \
      allows.
      """)

  @Argument(help: "The object file; - for standard input.")
  var object: String

  @Option(help: "The program's name; needed where the object has several.")
  var program: String?

  @Option(
    help: ArgumentHelp(
      "What to run it as (xdp, sched_cls, socket_filter, cgroup_skb, raw, …), where its section does not say.",
      valueName: "type"))
  var type: String?

  @Option(name: [.customLong("read"), .customShort("r")], help: "A capture: pcap or pcapng.")
  var capture: String?

  @Option(
    name: [.customLong("write"), .customShort("w")],
    help: "Write the packets that go on to this capture.")
  var output: String?

  @Option(
    help: ArgumentHelp(
      "One packet, or a block of memory for raw programs: a file's bytes, or hexadecimal digits.",
      valueName: "file|hex"))
  var input: String?

  @OptionGroup var contents: MapContentsOptions

  @Option(
    name: [.customLong("dump")],
    help: ArgumentHelp(
      "Write what maps hold after the run, or only one map, as JSON, CSV or text, by the file's name; may be given "
        + "several times.",
      valueName: "[name=]file"))
  var dumps: [String] = []

  @Option(
    name: [.customLong("context")],
    help: ArgumentHelp(
      "Set a field of the context, as ingress_ifindex=2; may be given several times.",
      valueName: "field=number"))
  var context: [String] = []

  @Option(help: "Run each packet this many times, each on its own bytes; maps see every run.")
  var `repeat` = 1

  @Option(
    help: ArgumentHelp(
      "The number of instructions after which a run is ended with a fault; instructions are counted then, for which "
        + "programs are interpreted, not compiled. With --unverified they always are, and the number is \(LoadedProgram.defaultBudget) unless another is given.",
      valueName: "number"))
  var budget: Int?

  @Option(
    help: ArgumentHelp(
      """
      What runs it: jit, interpreter, checked (as it is, every access checked), or all: each packet on every engine, with \
      maps of its own and a clock that all share, where a difference fails the run. jit, and with --unverified checked, \
      unless another is given.
      """))
  var engine: EngineChoice?

  @Option(
    help: ArgumentHelp(
      """
      How code is hardened: none; blinded, where no constant of the program is in its code, which begins at a random place; or \
      full, with masks and barriers against mispredicted paths as well.
      """, valueName: "policy"))
  var harden: Compilation.Hardening?

  @Option(
    help: ArgumentHelp(
      """
      Tell profilers the names of code: map, for 'perf record' and 'perf report', writes /tmp/perf-PID.map; dump, for \
      'perf record -k mono' and 'perf inject --jit', writes jit-PID.dump, with bytes and source lines.
      """, valueName: "map|dump"))
  var perf: PerfFile?

  @Flag(help: "Run it without a proof that it is safe, with every access checked as it is made.")
  var unverified = false

  @Flag(help: "Print one JSON object, with all there is.")
  var json = false

  @Flag(name: .customLong("all-maps"), help: "Print every entry of every map.")
  var allMaps = false

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func validate() throws {
    switch (capture, input) {
    case (nil, nil): throw ValidationError("Nothing to run on: give --read or --input.")
    case (.some, .some): throw ValidationError("--read and --input cannot be given together.")
    default: break
    }
    if output != nil && capture == nil { throw ValidationError("--write needs --read.") }
    if `repeat` < 1 { throw ValidationError("--repeat must be at least 1.") }
    if let budget, budget < 1 { throw ValidationError("--budget must be at least 1.") }
    if let engine, unverified, engine.needsProof {
      throw ValidationError(
        "--engine \(engine.rawValue) runs only what is proved safe; with --unverified there is --engine checked."
      )
    }
    if engine == .all && budget != nil {
      throw ValidationError(
        "--budget counts instructions, of which each engine runs others; leave it out with --engine all."
      )
    }
    if !(engine ?? (unverified ? .checked : .jit)).compiles && (harden != nil || perf != nil) {
      throw ValidationError(
        "\(harden != nil ? "--harden" : "--perf") is of compiled code; --engine jit makes it, without --unverified."
      )
    }
    try ProgramType.check(name: type)
    for argument in context where Self.contextField(argument) == nil {
      throw ValidationError("--context \(argument): expected FIELD=NUMBER.")
    }
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let bytes = try FileContents.read(object, in: environment)
    let file: ObjectFile
    do throws(ObjectError) { file = try ObjectFile(bytes: bytes) } catch {
      throw .input(name: object, detail: "\(error)")
    }
    let name = try ProgramChoice.choose(program, of: file, path: object)
    let type = type.flatMap(ProgramType.init(name:))
    let choice = engine ?? (unverified ? .checked : .jit)
    var compilation = Compilation(hardening: harden ?? .none)
    if let perf { compilation.packs = perf.packs }
    var maps = choice.engines.map {
      ObjectMaps(file, path: object, execution: $0.execution, compilation: compilation)
    }
    // What runs with every access checked is proved safe all the same, unless that is not wanted.
    let isProofApart = choice == .checked && !unverified
    if isProofApart { maps.append(ObjectMaps(file, path: object, execution: .interpreted)) }
    try contents.fill(maps, in: environment)
    if isProofApart {
      try RunSession.prove(
        maps.removeLast(), program: name, type: type, reportingTo: environment.errors)
    }
    var session = try RunSession(
      maps.removeFirst(), program: name, type: type, comparedWith: maps,
      reportingTo: environment.errors)
    try perf?.record(session.program, session.maps)
    session.repeatCount = `repeat`
    session.budget = budget
    for argument in context {
      guard let (name, value) = Self.contextField(argument) else { continue }
      try session.setContext(name, to: value)
    }
    var failure: CommandError?
    if let input {
      try session.run(onInput: Self.bytes(ofInput: input), name: input)
    } else if let capture {
      failure = try session.run(onCapture: capture, writing: output, in: environment)
    }
    session.compareMaps()
    try write(session, to: environment.output)
    for dump in dumps { try Self.write(session.maps, to: dump) }
    if let failure { throw failure }
    if session.hasDifferences {
      throw .runFailed(
        "\(object): \(session.program.name): engines differ"
          + (session.report.differenceCount == 0
            ? " in what maps hold" : " on \(counted(session.report.differenceCount, "packet"))"))
    }
    if session.report.faultCount > 0 {
      throw .runFailed(
        "\(object): \(session.program.name): "
          + "\(counted(session.report.faultCount, "run")) ended in a fault")
    }
  }

  private func write(_ session: RunSession, to output: OutputSink) throws(CommandError) {
    if json {
      var writer = JSONWriter(.indented)
      session.write(to: &writer)
      try output.write(writer.bytes)
      try output.writeLine("")
    } else {
      try output.write(session.text(showsAllEntries: allMaps))
    }
  }

  /// Writes what maps hold to `FILE`, or what one holds to `NAME=FILE`.
  private static func write(_ maps: ObjectMaps, to argument: String) throws(CommandError) {
    let file = NamedFile(argument)
    let path = file?.path ?? argument
    let text = try maps.dump(file.map { [$0.name] } ?? [], as: MapFormat(ofFile: path))
    try FileContents.write(Array(text.utf8), to: path)
  }

  private static func contextField(_ argument: String) -> (name: String, value: UInt64)? {
    guard let pair = NamedFile(argument) else { return nil }
    let text = pair.path
    let value =
      text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    return value.map { (pair.name, $0) }
  }

  /// A file's bytes where there is such a file, else the bytes that the argument spells.
  private static func bytes(ofInput argument: String) throws(CommandError) -> [UInt8] {
    let hex: HexError
    do { return try HexText.bytes(of: argument, spacing: .whiteSpace) } catch { hex = error }
    do { return try FileContents.read(argument) } catch .file(_, _, .notFound) {
      throw .input(
        name: "--input", detail: "no file has this name, and as hexadecimal: \(hex)",
        more: ["given: \(argument)"])
    }
  }
}
