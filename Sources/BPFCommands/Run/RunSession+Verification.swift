import BPFISA
import BPFObject
import BPFPlatform
import BPFRuntime
import BPFVerifier

extension RunSession {
  /// Verifies the program, and those that it can reach by tail calls.
  ///
  /// - Returns: the first that is not accepted, or nil.
  func firstRejection() -> (program: String, rejection: Rejection)? {
    var known: Set<ObjectIdentifier> = [ObjectIdentifier(program)]
    var pending = [program]
    for map in maps.engine.maps where map.spec.kind == .programArray {
      for index in 0..<UInt32(clamping: map.spec.maxEntries) {
        guard let target = map.program(at: index),
          known.insert(ObjectIdentifier(target)).inserted
        else { continue }
        pending.append(target)
      }
    }
    for program in pending {
      let declared = maps.engine.object.programs.first { $0.name == program.name }
      let subject = VerificationReport.Subject(
        program: program.program, type: program.type, attachType: declared?.attachType,
        maps: program.maps.map(\.spec), license: maps.engine.object.license)
      do throws(Rejection) {
        _ = try Verifier(for: subject).verify(subject.program, maps: subject.maps)
      } catch {
        return (program.name, error)
      }
    }
    return nil
  }

  /// Refuses a program that is not proved safe; its report goes to `errors` first.
  func verify(reportingTo errors: OutputSink) throws(CommandError) {
    guard let (name, rejection) = firstRejection() else { return }
    for line in "\(rejection)".split(separator: "\n") {
      try errors.writeLine(String(line).escapedForDisplay)
    }
    let what =
      rejection.category == .unsupported
      ? "cannot be verified: \(rejection.explanation.problem)" : "is not safe"
    throw .runFailed(
      "\(path): program \(name) \(what); --unverified runs it with every access checked")
  }
}
