public import ArgumentParser

/// The `bpfkit` command.
public struct BPFKitCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "bpfkit", abstract: "Run, inspect and take apart BPF programs, without a kernel.")

  public init() {}
}
