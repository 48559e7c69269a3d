import BPFPlatform

/// Maps declared in a `.maps` section, by the type of a variable (libbpf's `__uint`, `__type`, `__ulong`, `__array`).
extension MapTable {
  mutating func addTypedMaps(
    _ file: ELFFile, _ section: ELF.Section, btf: BTF?
  ) throws(ObjectError) {
    guard let btf, let (_, variables) = btf.dataSection(named: section.name) else {
      throw .map(name: "", section: section.name, .noTypeInformation)
    }
    var declarations: [Declaration] = []
    for variable in variables {
      let name = btf.shortString(at: btf.types[Int(variable.type)].nameOffset) ?? ""
      guard UInt64(variable.offset) + UInt64(variable.size) <= UInt64(section.size) else {
        throw .map(
          name: name, section: section.name,
          .outsideSection(
            offset: UInt64(variable.offset), size: UInt64(variable.size),
            sectionSize: section.size))
      }
      let reader = TypedMapReader(btf: btf, section: section.name)
      let (spec, valuesOffset) = try reader.map(variable.type, name: name, isInner: false)
      declarations.append(
        Declaration(
          offset: UInt64(variable.offset), size: UInt64(variable.size), map: append(spec),
          valuesOffset: valuesOffset))
    }
    setDeclarations(declarations, section: section.index)
  }

  /// Initial values are addresses of functions and maps, which only relocations tell.
  mutating func addInitialValues(
    _ file: ELFFile, _ functions: FunctionTable
  ) throws(ObjectError) {
    var contents: [Int: [MapSpec.InitialEntry]] = [:]
    for section in file.sections where section.name == ".maps" && sections[section.index] != nil {
      for relocation in file.relocations[section.index] {
        let offset = UInt64(relocation.offset)
        guard let declaration = declaration(section: section.index, containing: offset) else {
          throw .map(name: "", section: section.name, .noEntryAt(offset: offset))
        }
        let entry = try initialValue(file, functions, section, relocation, declaration)
        contents[declaration.map, default: []].append(entry)
      }
    }
    for (map, entries) in contents { setContents(entries, of: map) }
  }

  private func initialValue(
    _ file: ELFFile, _ functions: FunctionTable, _ section: ELF.Section,
    _ relocation: ELF.Relocation, _ declaration: Declaration
  ) throws(ObjectError) -> MapSpec.InitialEntry {
    let spec = specs[declaration.map]
    func failure(_ defect: MapDefect.InitialValueDefect) -> ObjectError {
      .map(
        name: spec.name, section: section.name,
        .initialValue(offset: relocation.offset, defect))
    }
    let start = declaration.offset + (declaration.valuesOffset ?? 0)
    guard declaration.valuesOffset != nil, UInt64(relocation.offset) >= start,
      (UInt64(relocation.offset) - start).isMultiple(of: 8)
    else { throw failure(.notASlot) }
    let slot = (UInt64(relocation.offset) - start) / 8
    guard slot < UInt64(spec.maxEntries) || spec.kind == .hashOfMaps else {
      throw failure(.slotOutOfRange(slot: Int(slot), maxEntries: spec.maxEntries))
    }
    let symbol = file.symbols[relocation.symbol]
    let place = try file.reader(section).addend(of: relocation, symbol)
    let value: MapSpec.InitialEntry.Value
    if case .section(let index) = symbol.place, let place {
      if spec.kind == .programArray,
        let function = functions.index(section: index, offset: Int(clamping: place))
      {
        value = .program(functions.functions[function].name)
      } else if spec.kind.holdsMaps,
        let target = self.declaration(section: index, containing: place), target.offset == place
      {
        value = .map(specs[target.map].name)
      } else {
        throw failure(.wrongTarget(symbol: symbol.name))
      }
    } else {
      throw failure(.wrongTarget(symbol: symbol.name))
    }
    return MapSpec.InitialEntry(key: [UInt8](littleEndian: UInt32(clamping: slot)), value: value)
  }
}

