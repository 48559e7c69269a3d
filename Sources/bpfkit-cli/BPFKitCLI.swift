import ArgumentParser
import BPFCommands

@main
struct BPFKitCLI {
  static func main() { BPFKitCommand.main() }
}
