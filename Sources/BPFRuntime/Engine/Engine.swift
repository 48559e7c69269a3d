public import BPFObject
public import BPFPlatform
public import BPFRewriter
public import BPFVerifier

/// An object's programs, made ready to run as they are asked for, and the live maps they share.
///
///     let engine = Engine(try ObjectFile(bytes: bytes), workers: 4)
///     let program = try engine.load("firewall")
///     let frame = program.makeFrame()
///     try frame.load(packet)
///     let outcome = program.run(frame)
///
/// Loading links a program, makes its maps, verifies it, rewrites it and compiles it, so that it runs without a check; or, with
/// ``Execution/checked``, prepares it for the interpreter that checks every access, which needs no proof.
///
/// Not thread-safe itself; the programs it loads and their maps are, and they may outlive it. Loading a program changes none
/// that run.
public final class Engine {
  public let object: ObjectFile
  /// The number of threads that will run programs, each with a slot of its own in per-CPU maps.
  public let workers: Int
  /// How programs run.
  public let execution: Execution
  /// What the host gives programs beside what their type does.
  public let host: HostPlatform
  /// What the verifier holds programs to, but for their licence and attach type, which the object says.
  public var verifierOptions = VerifierOptions()
  public var verifierLimits = VerifierLimits()
  public var rewriteOptions = RewriteOptions()
  /// How programs are compiled, where they are.
  public var compilation = Compilation()
  /// The live maps of the programs loaded so far, in the order of the object's declarations.
  public var maps: [Map] { object.maps.compactMap { live[$0.name] } }

  /// Entries that maps are made with instead of those the object declares, by the map's name: the way to set
  /// constants (`.rodata`), which no host can change once the map is live. Maps made before stay as they are.
  public var initialContents: [String: [MapSpec.InitialEntry]] = [:]

  private(set) var live: [String: Map] = [:]
  private(set) var programs: [String: LoadedProgram] = [:]
  /// Program arrays made before a program that refers to them, whose declared slots are still to be filled.
  private(set) var unfilledArrays: Set<String> = []
  private let programArrays = ProgramArrays()

  /// How an engine runs programs.
  public enum Execution: Hashable, Sendable {
    /// Each is verified, rewritten and compiled, and runs without a check; interpreted where it cannot be compiled
    /// (``LoadedProgram/engine``).
    case compiled
    /// Each is verified and rewritten, and interpreted without a check.
    case interpreted
    /// Each runs as it is, with every access checked and a budget.
    case checked
  }

  /// An engine without any program yet.
  ///
  /// - Parameters:
  ///   - workers: The number of threads that will run programs.
  ///   - maps: Live maps to use where the object declares one of the same name: those of another engine, to share them. Each
  ///     must be as the object declares it, and have slots for as many workers. What they hold stays.
  public init(
    _ object: ObjectFile, workers: Int = 1, execution: Execution = .compiled,
    host: HostPlatform = HostPlatform(), sharing maps: [Map] = []
  ) {
    precondition(workers > 0, "programs run on at least one worker")
    self.object = object
    self.workers = workers
    self.execution = execution
    self.host = host
    shared = Dictionary(maps.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Live maps of others.
  let shared: [String: Map]

  /// The live map of a name, once a program that refers to it was loaded.
  public func map(named name: String) -> Map? { live[name] }

  /// The live map of a name, made now unless a program that refers to it was loaded.
  ///
  /// A program array is made empty. The programs that its declaration names come with the first program that refers
  /// to it, into the slots that are still empty then.
  ///
  /// - Returns: nil where the object declares no such map.
  /// - Throws: ``LoadError/map(_:)``.
  public func makeMap(named name: String) throws(LoadError) -> Map? {
    if let map = live[name] { return map }
    guard let spec = object.maps.first(where: { $0.name == name }) else { return nil }
    var loading = Loading(engine: self, type: nil)
    let map = try loading.makeMap(spec)
    try loading.fillMapsOfMaps()
    live.merge(loading.maps) { old, _ in old }
    for (name, map) in loading.maps where map.keepsPrograms {
      if map.spec.kind == .programArray { unfilledArrays.insert(name) }
      programArrays.add([map])
    }
    return map
  }

  /// Whether a map is a program array into which the programs of its declaration did not come yet.
  public func isUnfilled(_ map: Map) -> Bool {
    unfilledArrays.contains(map.spec.name) && live[map.spec.name] === map
  }

  /// Links a program and makes it ready to run, with its maps, and with the programs that the object puts into a
  /// program array of it.
  ///
  /// A program that cannot be loaded leaves the engine as it was. One loaded before is returned again.
  ///
  /// - Parameter type: what to run it as where its section does not say, or instead of that.
  /// - Complexity: O(*n*), *n* the slots of the programs loaded and the bytes of their maps.
  /// - Throws: ``LoadError``.
  public func load(_ name: String, as type: ProgramType? = nil) throws(LoadError) -> LoadedProgram {
    if let loaded = programs[name], type == nil || loaded.type == type {
      return LoadedProgram(loaded, keeping: programArrays)
    }
    var loading = Loading(engine: self, type: type)
    let program = try loading.load(name)
    try adopt(&loading)
    return LoadedProgram(program, keeping: programArrays)
  }

  /// Loads every program of the object that is no function of others, as ``load(_:as:)`` does: all of them, or where one cannot be loaded none.
  ///
  /// - Returns: The programs in the order of their declarations.
  /// - Throws: ``LoadError`` for the first that cannot be loaded.
  public func loadAll() throws(LoadError) -> [LoadedProgram] {
    var loading = Loading(engine: self, type: nil)
    var loaded: [LoadedProgram] = []
    for program in object.programs where !program.isSubprogram {
      if let known = programs[program.name] ?? loading.programs[program.name] {
        loaded.append(known)
      } else {
        loaded.append(try loading.load(program.name))
      }
    }
    try adopt(&loading)
    return loaded.map { LoadedProgram($0, keeping: programArrays) }
  }

  /// Takes over what was made.
  private func adopt(_ loading: inout Loading) throws(LoadError) {
    try loading.fillMapsOfMaps()
    do {
      for slot in loading.slots { try slot.map.setProgram(slot.program, at: slot.index) }
    } catch {
      throw .map(error)
    }
    live.merge(loading.maps) { old, _ in old }
    programs.merge(loading.programs) { _, new in new }
    unfilledArrays.subtract(loading.filledArrays)
    programArrays.add(
      loading.maps.values.filter { $0.keepsPrograms && shared[$0.spec.name] !== $0 })
  }

  /// The time in nanoseconds at which a timer in any of the maps may be due next, or nil where none is started.
  ///
  /// - Complexity: O(*n*), *n* the maps.
  public var nextTimerDeadline: UInt64? { maps.compactMap(\.nextTimerDeadline).min() }

  /// Calls the callbacks of all timers that are due, map by map, as ``Map/runDueTimers(clock:worker:budget:)`` does.
  public func runDueTimers(
    clock: HostClock = .system, worker: Int = 0, budget: Int = LoadedProgram.defaultBudget
  ) -> [TimerRun] {
    maps.flatMap { $0.runDueTimers(clock: clock, worker: worker, budget: budget) }
  }
}