extension ByteReader {
  /// What an 8-byte relocation of data stands for: an offset in its symbol's section; nil if before its start.
  fileprivate func addend(
    of relocation: ELF.Relocation, _ symbol: ELF.Symbol
  ) throws(ObjectError) -> UInt64? {
    let addend: Int64
    if let given = relocation.addend {
      addend = given
    } else {
      addend = Int64(bitPattern: try uint64(at: relocation.offset))
    }
    let (sum, overflow) = Int64(bitPattern: symbol.value).addingReportingOverflow(addend)
    return overflow ? nil : UInt64(exactly: sum)
  }
}

/// Reads a map's declaration from the type of its variable.
private struct TypedMapReader {
  /// More fields than a declaration can have.
  static let memberLimit = 64

  let btf: BTF
  let section: String

  func map(
    _ type: BTF.TypeID, name: String, isInner: Bool
  ) throws(ObjectError) -> (MapSpec, valuesOffset: UInt64?) {
    guard case .structure(let structure) = btf.types[Int(btf.resolve(type))].kind else {
      throw .map(name: name, section: section, .notAStructure)
    }
    guard structure.members.count <= Self.memberLimit else {
      throw .map(
        name: name, section: section,
        .tooLarge(field: "number of fields", value: UInt64(structure.members.count)))
    }
    var fields = Fields()
    for member in structure.members {
      try read(member, into: &fields, name: name, isInner: isInner)
    }
    return (try spec(fields, name: name), fields.valuesOffset)
  }

  /// What the members of a declaration say.
  private struct Fields {
    var kind: UInt32?
    var maxEntries: UInt32 = 0
    var flags: UInt32 = 0
    var keySize: UInt32?
    var valueSize: UInt32?
    var keyType: BTF.TypeID?
    var valueType: BTF.TypeID?
    var pinning: UInt32 = 0
    var extra: UInt64 = 0
    var inner: MapSpec?
    var valuesOffset: UInt64?
    var holdsFunctions = false
  }

  private func read(
    _ member: BTFType.Member, into fields: inout Fields, name: String, isInner: Bool
  ) throws(ObjectError) {
    let field = btf.shortString(at: member.nameOffset) ?? ""
    switch field {
    case "type": fields.kind = try number(member, field, name)
    case "max_entries": fields.maxEntries = try number(member, field, name)
    case "map_flags": fields.flags = try number(member, field, name)
    case "numa_node": _ = try number(member, field, name)
    case "pinning": fields.pinning = try number(member, field, name)
    case "map_extra": fields.extra = try wideNumber(member, field, name)
    case "key_size", "value_size":
      let size = try number(member, field, name)
      try set(field == "key_size" ? \.keySize : \.valueSize, size, field, &fields, name)
    case "key", "value":
      guard case .pointer(let target) = btf.types[Int(btf.resolve(member.type))].kind else {
        throw .map(name: name, section: section, .malformedField(field))
      }
      guard let size = btf.size(of: target).flatMap(UInt32.init(exactly:)) else {
        throw .map(name: name, section: section, .unsizedType(field: field))
      }
      try set(field == "key" ? \.keySize : \.valueSize, size, field, &fields, name)
      if field == "key" { fields.keyType = target } else { fields.valueType = target }
    case "values":
      if isInner { throw .map(name: name, section: section, .nestedInnerMap) }
      guard case .array(let element, _, _) = btf.types[Int(btf.resolve(member.type))].kind,
        case .pointer(let target) = btf.types[Int(btf.resolve(element))].kind
      else { throw .map(name: name, section: section, .malformedField(field)) }
      fields.valuesOffset = UInt64(member.bitOffset / 8)
      if case .functionPrototype = btf.types[Int(btf.resolve(target))].kind {
        fields.holdsFunctions = true
      } else {
        fields.inner = try map(target, name: name + ".inner", isInner: true).0
      }
    default:
      throw .map(name: name, section: section, .unknownField(field))
    }
  }

