public import ArgumentParser

/// The `bpfkit` command.
public struct BPFKitCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "bpfkit",
    abstract: "Run, verify, inspect and take apart BPF programs, without a kernel.",
    discussion:
      "The exit status is 0 for success, 1 for a failed run or a program that is not accepted, 2 for wrong usage.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, MapsCommand.self, InspectCommand.self, DisassembleCommand.self,
      AssembleCommand.self, VerifyCommand.self, RewriteCommand.self, DumpCommand.self,
      StatisticsCommand.self,
      BatchCommand.self, ConformancePluginCommand.self,
    ])

  public init() {}
}
