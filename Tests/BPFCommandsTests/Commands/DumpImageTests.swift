import BPFRuntime
import Testing

@testable import BPFCommands

/// `bpfkit dump jited`.
@Suite(.enabled(if: LoadedEngine.isCompiled)) struct DumpImageTests {
  private static let locks = TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/locks.bpf.o"
  private static let hasDisassembler = Disassembly([0xc3]) != nil

  private func slots(_ text: String) -> [Int] {
    text.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("; "), let colon = line.firstIndex(of: ":") else { return nil }
      return Int(line[line.index(line.startIndex, offsetBy: 2)..<colon])
    }
  }

  /// Offsets and bytes of the lines of code.
  private func code(_ text: String) -> [(offset: Int, rest: Substring)] {
    text.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("  "), let colon = line.firstIndex(of: ":"),
        let offset = Int(line[..<colon].drop { $0 == " " }, radix: 16)
      else { return nil }
      return (offset, line[line.index(after: colon)...])
    }
  }

  @Test(arguments: ["count", "classify", "filter", "police"])
  func `every instruction of the program is there, in order`(program: String) {
    let jited = CommandRun("dump", "jited", CounterObject.path, "--program", program)
    #expect(jited.status == 0, "\(jited.errors)")
    let xlated = CommandRun("dump", "xlated", CounterObject.path, "--program", program)
    let expected = xlated.text.split(separator: "\n").map { line in
      "; " + line.drop { $0 == " " }
    }
    let shown = jited.text.split(separator: "\n").filter { $0.hasPrefix("; ") }.map(String.init)
    #expect(shown == expected)
    let offsets = code(jited.text).map(\.offset)
    #expect(offsets == offsets.sorted())
    #expect(offsets.first == 0)
  }

  @Test(.enabled(if: hasDisassembler))
  func `calls have names`() {
    let run = CommandRun("dump", "jited", Self.locks, "--program", "looped", "--source")
    #expect(run.text.hasPrefix("looped:\n     0:  "), "\(run.text)")
    #expect(run.text.contains("\nstep:\n"))
    #expect(run.text.contains("\nentry of step:\n"))
    #expect(run.text.contains(":  callq step\n"))
    #expect(run.text.contains(" # entry of step\n"))
    #expect(run.text.contains("\n;; return sum & 1;\n; "))
    #expect(run.text.contains("  retq\n"))
    let count = CommandRun("dump", "jited", CounterObject.path, "--program", "count")
    #expect(count.text.contains("\nbpf_redirect:\n"))
    #expect(count.text.contains("callq bpf_redirect\n"))
    #expect(count.text.contains("callq bpfkit_hash_lookup\n"), "\(count.text)")
    #expect(count.text.contains(" bpfkit_helper\n"))
  }

  @Test func `bytes are those of the image`() throws {
    let list = try JSONParser.parse(
      CommandRun("dump", "jited", Self.locks, "--program", "looped", "--json", "--opcodes").output)
    #expect(list["name"] == .string("looped"))
    #expect(list["parts"]?[0]?["insns"]?[0]?["opcodes"]?[0] == .string("0x55"))
    var next: Int128 = 0
    guard case .array(let parts) = list["parts"], case .integer(let size) = list["bytes"] else {
      Issue.record("no parts: \(list)")
      return
    }
    #expect(
      parts.compactMap { $0["name"] } == ["looped", "step", "entry of step"].map(JSONValue.string))
    for part in parts {
      guard case .array(let instructions) = part["insns"] else { continue }
      for instruction in instructions {
        #expect(instruction["pc"] == .integer(next))
        guard case .array(let bytes) = instruction["opcodes"] else { continue }
        next += Int128(bytes.count)
      }
    }
    #expect(next == size)
    #expect(parts[1]["insns"]?[0]?["xlated"]?[0]?["disasm"] == .string("(bc) w1 = w1"))
  }

  @Test func `without a disassembler there are bytes`() throws {
    let bytes = try FileContents.read(Self.locks)
    let input = try ProgramInput.all(ofObject: bytes, path: "", named: "looped", as: nil)[0].get()
    let code = try input.compiled(Compilation())
    let image = DumpedImage(
      code, of: DumpedProgram(program: code.program, type: input.type, isGPLCompatible: true),
      disassembly: nil)
    let text = image.text(includingSource: false, includingBytes: false)
    let shown = self.code(text).flatMap { line in
      line.rest.prefix { $0 != "#" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
    #expect(shown == code.bytes)
    #expect(slots(text).count > 30)
  }

  @Test func `reads what the disassembler writes`() {
    let output = """

      -:\tfile format elf64-x86-64

      Disassembly of section .text:

      0000000000000000 <.text>:
             0:      \tpushq\t%rbp
             1:      \tcallq\t0x6 <.text+0x6>
            1f:      \tmovq\t%rdi, %rsi
      """
    #expect(
      Disassembly(output: Array(output.utf8)).instructions == [
        0: "pushq %rbp", 1: "callq 0x6 <.text+0x6>", 0x1f: "movq %rdi, %rsi",
      ])
  }

  @Test func `a tool that is not there gives nothing`() {
    #expect(ExternalTool.output(of: "bpfkit-no-such-tool", [], input: []) == nil)
    #expect(ExternalTool.output(of: "false", [], input: []) == nil)
    #expect(ExternalTool.output(of: "cat", [], input: Array("abc".utf8)) == Array("abc".utf8))
  }

  @Test func `says what is wrong`() {
    for (arguments, status, expected) in [
      (["jited", CounterObject.path, "--marks"], 2, "'jited' has their result"),
      (["jited", CounterObject.path, "--graph", "svg"], 2, "'jited' has the processor's"),
      (["xlated", CounterObject.path, "--harden", "full"], 2, "it goes with 'jited'"),
      (["jited", CounterObject.path, "--program", "overrun"], 1, "1 of 1 program not compiled"),
    ] as [([String], Int32, String)] {
      let run = CommandRun(arguments: ["dump"] + arguments)
      #expect(run.status == status, "\(arguments): \(run.errors)")
      #expect(run.errors.contains(expected), "\(run.errors)")
    }
  }
}
