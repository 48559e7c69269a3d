import BPFObject
import BPFPlatform
import BPFRuntime

/// A program loaded for `bpfkit run`, its maps, and what its runs gave.
struct RunSession {
  /// The object's path, as errors and reports name it.
  let path: String
  let maps: ObjectMaps
  let program: LoadedProgram
  let frame: ExecutionFrame
  var repeatCount = 1
  /// The number of instructions after which a run is ended; nil for what the engine sets.
  var budget: Int?
  var report = RunReport()
  /// What the program ran on, as the report names it.
  var source = ""
  /// Whether the packets that go on are written.
  var writesPackets = false
  /// The packets read so far, run or skipped.
  var seenPackets: Int { report.total.packets + report.skipped }
  /// The outcome and the bytes of a single packet or block of memory, in place of counts.
  private(set) var single: (outcome: Outcome, output: [UInt8])?
  private let eventSources: [EventSource]
  private let clock = ContinuousClock()
  /// What reading the clock twice takes, in nanoseconds, which is no part of a run.
  private let clockOverhead: Int

  /// Loads a program of an object, whose maps may hold something already.
  ///
  /// - Parameter errors: where the report of a program goes that is not proved safe.
  init(
    _ maps: ObjectMaps, program name: String, type: ProgramType?, reportingTo errors: OutputSink
  ) throws(CommandError) {
    path = maps.path
    program = try Self.load(name, as: type, from: maps, reportingTo: errors)
    let type = program.type
    try maps.placePrograms { name throws(CommandError) in
      try Self.load(name, as: type, from: maps, reportingTo: errors)
    }
    self.maps = maps
    frame = program.makeFrame()
    eventSources = maps.engine.maps.compactMap(EventSource.init)
    for source in eventSources { report.addEvents(of: source.name, kind: source.kind) }
    var shortest = Int.max
    for _ in 0..<100 {
      let start = clock.now
      shortest = min(shortest, start.duration(to: clock.now).nanoseconds)
    }
    clockOverhead = shortest
  }

  func setContext(_ field: String, to value: UInt64) throws(CommandError) {
    do throws(ContextError) { try frame.setContext(field, to: value) } catch {
      throw .input(name: "--context \(field)", detail: "\(error)")
    }
  }
}

// MARK: - Running

extension RunSession {
  /// Runs the program on one packet or block of memory.
  mutating func run(onInput bytes: [UInt8], name: String) throws(CommandError) {
    source = "\(counted(bytes.count, "byte")) of input"
    let outcome: Outcome
    do throws(ContextError) {
      outcome = try repeatedly { frame throws(ContextError) in try frame.load(bytes) }
    } catch {
      throw .input(name: "--input", detail: "\(error)")
    }
    let verdict = Verdict(
      returnValue: outcome.returnValue, type: program.type, packetLength: bytes.count)
    report.recordPacket(verdict, outcome: outcome, bytes: bytes.count)
    single = (outcome, frame.outputBytes(linkHeaderFrom: bytes))
  }

  /// Loads the packet and runs the program as often as asked, stopping at a fault.
  ///
  /// - Returns: The outcome of the last run.
  mutating func repeatedly<Failure>(
    _ load: (ExecutionFrame) throws(Failure) -> Void
  ) throws(Failure) -> Outcome {
    var made = 0
    while true {
      try load(frame)
      let start = clock.now
      let outcome = program.run(frame, budget: budget)
      let time = start.duration(to: clock.now).nanoseconds
      report.recordRun(outcome, time: max(0, time - clockOverhead))
      made += 1
      for (index, source) in eventSources.enumerated() {
        source.drain(into: &report, as: index)
      }
      if made == repeatCount || outcome.fault != nil { return outcome }
    }
  }
}
