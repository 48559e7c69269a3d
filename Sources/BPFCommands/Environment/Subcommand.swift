import ArgumentParser

/// A subcommand of `bpfkit`: run with an environment, not by itself.
protocol Subcommand: ParsableCommand {
  /// Whether errors are told with all there is to say.
  var isVerbose: Bool { get }

  func run(in environment: CommandEnvironment) throws(CommandError)
}

/// The options that every subcommand has.
struct CommonOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Say more about errors.")
  var verbose = false
}
