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
  /// The same program on other engines, with maps of their own, which have to do what it does.
  private(set) var others: [ComparedProgram] = []
  /// What the first engine's maps hold that another engine's do not, or otherwise.
  private(set) var mapDifference: String?
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
  /// When the session began, for the clock that compared programs read.
  private let start: ContinuousClock.Instant
  private let clock = ContinuousClock()
  /// What reading the clock twice takes, in nanoseconds, which is no part of a run.
  private let clockOverhead: Int

  /// Loads a program of an object, whose maps may hold something already.
  ///
  /// - Parameter compared: the maps of other engines, which run the same and are compared.
  /// - Parameter errors: where the report of a program goes that is not proved safe.
  init(
    _ maps: ObjectMaps, program name: String, type: ProgramType?,
    comparedWith compared: [ObjectMaps] = [],
    reportingTo errors: OutputSink
  ) throws(CommandError) {
    path = maps.path
    program = try Self.loadAll(name, as: type, from: maps, reportingTo: errors)
    for maps in compared {
      let other = try Self.loadAll(name, as: type, from: maps, reportingTo: errors)
      // Where nothing is compiled, the interpreter is not compared with itself.
      guard other.engine != program.engine else { continue }
      others.append(ComparedProgram(program: other, maps: maps))
    }
    self.maps = maps
    frame = program.makeFrame()
    start = clock.now
    eventSources = maps.engine.maps.compactMap(EventSource.init)
    for source in eventSources { report.addEvents(of: source.name, kind: source.kind) }
    var shortest = Int.max
    for _ in 0..<100 {
      let start = clock.now
      shortest = min(shortest, start.duration(to: clock.now).nanoseconds)
    }
    clockOverhead = shortest
  }

  /// Loads a program and those that fills named for its program arrays.
  private static func loadAll(
    _ name: String, as type: ProgramType?, from maps: ObjectMaps, reportingTo errors: OutputSink
  ) throws(CommandError) -> LoadedProgram {
    let program = try load(name, as: type, from: maps, reportingTo: errors)
    try maps.placePrograms { name throws(CommandError) in
      try load(name, as: program.type, from: maps, reportingTo: errors)
    }
    return program
  }

  /// Loads a program for its proof alone.
  static func prove(
    _ maps: ObjectMaps, program name: String, type: ProgramType?, reportingTo errors: OutputSink
  ) throws(CommandError) {
    _ = try loadAll(name, as: type, from: maps, reportingTo: errors)
  }

  func setContext(_ field: String, to value: UInt64) throws(CommandError) {
    do throws(ContextError) {
      for frame in [frame] + others.map(\.frame) { try frame.setContext(field, to: value) }
    } catch {
      throw .input(name: "--context \(field)", detail: "\(error)")
    }
  }

  /// What runs the program whose results are reported.
  var engine: ProgramEngine {
    program.engine == .jit && budget != nil ? .interpreter : program.engine
  }

  /// All engines that run it.
  var engines: [ProgramEngine] { [engine] + others.map(\.program.engine) }
}

// MARK: - Running

extension RunSession {
  /// Runs the program on one packet or block of memory.
  mutating func run(onInput bytes: [UInt8], name: String) throws(CommandError) {
    source = "\(counted(bytes.count, "byte")) of input"
    let outcome: Outcome
    do throws(ContextError) {
      outcome = try repeatedly(original: bytes) { frame throws(ContextError) in
        try frame.load(bytes)
      }
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
  /// - Parameter original: the packet's bytes, asked for where engines are compared.
  /// - Returns: The outcome of the last run.
  mutating func repeatedly<Failure>(
    original: @autoclosure () -> [UInt8], _ load: (ExecutionFrame) throws(Failure) -> Void
  ) throws(Failure) -> Outcome {
    var made = 0
    while true {
      var compared: [RunEffects] = []
      if !others.isEmpty {
        let now = UInt64(start.duration(to: clock.now).nanoseconds)
        frame.clock = .fixed(nanoseconds: now)
        // The one that checks comes first: what it finds, no other one is to do.
        for other in others.reversed() {
          other.frame.clock = .fixed(nanoseconds: now)
          try load(other.frame)
          compared.append(other.run(original: original()))
          guard let fault = compared.last?.outcome.fault else { continue }
          report.recordDifference(
            "\(other.program.engine.rawValue) ended in a fault: \(fault); others did not run")
          if let outcome = compared.last?.outcome { return outcome }
        }
      }
      try load(frame)
      let start = clock.now
      let outcome = program.run(frame, budget: budget)
      let time = start.duration(to: clock.now).nanoseconds
      report.recordRun(outcome, time: max(0, time - clockOverhead))
      made += 1
      var events: [[[UInt8]]] = []
      for (index, source) in eventSources.enumerated() {
        events.append(source.drain(into: &report, as: index))
      }
      if !compared.isEmpty {
        let effects = RunEffects(
          engine: engine, outcome: outcome,
          output: frame.outputBytes(linkHeaderFrom: original()), events: events)
        for other in compared {
          if let what = other.difference(from: effects) { report.recordDifference(what) }
        }
      }
      if made == repeatCount || outcome.fault != nil { return outcome }
    }
  }

  /// Compares what the maps hold with those of the other engines.
  mutating func compareMaps() {
    let own = MapComparison(engine: engine, maps: maps.engine.maps)
    for other in others where mapDifference == nil {
      mapDifference = MapComparison(engine: other.program.engine, maps: other.maps.engine.maps)
        .difference(from: own)
    }
  }
}
