/// Why there is no memory for compiled code.
public enum CodePackError: Error, Hashable, Sendable {
  /// Code is not copied to executable memory here, for the reason given.
  case unsupported(reason: String)
  /// An image has to have at least one byte, and at most `limit`.
  case sizeOutOfRange(Int, limit: Int)
  /// The system has no memory or address space for code; its error number.
  case outOfMemory(code: Int32)
  /// The system permits this process no memory that is executed; its error number.
  case executionRefused(code: Int32)
  /// Code could not be copied to where it runs; the system's error number.
  case copyFailed(code: Int32)
}

extension CodePackError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsupported(let reason): "native code is not supported here: \(reason)"
    case .sizeOutOfRange(let size, let limit):
      "an image of \(size) bytes is not possible: it has 1 to \(limit)"
    case .outOfMemory(let code): "there is no memory for code (\(ExecutableMemory.message(code)))"
    case .executionRefused(let code):
      "this process may not have executable memory (\(ExecutableMemory.message(code)))"
    case .copyFailed(let code):
      "code could not be copied to where it runs (\(ExecutableMemory.message(code)))"
    }
  }
}
