import Testing

@testable import BPFCommands

@Suite struct RootCommandTests {
  @Test func helpGoesToStandardOutputAndSucceeds() {
    for run in [CommandRun("--help"), CommandRun("help"), CommandRun("help", "batch")] {
      #expect(run.status == 0)
      #expect(run.text.contains("USAGE: bpfkit"))
      #expect(run.errors.isEmpty)
    }
    #expect(CommandRun("--version").text.contains("."))
  }

  @Test func wrongUsageIsStatusTwo() {
    let runs = [
      CommandRun(), CommandRun("flyy"), CommandRun("--flyy"), CommandRun("assemble"),
      CommandRun("assemble", "a", "b"), CommandRun("batch", "x"),
    ]
    for run in runs {
      #expect(run.status == 2)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("bpfkit"))
      #expect(run.errors.hasSuffix("\n"))
    }
  }

  @Test func aClosedOutputEndsQuietly() {
    #expect(CommandError.outputClosed.exitStatus == 141)
    #expect(CommandError.usage("").exitStatus == 2)
    #expect(CommandError.runFailed("").exitStatus == 1)
  }

  @Test func errorsOfOneLineSayMoreWhenAsked() throws {
    let known = (0..<20).map { "program\($0)" }
    let error = CommandError.noSuchName(
      kind: "program", name: "progrm3", place: "x.o", known: known)
    #expect(
      error.description.hasPrefix("x.o: no program is named 'progrm3'; did you mean 'program3'?"))
    #expect(error.description.contains("and 8 more"))
    #expect(error.details.count == 20)
  }
}

@Suite struct AssembleCommandTests {
  static let program = "r0 = 5\nexit\n"
  static let slots: [UInt8] = [0xb7, 0, 0, 0, 5, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]

  @Test func writesSlotsToAPipeAndHexToATerminal() {
    #expect(CommandRun("assemble", "-", input: Self.program).output == Self.slots)
    for run in [
      CommandRun("assemble", "-", "--hex", input: Self.program),
      CommandRun("assemble", "-", input: Self.program, isTerminal: true),
    ] {
      #expect(run.text == "b7000000050000009500000000000000\n")
      #expect(run.status == 0)
    }
  }

  @Test func writesAFileWholeOrNotAtAll() throws {
    let folder = try TemporaryFolder()
    let source = try folder.write("a.s", Self.program)
    #expect(CommandRun("assemble", source, "-o", folder.path + "/a.bin").status == 0)
    #expect(try folder.read("a.bin") == Self.slots)
    let wrong = try folder.write("wrong.s", "r0 = 5\nexitt\n")
    #expect(CommandRun("assemble", wrong, "-o", folder.path + "/a.bin").status == 1)
    #expect(try folder.read("a.bin") == Self.slots)
    #expect(CommandRun("assemble", source, "-o", folder.path + "/none/a.bin").status == 1)
    #expect(try folder.names == ["a.bin", "a.s", "wrong.s"])
  }

  @Test func knowsHelpersByName() {
    let numbered = CommandRun("assemble", "-", input: "call 5; exit")
    #expect(CommandRun("assemble", "-", input: "call ktime_get_ns; exit").output == numbered.output)
    #expect(
      CommandRun("assemble", "-", input: "call bpf_ktime_get_ns; exit").output == numbered.output)
  }

  @Test func saysWhereTheTextIsWrong() throws {
    let run = CommandRun("assemble", "-", "--verbose", input: "r0 = 5\n\texitt\n")
    #expect(run.status == 1)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.first?.hasPrefix("bpfkit: standard input: line 2, column 2: ") == true)
    #expect(lines.last == "   ^")
    #expect(
      CommandRun("assemble", "-", input: "r0 = 5\nexitt\n").errors.split(separator: "\n").count == 1
    )
    #expect(CommandRun("assemble", "-", input: [0xff]).status == 1)
    let missing = CommandRun("assemble", "/nonexistent.s")
    #expect(missing.errors == "bpfkit: /nonexistent.s: No such file or directory\n")
    #expect(CommandRun("assemble", "/").errors == "bpfkit: /: cannot read: Is a directory\n")
  }
}

@Suite struct BatchCommandTests {
  @Test func answersEveryLineInOrder() throws {
    let lines =
      (0..<100).map { #"{"id":\#($0),"asm":"r0 = \#($0); exit","type":"raw","runs":[{}]}"# }
      + ["", "{", #"{"id":"last"}"#]
    let run = CommandRun("batch", input: lines.joined(separator: "\r\n"))
    #expect(run.status == 0)
    let replies = try run.text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
    #expect(replies.count == 103)
    for index in 0..<100 {
      #expect(replies[index]["id"] == .integer(Int128(index)))
      #expect(replies[index]["runs"]?[0]?["return"] == .integer(Int128(index)))
    }
    for reply in replies[100...] { #expect(reply["error"] != nil) }
    #expect(replies.last?["id"] == .string("last"))
  }

  @Test func aLineTooLongIsAnsweredAndSkipped() throws {
    let source = InputSource.memory(
      Array("abc\n\(String(repeating: "x", count: 500))\nde\r\n\nf".utf8))
    var lines: [InputSource.Line] = []
    while let line = try source.nextLine(limit: 10, beforeWaiting: {}) { lines.append(line) }
    #expect(
      lines == [
        .line(Array("abc".utf8)), .tooLong, .line(Array("de".utf8)), .line([]),
        .line(Array("f".utf8)),
      ])
    let reply = try JSONParser.parse(BatchServer().replyToLongLine())
    #expect(reply["error"] == .string("the line is longer than 67,108,864 bytes"))
  }
}

@Suite struct ConformanceCommandTests {
  @Test func followsTheSuitesProtocol() {
    let run = CommandRun(
      "conformance-plugin", "01  02  03  ff",
      input: "61 10 00 00 00 00 00 00  0f 20 00 00 00 00 00 00  95 00 00 00 00 00 00 00\n")
    #expect(run.status == 0)
    #expect(run.text == "ff030205\n")
    let empty = CommandRun("conformance-plugin", input: "bf200000000000009500000000000000")
    #expect(empty.text == "0\n")
    let faulty = CommandRun("conformance-plugin", input: "6110000000000000" + "9500000000000000")
    #expect(faulty.status == 1)
    #expect(faulty.output.isEmpty)
    #expect(CommandRun("conformance-plugin", "0g", input: "95").status == 1)
    #expect(CommandRun("conformance-plugin", "--fast", input: "95").status == 2)
  }
}
