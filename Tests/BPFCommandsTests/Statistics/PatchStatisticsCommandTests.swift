import BPFPlatform
import BPFRewriter
import Testing

@testable import BPFCommands

/// `bpfkit stats patches`.
@Suite struct PatchStatisticsCommandTests {
  private static let locks =
    TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/locks.bpf.o"

  @Test func `counts sites by kind, and names what is left out`() {
    let run = CommandRun("stats", "patches", CounterObject.path, Self.locks)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.text.contains(
        "counter.bpf.o  count        105    105      6  context-load 2 +2 -2, map-lookup 3 +4 -3, dead-code 1 +0 -1\n"
      ))
    #expect(run.text.contains("\n7 programs, 186 instructions before, 204 after\n"))
    #expect(run.text.contains("median 2, 90th percentile 6, most 6\n"))
    #expect(run.text.contains("\n+18         1   6.7 %\n"))
    #expect(run.text.contains("\n  counter.bpf.o overrun: Verification failed: packet_bounds: "))
  }

  @Test func `JSON and CSV have the same figures`() throws {
    let value = try JSONParser.parse(
      CommandRun("stats", "patches", CounterObject.path, "--json").output)
    let first = value["programs"]?[0]
    #expect(first?["program"] == .string("count"))
    #expect(first?["before"] == .integer(105))
    #expect(first?["kinds"]?[1]?["kind"] == .string("map-lookup"))
    #expect(first?["kinds"]?[1]?["inserted"] == .integer(4))
    #expect(value["left_out"]?[0]?["program"] == .string("overrun"))
    #expect(value["total"]?["sites"] == .integer(9))
    #expect(value["total"]?["sites_per_100"] == .number(7.5))
    #expect(value["total"]?["sites_per_program"]?["most"] == .integer(6))
    let csv = CommandRun("stats", "patches", CounterObject.path, "--csv")
    let rows = try CSVText.rows(of: csv.output)
    #expect(
      rows[0]
        == ["file", "program", "type", "kind", "sites", "inserted", "removed", "before", "after"])
    #expect(rows[1].dropFirst() == ["count", "xdp", "all", "6", "6", "6", "105", "105"])
    #expect(rows[3].dropFirst() == ["count", "xdp", "map-lookup", "3", "4", "3", "105", "105"])
    #expect(csv.errors == "left out: 1 program\n")
  }

  @Test func `percentiles are of programs`() throws {
    // Nine programs without sites, and one with one.
    let plain = "r0 = 1\nexit\n"
    let reading = "r0 = *(u32 *)(r1 + 12)\nexit\n"
    var report = PatchReport()
    for text in [reading] + [String](repeating: plain, count: 9) {
      let program = try BareProgram.assembled(Array(text.utf8), path: "text")
      report.count(.success(ProgramInput(program: program, type: .xdp)), of: "text")
    }
    let distribution = report.distribution
    #expect(distribution.sites == 1 && distribution.mostSites == 1)
    #expect(distribution.sites(atPercentile: 50) == 0)
    #expect(distribution.sites(atPercentile: 90) == 0)
    #expect(distribution.sites(atPercentile: 91) == 1)
    #expect(distribution.tenthsOfSitesPerHundred == 50)
    #expect(PatchReport().distribution.sites(atPercentile: 50) == 0)
  }

  @Test func `says what is wrong`() {
    for (arguments, status, expected) in [
      (["patches"], 2, "objects"),
      (["patches", CounterObject.path, "--csv", "--json"], 2, "--csv and --json"),
      (["patches", CounterObject.path, "--type", "xpd"], 2, "did you mean 'xdp'?"),
      (["patches", "/nowhere.o"], 1, "/nowhere.o: "),
      (["pitches"], 2, "pitches"),
    ] as [([String], Int32, String)] {
      let run = CommandRun(arguments: ["stats"] + arguments)
      #expect(run.status == status, "\(arguments): \(run.errors)")
      #expect(run.errors.contains(expected), "\(run.errors)")
      #expect(run.output.isEmpty)
    }
  }
}
