import Testing

@testable import BPFCommands

@Suite struct DumpCommandTests {
  static let text = """
    r6 = r1
    r2 = *(u32 *)(r1 + 0)
    if r2 != 5 goto L
    r0 = 1
    exit
    L:
    r1 = 3
    call helper
    exit
    helper:
    r0 = r1
    exit

    """

  private func dump(_ arguments: String..., input: String = Self.text) -> CommandRun {
    CommandRun(arguments: ["dump"] + arguments, input: input)
  }

  @Test func `prints what bpftool does`() {
    let run = dump("original", "--asm", "-")
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.text == """
           0: (bf) r6 = r1
           1: (61) r2 = *(u32 *)(r1 +0)
           2: (55) if r2 != 0x5 goto pc+2
           3: (b7) r0 = 1
           4: (95) exit
           5: (b7) r1 = 3
           6: (85) call pc+1
           7: (95) exit
           8: (bf) r0 = r1
           9: (95) exit

        """)
    let bytes = dump("original", "--asm", "-", "--opcodes")
    #expect(
      bytes.text.hasPrefix("   0: (bf) r6 = r1\n       bf 16 00 00 00 00 00 00\n   1: (61)"))
  }

  @Test func `slots from 1,000 on keep the blank before them`() {
    let program = String(repeating: "r0 = 0\n", count: 1001) + "exit\n"
    let lines = dump("original", "--asm", "-", input: program).text.split(separator: "\n")
    #expect(lines[999] == " 999: (b7) r0 = 0")
    #expect(lines[1000] == " 1000: (b7) r0 = 0")
  }

  @Test func `shows programs as engines run them`() {
    let run = CommandRun("dump", "xlated", CounterObject.path, "--program", "count")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("   1: (79) r9 = *(u64 *)(r6 +8)\n"))
    #expect(run.text.contains("(18) r1 = map[name:totals]\n"))
    #expect(run.text.contains("(85) call bpfkit_hash_map_lookup#65537\n"))
    #expect(run.text.contains("(85) call bpf_map_update_elem#2\n"))
    #expect(run.text.contains("(18) r1 = map[name:.rodata][0]+12\n"))
    let original = CommandRun("dump", "original", CounterObject.path, "--program", "count")
    #expect(original.text.contains("   1: (61) r9 = *(u32 *)(r6 +4)\n"))
    #expect(original.text.contains("(85) call bpf_map_lookup_elem#1\n"))
  }

  @Test func `names functions and source lines where asked`() {
    let path = TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/locks.bpf.o"
    let run = CommandRun("dump", "xlated", path, "--program", "looped", "--source")
    #expect(run.text.hasPrefix("looped:\n; "))
    #expect(run.text.contains("\nstep:\n; "))
    #expect(run.text.contains("(85) call pc+11#step\n"))
    #expect(run.text.contains("(18) r2 = subprog[+24]\n"))
  }

  @Test func `each of several programs has a heading`() {
    let run = CommandRun("dump", "original", CounterObject.path)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.hasPrefix("xdp  name count  gpl\n   0: (bf) r6 = r1\n"))
    #expect(run.text.contains("(95) exit\n\nsched_cls  name classify  gpl\n   0: "))
  }

  @Test func `a program that is not accepted has no xlated form`() {
    let run = CommandRun("dump", "xlated", CounterObject.path, "--program", "overrun")
    #expect(run.status == 1)
    #expect(run.text.isEmpty)
    #expect(run.errors.contains("Verification failed: packet_bounds: "))
    #expect(run.errors.hasSuffix("bpfkit: 1 of 1 program not rewritten\n"))
    // The others of the object are shown.
    let all = CommandRun("dump", "xlated", CounterObject.path)
    #expect(all.status == 1)
    #expect(all.text.contains("xdp  name count  gpl\n"))
    #expect(!all.text.contains("name overrun"))
  }

  @Test func `writes bpftool's JSON`() throws {
    let list = try JSONParser.parse(dump("original", "--asm", "-", "--json", "--opcodes").output)
    #expect(list[0]?["disasm"] == .string("(bf) r6 = r1"))
    #expect(list[0]?["opcodes"]?["code"] == .string("0xbf"))
    #expect(list[0]?["opcodes"]?["src_reg"] == .string("0x1"))
    #expect(list[0]?["opcodes"]?["off"]?[1] == .string("0x00"))
    #expect(list[9]?["disasm"] == .string("(95) exit"))
    #expect(list[10] == nil)
    let several = try JSONParser.parse(
      CommandRun("dump", "original", CounterObject.path, "--json", "--source").output)
    #expect(several[0]?["name"] == .string("count"))
    #expect(several[0]?["gpl_compatible"] == .bool(true))
    #expect(several[0]?["insns"]?[0]?["proto"] == .string("count"))
    #expect(several[0]?["insns"]?[0]?["src"] != nil)
    let marked = try JSONParser.parse(
      CommandRun(
        "dump", "xlated", CounterObject.path, "--program", "count", "--json", "--marks"
      ).output)
    #expect(marked[1]?["pass"] == .string("context"))
    #expect(marked[1]?["original"] == .integer(1))
    #expect(marked[0]?["inserted"] == .bool(false))
  }

  @Test func `marks what passes did`() {
    let run = CommandRun("dump", "xlated", CounterObject.path, "--program", "count", "--marks")
    #expect(run.text.contains("-    1     : (61) r9 = *(u32 *)(r6 +4)\n"))
    #expect(run.text.contains("+         1: (79) r9 = *(u64 *)(r6 +8)"))
    #expect(run.text.contains("// context, for 1\n"))
  }

  @Test func `says what is wrong`() {
    for (arguments, status, expected) in [
      (["xlated", "--asm", "-"], 2, "--asm needs --type"),
      (["xlatd", "--asm", "-"], 2, "xlatd"),
      (["original", "--asm", "-", "--marks"], 2, "--marks shows what passes did"),
      (["original", "--asm", "-", "--graph", "svg", "--json"], 2, "--graph is of"),
      (["original", "--asm", "-", "--type", "xpd"], 2, "did you mean 'xdp'?"),
      (["original", CounterObject.path, "--graph", "dot"], 1, "choose one with --program"),
      (["original", CounterObject.path, "--program", "cuont"], 1, "did you mean 'count'?"),
    ] as [([String], Int32, String)] {
      let run = CommandRun(arguments: ["dump"] + arguments, input: Self.text)
      #expect(run.status == status, "\(arguments): \(run.errors)")
      #expect(run.errors.contains(expected), "\(run.errors)")
      #expect(run.output.isEmpty)
    }
  }
}