  /// A number in the count of an array that is pointed to.
  private func number(
    _ member: BTFType.Member, _ field: String, _ name: String
  ) throws(ObjectError) -> UInt32 {
    guard case .pointer(let target) = btf.types[Int(btf.resolve(member.type))].kind,
      case .array(_, _, let count) = btf.types[Int(btf.resolve(target))].kind
    else { throw .map(name: name, section: section, .malformedField(field)) }
    return count
  }

  /// A number as above, or, for more than 32 bits, the value of an enumeration's only enumerator.
  private func wideNumber(
    _ member: BTFType.Member, _ field: String, _ name: String
  ) throws(ObjectError) -> UInt64 {
    if case .enumeration(let enumeration) = btf.types[Int(btf.resolve(member.type))].kind {
      guard enumeration.enumerators.count == 1 else {
        throw .map(name: name, section: section, .malformedField(field))
      }
      return UInt64(bitPattern: enumeration.enumerators[0].value)
    }
    return UInt64(try number(member, field, name))
  }

  private func set(
    _ path: WritableKeyPath<Fields, UInt32?>, _ size: UInt32, _ field: String,
    _ fields: inout Fields, _ name: String
  ) throws(ObjectError) {
    if let known = fields[keyPath: path], known != size {
      throw .map(
        name: name, section: section, .sizesDiffer(field: field, declared: known, type: size))
    }
    fields[keyPath: path] = size
  }

  private func spec(_ fields: Fields, name: String) throws(ObjectError) -> MapSpec {
    guard let number = fields.kind else { throw .map(name: name, section: section, .missingKind) }
    guard let kind = MapKind(rawValue: number) else {
      throw .map(name: name, section: section, .unknownKind(number))
    }
    var keySize = fields.keySize ?? 0
    var valueSize = fields.valueSize ?? 0
    switch kind {
    case .ringBuffer, .userRingBuffer:
      // A type given for keys or values describes the records; the kernel wants the sizes to be 0.
      if fields.keyType != nil { keySize = 0 }
      if fields.valueType != nil { valueSize = 0 }
    case .perfEventArray:
      // Here too the type describes the records; what the map holds are numbers.
      if fields.keyType != nil || keySize == 0 { keySize = 4 }
      if fields.valueType != nil || valueSize == 0 { valueSize = 4 }
    case .arrayOfMaps, .hashOfMaps, .programArray:
      if fields.valuesOffset != nil && valueSize == 0 { valueSize = 4 }
    case .hash, .array, .perCPUHash, .perCPUArray, .stackTrace, .cgroupArray, .lruHash,
      .lruPerCPUHash, .lpmTrie, .deviceMap, .socketMap, .cpuMap, .xskMap, .socketHash,
      .cgroupStorage, .reuseportSocketArray, .perCPUCgroupStorage, .queue, .stack, .socketStorage,
      .deviceMapHash, .structOps, .inodeStorage, .taskStorage, .bloomFilter, .cgroupLocalStorage,
      .arena, .instructionArray, .resizableHash:
      break
    }
    if fields.valuesOffset != nil {
      let isAllowed = fields.holdsFunctions ? kind == .programArray : kind.holdsMaps
      guard isAllowed else {
        throw .map(name: name, section: section, .valuesNotAllowed(kind: number))
      }
    }
    for (field, value) in [
      ("key_size", keySize), ("value_size", valueSize), ("max_entries", fields.maxEntries),
    ] where value > UInt32(Int32.max) && field != "max_entries" {
      throw .map(name: name, section: section, .tooLarge(field: field, value: UInt64(value)))
    }
    return MapSpec(
      name: name, kind: kind, keySize: Int(keySize), valueSize: Int(valueSize),
      maxEntries: Int(fields.maxEntries), flags: MapFlags(rawValue: fields.flags),
      inner: fields.inner, keyTypeID: fields.keyType, valueTypeID: fields.valueType,
      pinning: fields.pinning, extra: fields.extra)
  }
}
