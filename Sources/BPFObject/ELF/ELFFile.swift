/// An ELF file's tables, checked: every range lies in the file, every index in its table.
///
/// Work and memory are linear in the file's size: sections may not overlap, so that no byte is read twice as
/// part of a table, and names have a total budget.
struct ELFFile: Sendable {
  let bytes: [UInt8]
  let sections: [ELF.Section]
  let symbols: [ELF.Symbol]
  /// Relocations of allocated sections and of BTF, by the index of the section they change, by rising offset.
  let relocations: [[ELF.Relocation]]

  init(_ bytes: [UInt8]) throws(ObjectError) {
    let file = ByteReader(bytes, region: "file")
    let header = try ELFHeader(file)
    self.bytes = bytes
    sections = try Self.parseSections(file, header)
    let nameBudget = 8 * bytes.count
    symbols = try Self.parseSymbols(bytes, sections, nameBudget: nameBudget)
    relocations = try Self.parseRelocations(bytes, sections, symbolCount: symbols.count)
  }

  /// The contents of a section, under its name.
  func reader(_ section: ELF.Section) -> ByteReader {
    ByteReader(bytes, section.range, region: section.name)
  }

  /// The only section with a name, if there is one.
  ///
  /// - Throws: ``ObjectError/duplicateSection(name:first:second:)`` where there are two.
  func section(named name: String) throws(ObjectError) -> ELF.Section? {
    var found: ELF.Section?
    for section in sections where section.name == name && !section.isRelocationTable {
      if let found {
        throw .duplicateSection(name: name, first: found.index, second: section.index)
      }
      found = section
    }
    return found
  }
}

extension ELF.Section {
  var isRelocationTable: Bool { kind == .relocations || kind == .relocationsWithAddends }
}
