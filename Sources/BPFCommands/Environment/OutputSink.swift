/// Where a command writes: a file descriptor, or memory that a test reads.
///
/// What is written is kept until ``flush()`` or until there is much of it.
public final class OutputSink {
  /// Whether a person sees what is written here.
  public let isTerminal: Bool
  private let destination: Destination
  private var buffer: [UInt8] = []
  private static let capacity = 1 << 16

  private enum Destination {
    case standardOutput, standardError, memory
  }

  private init(_ destination: Destination, isTerminal: Bool) {
    self.destination = destination
    self.isTerminal = isTerminal
  }

  /// A sink that keeps everything; see ``contents``.
  public static func memory(isTerminal: Bool = false) -> OutputSink {
    OutputSink(.memory, isTerminal: isTerminal)
  }

  public static func standardOutput() -> OutputSink {
    OutputSink(.standardOutput, isTerminal: FileDescriptor.standardOutput.isTerminal)
  }

  public static func standardError() -> OutputSink {
    OutputSink(.standardError, isTerminal: FileDescriptor.standardError.isTerminal)
  }

  /// What was written to a memory sink.
  public var contents: [UInt8] { buffer }

  /// What was written to a memory sink, as text.
  public var text: String { String(decoding: buffer, as: UTF8.self) }

  /// - Throws: ``CommandError/outputClosed`` where nobody reads any more, or the system's error.
  public func write(_ bytes: some Collection<UInt8>) throws(CommandError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.capacity { try flush() }
  }

  public func write(_ text: String) throws(CommandError) {
    try write(text.utf8)
  }

  public func writeLine(_ text: String) throws(CommandError) {
    try write(text)
    try write(CollectionOfOne(UInt8(ascii: "\n")))
  }

  /// Hands what was written to the operating system.
  public func flush() throws(CommandError) {
    guard !buffer.isEmpty else { return }
    do throws(SystemError) {
      switch destination {
      case .memory: return
      case .standardOutput: try FileDescriptor.standardOutput.write(buffer)
      case .standardError: try FileDescriptor.standardError.write(buffer)
      }
    } catch {
      buffer.removeAll()
      if error == .brokenPipe { throw .outputClosed }
      throw .file(path: "standard output", operation: .write, error: error)
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
