import BPFRuntime

/// A program on an engine that is compared with another, with maps and a frame of its own.
struct ComparedProgram {
  let program: LoadedProgram
  let maps: ObjectMaps
  let frame: ExecutionFrame
  private let eventSources: [EventSource]

  init(program: LoadedProgram, maps: ObjectMaps) {
    self.program = program
    self.maps = maps
    frame = program.makeFrame()
    eventSources = maps.engine.maps.compactMap(EventSource.init)
  }

  /// Runs the program on what its frame has; what it did.
  ///
  /// - Parameter original: the packet's bytes before the run.
  func run(original: [UInt8]) -> RunEffects {
    let outcome = program.run(frame)
    return RunEffects(
      engine: program.engine, outcome: outcome,
      output: frame.outputBytes(linkHeaderFrom: original), events: eventSources.map { $0.take() })
  }
}
