import ArgumentParser

extension BPFKitCommand {
  /// Does what a command line asks.
  ///
  /// - Parameter arguments: The command line without the command's name.
  /// - Returns: The exit status: 0 for success, 1 for a failed run, 2 for wrong usage.
  public static func execute(_ arguments: [String], in environment: CommandEnvironment) -> Int32 {
    let command: any ParsableCommand
    do { command = try parseAsRoot(arguments) } catch { return report(error, in: environment) }
    guard let subcommand = command as? any Subcommand else {
      // The root command alone, or one that the argument parser brings: both only print.
      return runParserCommand(command, in: environment)
    }
    do throws(CommandError) {
      defer { try? environment.errors.flush() }
      do throws(CommandError) {
        try subcommand.run(in: environment)
        try environment.output.flush()
        return 0
      } catch .outputClosed {
        throw .outputClosed
      } catch {
        // What was printed before the failure comes first.
        try environment.output.flush()
        throw error
      }
    } catch {
      return report(error, isVerbose: subcommand.isVerbose, in: environment)
    }
  }

  private static func runParserCommand(
    _ command: any ParsableCommand, in environment: CommandEnvironment
  ) -> Int32 {
    if command is BPFKitCommand {
      return write(
        helpMessage() + "\n", to: environment.errors, status: CommandError.usage("").exitStatus)
    }
    var command = command
    do { try command.run() } catch { return report(error, in: environment) }
    return 0
  }

  private static func report(
    _ error: CommandError, isVerbose: Bool, in environment: CommandEnvironment
  ) -> Int32 {
    if case .outputClosed = error { return error.exitStatus }
    var text = "bpfkit: \(error)\n"
    if isVerbose { text += error.details.map { $0.escapedForDisplay + "\n" }.joined() }
    return write(text, to: environment.errors, status: error.exitStatus)
  }

  /// Reports what the argument parser threw: help that was asked for, or wrong usage.
  private static func report(_ error: any Error, in environment: CommandEnvironment) -> Int32 {
    if exitCode(for: error).isSuccess {
      return write(fullMessage(for: error) + "\n", to: environment.output, status: 0)
    }
    var text = fullMessage(for: error)
    if text.hasPrefix("Error: ") { text.removeFirst("Error: ".count) }
    return write(
      "bpfkit: \(text)\n", to: environment.errors, status: CommandError.usage("").exitStatus)
  }

  private static func write(_ text: String, to sink: OutputSink, status: Int32) -> Int32 {
    do throws(CommandError) {
      try sink.write(text)
      try sink.flush()
      return status
    } catch {
      return error.exitStatus
    }
  }
}
