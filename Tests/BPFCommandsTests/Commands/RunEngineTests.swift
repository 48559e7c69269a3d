import Testing

@testable import BPFCommands

/// `bpfkit run --engine`.
@Suite struct RunEngineTests {
  private static let packet = String(repeating: "00", count: 60)
  private static let differing =
    TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/differs.bpf.o"

  private func json(_ arguments: String...) throws -> JSONValue {
    let run = CommandRun(arguments: ["run"] + arguments + ["--json"])
    return try JSONParser.parse(run.output)
  }

  private static var compiler: String { LoadedEngine.isCompiled ? "jit" : "interpreter" }

  @Test func `says what ran the program`() throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    let arguments = [CounterObject.path, "--program", "classify", "--read", capture]
    for (options, engine) in [
      ([], Self.compiler), (["--engine", "jit"], Self.compiler),
      (["--engine", "interpreter"], "interpreter"), (["--engine", "checked"], "checked"),
      (["--unverified"], "checked"), (["--unverified", "--engine", "checked"], "checked"),
    ] {
      let run = CommandRun(arguments: ["run"] + arguments + options)
      #expect(run.status == 0, "\(run.errors)")
      let line = run.text.split(separator: "\n").first { $0.hasPrefix("engine ") }
      #expect(line?.hasSuffix(" " + engine) == true, "\(options): \(run.text)")
      let report = try JSONParser.parse(
        CommandRun(arguments: ["run"] + arguments + options + ["--json"]).output)
      #expect(report["engine"] == .string(engine))
      #expect(report["engines"] == nil)
      #expect((report["instructions"] != nil) == (engine == "checked"))
      #expect(report["verdicts"]?["TC_ACT_SHOT"]?["packets"] == .integer(1))
    }
  }

  @Test func `with a budget the interpreter runs, and says so`() throws {
    let run = CommandRun(
      "run", CounterObject.path, "--program", "classify", "--input", Self.packet, "--budget", "1000"
    )
    #expect(run.status == 0, "\(run.errors)")
    if LoadedEngine.isCompiled {
      #expect(run.text.contains("\n--budget counts instructions, which compiled code does not"))
    }
    let report = try json(
      CounterObject.path, "--program", "classify", "--input", Self.packet, "--budget", "1000")
    #expect(report["engine"] == .string("interpreter"))
    #expect((report["engine_note"] != nil) == LoadedEngine.isCompiled)
    #expect(report["instructions"] != nil)
    // Asked for, it needs no note.
    let interpreted = try json(
      CounterObject.path, "--program", "classify", "--input", Self.packet, "--budget", "1000",
      "--engine", "interpreter")
    #expect(interpreted["engine_note"] == nil)
  }

  @Test(arguments: ["count", "classify", "filter", "police"])
  func `all engines do the same`(program: String) throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    let run = CommandRun(
      "run", CounterObject.path, "--program", program, "--read", capture, "--engine", "all",
      "--repeat", "3")
    #expect(run.status == 0, "\(run.errors)\(run.text)")
    let report = try json(
      CounterObject.path, "--program", program, "--read", capture, "--engine", "all")
    let engines = (LoadedEngine.isCompiled ? ["jit"] : []) + ["interpreter", "checked"]
    #expect(report["engines"] == .array(engines.map(JSONValue.string)))
    #expect(report["differences"]?["count"] == .integer(0))
    #expect(report["differences"]?["maps"] == nil)
    #expect(report["packets"] == .integer(3))
    #expect(report["runs"] == .integer(3))
    let alone = try json(CounterObject.path, "--program", program, "--read", capture)
    #expect(report["verdicts"] == alone["verdicts"])
    #expect(report["maps"] == alone["maps"])
  }

  @Test func `a difference fails the run and is named`() throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    let run = CommandRun(
      "run", Self.differing, "--program", "address", "--read", capture, "--engine", "all")
    #expect(run.status == 1)
    #expect(
      run.text.contains("engines differ on 1 packet:\n  packet 2: return value: "), "\(run.text)")
    #expect(run.text.contains(", \(Self.compiler) "), "\(run.text)")
    #expect(run.errors.hasSuffix("differs.bpf.o: address: engines differ on 1 packet\n"))
    let report = try json(
      Self.differing, "--program", "address", "--read", capture, "--engine", "all")
    #expect(report["differences"]?["first"]?[0]?["packet"] == .integer(2))
    // On one engine there is nothing to compare.
    #expect(
      CommandRun("run", Self.differing, "--program", "address", "--read", capture).status == 0)
  }

  @Test func `so does one in what maps hold`() throws {
    let run = CommandRun(
      "run", Self.differing, "--program", "kept", "--input", Self.packet, "--engine", "all")
    #expect(run.status == 1)
    #expect(
      run.text.contains("engines differ in what maps hold:\n  map place, key 00000000: from byte "),
      "\(run.text)")
    #expect(run.errors.hasSuffix("kept: engines differ in what maps hold\n"))
  }

  @Test func `what is checked is proved safe all the same`() {
    let run = CommandRun(
      "run", VerifyCommandTests.object, "--program", "short_check", "--input", Self.packet,
      "--engine", "checked")
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("Verification failed: packet_bounds: "))
  }

  @Test func `contradictions are wrong usage`() {
    for (options, expected) in [
      (["--unverified", "--engine", "jit"], "--engine jit runs only what is proved safe"),
      (["--unverified", "--engine", "all"], "--engine all runs only what is proved safe"),
      (["--engine", "all", "--budget", "5"], "--budget counts instructions"),
      (["--engine", "fast"], "fast"),
    ] {
      let run = CommandRun(
        arguments: ["run", CounterObject.path, "--program", "count", "--input", "00"] + options)
      #expect(run.status == 2, "\(options)")
      #expect(run.errors.contains(expected), "\(run.errors)")
    }
  }
}
