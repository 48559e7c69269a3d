import BPFISA
import BPFObject
import BPFPlatform
import BPFRewriter
import BPFRuntime
import BPFVerifier

extension BatchSession {
  /// Makes a verified program runnable and keeps it.
  mutating func rewrite(_ verified: VerifiedProgram) throws(Refusal) {
    do throws(RewriteError) {
      let program = try timed(\.rewrite) { () throws(RewriteError) in
        try Rewriter().rewrite(verified)
      }
      // The first is the one that was asked for; others can be reached from it.
      if rewritten.isEmpty { reply.statistics.rewrittenSlots = program.program.slots.count }
      rewritten.append(program)
    } catch {
      throw .verdict(.unsupported(.init(kind: "rewrite", message: "\(error)")))
    }
  }

  /// What the request's program is made ready for, the engine first whose results the reply has: the one that checks, if it
  /// is there.
  var engines: [ProgramEngine] {
    if request.stage == .compile { return [.jit] }
    if reply.statistics.notProved != nil { return [.checkedInterpreter] }
    return request.engine.engines.reversed()
  }

  /// Keeps a program that is ready for an engine.
  mutating func add(_ program: LoadedProgram, for engine: ProgramEngine) {
    if engine == .jit { reply.statistics.codeSize = program.codeSize }
    // Where nothing is compiled, the interpreter is not compared with itself.
    let isCounted = request.hasOwnBudget || limits.endsEveryRun
    let made = isCounted && program.engine == .jit ? .interpreter : program.engine
    guard request.makesRuns, !reply.statistics.engines.contains(made) else { return }
    reply.statistics.engines.append(made)
    programs.append(program)
  }

  /// Loads the rewritten program with its maps.
  mutating func loadRewritten(_ maps: [Map], for engine: ProgramEngine) throws(Refusal) {
    guard let first = rewritten.first else {
      preconditionFailure("a program that is to run without checks was rewritten")
    }
    let program = try load(first, maps, for: engine)
    add(program, for: engine)
  }

  private mutating func load(
    _ program: RewrittenProgram, _ maps: [Map], for engine: ProgramEngine
  ) throws(Refusal) -> LoadedProgram {
    do throws(LoadError) {
      guard engine == .jit else {
        return try LoadedProgram(program, maps: maps, compilation: .disabled)
      }
      let loaded = try timed(\.compile) { () throws(LoadError) in
        try LoadedProgram(program, maps: maps)
      }
      if loaded.engine == .jit { return loaded }
      reply.statistics.times.compile = nil
      guard request.stage == .compile else { return loaded }
    } catch {
      throw .verdict(Self.verdict(for: error))
    }
    throw .verdict(
      .unsupported(
        .init(
          kind: "engine",
          message: "there is no compiler for this processor, or no memory for code")))
  }

  /// Loads the rewritten programs of an object with the maps it declares, and puts into its program arrays what they declare.
  mutating func loadRewritten(
    of object: ObjectFile, for choice: ProgramEngine
  ) throws(Refusal) {
    let engine = Engine(object)
    var loaded: [String: LoadedProgram] = [:]
    var arrays: [String: Map] = [:]
    for program in rewritten {
      var maps: [Map] = []
      do throws(LoadError) {
        for spec in program.maps {
          guard let map = try engine.makeMap(named: spec.name) else {
            preconditionFailure("linked programs refer to maps that the object declares")
          }
          maps.append(map)
          if spec.kind == .programArray { arrays[spec.name] = map }
        }
      } catch {
        throw .verdict(Self.verdict(for: error))
      }
      loaded[program.program.name] = try load(program, maps, for: choice)
    }
    for map in arrays.values {
      for entry in map.spec.contents {
        guard case .program(let name) = entry.value, let target = loaded[name] else { continue }
        let index = entry.key.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        do throws(MapError) { try map.setProgram(target, at: index) } catch {
          throw .verdict(Self.verdict(for: error))
        }
      }
    }
    guard let first = rewritten.first, let program = loaded[first.program.name] else {
      preconditionFailure("a program that is to run without checks was rewritten")
    }
    add(program, for: choice)
    // Program arrays do not keep each other; the session does.
    keptMaps += Array(arrays.values)
  }

  /// Does a stage's work, and adds the time to the stage's.
  mutating func timed<Result, Failure>(
    _ stage: WritableKeyPath<BatchReply.StageTimes, Int?>,
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    defer {
      let time = start.duration(to: clock.now).nanoseconds
      reply.statistics.times[keyPath: stage] =
        (reply.statistics.times[keyPath: stage] ?? 0) + time
    }
    return try body()
  }
}
