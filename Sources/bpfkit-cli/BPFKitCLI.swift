import BPFCommands

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@main
struct BPFKitCLI {
  static func main() {
    exit(BPFKitCommand.execute(Array(CommandLine.arguments.dropFirst()), in: .process()))
  }
}
