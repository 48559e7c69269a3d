/// What a command reads as standard input: the process's, or bytes a test gives.
public final class InputSource {
  private var pending: [UInt8]
  private let isMemory: Bool
  /// Where the next line starts in `pending`.
  private var position = 0
  private var isAtEnd: Bool

  private init(pending: [UInt8], isMemory: Bool) {
    self.pending = pending
    self.isMemory = isMemory
    isAtEnd = isMemory
  }

  public static func standardInput() -> InputSource { InputSource(pending: [], isMemory: false) }

  public static func memory(_ bytes: [UInt8]) -> InputSource {
    InputSource(pending: bytes, isMemory: true)
  }

  /// Everything up to the end, at most `limit` bytes.
  public func readAll(limit: Int) throws(CommandError) -> [UInt8] {
    while !isAtEnd {
      guard pending.count <= limit else { break }
      try fill()
    }
    let result = Array(pending[position...])
    position = pending.count
    guard result.count <= limit else { throw .fileTooLarge(path: "standard input", limit: limit) }
    return result
  }

  /// A line that was read.
  public enum Line: Equatable {
    /// The line's bytes, without its end.
    case line([UInt8])
    /// A line longer than the limit, which was skipped.
    case tooLong
  }

  /// The next line, nil at the end. `beforeWaiting` is called before a read that may block.
  ///
  /// - Complexity: O(*n*), *n* the line's length.
  public func nextLine(
    limit: Int, beforeWaiting: () throws(CommandError) -> Void
  ) throws(CommandError) -> Line? {
    var searchedTo = position
    var isTooLong = false
    while true {
      if let end = pending[searchedTo...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { position = end + 1 }
        return isTooLong || end - position > limit ? .tooLong : .line(line(upTo: end))
      }
      if pending.count - position > limit {
        isTooLong = true
        position = pending.count
      }
      if isAtEnd {
        guard isTooLong || position < pending.count else { return nil }
        defer { position = pending.count }
        return isTooLong ? .tooLong : .line(line(upTo: pending.count))
      }
      pending.removeFirst(position)
      position = 0
      searchedTo = pending.count
      try beforeWaiting()
      try fill()
    }
  }

  private func line(upTo end: Int) -> [UInt8] {
    // A line end of two characters is taken off whole.
    let hasReturn = end > position && pending[end - 1] == UInt8(ascii: "\r")
    return Array(pending[position..<(hasReturn ? end - 1 : end)])
  }

  private func fill() throws(CommandError) {
    do {
      isAtEnd =
        try FileDescriptor.standardInput.read(atMost: 1 << 16, appendingTo: &pending) == 0
    } catch {
      throw .file(path: "standard input", operation: .read, error: error)
    }
  }
}
