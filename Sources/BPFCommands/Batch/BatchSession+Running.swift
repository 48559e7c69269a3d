import BPFRuntime

extension BatchSession {
  /// Makes the runs, one after the other on the same maps, and on each engine.
  mutating func run(_ runs: [BatchRequest.Run]) throws(BatchError) {
    guard let first = programs.first, !runs.isEmpty else { return }
    // A frame keeps the fields that were set; runs share it only if none sets any.
    let keepsFrames = runs.allSatisfy { $0.context.isEmpty }
    var frames = programs.map { $0.makeFrame() }
    for (index, run) in runs.enumerated() {
      if index > 0 && !keepsFrames { frames = programs.map { $0.makeFrame() } }
      let path = "runs[\(index)]"
      if request.engine == .all {
        // What engines do is compared, so all read the same time.
        for frame in frames { frame.clock = .fixed(nanoseconds: UInt64(index + 1) * 1_000_000_000) }
      }
      let made = try repeated(run, times: run.count, of: first, in: frames[0], path: path)
      reply.runs.append(made.reply)
      try compare(made, with: run, in: frames, path: path)
    }
    compareMaps()
  }

  /// Makes a run on the other engines as often as it was made, and ends the comparison where that cannot be done.
  private mutating func compare(
    _ made: MadeRun, with run: BatchRequest.Run, in frames: [ExecutionFrame], path: String
  ) throws(BatchError) {
    guard programs.count > 1 else { return }
    if let fault = made.reply.fault {
      // Maps will not be alike any more. A budget ends other engines' runs elsewhere, or not at all.
      programs.removeSubrange(1...)
      if !fault.kind.hasSuffix("budget_exhausted") {
        note(
          "\(path): \(made.effects.engine.rawValue) ended in a fault: \(fault.message); others did not run"
        )
      }
      return
    }
    for (program, frame) in zip(programs, frames).dropFirst() {
      let other = try repeated(run, times: made.count, of: program, in: frame, path: path)
      if let fault = other.reply.fault, fault.kind.hasSuffix("budget_exhausted") {
        programs.removeSubrange(1...)
        return
      }
      if let difference = made.effects.difference(from: other.effects) {
        note("\(path): \(difference)")
      }
    }
  }

  /// Compares what the engines' maps hold, and the records and events in them.
  private mutating func compareMaps() {
    guard let first = programs.first, programs.count > 1 else { return }
    func events(of program: LoadedProgram) -> [[[UInt8]]] {
      program.maps.compactMap(EventSource.init).map { $0.take() }
    }
    let (maps, records) = (first.comparison, events(of: first))
    for program in programs.dropFirst() {
      if let difference = maps.difference(from: program.comparison) { note(difference) }
      if records != events(of: program) {
        note("events: \(first.engine.rawValue) sent others than \(program.engine.rawValue)")
      }
    }
  }

  /// Makes a difference the verdict; the first one stays.
  private mutating func note(_ difference: String) {
    guard case .accept = reply.verdict else { return }
    reply.verdict = .differ(.init(kind: "engines_differ", message: difference))
  }

  /// Puts a run's input and context in place.
  private func prepare(
    _ frame: ExecutionFrame, for run: BatchRequest.Run, path: String
  ) throws(BatchError) {
    do throws(ContextError) { try frame.load(run.input) } catch {
      throw .invalid("\(path).input", "\(error)")
    }
    for field in run.context {
      do throws(ContextError) { try frame.setContext(field.name, to: field.value) } catch {
        throw .invalid("\(path).context.\(field.name)", "\(error)")
      }
    }
  }

  private struct MadeRun {
    let reply: BatchReply.RunReply
    let effects: RunEffects
    /// How often it was made.
    let count: Int
  }

  /// The budget of a run; nil for one that the processor makes, which nothing counts.
  private func budget(of program: LoadedProgram) -> Int? {
    if program.engine == .jit, !request.hasOwnBudget, !limits.endsEveryRun { return nil }
    return min(request.budget, max(1, limits.stepsPerRequest - stepsUsed))
  }

  /// Makes a run as often as it asks for, at least once, and stops at the first fault.
  private mutating func repeated(
    _ run: BatchRequest.Run, times: Int, of program: LoadedProgram, in frame: ExecutionFrame,
    path: String
  ) throws(BatchError) -> MadeRun {
    let clock = ContinuousClock()
    let costOfStart = 16 + run.input.count / 8
    // Steps that a processor makes in a nanosecond, about.
    let stepsPerNanosecond = 4
    var time = 0
    var made = 0
    while true {
      try prepare(frame, for: run, path: path)
      let start = clock.now
      let outcome = program.run(frame, budget: budget(of: program))
      let taken = start.duration(to: clock.now).nanoseconds
      time += taken
      made += 1
      stepsUsed += (outcome.instructions ?? taken * stepsPerNanosecond) + costOfStart
      reply.statistics.runs += 1
      reply.statistics.executedInstructions += outcome.instructions ?? 0
      var fault = outcome.fault.map {
        BatchReply.Reason(
          kind: ReasonClass.name(of: $0.kind), slot: $0.slot, message: "\($0)")
      }
      if made < times, fault == nil, stepsUsed >= limits.stepsPerRequest {
        fault = .init(
          kind: "request_budget_exhausted",
          message:
            "stopped after \(made.grouped) of \(times.grouped) repetitions: the runs of a"
            + " request may take \(limits.stepsPerRequest.grouped) steps together")
      }
      if made == times || fault != nil {
        let output = frame.outputBytes(linkHeaderFrom: run.input)
        return MadeRun(
          reply: BatchReply.RunReply(
            returnValue: outcome.returnValue, output: output, instructions: outcome.instructions,
            tenthsOfNanosecond: time * 10 / made, fault: fault),
          effects: RunEffects(engine: program.engine, outcome: outcome, output: output),
          count: made)
      }
    }
  }
}

extension LoadedProgram {
  /// What its maps hold, to be compared with another engine's.
  fileprivate var comparison: MapComparison { MapComparison(engine: engine, maps: maps) }
}
