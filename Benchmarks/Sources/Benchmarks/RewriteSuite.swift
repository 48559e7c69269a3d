import BPFKit

/// How long verified programs take to become runnable.
struct RewriteSuite {
  /// The folder of compiled micro programs.
  let folder: String

  func run() throws {
    print("rewriting, verified to rewritten program, target ≤ 60 ns per original instruction")
    print(
      column("program", width: 40) + "before     after        ms   ns per instruction")
    // Linux: 50.7 s.
    try measure("95,000 reads of ifindex", contextReads(95_000), .schedCLS, target: 10)
    try corpus()
    print("")
  }

  private func measure(
    _ name: String, _ program: Program, _ type: ProgramType, target: Double
  ) throws {
    let verified = try Verifier(for: type).verify(program, maps: [])
    let rewritten = try Rewriter().rewrite(verified)
    let time = try nanosecondsPerCall(batches: 15, calls: 1) {
      _ = try Rewriter().rewrite(verified)
    }
    report(
      name, before: program.slots.count, after: rewritten.program.slots.count, time,
      target: target)
  }

  private func report(
    _ name: String, before: Int, after: Int, _ time: Double, target: Double? = nil
  ) {
    print(
      column(name, width: 38) + column(Double(before), digits: 0, width: 8)
        + column(Double(after), digits: 0) + column(time / 1e6)
        + column(time / Double(before), digits: 1, width: 21)
        + (target.map { "   target ≤ \(Int($0)) ms" } ?? ""))
  }

  /// As many reads of one field of the context.
  private func contextReads(_ count: Int) throws -> Program {
    let read = Instruction.load(
      .word, signExtended: false, destination: .r0, base: .r1, offset: 40)
    let slots = [RawInstruction](repeating: try read.encoded.first, count: count)
    return try Program(name: "reads", slots: slots + [Instruction.exit.encoded.first])
  }

  private func corpus() throws {
    var programs = 0
    var before = 0
    var after = 0
    var time = 0.0
    let found = try CorpusProgram.forEach(folder: folder) { program in
      guard
        let verified = try? Verifier(for: program.type)
          .verify(program.linked.program, maps: program.linked.maps),
        let rewritten = try? Rewriter().rewrite(verified)
      else { return }
      programs += 1
      before += verified.program.slots.count
      after += rewritten.program.slots.count
      // Enough calls that small programs take longer than a reading of the clock.
      let calls = max(1, 20_000 / max(1, verified.program.slots.count))
      time += try nanosecondsPerCall(batches: 7, calls: calls) {
        _ = try Rewriter().rewrite(verified)
      }
    }
    guard found else { return print("real objects: no ../shared/corpus") }
    report("\(programs) programs of real objects", before: before, after: after, time)
  }
}
