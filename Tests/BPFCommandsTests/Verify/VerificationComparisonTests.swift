import Testing

@testable import BPFCommands

/// Saved runs of `bpfkit verify`, and what is different since.
@Suite struct VerificationComparisonTests {
  private static let object = VerifyCommandTests.object

  @Test func `CSV has a row for each program`() throws {
    let run = CommandRun("verify", Self.object, "--csv")
    #expect(run.status == 1)
    let rows = try CSVText.rows(of: run.output)
    #expect(
      rows[0] == ["file", "program", "type", "verdict", "class", "insns", "states", "time_us"])
    #expect(rows.count == 6)
    #expect(rows[1].prefix(5) == [Self.object, "sum", "xdp", "accept", ""])
    #expect(rows[3].prefix(5) == [Self.object, "unchecked", "sched_cls", "reject", "null_pointer"])
    #expect(Int(rows[1][5]) ?? 0 > 64)
  }

  @Test func `a run compared with itself is the same`() throws {
    let folder = try TemporaryFolder()
    let saved = try folder.write("saved.csv", CommandRun("verify", Self.object, "--csv").output)
    let run = CommandRun("verify", Self.object, "--compare", saved)
    #expect(run.text.contains("5 programs: 0 other verdicts; insns "))
    #expect(run.text.contains("(0 (0.0 %))"), "\(run.text)")
    #expect(!run.text.contains("(!)"))
  }

  @Test func `differences are shown with their share`() throws {
    let folder = try TemporaryFolder()
    let saved = try folder.write(
      "saved.csv",
      """
      program,file,states,insns,verdict
      sum,elsewhere/verify.bpf.o,9,230,reject
      gone,elsewhere/verify.bpf.o,9,23,accept

      """)
    let run = CommandRun("verify", Self.object, "--program", "sum", "--compare", saved)
    #expect(run.status == 0, "\(run.errors)")
    let lines = run.text.split(separator: "\n")
    #expect(lines[0].hasPrefix("file          program  verdict before  verdict     insns before"))
    #expect(lines[1].hasPrefix("verify.bpf.o  sum      reject          accept (!)           230"))
    let insns = try #require(
      JSONParser.parse(CommandRun("verify", Self.object, "--program", "sum", "--json").output)[
        "programs"]?[0]?["insns"])
    guard case .integer(let count) = insns else { return }
    #expect(
      lines[2]
        == "1 program: 1 other verdict, 1 only in the baseline; insns 230 before, \(count) now"
        + " (\(VerificationListing.difference(230, Int(count))))")
    let csv = try CSVText.rows(
      of: CommandRun(
        "verify", Self.object, "--program", "sum", "--compare", saved, "--csv"
      ).output)
    #expect(csv[0].suffix(3) == ["baseline_verdict", "baseline_insns", "baseline_states"])
    #expect(csv[1].suffix(3) == ["reject", "230", "9"])
    let json = try JSONParser.parse(
      CommandRun("verify", Self.object, "--program", "sum", "--compare", saved, "--json").output)
    #expect(json["programs"]?[0]?["baseline"]?["insns"] == .integer(230))
  }

  @Test(arguments: [
    (230, 460, "+230 (+100.0 %)"), (460, 230, "-230 (-50.0 %)"), (7, 7, "0 (0.0 %)"),
    (0, 7, "+7"), (1_000_000, 1_000_001, "+1 (+0.0 %)"),
  ])
  func `a difference has a sign`(before: Int, after: Int, text: String) {
    #expect(VerificationListing.difference(before, after) == text)
  }

  @Test func `a difference with nothing is none`() {
    #expect(VerificationListing.difference(nil, 7) == "-")
    #expect(VerificationListing.difference(7, nil) == "-")
  }

  @Test(arguments: [
    ("", "empty; expected what bpfkit verify --csv prints"),
    ("file,program\n", "there is no column 'verdict'"),
    ("file,program,verdict,insns,states\na,b\n", "row 2: 2 cells, the first has 5"),
    ("file,program,verdict,insns,states\na,b,accept,x,1\n", "row 2: 'x' is no count"),
    ("file,program,verdict,insns,states\na,b,accept,1,\"1\n", "line 2: the quote is not closed"),
  ])
  func `a baseline that is none says so`(text: String, message: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("saved.csv", text)
    let run = CommandRun("verify", Self.object, "--compare", path)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("bpfkit: \(path): "))
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test func `CSV is read as it is written`() throws {
    let rows = [[("a", "x,y"), ("b", "say \"hi\"")], [("a", "two\nlines"), ("b", "")]].map {
      $0.map { (column: $0.0, text: $0.1) }
    }
    let text = CSVText.table(rows, columns: [])
    #expect(
      try CSVText.rows(of: Array(text.utf8))
        == [["a", "b"], ["x,y", "say \"hi\""], ["two\nlines", ""]])
    #expect(try CSVText.rows(of: Array("a,b".utf8)) == [["a", "b"]])
    #expect(throws: CSVText.ReadingError.self) { try CSVText.rows(of: Array("a\"b".utf8)) }
    #expect(throws: CSVText.ReadingError.self) { try CSVText.rows(of: Array("\"a\"b".utf8)) }
  }
}
