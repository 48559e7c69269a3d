import ArgumentParser
import BPFObject

/// `bpfkit inspect`: what an object file holds.
struct InspectCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what an object file holds.",
    discussion: """
      Prints programs with the helpers and maps they use, maps, global variables, types, relocations, externs, \
      sections, licence and version.
      """)

  @Argument(help: "The object file; - for standard input.")
  var object: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let path = object == "-" ? "standard input" : object
    let bytes = try FileContents.read(object, in: environment)
    let parsed: ObjectFile
    do throws(ObjectError) { parsed = try ObjectFile(bytes: bytes) } catch {
      throw .input(name: path, detail: "\(error)")
    }
    let summary = ObjectSummary(of: parsed, path: path)
    if json {
      var writer = JSONWriter(.indented)
      summary.write(to: &writer)
      try environment.output.write(writer.bytes)
      try environment.output.writeLine("")
    } else {
      try environment.output.write(summary.tree.rendered)
    }
  }
}
