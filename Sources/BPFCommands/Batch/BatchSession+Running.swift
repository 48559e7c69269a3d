import BPFRuntime

extension BatchSession {
  /// Makes the runs, one after the other on the same maps.
  mutating func run(_ runs: [BatchRequest.Run]) throws(BatchError) {
    guard let program, !runs.isEmpty else { return }
    // A frame keeps the fields that were set; runs share it only if none sets any.
    let keepsFrame = runs.allSatisfy { $0.context.isEmpty }
    var frame = program.makeFrame()
    for (index, run) in runs.enumerated() {
      if index > 0 && !keepsFrame { frame = program.makeFrame() }
      let path = "runs[\(index)]"
      try prepare(frame, for: run, path: path)
      reply.runs.append(try repeated(run, of: program, in: frame, path: path))
    }
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

  /// Makes a run as often as it asks for, at least once, and stops at the first fault.
  private mutating func repeated(
    _ run: BatchRequest.Run, of program: LoadedProgram, in frame: ExecutionFrame, path: String
  ) throws(BatchError) -> BatchReply.RunReply {
    let clock = ContinuousClock()
    let costOfStart = 16 + run.input.count / 8
    var time = 0
    var made = 0
    while true {
      let left = max(1, limits.stepsPerRequest - stepsUsed)
      let start = clock.now
      let outcome = program.run(frame, budget: min(request.budget, left))
      time += start.duration(to: clock.now).nanoseconds
      made += 1
      // With a budget, every engine counts.
      let instructions = outcome.instructions ?? 0
      stepsUsed += instructions + costOfStart
      reply.statistics.runs += 1
      reply.statistics.executedInstructions += instructions
      var fault = outcome.fault.map {
        BatchReply.Reason(
          kind: ReasonClass.name(of: $0.kind), slot: $0.slot, message: "\($0)")
      }
      if made < run.count, fault == nil, stepsUsed >= limits.stepsPerRequest {
        fault = .init(
          kind: "request_budget_exhausted",
          message:
            "stopped after \(made.grouped) of \(run.count.grouped) repetitions: the runs of a"
            + " request may take \(limits.stepsPerRequest.grouped) steps together")
      }
      if made == run.count || fault != nil {
        return BatchReply.RunReply(
          returnValue: outcome.returnValue, output: frame.outputBytes(linkHeaderFrom: run.input),
          instructions: instructions, tenthsOfNanosecond: time * 10 / made, fault: fault)
      }
      try prepare(frame, for: run, path: path)
    }
  }
}
