import BPFISA

extension Linker {
  /// The source field of a 16-byte load immediate, by what it loads (RFC 9669 section 5.4).
  private enum WideSource {
    static let value: UInt8 = 0
    static let function: UInt8 = 4
    static let mapIndex: UInt8 = 5
    static let mapIndexValue: UInt8 = 6
  }

  /// Applies a relocation. What it means shows from the instruction: compilers differ in the numbers they give.
  mutating func apply(_ relocation: ELF.Relocation, _ site: Site) throws(ObjectError) {
    let slot = site.slot(relocation.offset)
    let raw = slots[slot]
    let symbol = object.symbols[relocation.symbol]
    if raw.isWide {
      guard site.offset(slot) + 8 < site.function.offset + site.function.size else {
        throw site.failure(relocation.offset, .missingSecondSlot)
      }
      let addend = relocation.addend ?? Int64(raw.immediate)
      try load(symbol, addend, at: slot, site)
    } else if raw.opcode == 0x85 {
      let addend = relocation.addend ?? 8 * (Int64(raw.immediate) + 1)
      try call(symbol, addend, at: slot, site)
    } else {
      throw site.failure(
        relocation.offset,
        .unexpectedInstruction(opcode: raw.opcode, relocation: relocation.kind))
    }
  }

  private mutating func load(
    _ symbol: ELF.Symbol, _ addend: Int64, at slot: Int, _ site: Site
  ) throws(ObjectError) {
    guard case .section(let index) = symbol.place else {
      return try loadUndefined(symbol, addend, at: slot, site)
    }
    let section = object.sections[index]
    let (offset, overflow) = Int64(truncatingIfNeeded: symbol.value)
      .addingReportingOverflow(addend)
    func failure(_ defect: LinkDefect) -> ObjectError {
      site.failure(site.offset(slot), defect)
    }
    if overflow {
      throw failure(
        .outsideSection(
          symbol: symbol.name, section: section.name, offset: .max, size: section.size))
    }
    switch object.mapTable.sections[index] {
    case .declarations:
      guard let place = UInt64(exactly: offset),
        let declaration = object.mapTable.declaration(section: index, containing: place),
        declaration.offset == place
      else {
        throw failure(.noMapAt(symbol: symbol.name, section: section.name, offset: offset))
      }
      setWide(slot, WideSource.mapIndex, self.index(ofMap: declaration.map), 0)
    case .data(let map, let address):
      // One past the end is an address too, if not one to read from.
      guard offset >= 0, offset <= section.size, let offset32 = Int32(exactly: offset) else {
        throw failure(
          .outsideSection(
            symbol: symbol.name, section: section.name, offset: offset, size: section.size))
      }
      if let address {
        throw failure(
          .addressInData(
            section: section.name, offset: address.offset,
            symbol: object.symbols[address.symbol].name))
      }
      setWide(slot, WideSource.mapIndexValue, self.index(ofMap: map), offset32)
    case nil:
      guard section.isExecutable else {
        throw failure(.unsupportedTarget(symbol: symbol.name, section: section.name))
      }
      guard let function = object.functionTable.index(section: index, offset: Int(offset)) else {
        throw failure(
          .noFunctionAt(symbol: symbol.name, section: section.name, offset: offset))
      }
      setWide(slot, WideSource.function, 0, 0)
      refer(from: slot, to: function)
    }
  }

  /// Loads what the object does not define: a setting, or an address of the kernel's.
  private mutating func loadUndefined(
    _ symbol: ELF.Symbol, _ addend: Int64, at slot: Int, _ site: Site
  ) throws(ObjectError) {
    guard symbol.place == .undefined, let extern = object.externTable[symbol.name] else {
      throw site.failure(
        site.offset(slot), .unsupportedTarget(symbol: symbol.name, section: "none"))
    }
    guard object.externTable.isKnown(extern) else {
      throw site.failure(site.offset(slot), .undefinedSymbol(symbol.name))
    }
    switch extern.kind {
    case .setting(let offset, let size):
      let (sum, overflow) = Int64(offset).addingReportingOverflow(addend)
      guard let settingsMap = object.settingsMap, !overflow, addend >= 0, addend <= size,
        let place = Int32(exactly: sum)
      else {
        throw site.failure(
          site.offset(slot),
          .outsideSection(
            symbol: symbol.name, section: ExternTable.settingsName, offset: addend, size: size))
      }
      setWide(slot, WideSource.mapIndexValue, index(ofMap: settingsMap), place)
    case .address, .function:
      let address = object.externTable.addresses[symbol.name]
      let value = address.map { $0 &+ UInt64(bitPattern: addend) } ?? 0
      setWide(
        slot, WideSource.value, Int32(truncatingIfNeeded: value),
        Int32(truncatingIfNeeded: value >> 32))
    }
  }

  private mutating func call(
    _ symbol: ELF.Symbol, _ addend: Int64, at slot: Int, _ site: Site
  ) throws(ObjectError) {
    guard case .section(let index) = symbol.place else {
      guard symbol.place == .undefined, symbol.binding == .weak else {
        throw site.failure(site.offset(slot), .undefinedFunction(symbol.name))
      }
      // A weak function that is missing is asked for before it is called: the call stays, and goes nowhere.
      replace(slot, RawInstruction(opcode: 0x85, source: 2))
      return
    }
    let section = object.sections[index]
    let offset = Int64(truncatingIfNeeded: symbol.value).addingReportingOverflow(addend)
    guard !offset.overflow,
      let function = object.functionTable.index(section: index, offset: Int(offset.partialValue))
    else {
      throw site.failure(
        site.offset(slot),
        .noFunctionAt(
          symbol: symbol.name, section: section.name, offset: offset.partialValue))
    }
    replace(slot, RawInstruction(opcode: 0x85, source: 1))
    refer(from: slot, to: function)
  }

  /// Rewrites the two slots of a 16-byte load immediate, keeping its destination.
  private mutating func setWide(_ slot: Int, _ source: UInt8, _ first: Int32, _ second: Int32) {
    replace(
      slot,
      RawInstruction(
        opcode: 0x18, destination: slots[slot].destination, source: source, immediate: first))
    replace(slot + 1, RawInstruction(opcode: 0, immediate: second))
  }
}
