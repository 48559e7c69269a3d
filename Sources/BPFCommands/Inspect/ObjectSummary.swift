import BPFObject
import BPFPlatform

/// What an object file holds, for people and for other tools.
struct ObjectSummary {
  let path: String
  let object: ObjectFile
  let programs: [ProgramSummary]
  let maps: [MapSummary]
  let variables: [GlobalVariable]
  /// How many types of each kind there are.
  let typeCounts: [(kind: String, count: Int)]
  let relocationCounts: [(kind: String, count: Int)]
  let coreRelocationCounts: [(kind: String, count: Int)]

  /// A global variable of a data section.
  struct GlobalVariable {
    let section: String
    let name: String
    let type: String
    /// The offset in the section and the size, in bytes.
    let offset: Int
    let size: Int
  }

  init(of object: ObjectFile, path: String) {
    self.path = path
    self.object = object
    programs = object.programs.filter { !$0.isSubprogram }.map { ProgramSummary($0, of: object) }
    maps = object.maps.map { MapSummary($0, of: object) }
    variables = object.btf.map(Self.variables(in:)) ?? []
    typeCounts = Self.counts(object.btf?.types.map(\.kind.name).filter { $0 != "void" } ?? [])
    relocationCounts = Self.counts(object.relocations.map(\.kind.name))
    coreRelocationCounts = Self.counts(object.coreRelocations.map(\.kind.name))
  }

  /// The number of times that each name occurs, the most frequent first.
  private static func counts(_ names: [String]) -> [(kind: String, count: Int)] {
    var counts: [String: Int] = [:]
    for name in names { counts[name, default: 0] += 1 }
    return counts.map { (kind: $0.key, count: $0.value) }.sorted {
      ($1.count, $0.kind) < ($0.count, $1.kind)
    }
  }

  private static func variables(in btf: BTF) -> [GlobalVariable] {
    var variables: [GlobalVariable] = []
    for type in btf.types {
      guard case .dataSection(_, let members) = type.kind else { continue }
      let section = btf.string(at: type.nameOffset)
      // What lies in these sections declares something else than a variable.
      if [".maps", ".ksyms", ".kconfig", "license", "version", "maps"].contains(section) {
        continue
      }
      for member in members {
        guard case .variable(let target, _) = btf.type(member.type)?.kind else { continue }
        variables.append(
          GlobalVariable(
            section: section, name: btf.name(of: member.type),
            type: CTypeName.name(of: target, in: btf), offset: Int(member.offset),
            size: Int(member.size)))
      }
    }
    return variables
  }
}

// MARK: - Tree

extension ObjectSummary {
  var tree: TextTree {
    var traits: [String] = []
    if let license = object.license { traits.append("licence \(license.quotedForDisplay)") }
    if let version = object.kernelVersion { traits.append("version \(Self.versionText(version))") }
    let heading = path.escapedForDisplay
    return TextTree(
      traits.isEmpty ? heading : "\(heading): \(traits.joined(separator: ", "))",
      [
        list("program", programs.map(\.tree)),
        subprogramList,
        list("map", maps.map(\.tree)),
        list("global variable", variables.map(Self.tree(of:))),
        list("extern", object.externs.map { TextTree(Self.text(of: $0)) }),
        countList("type", typeCounts),
        countList("relocation", relocationCounts),
        countList("CO-RE relocation", coreRelocationCounts),
        list("section", object.sections.filter { $0.index > 0 }.map(Self.tree(of:))),
      ].compactMap { $0 })
  }

  private func list(_ noun: String, _ children: [TextTree]) -> TextTree? {
    children.isEmpty ? nil : TextTree(counted(children.count, noun), children)
  }

  /// The functions that are there to be called by programs.
  private var subprogramList: TextTree? {
    let names = object.programs.filter(\.isSubprogram).map(\.name.escapedForDisplay)
    if names.isEmpty { return nil }
    return TextTree("\(counted(names.count, "subprogram")): \(names.joined(separator: ", "))")
  }

  private static func text(of extern: Extern) -> String {
    let kind =
      switch extern.kind {
      case .setting(_, let size): "setting of \(counted(size, "byte"))"
      case .address: "address"
      case .function: "function"
      }
    return "\(extern.name.escapedForDisplay): \(extern.isWeak ? "weak " : "")\(kind)"
  }

