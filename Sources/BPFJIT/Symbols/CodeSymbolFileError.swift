/// Why symbols cannot be written.
public enum CodeSymbolFileError: Error, Hashable, Sendable {
  /// What failed.
  public enum Operation: String, Hashable, Sendable { case open, map, write }

  /// A system call failed; its error number.
  case system(Operation, path: String, code: Int32)
  /// What has the file's path is no regular file of this user's alone: somebody else may have put it there.
  case foreign(path: String)
}

extension CodeSymbolFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let operation, let path, let code):
      "cannot \(operation.rawValue) \(path): \(ExecutableMemory.message(code))"
    case .foreign(let path): "\(path) is not a regular file of this user alone"
    }
  }
}
