import ArgumentParser

/// `bpfkit batch`: the batch protocol on standard input and output.
struct BatchCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Run programs for other tools: JSON Lines in, JSON Lines out.",
    discussion: """
      Reads one request a line from standard input and writes one reply a line to standard output, in order. A \
      malformed line gets a reply with 'error' and the next line is still served. Documentation/Batch.md \
      describes requests and replies.
      """)

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let server = BatchServer()
    while let line = try environment.input.nextLine(
      limit: server.limits.lineLength,
      // Whoever waits for a reply before writing the next line must get it.
      beforeWaiting: { () throws(CommandError) in try environment.output.flush() })
    {
      switch line {
      case .line(let bytes): try environment.output.write(server.reply(to: bytes))
      case .tooLong: try environment.output.write(server.replyToLongLine())
      }
      try environment.output.write(CollectionOfOne(UInt8(ascii: "\n")))
    }
  }
}
