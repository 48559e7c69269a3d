import ArgumentParser

/// `bpfkit stats`: figures about programs.
struct StatisticsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Figures about programs.",
    subcommands: [PatchStatisticsCommand.self])
}
