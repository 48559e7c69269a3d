import BPFISA
import Testing

@testable import BPFCommands

@Suite struct RewriteCommandTests {
  static let division = "r0 = 7\nr3 = 2\nr0 /= r3\nexit\n"

  @Test func `marks what a pass took out and put in`() {
    let run = CommandRun(
      "rewrite", "--asm", "-", "--pass", "division", "--marks", input: Self.division)
    #expect(run.status == 0)
    #expect(
      run.text == """
        // program program: 4 slots before, 7 after; division +4, 1 gone

        program:
             0    0: r0 = 0x7
             1    1: r3 = 0x2
        -    2     : r0 /= r3
        +         2: if r3 == 0x0 goto +0x2 <5>                   // division, for 2
        +         3: r0 /= r3                                     // division, for 2
        +         4: goto +0x1 <6>                                // division, for 2
        +         5: r0 = 0x0                                     // division, for 2
             3    6: exit

        """)
  }

  @Test func `prints text that assembles to the program before and after`() throws {
    let run = CommandRun(
      "rewrite", CounterObject.path, "--program", "count", "--pass", "all", "--seed", "7")
    #expect(run.status == 0, "\(run.errors)")
    let end = try #require(run.text.firstRange(of: "\n// program count (xdp) after: "))
    let before = CommandRun("disassemble", CounterObject.path, "--program", "count")
    #expect(
      CommandRun("assemble", "-", input: String(run.text[..<end.lowerBound])).output
        == CommandRun("assemble", "-", input: before.output).output)
    let both = CommandRun("assemble", "-", input: run.output)
    #expect(both.status == 0, "\(both.errors)")
    #expect(both.output.count > 2 * CommandRun("assemble", "-", input: before.output).output.count)
  }

  @Test func `keeps source lines, and shows bytes as objdump does`() {
    let run = CommandRun(
      "rewrite", CounterObject.path, "--program", "classify", "--pass", "blinding", "--seed", "1",
      "--opcodes")
    #expect(run.status == 0)
    #expect(run.text.contains("0000000000000000 <classify>:\n; SEC(\"tc\") int classify"))
    let marked = CommandRun(
      "rewrite", CounterObject.path, "--program", "classify", "--pass", "blinding", "--seed", "1",
      "--opcodes", "--marks")
    #expect(marked.text.contains("; SEC(\"tc\") int classify"))
    #expect(marked.text.contains("     0    0: 61 11 00 00 00 00 00 00"))
    #expect(marked.text.contains("// blinding, for 2\n"))
  }

  @Test func `writes the rewritten program to a file`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("rewritten", [])
    let run = CommandRun(
      "rewrite", "--asm", "-", "--pass", "division", "-o", path, input: Self.division)
    #expect(run.status == 0, "\(run.errors)")
    let text = CommandRun("disassemble", "--raw", path)
    #expect(text.text.contains("if r3 == 0x0 goto"))
    #expect(try FileContents.read(path).count == 7 * 8)
  }

  @Test func `tells all there is in JSON`() throws {
    let run = CommandRun(
      "rewrite", "--asm", "-", "--pass", "division", "--json", input: Self.division)
    let value = try JSONParser.parse(run.output)
    let program = value["programs"]?[0]
    #expect(program?["passes"]?[0]?["inserted"] == .integer(4))
    #expect(program?["removed"] == .integer(1))
    #expect(program?["before"]?["instructions"]?[2]?["removed"] == .bool(true))
    let inserted = program?["after"]?["instructions"]?[2]
    #expect(inserted?["origin"] == .integer(2))
    #expect(inserted?["pass"] == .string("division"))
    #expect(inserted?["target"] == .integer(5))
  }

  @Test func `keys are the same for the same seed, and new without one`() {
    func blinded(_ arguments: [String]) -> [UInt8] {
      let output = OutputSink.memory()
      _ = BPFKitCommand.execute(
        ["rewrite", "--asm", "-", "--pass", "blinding"] + arguments,
        in: CommandEnvironment(
          input: .memory(Array(Self.division.utf8)), output: output, errors: .memory()))
      return output.contents
    }
    #expect(blinded(["--seed", "4"]) == blinded(["--seed", "4"]))
    #expect(blinded(["--seed", "4"]) != blinded(["--seed", "5"]))
    #expect(blinded([]) != blinded([]))
  }

  @Test func `says what is wrong`() {
    for (arguments, input, status, expected) in [
      (["--pass", "divison"], Self.division, 2, "did you mean 'division'?"),
      (["--pass", "division", "x.o"], Self.division, 2, "the file comes before --pass"),
      (["--pass", "inline-helpers"], Self.division, 2, "inline-helpers needs --inline"),
      (["--pass", "division", "--inline", "jiffies64=1"], Self.division, 2, "--inline is for"),
      (["--pass", "inline-helpers", "--inline", "jiffies=1"], Self.division, 2, "HELPER=NUMBER"),
      (["--pass", "division", "--type", "xpd"], Self.division, 2, "did you mean 'xdp'?"),
      (["--pass", "division"], "r0 /= \n", 1, "standard input: "),
      (["--pass", "division"], "", 1, "expected a program"),
      (["--pass", "packet-loads"], "r0 = *(u8 *)skb[0]\nexit\n", 1, "--type says"),
      (["--pass", "blinding"], "r0 = *(u8 *)skb[0]\nexit\n", 1, "packet-loads before blinding"),
    ] as [([String], String, Int32, String)] {
      let output = OutputSink.memory()
      let errors = OutputSink.memory()
      let result = BPFKitCommand.execute(
        ["rewrite", "--asm", "-"] + arguments,
        in: CommandEnvironment(
          input: .memory(Array(input.utf8)), output: output, errors: errors))
      #expect(result == status, "\(arguments)")
      #expect(errors.text.contains(expected), "\(errors.text)")
      #expect(output.contents.isEmpty)
    }
  }
}