  private func countList(_ noun: String, _ counts: [(kind: String, count: Int)]) -> TextTree? {
    let total = counts.map(\.count).reduce(0, +)
    if total == 0 { return nil }
    let parts = counts.map { "\($0.kind) \($0.count.grouped)" }
    return TextTree("\(counted(total, noun)): \(parts.joined(separator: ", "))")
  }

  private static func tree(of variable: GlobalVariable) -> TextTree {
    TextTree(
      "\(variable.section.escapedForDisplay) + \(variable.offset): \(variable.type) "
        + "\(variable.name.escapedForDisplay), \(counted(variable.size, "byte"))")
  }

  private static func tree(of section: ELF.Section) -> TextTree {
    var traits: [String] = []
    if section.isExecutable { traits.append("code") }
    if section.isWritable { traits.append("writable") }
    let text =
      "\(section.index): \(section.name.escapedForDisplay), \(counted(section.size, "byte"))"
    return TextTree(traits.isEmpty ? text : "\(text), \(traits.joined(separator: ", "))")
  }

  private static func versionText(_ version: UInt32) -> String {
    "\(version >> 16).\(version >> 8 & 0xff).\(version & 0xff)"
  }
}

// MARK: - JSON

extension ObjectSummary {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("object", path)
      writer.member("license", object.license.map(JSONValue.string) ?? .null)
      writer.member("version", object.kernelVersion.map { .integer(Int128($0)) } ?? .null)
      writer.member("programs") { Self.write(programs, to: &$0) { $0.write(to: &$1) } }
      writer.member("subprograms", object.programs.filter(\.isSubprogram).map(\.name))
      writer.member("maps") { Self.write(maps, to: &$0) { $0.write(to: &$1) } }
      writer.member("variables") { Self.write(variables, to: &$0, Self.write(_:to:)) }
      writer.member("externs") {
        Self.write(object.externs, to: &$0, Self.write(_:to:))
      }
      writer.member("types") { Self.write(typeCounts, to: &$0) }
      writer.member("relocations") { Self.write(relocationCounts, to: &$0) }
      writer.member("core_relocations") { Self.write(coreRelocationCounts, to: &$0) }
      writer.member("sections") {
        Self.write(object.sections.filter { $0.index > 0 }, to: &$0, Self.write(_:to:))
      }
    }
  }

  private static func write<Element>(
    _ elements: [Element], to writer: inout JSONWriter,
    _ write: (Element, inout JSONWriter) -> Void
  ) {
    writer.array { writer in
      for element in elements { writer.element { write(element, &$0) } }
    }
  }

  private static func write(
    _ counts: [(kind: String, count: Int)], to writer: inout JSONWriter
  ) {
    writer.object { writer in
      for (kind, count) in counts { writer.member(kind, count) }
    }
  }

  private static func write(_ variable: GlobalVariable, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("section", variable.section)
      writer.member("name", variable.name)
      writer.member("type", variable.type)
      writer.member("offset", variable.offset)
      writer.member("size", variable.size)
    }
  }

  private static func write(_ extern: Extern, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", extern.name)
      switch extern.kind {
      case .setting(let offset, let size):
        writer.member("kind", "setting")
        writer.member("offset", offset)
        writer.member("size", size)
      case .address: writer.member("kind", "address")
      case .function: writer.member("kind", "function")
      }
      writer.member("weak", extern.isWeak)
    }
  }

  private static func write(_ section: ELF.Section, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("index", section.index)
      writer.member("name", section.name)
      writer.member("size", section.size)
      writer.member("executable", section.isExecutable)
      writer.member("writable", section.isWritable)
    }
  }
}

extension BTFType.Kind {
  /// The kind's name in lower case, as bpftool prints it.
  fileprivate var name: String {
    switch self {
    case .void: "void"
    case .integer: "int"
    case .pointer: "ptr"
    case .array: "array"
    case .structure: "struct"
    case .union: "union"
    case .enumeration(let enumeration): enumeration.size > 4 ? "enum64" : "enum"
    case .forward: "fwd"
    case .typedef: "typedef"
    case .volatile: "volatile"
    case .const: "const"
    case .restrict: "restrict"
    case .function: "func"
    case .functionPrototype: "func_proto"
    case .variable: "var"
    case .dataSection: "datasec"
    case .float: "float"
    case .declarationTag: "decl_tag"
    case .typeTag: "type_tag"
    }
  }
}
