import BPFISA
import BPFObject
import BPFPlatform
import BPFRuntime
import BPFVerifier

extension RunSession {
  /// Makes a program ready to run.
  ///
  /// - Parameter errors: where its report goes if it is not proved safe, or one that it can reach by tail calls is not.
  static func load(
    _ name: String, as type: ProgramType?, from maps: ObjectMaps, reportingTo errors: OutputSink
  ) throws(CommandError) -> LoadedProgram {
    do throws(LoadError) { return try maps.engine.load(name, as: type) } catch {
      if case .rejected(let rejection) = error {
        throw try refusal(of: rejection, path: maps.path, reportingTo: errors)
      }
      if case .unsupportedType(let name, nil) = error {
        throw .input(
          name: maps.path,
          detail:
            "program \(name): its section does not say of what type it is; say it with --type")
      }
      throw .input(name: maps.path, detail: "\(error)")
    }
  }

  /// Writes why a program is not proved safe.
  ///
  /// - Returns: the error that ends the command.
  private static func refusal(
    of rejection: Rejection, path: String, reportingTo errors: OutputSink
  ) throws(CommandError) -> CommandError {
    for line in "\(rejection)".split(separator: "\n") {
      try errors.writeLine(String(line).escapedForDisplay)
    }
    let what =
      rejection.category == .unsupported
      ? "cannot be verified: \(rejection.explanation.problem)" : "is not safe"
    return .runFailed(
      "\(path): program \(rejection.program.name) \(what); --unverified runs it with every access checked"
    )
  }
}
