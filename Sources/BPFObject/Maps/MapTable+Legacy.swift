import BPFPlatform

/// Maps declared in a `maps` section: an array of C structures of 32-bit words, whose size differed by loader.
///
/// | words | from |
/// |---|---|
/// | 5: kind, key size, value size, entries, flags | libbpf |
/// | 6: … inner map's position, or identifier | kernel samples, iproute2 |
/// | 7: … inner map's position and NUMA node, or identifier and pinning | kernel samples, iproute2 |
/// | 9, 10: … identifier, pinning, inner map's identifier and position | iproute2 |
extension MapTable {
  static let legacyEntrySizes = [20, 24, 28, 36, 40]

  mutating func addLegacyMaps(_ file: ELFFile, _ section: ELF.Section) throws(ObjectError) {
    let named = file.symbols.filter {
      guard $0.isIn(section.index) else { return false }
      return switch $0.kind {
      case .none, .object: true
      case .function, .section, .file, .other: false
      }
    }.sorted { ($0.value, $0.index) < ($1.value, $1.index) }
    let defect = ObjectError.map(
      name: named.first?.name ?? "", section: section.name,
      .entrySize(sectionSize: section.size, symbols: named.count))
    guard !named.isEmpty, section.size.isMultiple(of: named.count) else { throw defect }
    let entrySize = section.size / named.count
    guard Self.legacyEntrySizes.contains(entrySize) else { throw defect }
    let reader = file.reader(section)
    var entries: [LegacyEntry] = []
    for (position, symbol) in named.enumerated() {
      guard symbol.value == UInt64(position * entrySize) else {
        throw .map(
          name: symbol.name, section: section.name, .noEntryAt(offset: symbol.value))
      }
      entries.append(
        try LegacyEntry(reader, at: position * entrySize, size: entrySize, name: symbol.name))
    }
    var positions: [UInt32: Int] = [:]
    for (position, entry) in entries.enumerated() {
      if let identifier = entry.identifier, positions[identifier] == nil {
        positions[identifier] = position
      }
    }
    var declarations: [Declaration] = []
    for (position, entry) in entries.enumerated() {
      var spec = entry.spec
      if spec.kind.holdsMaps {
        let inner: Int? =
          switch entry.inner {
          case .position(let position): position < entries.count ? Int(position) : nil
          case .identifier(let identifier): positions[identifier]
          }
        guard let inner, !entries[inner].spec.kind.holdsMaps else {
          throw .map(
            name: spec.name, section: section.name,
            .noSuchInnerMap(reference: entry.inner.number))
        }
        spec.inner = Box(entries[inner].spec)
      }
      declarations.append(
        Declaration(
          offset: UInt64(position * entrySize), size: UInt64(entrySize), map: append(spec),
          identifier: entry.identifier))
    }
    setDeclarations(declarations, section: section.index)
  }

  /// Fills program arrays from sections named `identifier/slot`, as iproute2 does.
  mutating func addTailCallSlots(_ file: ELFFile, _ functions: FunctionTable) {
    var arrays: [UInt32: Int] = [:]
    for case .declarations(let declarations) in sections.values {
      for declaration in declarations {
        if let identifier = declaration.identifier, identifier != 0,
          specs[declaration.map].kind == .programArray
        {
          arrays[identifier] = declaration.map
        }
      }
    }
    if arrays.isEmpty { return }
    var contents: [Int: [MapSpec.InitialEntry]] = [:]
    for section in file.sections where section.isExecutable {
      let parts = section.name.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let identifier = Self.number(parts[0]),
        let slot = Self.number(parts[1]), let map = arrays[identifier],
        UInt64(slot) < UInt64(specs[map].maxEntries),
        let function = functions.index(section: section.index, offset: 0)
      else { continue }
      contents[map, default: []].append(
        MapSpec.InitialEntry(
          key: [UInt8](littleEndian: slot), value: .program(functions.functions[function].name)))
    }
    for (map, entries) in contents { setContents(entries, of: map) }
  }

  /// A number as C's `%i` reads it: decimal, or hexadecimal after `0x`.
  private static func number(_ text: Substring) -> UInt32? {
    text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
  }
}

/// One entry of a `maps` section.
private struct LegacyEntry {
  let spec: MapSpec
  let identifier: UInt32?
  let inner: Reference

  /// How a map of maps names the one its inner maps look like.
  enum Reference {
    /// By position in the section.
    case position(UInt32)
    case identifier(UInt32)

    var number: UInt32 {
      switch self {
      case .position(let number), .identifier(let number): number
      }
    }
  }

  init(_ reader: ByteReader, at offset: Int, size: Int, name: String) throws(ObjectError) {
    var words: [UInt32] = []
    for index in 0..<size / 4 { words.append(try reader.uint32(at: offset + 4 * index)) }
    guard let kind = MapKind(rawValue: words[0]) else {
      throw .map(name: name, section: reader.region, .unknownKind(words[0]))
    }
    for (index, field) in ["key size", "value size", "maximum of entries"].enumerated()
    where words[index + 1] > UInt32(Int32.max) {
      throw .map(
        name: name, section: reader.region,
        .tooLarge(field: field, value: UInt64(words[index + 1])))
    }
    // The sixth word means one thing to the kernel's samples, another to iproute2.
    switch words.count {
    case 9...:
      identifier = words[5]
      inner = words[7] != 0 ? .identifier(words[7]) : .position(words[8])
    case 6...:
      identifier = words[5]
      inner = .position(words[5])
    default:
      identifier = nil
      inner = .position(0)
    }
    let hasPinning = words.count >= 7 && !kind.holdsMaps && words[4] & 4 == 0
    spec = MapSpec(
      name: name, kind: kind, keySize: Int(words[1]), valueSize: Int(words[2]),
      maxEntries: Int(words[3]), flags: MapFlags(rawValue: words[4]),
      pinning: hasPinning || words.count >= 9 ? words[6] : 0)
  }
}
