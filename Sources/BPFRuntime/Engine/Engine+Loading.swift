import BPFObject
import BPFPlatform
import BPFRewriter
import BPFVerifier

extension Engine {
  /// What one call of ``load(_:as:)`` makes, before the engine takes it over.
  struct Loading {
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
          guard isUnfilled || maps[name] === map, engine.shared[name] !== map else { continue }
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
      guard let type = type ?? linked.type, engine.hasContext(type) else {
        throw .unsupportedType(program: name, type ?? linked.type)
      }
      var needed: [Map] = []
      for spec in linked.maps { needed.append(try makeMap(spec)) }
      let loaded = try prepare(linked, type, needed)
      programs[name] = loaded
      return loaded
    }

    /// Makes a linked program ready to run.
    private func prepare(
      _ linked: LinkedProgram, _ type: ProgramType, _ maps: [Map]
    ) throws(LoadError) -> LoadedProgram {
      let program = linked.program
      let host = engine.host
      guard engine.execution != .checked else {
        return try LoadedProgram(unverified: program, type: type, maps: maps, host: host)
      }
      var options = engine.verifierOptions
      options.isGPLCompatible = License.isGPLCompatible(linked.license)
      options.attachType = linked.attachType ?? options.attachType
      options.hostHelpers = host.helpers.prototypes
      let compilation = engine.execution == .compiled ? engine.compilation : .disabled
      if compilation.needsSpeculationFacts { options.tracksSpeculation = true }
      let verifier = Verifier(
        for: type, context: type == .hostDefined ? host.context : nil, options: options,
        limits: engine.verifierLimits)
      let verified: VerifiedProgram
      do {
        verified = try verifier.verify(program, maps: maps.map(\.spec))
      } catch {
        throw .rejected(error)
      }
      let rewritten: RewrittenProgram
      do {
        rewritten = try Rewriter(compilation.options(engine.rewriteOptions)).rewrite(verified)
      } catch {
        throw .rewriting(error)
      }
      return try LoadedProgram(
        rewritten, maps: maps, helpers: host.helpers, compilation: compilation)
    }

    /// The live map of a declaration, made now if there is none yet; so are the maps that it holds.
    mutating func makeMap(_ declared: MapSpec) throws(LoadError) -> Map {
      if let map = maps[declared.name] ?? engine.live[declared.name] { return map }
      var spec = declared.adjustedAsLoadersDo
      spec.contents = engine.initialContents[spec.name] ?? spec.contents
      if let map = engine.shared[spec.name] {
        guard map.spec.isUsable(as: spec), map.workers >= engine.workers else {
          throw .sharedMapDiffers(spec.name)
        }
        maps[spec.name] = map
        return map
      }
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

extension Engine {
  /// Whether a process has a context for programs of a type.
  fileprivate func hasContext(_ type: ProgramType) -> Bool {
    type == .raw || ContextLayout(for: type, ofHost: host.context) != nil
  }
}
