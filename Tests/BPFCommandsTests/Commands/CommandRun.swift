import BPFCommands

/// A command line that was run in this process, and what it wrote.
struct CommandRun {
  let status: Int32
  let output: [UInt8]
  let errors: String

  var text: String { String(decoding: output, as: UTF8.self) }

  init(_ arguments: String..., input: [UInt8] = [], isTerminal: Bool = false) {
    let output = OutputSink.memory(isTerminal: isTerminal)
    let errors = OutputSink.memory()
    status = BPFKitCommand.execute(
      arguments, in: CommandEnvironment(input: .memory(input), output: output, errors: errors))
    self.output = output.contents
    self.errors = errors.text
  }

  init(arguments: [String], input: String = "") {
    let output = OutputSink.memory()
    let errors = OutputSink.memory()
    status = BPFKitCommand.execute(
      arguments,
      in: CommandEnvironment(input: .memory(Array(input.utf8)), output: output, errors: errors))
    self.output = output.contents
    self.errors = errors.text
  }

  init(_ arguments: String..., input: String, isTerminal: Bool = false) {
    let output = OutputSink.memory(isTerminal: isTerminal)
    let errors = OutputSink.memory()
    status = BPFKitCommand.execute(
      arguments,
      in: CommandEnvironment(input: .memory(Array(input.utf8)), output: output, errors: errors))
    self.output = output.contents
    self.errors = errors.text
  }
}
