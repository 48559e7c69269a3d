import BPFISA
public import BPFPlatform

/// A BPF object file, parsed and checked: sections, symbols, programs, maps, types. A value, free of host state.
///
/// Object files are untrusted input: every offset, size and reference is checked, and work and memory are within
/// a small factor of the file's size.
public struct ObjectFile: Sendable {
  let file: ELFFile
  let functionTable: FunctionTable
  let functionSections: [Int: SectionName]
  let info: BTFExtension
  var mapTable: MapTable
  var externTable: ExternTable
  /// The position of the `.kconfig` map, where the object has settings.
  let settingsMap: Int?

  /// The functions of the object, in the order of the file.
  public let programs: [ObjectProgram]
  /// The object's own types; nil where it was compiled without.
  public let btf: BTF?
  /// The contents of the `license` section.
  public let license: String?
  /// The contents of the `version` section, as `LINUX_VERSION_CODE`.
  public let kernelVersion: UInt32?

  /// Parses an object.
  ///
  /// - Complexity: O(*n* log *n*), *n* the size of the file.
  /// - Throws: ``ObjectError`` for the first thing found wrong.
  public init(bytes: [UInt8]) throws(ObjectError) {
    file = try ELFFile(bytes)
    functionTable = try FunctionTable(file)
    var btf: BTF?
    var info = BTFExtension.none
    if let section = try file.section(named: ".BTF"), section.size > 0 {
      let types = try BTF(try file.relocated(section)).placingVariables(file)
      btf = types
      if let section = try file.section(named: ".BTF.ext"), section.size > 0 {
        info = try BTFExtension(try file.relocated(section), btf: types)
      }
    }
    self.info = info
    externTable = try ExternTable(file, btf: &btf)
    mapTable = try MapTable(file, functionTable, btf: btf)
    if externTable.settingsSize > 0 {
      settingsMap = mapTable.append(
        MapSpec(
          name: ExternTable.settingsName, kind: .array, keySize: 4,
          valueSize: externTable.settingsSize, maxEntries: 1,
          flags: [.memoryMappable, .readOnlyForPrograms],
          contents: [.init(key: [0, 0, 0, 0], value: .bytes(externTable.settingsBytes))],
          valueTypeID: btf?.dataSection(named: ExternTable.settingsName)?.id, isFrozen: true))
    } else {
      settingsMap = nil
    }
    self.btf = btf
    if let section = try file.section(named: "license") {
      license = String(decoding: file.bytes[section.range].prefix { $0 != 0 }, as: UTF8.self)
    } else {
      license = nil
    }
    if let section = try file.section(named: "version") {
      kernelVersion = try file.reader(section).uint32(at: 0)
    } else {
      kernelVersion = nil
    }
    var names: [Int: SectionName] = [:]
    for section in file.sections where section.isExecutable {
      names[section.index] = SectionName(section.programName)
    }
    functionSections = names
    programs = Self.programs(file, functionTable, names)
  }

  /// The maps in the order of their declaration, then data sections by name, then `.kconfig`.
  public var maps: [MapSpec] { mapTable.specs }
  /// The sections, by their index in the file.
  public var sections: [ELF.Section] { file.sections }
  /// The symbols, by their index in the symbol table.
  public var symbols: [ELF.Symbol] { file.symbols }
  /// The relocations of instructions and data, by section and rising offset; those of BTF are applied already.
  public var relocations: [ELF.Relocation] {
    file.sections.filter(\.isAllocated).flatMap { file.relocations[$0.index] }
  }
  /// The symbols the object uses and does not define.
  public var externs: [Extern] { externTable.externs }

  /// The places that depend on the types of the machine the object is loaded on, by section and rising offset.
  ///
  /// - Complexity: O(size of the relocations and the names in them).
  public var coreRelocations: [CoreRelocation] {
    info.coreRelocations.sorted { $0.key < $1.key }.flatMap { section, records in
      records.compactMap { coreRelocation($0, section: section) }
    }
  }

  /// The contents of a section of this object; empty for one that takes no room in the file.
  public func contents(of section: ELF.Section) -> [UInt8] {
    Array(file.bytes[section.range])
  }

  /// Gives a value for a symbol the object leaves open, before it is linked.
  ///
  /// - Throws: ``ObjectError/externValue(name:_:)`` where there is no such symbol, or the value does not fit it.
  public mutating func provide(_ value: ExternValue, for name: String) throws(ObjectError) {
    try externTable.provide(value, for: name)
    if let settingsMap {
      mapTable.setContents(
        [.init(key: [0, 0, 0, 0], value: .bytes(externTable.settingsBytes))], of: settingsMap)
    }
  }

  func coreRelocation(
    _ record: BTFExtension.CoreRecord, section: String
  ) -> CoreRelocation? {
    guard let btf, let access = btf.shortString(at: record.access) else { return nil }
    return CoreRelocation(
      section: section, offset: record.offset, kind: record.kind, type: record.type,
      typeName: btf.declaredName(of: record.type), access: access)
  }
}

extension ELF.Section {
  /// The name without the `?` that says not to load the program by itself.
  var programName: Substring { name.hasPrefix("?") ? name.dropFirst() : name[...] }
}

extension ELFFile {
  /// The contents of a section of types, with its relocations applied.
  fileprivate func relocated(_ section: ELF.Section) throws(ObjectError) -> ByteReader {
    let reader = reader(section)
    let relocations = relocations[section.index].filter { $0.kind != .none }
    if relocations.isEmpty { return reader }
    var contents = Array(bytes[section.range])
    for relocation in relocations {
      guard relocation.kind == .debug32 || relocation.kind == .absolute32 else {
        throw .btf(
          section: section.name, offset: relocation.offset, .relocation(relocation.kind))
      }
      let inPlace = UInt64(try reader.uint32(at: relocation.offset))
      let value =
        symbols[relocation.symbol].value
        &+ (relocation.addend.map(UInt64.init(bitPattern:)) ?? inPlace)
      guard relocation.offset <= contents.count - 4 else {
        throw .truncated(
          region: section.name, offset: relocation.offset, needed: 4, available: contents.count)
      }
      for index in 0..<4 {
        contents[relocation.offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      }
    }
    return ByteReader(contents, region: section.name)
  }
}
