import Testing
import TestSupport

@testable import BPFCommands

/// The object that Fixtures/counter.bpf.c compiles to.
enum CounterObject {
  static let path = TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/counter.bpf.o"
}

@Suite struct InspectCommandTests {
  @Test func showsATree() {
    let run = CommandRun("inspect", CounterObject.path)
    #expect(run.status == 0)
    for line in [
      "counter.bpf.o: licence 'GPL'",
      "├── 5 programs",
      "│   ├── count: xdp, section 'xdp', attach type 37",
      "helpers: map_lookup_elem, map_update_elem, trace_printk, redirect, perf_event_output",
      "│   ├── totals: hash, key __be32 (4), value struct total (32), 64 entries",
      "│   ├── .bss + 0: __u64 seen, 8 bytes",
      "R_BPF_64_64 8",
    ] {
      #expect(run.text.contains(line), "\(line)")
    }
  }

  @Test func writesJSON() throws {
    let run = CommandRun("inspect", "--json", CounterObject.path)
    let value = try JSONParser.parse(run.output)
    #expect(value["license"] == .string("GPL"))
    #expect(value["programs"]?[2]?["name"] == .string("classify"))
    #expect(value["programs"]?[2]?["type"] == .string("sched_cls"))
    #expect(value["programs"]?[2]?["instructions"] == .integer(5))
    #expect(value["maps"]?[0]?["value_type"] == .string("struct total"))
    #expect(value["relocations"]?["R_BPF_64_64"] == .integer(8))
  }

  @Test func refusesWhatIsNoObject() throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in [
      ("empty", []), ("text", Array("hello\n".utf8)), ("cut", [0x7f, 0x45, 0x4c, 0x46]),
    ] as [(String, [UInt8])] {
      let path = try folder.write(name, bytes)
      for run in [
        CommandRun("inspect", path), CommandRun("disassemble", path),
        CommandRun("run", path, "--input", "00"),
      ] {
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("bpfkit: \(path): "))
        #expect(run.errors.split(separator: "\n").count == 1)
      }
    }
    #expect(CommandRun("inspect", "/").errors == "bpfkit: /: cannot read: Is a directory\n")
  }

  // Real objects lie beside a developer's checkout only.
  @Test(.enabled(if: SharedFolder.path != nil))
  func inspectsRealObjects() throws {
    guard let folder = SharedFolder.path else { return }
    var count = 0
    for path in try Corpus.objects(in: folder + "/corpus") {
      let run = CommandRun("inspect", "--json", path)
      if path.contains("/invalid/") {
        #expect(run.status == 0 || !run.errors.isEmpty)
      } else {
        #expect(run.status == 0, "\(run.errors)")
        _ = try JSONParser.parse(run.output)
        count += 1
      }
    }
    #expect(count > 50)
  }
}

@Suite struct DisassembleCommandTests {
  @Test func assemblesToTheSameInstructions() throws {
    for program in ["count", "overrun", "classify", "filter", "police"] {
      let text = CommandRun("disassemble", CounterObject.path, "--program", program)
      #expect(text.status == 0)
      let slots = CommandRun("assemble", "-", input: text.output).output
      #expect(slots.count.isMultiple(of: 8) && !slots.isEmpty)
      for options in [["--source"], ["--opcodes"], ["--opcodes", "--source"]] {
        let output = OutputSink.memory()
        let arguments = ["disassemble", CounterObject.path, "--program", program] + options
        let status = BPFKitCommand.execute(
          arguments,
          in: CommandEnvironment(input: .memory([]), output: output, errors: .memory()))
        #expect(status == 0)
        #expect(CommandRun("assemble", "-", input: output.contents).output == slots, "\(arguments)")
      }
      let again = CommandRun("disassemble", "--raw", "-", input: slots)
      #expect(CommandRun("assemble", "-", input: again.output).output == slots)
      let hex = CommandRun("disassemble", "--hex", "-", input: HexText.digits(of: slots))
      #expect(hex.output == again.output)
    }
  }

  @Test func interleavesSource() {
    let run = CommandRun("disassemble", CounterObject.path, "--source", "--program", "classify")
    #expect(run.text.contains("; SEC(\"tc\") int classify"))
    #expect(run.text.hasSuffix("exit\n"))
  }

  @Test func namesEachOfSeveralPrograms() {
    let run = CommandRun("disassemble", CounterObject.path)
    #expect(run.text.contains("// program overrun\n"))
    let unknown = CommandRun("disassemble", CounterObject.path, "--program", "clasify")
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("did you mean 'classify'?"))
  }

  @Test func listsSectionsAsObjdumpDoes() {
    let run = CommandRun("disassemble", "--objdump", CounterObject.path)
    #expect(run.status == 0)
    #expect(run.text.contains("Disassembly of section tc:\n\n0000000000000000 <classify>:\n"))
    // A section is listed as it is in the file: map loads are not linked yet.
    #expect(run.text.contains("r1 = 0x0 ll"))
  }

  @Test func refusesOptionsThatDoNotGoTogether() {
    for options in [["--hex", "--raw"], ["--raw", "--program", "x"], ["--objdump", "--source"]] {
      let errors = OutputSink.memory()
      let status = BPFKitCommand.execute(
        ["disassemble", "x.o"] + options,
        in: CommandEnvironment(input: .memory([]), output: .memory(), errors: errors))
      #expect(status == 2)
    }
    let text = CommandRun("disassemble", "-", input: "b700")
    #expect(text.errors.contains("--hex"))
    #expect(
      CommandRun("disassemble", "--raw", "-", input: "b700").errors
        == "bpfkit: standard input: 4 bytes, no whole number of 8-byte slots; --hex reads hexadecimal text\n"
    )
    #expect(CommandRun("disassemble", "--hex", "-", input: "ff00000000000000").status == 1)
  }
}
