public import BPFObject
public import BPFPlatform

/// An object's programs, made ready to run as they are asked for, and the live maps they share.
///
/// Not thread-safe itself; the programs it loads and their maps are, and they may outlive it.
public final class Engine {
  public let object: ObjectFile
  /// The number of threads that will run programs, each with a slot of its own in per-CPU maps.
  public let workers: Int
  /// The live maps of the programs loaded so far, in the order of the object's declarations.
  public var maps: [Map] { object.maps.compactMap { live[$0.name] } }

  /// Entries that maps are made with instead of those the object declares, by the map's name: the way to set
  /// constants (`.rodata`), which no host can change once the map is live. Maps made before stay as they are.
  public var initialContents: [String: [MapSpec.InitialEntry]] = [:]

  private var live: [String: Map] = [:]
  private var programs: [String: LoadedProgram] = [:]
  /// Program arrays made before a program that refers to them, whose declared slots are still to be filled.
  private var unfilledArrays: Set<String> = []
  private let programArrays = ProgramArrays()

  /// An engine without any program yet.
  public init(_ object: ObjectFile, workers: Int = 1) {
    precondition(workers > 0, "programs run on at least one worker")
    self.object = object
    self.workers = workers
  }

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
    try loading.fillMapsOfMaps()
    do {
      for slot in loading.slots { try slot.map.setProgram(slot.program, at: slot.index) }
    } catch {
      throw .map(error)
    }
    live.merge(loading.maps) { old, _ in old }
    programs.merge(loading.programs) { _, new in new }
    unfilledArrays.subtract(loading.filledArrays)
    programArrays.add(loading.maps.values.filter(\.keepsPrograms))
    return LoadedProgram(program, keeping: programArrays)
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

  /// What one call of ``load(_:as:)`` makes, before the engine takes it over.
  private struct Loading {
    let engine: Engine
    let type: ProgramType?
    var maps: [String: Map] = [:]
    var programs: [String: LoadedProgram] = [:]
    var slots: [(map: Map, index: UInt32, program: LoadedProgram)] = []
    /// The arrays of ``Engine/unfilledArrays`` that ``slots`` fills.
    var filledArrays: Set<String> = []
    /// What the declarations of maps of maps put into them.
    var innerMaps: [(map: Map, key: [UInt8], inner: Map)] = []

    init(engine: Engine, type: ProgramType?) {
      self.engine = engine
      self.type = type
    }

    /// Loads a program and, one after the other, all that its program arrays lead to.
    mutating func load(_ name: String) throws(LoadError) -> LoadedProgram {
      let first = try loadAlone(name, as: type)
      var pending = [first]
      while let program = pending.popLast() {
        for map in program.maps where map.spec.kind == .programArray {
          let name = map.spec.name
          let isUnfilled = engine.unfilledArrays.contains(name)
          guard isUnfilled || maps[name] === map else { continue }
          if isUnfilled { filledArrays.insert(name) }
          for entry in map.spec.contents {
            guard case .program(let target) = entry.value else { continue }
            // What the host put into an array made earlier stays.
            if isUnfilled, map.program(at: Self.index(entry.key)) != nil { continue }
            let known = programs[target] ?? engine.programs[target]
            let loaded: LoadedProgram
            if let known, known.type == program.type {
              loaded = known
            } else {
              loaded = try loadAlone(target, as: program.type)
              pending.append(loaded)
            }
            slots.append((map, Self.index(entry.key), loaded))
          }
        }
      }
      return first
    }

    private mutating func loadAlone(
      _ name: String, as type: ProgramType?
    ) throws(LoadError) -> LoadedProgram {
      let linked: LinkedProgram
      do {
        linked = try engine.object.link(name)
      } catch {
        throw .object(error)
      }
      guard let type = type ?? linked.type, type == .raw || ContextLayout(for: type) != nil else {
        throw .unsupportedType(program: name, type ?? linked.type)
      }
      var needed: [Map] = []
      for spec in linked.maps { needed.append(try makeMap(spec)) }
      let loaded = try LoadedProgram(unverified: linked.program, type: type, maps: needed)
      programs[name] = loaded
      return loaded
    }

    /// The live map of a declaration, made now if there is none yet; so are the maps that it holds.
    mutating func makeMap(_ declared: MapSpec) throws(LoadError) -> Map {
      if let map = maps[declared.name] ?? engine.live[declared.name] { return map }
      var spec = declared.adjustedAsLoadersDo
      spec.contents = engine.initialContents[spec.name] ?? spec.contents
      let map: Map
      do {
        map = try Map(spec, workers: engine.workers)
      } catch {
        throw .map(error)
      }
      maps[spec.name] = map
      for entry in spec.contents where spec.kind.holdsMaps {
        guard case .map(let name) = entry.value else { continue }
        guard let inner = engine.object.maps.first(where: { $0.name == name }) else {
          throw .map(map.error(.badDescriptor, "the object has no map '\(name)' to put into it"))
        }
        innerMaps.append((map, entry.key, try makeMap(inner)))
      }
      return map
    }

    func fillMapsOfMaps() throws(LoadError) {
      do {
        for slot in innerMaps { try slot.map.initialize(slot.key, map: slot.inner) }
      } catch {
        throw .map(error)
      }
    }

    /// A program array's key: a 32-bit index in host order.
    private static func index(_ key: [UInt8]) -> UInt32 {
      key.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
  }
}
