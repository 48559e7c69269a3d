extension ELFFile {
  static let symbolSize = 24

  static func parseSymbols(
    _ bytes: [UInt8], _ sections: [ELF.Section], nameBudget: Int
  ) throws(ObjectError) -> [ELF.Symbol] {
    let tables = sections.filter { $0.kind == .symbolTable }
    guard let table = tables.first else { return [] }
    if tables.count > 1 {
      throw .duplicateSection(name: table.name, first: table.index, second: tables[1].index)
    }
    guard table.entrySize == UInt64(symbolSize), table.size.isMultiple(of: symbolSize) else {
      throw .wrongEntrySize(
        section: table.name, size: table.size, found: table.entrySize, expected: symbolSize)
    }
    guard table.link < UInt32(sections.count) else {
      throw .noSuchSection(
        referrer: table.name, index: UInt64(table.link), count: sections.count)
    }
    let strings = sections[Int(table.link)]
    guard strings.kind == .stringTable else {
      throw .wrongSectionKind(
        referrer: table.name, index: strings.index, expected: .stringTable)
    }
    var names = StringTable(
      ByteReader(bytes, strings.range, region: strings.name), budget: nameBudget)
    let reader = ByteReader(bytes, table.range, region: table.name)
    var symbols: [ELF.Symbol] = []
    symbols.reserveCapacity(table.size / symbolSize)
    for index in 0..<table.size / symbolSize {
      let at = index * symbolSize
      let info = try reader.uint8(at: at + 4)
      let kind = ELF.Symbol.Kind(info & 0xf)
      let place = try place(try reader.uint16(at: at + 6), symbol: index, table, sections)
      let nameOffset = try reader.uint32(at: at)
      var name = nameOffset == 0 ? "" : try names.string(at: nameOffset)
      if kind == .section, name.isEmpty, case .section(let section) = place {
        name = sections[section].name
      }
      symbols.append(
        ELF.Symbol(
          index: index, name: name, value: try reader.uint64(at: at + 8),
          size: try reader.uint64(at: at + 16), binding: ELF.Symbol.Binding(info >> 4),
          visibility: ELF.Symbol.Visibility(try reader.uint8(at: at + 5)), kind: kind,
          place: place))
    }
    return symbols
  }

  private static func place(
    _ number: UInt16, symbol: Int, _ table: ELF.Section, _ sections: [ELF.Section]
  ) throws(ObjectError) -> ELF.Symbol.Place {
    switch number {
    case 0: return .undefined
    case 0xfff1: return .absolute
    case 0xfff2: return .common
    case 0xff00...: return .reserved(number)
    default:
      guard Int(number) < sections.count else {
        throw .noSuchSection(
          referrer: "symbol \(symbol) of \(table.name)", index: UInt64(number),
          count: sections.count)
      }
      return .section(Int(number))
    }
  }
}

extension ELF.Symbol.Binding {
  init(_ value: UInt8) {
    self =
      switch value {
      case 0: .local
      case 1: .global
      case 2: .weak
      default: .other(value)
      }
  }
}

extension ELF.Symbol.Visibility {
  /// Of the byte that has it in its lowest bits.
  init(_ byte: UInt8) {
    self =
      switch byte & 3 {
      case 1: .internal
      case 2: .hidden
      case 3: .protected
      case _: .default
      }
  }
}

extension ELF.Symbol.Kind {
  init(_ value: UInt8) {
    self =
      switch value {
      case 0: .none
      case 1: .object
      case 2: .function
      case 3: .section
      case 4: .file
      default: .other(value)
      }
  }
}
