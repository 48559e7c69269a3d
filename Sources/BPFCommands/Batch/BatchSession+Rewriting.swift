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

  /// Loads the rewritten program with its maps.
  mutating func loadRewritten(_ maps: [Map]) throws(Refusal) {
    guard let first = rewritten.first else {
      preconditionFailure("a program that is to run without checks was rewritten")
    }
    do throws(LoadError) { program = try LoadedProgram(first, maps: maps) } catch {
      throw .verdict(Self.verdict(for: error))
    }
  }

  /// Loads the rewritten programs of an object with the maps it declares, and puts into its program arrays what they declare.
  mutating func loadRewritten(of object: ObjectFile) throws(Refusal) {
    let engine = Engine(object)
    var loaded: [String: LoadedProgram] = [:]
    var arrays: [String: Map] = [:]
    do throws(LoadError) {
      for program in rewritten {
        var maps: [Map] = []
        for spec in program.maps {
          guard let map = try engine.makeMap(named: spec.name) else {
            preconditionFailure("linked programs refer to maps that the object declares")
          }
          maps.append(map)
          if spec.kind == .programArray { arrays[spec.name] = map }
        }
        loaded[program.program.name] = try LoadedProgram(program, maps: maps)
      }
    } catch {
      throw .verdict(Self.verdict(for: error))
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
    program = rewritten.first.flatMap { loaded[$0.program.name] }
    // Program arrays do not keep each other; the session does.
    keptMaps = Array(arrays.values)
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
