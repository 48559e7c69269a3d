import BPFPlatform

/// The maps of an object, and where in its sections they are declared.
struct MapTable: Sendable {
  /// The maps in the order of their declaration, then those of data sections.
  private(set) var specs: [MapSpec] = []
  /// What each section of the file holds, where it holds maps.
  private(set) var sections: [Int: Contents] = [:]

  enum Contents: Sendable {
    /// Declarations, by rising offset.
    case declarations([Declaration])
    /// The value of one map; `address` is the first relocation of the data, if it has any.
    case data(map: Int, address: ELF.Relocation?)
  }

  struct Declaration: Sendable {
    /// The offset in the section, in bytes.
    let offset: UInt64
    /// The size in bytes.
    let size: UInt64
    /// The position of the map in ``MapTable/specs``.
    let map: Int
    /// Where in the declaration its initial values begin, in bytes.
    var valuesOffset: UInt64?
    /// The number legacy declarations give a map so that others, and sections, can name it.
    var identifier: UInt32?
  }

  init(
    _ file: ELFFile, _ functions: FunctionTable, btf: BTF?
  ) throws(ObjectError) {
    for section in file.sections where section.kind == .programBits && section.size > 0 {
      if section.name == "maps" {
        try addLegacyMaps(file, section)
      } else if section.name == ".maps" {
        try addTypedMaps(file, section, btf: btf)
      }
    }
    try addInitialValues(file, functions)
    addTailCallSlots(file, functions)
    try checkNames(file)
    addDataSections(file, btf: btf)
    if let btf { specs = specs.map { $0.withSpecialFields(btf) } }
  }

  /// The map declared at an offset of a section.
  ///
  /// - Complexity: O(log *n*), *n* the number of maps.
  func declaration(section: Int, containing offset: UInt64) -> Declaration? {
    guard case .declarations(let declarations) = sections[section] else { return nil }
    var low = 0
    var high = declarations.count
    while low < high {
      let middle = (low + high) / 2
      if declarations[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let declaration = declarations[low - 1]
    return offset - declaration.offset < max(1, declaration.size) ? declaration : nil
  }

  mutating func append(_ spec: MapSpec) -> Int {
    specs.append(spec)
    return specs.count - 1
  }

  mutating func setDeclarations(_ declarations: [Declaration], section: Int) {
    sections[section] = .declarations(declarations.sorted { $0.offset < $1.offset })
  }

  mutating func setContents(_ contents: [MapSpec.InitialEntry], of map: Int) {
    specs[map].contents = contents
  }

  /// Two maps of one name could not be told apart in a program's list.
  private func checkNames(_ file: ELFFile) throws(ObjectError) {
    var seen: Set<String> = []
    for spec in specs where !seen.insert(spec.name).inserted {
      throw .map(name: spec.name, section: ".maps", .duplicateName)
    }
  }

  /// Data, read-only data and zero data become maps of one value, named for their sections.
  private mutating func addDataSections(_ file: ELFFile, btf: BTF?) {
    var types: [String: BTF.TypeID] = [:]
    for (id, type) in (btf?.types ?? []).enumerated() {
      if case .dataSection = type.kind, let name = btf?.shortString(at: type.nameOffset) {
        types[name] = BTF.TypeID(id)
      }
    }
    for section in file.sections where section.isData && section.size > 0 {
      let isReadOnly = section.hasName(".rodata")
      var flags: MapFlags = .memoryMappable
      if isReadOnly { flags.insert(.readOnlyForPrograms) }
      let bytes: [MapSpec.InitialEntry] =
        section.kind == .noBits
        ? []
        : [
          MapSpec.InitialEntry(
            key: [0, 0, 0, 0], value: .bytes(Array(file.bytes[section.range])))
        ]
      let map = append(
        MapSpec(
          name: section.name, kind: .array, keySize: 4, valueSize: section.size, maxEntries: 1,
          flags: flags, contents: bytes, valueTypeID: types[section.name], isFrozen: isReadOnly))
      sections[section.index] = .data(
        map: map, address: file.relocations[section.index].first { $0.kind != .none })
    }
  }
}

extension ELF.Section {
  /// Whether a program can refer to the contents as data.
  var isData: Bool {
    isAllocated && !isExecutable && (kind == .programBits || kind == .noBits)
      && (hasName(".data") || hasName(".rodata") || hasName(".bss"))
  }

  /// Whether the name is `base`, or `base` and a dot and more.
  func hasName(_ base: String) -> Bool {
    name == base || name.hasPrefix(base + ".")
  }
}

extension [UInt8] {
  /// The 4 bytes of a little-endian number.
  init(littleEndian value: UInt32) {
    self = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
