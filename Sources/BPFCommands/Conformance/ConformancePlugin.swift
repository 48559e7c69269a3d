import BPFISA
import BPFObject
import BPFPlatform
@_spi(Unverified) import BPFRuntime

/// Runs one program of the BPF conformance suite.
///
/// Programs are `raw`: r1 is the address of the memory, r2 its length; both 0 where there is none.
public enum ConformancePlugin {
  /// What a program returns in r0.
  ///
  /// - Parameters:
  ///   - program: 8-byte little-endian slots; or, where `isELF`, an object file with one function `main`.
  ///   - memory: The bytes r1 points to; the program may write them.
  ///   - engine: What runs it. Nothing is proved of the program: on others than ``EngineChoice/checked`` it may do to the
  ///     process whatever the process may do. With ``EngineChoice/all`` it first runs with every access checked, and on the
  ///     others if that ends without a fault, unless it has instructions that those do not run (`callx`).
  /// - Throws: ``CommandError`` where the program cannot be loaded, its run ends in a fault, or engines differ.
  public static func result(
    of program: [UInt8], memory: [UInt8], isELF: Bool = false, engine: EngineChoice = .checked
  ) throws(CommandError) -> UInt64 {
    let program = isELF ? try linkMain(of: program) : try decode(program)
    var first: RunEffects?
    // The engine that checks comes first: the others follow where it found nothing.
    for engine in engine.engines.reversed() {
      let effects: RunEffects
      do throws(Failure) {
        effects = try self.effects(of: program, memory: memory, on: engine)
      } catch {
        // There are instructions that only the engine runs that came first.
        if case .unrunnable = error, let first { return first.outcome.returnValue }
        throw error.error
      }
      if let difference = first?.difference(from: effects) {
        throw .runFailed("program: engines differ: \(difference)")
      }
      first = first ?? effects
    }
    guard let first else { preconditionFailure("every choice has an engine") }
    return first.outcome.returnValue
  }

  private static func effects(
    of program: Program, memory: [UInt8], on engine: ProgramEngine
  ) throws(Failure) -> RunEffects {
    do {
      let loaded: LoadedProgram
      switch engine {
      case .checkedInterpreter:
        loaded = try LoadedProgram(unverified: program, type: .raw, maps: [])
      case .interpreter, .jit:
        // SAFETY: whoever chose the engine vouches for the program.
        loaded = try unsafe LoadedProgram(
          unchecked: program, type: .raw, maps: [], engine: engine)
      }
      let frame = loaded.makeFrame()
      try frame.load(memory)
      let outcome = loaded.run(frame)
      if let fault = outcome.fault {
        throw Failure.other(.runFailed("program: \(fault)"))
      }
      return RunEffects(
        engine: engine, outcome: outcome, output: frame.outputBytes(linkHeaderFrom: memory))
    } catch let failure as Failure {
      throw failure
    } catch let error as LoadError {
      let described = CommandError.input(name: "program", detail: "\(error)")
      if case .unrunnable = error { throw .unrunnable(described) }
      throw .other(described)
    } catch {
      throw .other(.input(name: "program", detail: "\(error)"))
    }
  }

  /// Why a program did not come to its end on an engine.
  private enum Failure: Error {
    /// It has an instruction that the engine does not run.
    case unrunnable(CommandError)
    case other(CommandError)

    var error: CommandError {
      switch self {
      case .unrunnable(let error), .other(let error): error
      }
    }
  }

  private static func decode(_ bytes: [UInt8]) throws(CommandError) -> Program {
    guard !bytes.isEmpty, bytes.count % 8 == 0 else {
      throw .input(
        name: "program", detail: "\(counted(bytes.count, "byte")), no whole number of 8-byte slots")
    }
    do {
      return try Program(name: "main", slots: RawInstruction.slots(of: bytes))
    } catch {
      throw .input(name: "program", detail: "\(error)")
    }
  }

  private static func linkMain(of bytes: [UInt8]) throws(CommandError) -> Program {
    do { return try ObjectFile(bytes: bytes).link("main").program } catch {
      throw .input(name: "program", detail: "\(error)")
    }
  }
}
