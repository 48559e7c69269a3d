extension ELFFile {
  static func parseSections(
    _ file: ByteReader, _ header: ELFHeader
  ) throws(ObjectError) -> [ELF.Section] {
    /// A section header before its name is known.
    struct Draft {
      let nameOffset: UInt32
      let kind: ELF.SectionKind
      let flags: UInt64
      let offset: Int
      let size: Int
      let link: UInt32
      let info: UInt32
      let entrySize: UInt64
    }
    var drafts: [Draft] = []
    drafts.reserveCapacity(header.sectionCount)
    for index in 0..<header.sectionCount {
      let at = header.sectionTableOffset + index * ELFHeader.sectionHeaderSize
      let kind = ELF.SectionKind(try file.uint32(at: at + 4))
      let offset = try file.uint64(at: at + 24)
      let size = try file.uint64(at: at + 32)
      let isInFile = kind != .noBits && kind != .null
      // A section without bits takes no room in the file; as a map value its size has to fit 31 bits.
      guard kind != .noBits || size <= UInt64(Int32.max) else {
        throw .sectionTooLarge(index: index, size: size, limit: Int(Int32.max))
      }
      guard !isInFile || size <= UInt64(file.count) && offset <= UInt64(file.count) - size else {
        throw .sectionOutsideFile(index: index, offset: offset, size: size, fileSize: file.count)
      }
      drafts.append(
        Draft(
          nameOffset: try file.uint32(at: at), kind: kind, flags: try file.uint64(at: at + 8),
          offset: isInFile ? Int(offset) : 0, size: kind == .null ? 0 : Int(size),
          link: try file.uint32(at: at + 40), info: try file.uint32(at: at + 44),
          entrySize: try file.uint64(at: at + 56)))
    }
    let table = drafts[header.sectionNamesIndex]
    guard table.kind == .stringTable else {
      throw .wrongSectionKind(
        referrer: "file header", index: header.sectionNamesIndex, expected: .stringTable)
    }
    var names = StringTable(
      try file.slice(at: table.offset, size: table.size).named("section names"),
      budget: 8 * file.count)
    var sections: [ELF.Section] = []
    sections.reserveCapacity(drafts.count)
    for (index, draft) in drafts.enumerated() {
      let name = draft.kind == .null ? "" : try names.string(at: draft.nameOffset)
      sections.append(
        ELF.Section(
          index: index, name: name, kind: draft.kind, flags: draft.flags, offset: draft.offset,
          size: draft.size, link: draft.link, info: draft.info, entrySize: draft.entrySize))
    }
    try checkDisjoint(sections)
    return sections
  }

  /// Sections that share bytes would let a small file describe much more than it holds.
  private static func checkDisjoint(_ sections: [ELF.Section]) throws(ObjectError) {
    let filled = sections.filter { !$0.range.isEmpty }.sorted { $0.offset < $1.offset }
    for (first, second) in zip(filled, filled.dropFirst())
    where second.offset < first.range.upperBound {
      throw .sectionsOverlap(first: first.name, second: second.name, offset: second.offset)
    }
  }
}
