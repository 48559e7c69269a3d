/// Why a command ended without doing what it was asked.
public enum CommandError: Error, Sendable {
  /// Options that do not go together, or an argument that means nothing.
  case usage(String)
  /// A file could not be opened, read or written.
  case file(path: String, operation: FileOperation, error: SystemError)
  /// A file holds more than a command reads of it.
  case fileTooLarge(path: String, limit: Int)
  /// What a file or argument holds is wrong; the detail says where and what.
  case input(name: String, detail: String, more: [String] = [])
  /// No program, map or field has this name.
  case noSuchName(kind: String, name: String, place: String, known: [String])
  /// A name is needed because there are several.
  case ambiguous(kind: String, place: String, option: String, known: [String])
  /// The run was made and failed; results were printed.
  case runFailed(String, more: [String] = [])
  /// Whoever read standard output stopped reading.
  case outputClosed

  public enum FileOperation: String, Sendable {
    case open, read, write, rename
  }

  /// What the process ends with: 2 for wrong usage, else 1; 141 where standard output was closed, as if the
  /// signal for that had ended the process.
  public var exitStatus: Int32 {
    switch self {
    case .usage: 2
    case .file, .fileTooLarge, .input, .noSuchName, .ambiguous, .runFailed: 1
    case .outputClosed: 141
    }
  }

  /// What more there is to say, a line each.
  public var details: [String] {
    switch self {
    case .input(_, _, let more), .runFailed(_, let more): more
    case .noSuchName(_, _, _, let known), .ambiguous(_, _, _, let known): known.map { "  \($0)" }
    case .usage, .file, .fileTooLarge, .outputClosed: []
    }
  }
}

extension CommandError: CustomStringConvertible {
  /// One readable line.
  public var description: String {
    switch self {
    case .usage(let text): text
    case .file(let path, .open, let error): "\(path.escapedForDisplay): \(error.message)"
    case .file(let path, let operation, let error):
      "\(path.escapedForDisplay): cannot \(operation.rawValue): \(error.message)"
    case .fileTooLarge(let path, let limit):
      "\(path.escapedForDisplay): longer than \(limit.grouped) bytes, the most read of such a file"
    case .input(let name, let detail, _): "\(name.escapedForDisplay): \(detail.escapedForDisplay)"
    case .noSuchName(let kind, let name, let place, let known):
      "\(place.escapedForDisplay): no \(kind) is named \(name.quotedForDisplay)"
        + Self.suggestion(for: name, known: known)
    case .ambiguous(let kind, let place, let option, let known):
      "\(place.escapedForDisplay): has \(counted(known.count, kind)), choose one with \(option):"
        + " \(Self.list(known))"
    case .runFailed(let text, _): text.escapedForDisplay
    case .outputClosed: "standard output was closed"
    }
  }

  private static func suggestion(for name: String, known: [String]) -> String {
    if known.isEmpty { return "; it has none" }
    if let nearest = NearMatch.nearest(to: name, in: known) {
      return "; did you mean \(nearest.quotedForDisplay)? It has: \(list(known))"
    }
    return "; it has: \(list(known))"
  }

  /// At most a dozen names; ``details`` has them all.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).map(\.escapedForDisplay).joined(separator: ", ")
    return names.count > 12 ? "\(shown), and \((names.count - 12).grouped) more" : shown
  }
}
