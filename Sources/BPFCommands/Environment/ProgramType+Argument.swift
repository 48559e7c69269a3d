import ArgumentParser
import BPFPlatform

extension ProgramType {
  /// Checks the name that a command line gives for a type, if it gives one.
  static func check(name: String?) throws(ValidationError) {
    guard let name, ProgramType(name: name) == nil else { return }
    let known = ProgramType.allCases.map(\.name)
    let nearest = NearMatch.nearest(to: name, in: known).map { "; did you mean '\($0)'?" }
    throw ValidationError("There is no program type '\(name)'\(nearest ?? "").")
  }
}
