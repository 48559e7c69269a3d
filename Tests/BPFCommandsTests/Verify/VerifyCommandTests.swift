import Testing

@testable import BPFCommands

/// `bpfkit verify` on programs some of which are safe.
@Suite struct VerifyCommandTests {
  static let object = TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/verify.bpf.o"

  static func json(_ run: CommandRun) throws -> [String: JSONValue] {
    guard case .array(let programs) = try JSONParser.parse(run.output)["programs"] else {
      Issue.record("no programs")
      return [:]
    }
    var byName: [String: JSONValue] = [:]
    for program in programs {
      if case .string(let name) = program["program"] { byName[name] = program }
    }
    return byName
  }

  @Test func `prints a line for each program, and reports of those rejected`() {
    let run = CommandRun("verify", Self.object)
    #expect(run.status == 1)
    #expect(run.errors == "bpfkit: 4 of 5 programs not accepted\n")
    let lines = run.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix("file          program      verdict      class"))
    #expect(lines[1].hasPrefix("verify.bpf.o  sum          accept "))
    #expect(lines[2].hasPrefix("verify.bpf.o  short_check  reject       packet_bounds "))
    #expect(lines[5].hasPrefix("verify.bpf.o  walk         unsupported  unsupported "))
    #expect(lines[6] == "5 programs: 1 accepted, 4 not")
    for part in [
      "\nshort_check:\nVerification failed: packet_bounds: r2 leads to 1 byte at offset 14 of the packet",
      "\nAt: instruction 8: w1 = *(u8 *)(r2 + 0)\n    ./verify.bpf.c:",
      ": return data[14] == 0x45 ? 2 : 1;\nCausal path:\n    4: if r2 > r3 goto +7: not taken\n",
      "Suggestion: Compare the pointer plus 15 with data_end",
      "Verification failed: null_pointer: r0 is a value of map 'totals' or null",
      "Verification failed: infinite_loop: ",
    ] {
      #expect(run.text.contains(part), "\(part) in \(run.text)")
    }
  }

  @Test func `accepted programs are status 0`() {
    let run = CommandRun("verify", Self.object, "--program", "sum")
    #expect(run.status == 0)
    #expect(run.text.split(separator: "\n").count == 2)
    #expect(run.errors.isEmpty)
  }

  @Test func `reports are left out where there are several objects`() {
    let run = CommandRun("verify", Self.object, CounterObject.path)
    #expect(run.status == 1)
    #expect(run.text.contains("10 programs: 5 accepted, 5 not\n"))
    #expect(!run.text.contains("Reason:"))
  }

  @Test func `tells all there is in JSON`() throws {
    let programs = try Self.json(CommandRun("verify", Self.object, "--json", "--cost"))
    #expect(programs["sum"]?["verdict"] == .string("accept"))
    #expect(programs["sum"]?["reason"] == nil)
    let total = programs["sum"]?["insns"]
    guard case .array(let costs) = programs["sum"]?["cost"] else {
      Issue.record("no costs")
      return
    }
    var sum: Int128 = 0
    for cost in costs {
      if case .integer(let count) = cost["insns"] { sum += count }
    }
    #expect(total == .integer(sum))
    #expect(costs.first?["line"]?["file"] == .string("./verify.bpf.c"))
    let reason = programs["short_check"]?["reason"]
    #expect(reason?["class"] == .string("packet_bounds"))
    #expect(reason?["instruction"] == .integer(8))
    #expect(reason?["path"]?[1]?["instruction"] == .integer(7))
    #expect(reason?["path"]?[1]?["taken"] == .bool(false))
    #expect(reason?["branches"] == .integer(2))
    #expect(programs["walk"]?["verdict"] == .string("unsupported"))
    #expect(programs["sum"]?["kernel"] == nil)
  }

  @Test func `says where the work goes`() {
    let run = CommandRun("verify", Self.object, "--program", "sum", "--cost")
    let lines = run.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[3].hasPrefix("sum: ") && lines[3].hasSuffix(" instructions processed"))
    #expect(lines[4] == "insns   share  where")
    #expect(lines[5].contains(" %  ./verify.bpf.c:"))
    #expect(lines[5].contains("sum += data[index]"))
    let bare = CommandRun(
      "verify", "--asm", "--type", "xdp", "-", "--cost", input: "r0 = 0\nr0 += 1\nexit\n")
    #expect(bare.status == 0, "\(bare.errors)")
    #expect(bare.text.contains("\n    1  33.3 %  1: r0 += 1\n"), "\(bare.text)")
  }

  @Test func `logs the state before each instruction`() {
    let run = CommandRun(
      "verify", "--asm", "--type", "xdp", "-", "--log",
      input: """
        r0 = *(u32 *)(r1 + 12)
        if r0 == 7 goto even
        r0 = 1
        exit
        even: exit

        """)
    #expect(
      run.text.hasPrefix(
        """
        program program:
        0: w0 = *(u32 *)(r1 + 12) ; R1=ctx() R10=fp0
        1: if r0 == 7 goto +2 ; R0=scalar(
        """), "\(run.text)")
    #expect(run.text.contains("\n3: exit ; R0=1 R1=ctx() R10=fp0\n"))
    #expect(run.text.contains("\nfrom another path to 4:\n4: exit ; R0=7 R1=ctx() R10=fp0\n"))
    let lines = CommandRun("verify", Self.object, "--program", "sum", "--log").text
    #expect(lines.contains("\n; ./verify.bpf.c:"))
    let branches = CommandRun("verify", CounterObject.path, "--program", "count", "--log").text
    #expect(branches.contains(": an earlier state covers this one\nfrom another path to "))
  }

  @Test func `options change verdicts`() {
    func status(_ text: String, _ options: String...) -> (Int32, String) {
      let run = CommandRun(
        arguments: ["verify", "--asm", "--type", "xdp", "-"] + options, input: text)
      return (run.status, run.text)
    }
    let leaks = "r0 = r10\nexit\n"
    #expect(status(leaks).0 == 0)
    let refused = status(leaks, "--unprivileged")
    #expect(refused.0 == 1)
    #expect(refused.1.contains("return_value"))
    let unreachable = "r0 = 0\nexit\nr0 = 1\nexit\n"
    #expect(status(unreachable).1.contains("unreachable_code"))
    #expect(status(unreachable, "--allow-unreachable").0 == 0)
    let misaligned = """
      r2 = *(u32 *)(r1 + 0)
      r3 = *(u32 *)(r1 + 4)
      r4 = r2
      r4 += 8
      r0 = 1
      if r4 > r3 goto out
      r0 = *(u32 *)(r2 + 1)
      r0 = 1
      out: exit

      """
    #expect(status(misaligned).0 == 0)
    #expect(status(misaligned, "--strict-alignment").1.contains("misaligned_access"))
  }

  @Test func `says what cannot be verified`() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("text", "r0 = 0\nexit\n")
    let run = CommandRun("verify", text)
    #expect(run.status == 1)
    #expect(run.errors.contains("--asm reads assembler text"))
    #expect(
      CommandRun("verify", Self.object, "--program", "sums").errors.contains("did you mean 'sum'"))
    for (arguments, message) in [
      (["--csv", "--json"], "--csv and --json"), (["--log", "--csv"], "--log is for people"),
      (["--csv", "--cost"], "--json has costs"), (["--asm"], "--asm needs --type"),
      (["--asm", "--type", "xdp", "--program", "x"], "--asm has one"),
      (["--type", "xpd"], "did you mean 'xdp'?"),
    ] as [([String], String)] {
      let run = CommandRun(arguments: ["verify", Self.object] + arguments)
      #expect(run.status == 2)
      #expect(run.errors.contains(message), "\(run.errors)")
    }
    #expect(CommandRun("verify").status == 2)
  }
}
