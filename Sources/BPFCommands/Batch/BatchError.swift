/// Why a batch line is no request that can be served: it is answered with this as `error`.
public enum BatchError: Error, Hashable, Sendable {
  case json(JSONError)
  /// The line is longer than the limit, in bytes.
  case lineTooLong(limit: Int)
  /// The line's value is no object.
  case notAnObject(found: String)
  /// No field has this name.
  case unknownField(String, known: [String])
  case missing(String)
  /// Exactly one of these fields is needed; these are there.
  case notOne(of: [String], found: [String])
  case wrongKind(String, expected: String, found: String)
  case outOfRange(String, value: Int128, ClosedRange<Int128>)
  case hex(String, HexError)
  /// A field names something that does not exist.
  case unknownName(String, value: String, known: [String])
  /// What a field says cannot be: the sentence tells why.
  case invalid(String, String)
  /// More is asked for than a limit allows.
  case overLimit(String, asked: Int, limit: Int, unit: String)
  /// An object file could not be read.
  case file(String)
}

extension BatchError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .json(let error): error.description
    case .lineTooLong(let limit): "the line is longer than \(limit.grouped) bytes"
    case .notAnObject(let found): "a request is an object, this is \(found)"
    case .unknownField(let path, let known):
      "\(path): no such field" + Self.alternatives(to: Self.lastName(of: path), known)
    case .missing(let path): "\(path): missing"
    case .notOne(let fields, let found):
      found.isEmpty
        ? "missing the program: one of \(fields.joined(separator: ", "))"
        : "a request has one program, this has \(found.joined(separator: " and "))"
    case .wrongKind(let path, let expected, let found):
      "\(path): expected \(expected), found \(found)"
    case .outOfRange(let path, let value, let range):
      "\(path): \(value) is not from \(range.lowerBound) to \(range.upperBound)"
    case .hex(let path, let error): "\(path): \(error)"
    case .unknownName(let path, let value, let known):
      "\(path): unknown name \(value.quotedForDisplay)" + Self.alternatives(to: value, known)
    case .invalid(let path, let sentence): "\(path): \(sentence)"
    case .overLimit(let path, let asked, let limit, let unit):
      "\(path): \(asked.grouped) \(unit), more than the limit of \(limit.grouped)"
    case .file(let text): text
    }
  }

  private static func alternatives(to name: String, _ known: [String]) -> String {
    guard let nearest = NearMatch.nearest(to: name, in: known) else {
      return known.count <= 16 ? "; there are \(known.joined(separator: ", "))" : ""
    }
    return "; did you mean '\(nearest)'?"
  }

  private static func lastName(of path: String) -> String {
    String(path.split(separator: ".").last ?? "")
  }
}
