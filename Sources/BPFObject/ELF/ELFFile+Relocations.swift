extension ELFFile {
  /// Parses the relocations of sections a program can reach and of BTF; those of debugging sections are not read.
  static func parseRelocations(
    _ bytes: [UInt8], _ sections: [ELF.Section], symbolCount: Int
  ) throws(ObjectError) -> [[ELF.Relocation]] {
    var relocations: [[ELF.Relocation]] = Array(repeating: [], count: sections.count)
    for table in sections where table.isRelocationTable {
      guard table.info < UInt32(sections.count) else {
        throw .noSuchSection(
          referrer: table.name, index: UInt64(table.info), count: sections.count)
      }
      let target = sections[Int(table.info)]
      guard target.isAllocated || target.name == ".BTF" || target.name == ".BTF.ext" else {
        continue
      }
      let parsed = try parseTable(bytes, table, target: target, symbolCount: symbolCount)
      relocations[target.index].append(contentsOf: parsed)
    }
    for index in relocations.indices {
      relocations[index].sort { $0.offset < $1.offset }
    }
    return relocations
  }

  private static func parseTable(
    _ bytes: [UInt8], _ table: ELF.Section, target: ELF.Section, symbolCount: Int
  ) throws(ObjectError) -> [ELF.Relocation] {
    let hasAddend = table.kind == .relocationsWithAddends
    let size = hasAddend ? 24 : 16
    guard table.entrySize == UInt64(size), table.size.isMultiple(of: size) else {
      throw .wrongEntrySize(
        section: table.name, size: table.size, found: table.entrySize, expected: size)
    }
    let reader = ByteReader(bytes, table.range, region: table.name)
    var parsed: [ELF.Relocation] = []
    parsed.reserveCapacity(table.size / size)
    for at in stride(from: 0, to: table.size, by: size) {
      let offset = try reader.uint64(at: at)
      let info = try reader.uint64(at: at + 8)
      let symbol = Int(info >> 32)
      let number = UInt32(truncatingIfNeeded: info)
      guard symbol < symbolCount else {
        throw .noSuchSymbol(section: table.name, offset: at, index: symbol, count: symbolCount)
      }
      guard let kind = ELF.Relocation.Kind(rawValue: number) else {
        throw .unknownRelocation(section: table.name, offset: at, kind: number)
      }
      guard offset < UInt64(target.size) else {
        throw .relocationOutsideSection(
          section: table.name, offset: at, target: offset, targetSize: target.size)
      }
      parsed.append(
        ELF.Relocation(
          section: target.index, offset: Int(offset), kind: kind, symbol: symbol,
          addend: hasAddend ? Int64(bitPattern: try reader.uint64(at: at + 16)) : nil))
    }
    return parsed
  }
}
