import BPFKit
import Glibc

/// How long programs take to verify: for each instruction looked at, over all paths.
struct VerifierSuite {
  /// The folder of compiled micro programs.
  let folder: String

  func run() throws {
    print("verifier, target ≤ 100 ns per processed instruction (Linux 6.18: 470 to 900)")
    print(
      column("program", width: 24)
        + "processed    states        ms   ns per processed   bytes per state (target ≤ 1,024)")
    for path in MicroSuite(folder: folder).objects() {
      let object = try ObjectFile(bytes: readFile(path))
      guard let name = object.programs.first?.name else { continue }
      // Linux needs 82 ms for the state machine.
      try measure(
        name, object.link(name).program, [], .raw, target: name == "dfa" ? 10 : nil)
    }
    // Linux: 250 ms.
    try measure("straight line", straightLine(500_000), [], .xdp, target: 60)
    try corpus()
    print("")
  }

  private func measure(
    _ name: String, _ program: Program, _ maps: [MapSpec], _ type: ProgramType,
    target: Double? = nil
  ) throws {
    let verifier = Verifier(for: type)
    let statistics: VerificationStatistics
    do {
      statistics = try verifier.verify(program, maps: maps).statistics
    } catch {
      print(column(name, width: 24) + "rejected: \(error.problem.category.rawValue)")
      return
    }
    let time = try nanosecondsPerCall(batches: 7, calls: 1) {
      _ = try verifier.verify(program, maps: maps)
    }
    report(name, statistics, time, target: target)
  }

  private func report(
    _ name: String, _ statistics: VerificationStatistics, _ time: Double, target: Double? = nil
  ) {
    let processed = Double(statistics.processedInstructions)
    let states = Double(max(1, statistics.totalStates))
    print(
      column(name, width: 24) + column(processed, digits: 0, width: 9)
        + column(Double(statistics.totalStates), digits: 0)
        + column(time / 1e6) + column(time / processed, digits: 0, width: 19)
        + column(Double(statistics.peakStateBytes) / states, digits: 0, width: 18)
        + (target.map { "   target ≤ \(Int($0)) ms" } ?? ""))
  }

  /// Arithmetic without a jump, of so many instructions.
  private func straightLine(_ count: Int) throws -> Program {
    var text = "r1 = *(u32 *)(r1 + 12)\nr0 = 0\nr2 = 7\n"
    for index in 0..<count / 4 { text += "r0 += r1\nr2 ^= \(index)\nr1 <<= 3\nw2 += w0\n" }
    return try Program(name: "straight", slots: Assembler.assemble(text + "exit\n"))
  }

  // MARK: Real objects

  /// The programs of the `shared` folder's corpus that Linux accepts, with its own counts and times.
  private func corpus() throws {
    var total = VerificationTotals()
    let found = try CorpusProgram.forEach(folder: folder) { program in
      let verifier = Verifier(for: program.type)
      guard
        let verified = try? verifier.verify(program.linked.program, maps: program.linked.maps)
      else { return }
      let time = try nanosecondsPerCall(batches: 3, calls: 1) {
        _ = try verifier.verify(program.linked.program, maps: program.linked.maps)
      }
      total.add(
        program.name, verified.statistics, time, linuxProcessed: program.linuxProcessed,
        linuxTime: program.linuxMicroseconds)
    }
    guard found else { return print("real objects: no ../shared/corpus") }
    total.report()
  }
}

/// What many programs took together, beside Linux.
private struct VerificationTotals {
  private var programs = 0
  private var processed = 0.0
  private var time = 0.0
  private var linuxProcessed = 0.0
  private var linuxTime = 0.0
  private var states = 0.0
  private var bytes = 0.0
  private var most: (name: String, share: Double) = ("", 0)

  mutating func add(
    _ name: String, _ statistics: VerificationStatistics, _ time: Double, linuxProcessed: Double,
    linuxTime: Double
  ) {
    programs += 1
    let count = Double(statistics.processedInstructions)
    processed += count
    self.time += time
    self.linuxProcessed += linuxProcessed
    self.linuxTime += linuxTime * 1000
    states += Double(statistics.totalStates)
    bytes += Double(statistics.peakStateBytes)
    if linuxProcessed > 0, count / linuxProcessed > most.share {
      most = (name, count / linuxProcessed)
    }
  }

  func report() {
    print(
      "\(programs) programs of real objects: \(Int(processed)) processed in\(column(time / 1e6, digits: 0, width: 5)) ms,"
        + "\(column(time / processed, digits: 0, width: 4)) ns each (target ≤ 100),"
        + "\(column(bytes / states, digits: 0, width: 5)) bytes per state")
    print(
      "Linux 6.18 (saved): \(Int(linuxProcessed)) processed in\(column(linuxTime / 1e6, digits: 0, width: 6)) ms; "
        + "most of Linux's count that any took here:\(column(most.share, width: 5)) times, \(most.name) (target ≤ 1.25)"
    )
  }
}
