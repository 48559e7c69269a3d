import ArgumentParser
import BPFObject
import BPFPlatform
import BPFRuntime

/// `bpfkit maps`: what an object's maps hold, without running a program.
struct MapsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maps",
    abstract: "Show and prepare the contents of an object's maps.",
    discussion: """
      'bpfkit run' fills maps before a run and shows what they hold afterwards; these commands do the same without \
      a run. Contents are written by the names and types of the object's BTF (Documentation/Maps.md).
      """,
    subcommands: [MapsDumpCommand.self, MapsSetCommand.self])
}

/// What is put into maps before they are shown or a program runs.
struct MapContentsOptions: ParsableArguments {
  @Option(
    name: [.customLong("map")],
    help: ArgumentHelp(
      "Set entries of a map from a file; may be given several times.",
      valueName: "name=file.json"))
  var maps: [String] = []

  @Option(
    name: [.customLong("maps")],
    help: ArgumentHelp(
      "Set entries of all maps that a file has, as 'maps dump', or 'run' with --json, writes it.",
      valueName: "file.json"))
  var documents: [String] = []

  @Option(
    name: [.customLong("set")],
    help: ArgumentHelp(
      "Set one entry of a map, or a global variable, as 'limits[10.0.0.1]=5' or 'verbose=true'.",
      valueName: "map[key]=value"))
  var assignments: [String] = []

  func validate() throws {
    for argument in maps where NamedFile(argument) == nil {
      throw ValidationError("--map \(argument): expected NAME=FILE.json.")
    }
    for argument in assignments where MapAssignment(argument) == nil {
      throw ValidationError("--set \(argument): expected MAP[KEY]=VALUE or VARIABLE=VALUE.")
    }
  }

  /// Fills maps: whole files first, then files of one map, then single entries.
  func fill(_ maps: ObjectMaps, in environment: CommandEnvironment) throws(CommandError) {
    try fill([maps], in: environment)
  }

  /// Fills the maps of several engines alike, for which files are read once.
  func fill(_ all: [ObjectMaps], in environment: CommandEnvironment) throws(CommandError) {
    for path in documents {
      let document = try Self.document(path, in: environment)
      for maps in all { try maps.fill(nil, from: document) }
    }
    for file in self.maps.compactMap({ NamedFile($0) }) {
      let document = try Self.document(file.path, in: environment)
      for maps in all { try maps.fill(file.name, from: document) }
    }
    for assignment in assignments.compactMap({ MapAssignment($0) }) {
      for maps in all { try maps.set(assignment) }
    }
  }

  static func document(
    _ path: String, in environment: CommandEnvironment
  ) throws(CommandError) -> MapDocument {
    try MapDocument(FileContents.read(path, in: environment), path: path)
  }
}

/// `NAME=FILE`.
struct NamedFile {
  let name: String
  let path: String

  /// Nil where a side is missing.
  init?(_ argument: String) {
    guard let equals = argument.firstIndex(of: "=") else { return nil }
    name = String(argument[..<equals])
    path = String(argument[argument.index(after: equals)...])
    if name.isEmpty || path.isEmpty { return nil }
  }
}

/// `bpfkit maps dump`.
struct MapsDumpCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Print what maps hold before any program runs.",
    discussion: """
      Without names, all maps of the object are printed: global variables, constants and what the object declares, \
      with what --maps, --map and --set put there. What --format json prints can be given to --maps again.
      """)

  @Argument(help: "The object file; - for standard input.")
  var object: String

  @Argument(help: "The maps to print; all where none is named.")
  var names: [String] = []

  @OptionGroup var contents: MapContentsOptions

  @Option(help: "How to print them: text, json, or csv (of one map).")
  var format = MapFormat.text

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let maps = try Self.maps(of: object, in: environment)
    try contents.fill(maps, in: environment)
    for name in names { _ = try maps.map(named: name) }
    if names.isEmpty {
      for problem in maps.makeAll() {
        try environment.errors.writeLine(
          "bpfkit: \(maps.path.escapedForDisplay): left out: \(problem.escapedForDisplay)")
      }
    }
    try environment.output.write(maps.dump(names, as: format))
  }

  static func maps(
    of object: String, in environment: CommandEnvironment
  ) throws(CommandError) -> ObjectMaps {
    let path = object == "-" ? "standard input" : object
    let bytes = try FileContents.read(object, in: environment)
    do throws(ObjectError) { return ObjectMaps(try ObjectFile(bytes: bytes), path: path) } catch {
      throw .input(name: path, detail: "\(error)")
    }
  }
}

/// `bpfkit maps set`.
struct MapsSetCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Set entries in a file of map contents.",
    discussion: """
      The file is made where there is none, and holds every map that was set, in the form of 'maps dump --format \
      json'; 'run' takes it with --maps. An entry is written as MAP[KEY]=VALUE, a global variable as NAME=VALUE; keys \
      and values are JSON, numbers in hexadecimal, or words that need no quotes.
      """)

  @Argument(help: "The object file, which says what the maps' types are.")
  var object: String

  @Argument(help: ArgumentHelp("The file of map contents.", valueName: "file.json"))
  var file: String

  @Argument(help: ArgumentHelp("What to set.", valueName: "map[key]=value"))
  var assignments: [String]

  @OptionGroup var common: CommonOptions

  var isVerbose: Bool { common.verbose }

  func validate() throws {
    for argument in assignments where MapAssignment(argument) == nil {
      throw ValidationError("\(argument): expected MAP[KEY]=VALUE or VARIABLE=VALUE.")
    }
  }

  func run(in environment: CommandEnvironment) throws(CommandError) {
    let maps = try MapsDumpCommand.maps(of: object, in: environment)
    var names: [String] = []
    let text: [UInt8]?
    do { text = try FileContents.read(file) } catch .file(_, .open, .notFound) { text = nil }
    if let text {
      let document = try MapDocument(text, path: file)
      try maps.fill(nil, from: document)
      names = document.parts.compactMap(\.name)
    }
    for assignment in assignments.compactMap({ MapAssignment($0) }) {
      let name = try maps.set(assignment)
      if !names.contains(name) { names.append(name) }
    }
    try FileContents.write(Array(maps.dump(names, as: .json).utf8), to: file)
  }
}
