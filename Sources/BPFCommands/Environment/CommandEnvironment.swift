/// What a command has of the outside: where it reads and writes. Tests give their own.
public struct CommandEnvironment {
  public let input: InputSource
  public let output: OutputSink
  /// Errors, warnings and progress.
  public let errors: OutputSink

  public init(input: InputSource, output: OutputSink, errors: OutputSink) {
    self.input = input
    self.output = output
    self.errors = errors
  }

  /// The process's standard input, output and error.
  public static func process() -> CommandEnvironment {
    FileDescriptor.ignoreClosedPipes()
    return CommandEnvironment(
      input: .standardInput(), output: .standardOutput(), errors: .standardError())
  }
}
