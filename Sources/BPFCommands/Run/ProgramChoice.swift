import BPFObject

/// Which of an object's programs is meant.
enum ProgramChoice {
  case program(String)
  /// None was named, and there is none.
  case none
  /// None was named, and there are several.
  case several
  case unknown(String)

  /// The program of a name, or the only one there is. Functions that are there to be called by others can be
  /// named, but are not offered.
  init(_ name: String?, of object: ObjectFile) {
    let names = Self.names(of: object)
    if let name {
      self = object.programs.contains { $0.name == name } ? .program(name) : .unknown(name)
    } else if names.count == 1 {
      self = .program(names[0])
    } else {
      self = names.isEmpty ? .none : .several
    }
  }

  /// The names to choose from.
  static func names(of object: ObjectFile) -> [String] {
    object.programs.filter { !$0.isSubprogram }.map(\.name)
  }

  /// The program of a name, or the only one there is.
  static func choose(
    _ name: String?, of object: ObjectFile, path: String
  ) throws(CommandError) -> String {
    let known = names(of: object)
    switch ProgramChoice(name, of: object) {
    case .program(let name): return name
    case .none: throw .input(name: path, detail: "the object has no programs")
    case .several:
      throw .ambiguous(kind: "program", place: path, option: "--program", known: known)
    case .unknown(let name):
      throw .noSuchName(kind: "program", name: name, place: path, known: known)
    }
  }
}
