/// Reads the types of a `.BTF` section one after another.
struct TypeParser {
  let reader: ByteReader
  /// Where the types begin in the section, for errors.
  let base: Int
  let strings: ByteReader
  /// Where each type begins in the section, in bytes.
  private(set) var offsets: [Int] = [0]
  private var position = 0

  init(reader: ByteReader, base: Int, strings: ByteReader) {
    self.reader = reader
    self.base = base
    self.strings = strings
  }

  mutating func parseAll() throws(ObjectError) -> [BTFType] {
    var types = [BTFType(nameOffset: 0, kind: .void)]
    while position < reader.count {
      offsets.append(base + position)
      types.append(try parseType())
    }
    return types
  }

  private var stringSize: Int { strings.count }

  private var currentType: UInt32 { UInt32(clamping: offsets.count - 1) }

  private func failure(_ defect: BTFDefect) -> ObjectError {
    .btf(section: reader.region, offset: offsets[offsets.count - 1], defect)
  }

  private mutating func word() throws(ObjectError) -> UInt32 {
    let value = try reader.uint32(at: position)
    position += 4
    return value
  }

  private mutating func name() throws(ObjectError) -> UInt32 {
    let offset = try word()
    guard offset < UInt32(clamping: stringSize) else {
      throw failure(.noSuchString(type: currentType, offset: offset, size: stringSize))
    }
    let window = try strings.slice(
      at: Int(offset), size: min(BTF.nameLimit, stringSize - Int(offset)))
    guard try window.stringLength(at: 0) != nil else {
      throw failure(.nameTooLong(type: currentType, limit: BTF.nameLimit - 1))
    }
    return offset
  }

  private mutating func parseType() throws(ObjectError) -> BTFType {
    let name = try name()
    let info = try word()
    let sizeOrType = try word()
    let count = Int(info & 0xffff)
    let flag = info >> 31 != 0
    let number = info >> 24 & 0x1f
    let kind: BTFType.Kind
    switch number {
    case 1: kind = .integer(try integer(size: sizeOrType))
    case 2: kind = .pointer(sizeOrType)
    case 3: kind = .array(element: try word(), index: try word(), count: try word())
    case 4: kind = .structure(try composite(size: sizeOrType, count, hasBitfields: flag))
    case 5: kind = .union(try composite(size: sizeOrType, count, hasBitfields: flag))
    case 6, 19:
      kind = .enumeration(
        try enumeration(size: sizeOrType, count, isSigned: flag, isWide: number == 19))
    case 7: kind = .forward(isUnion: flag)
    case 8: kind = .typedef(sizeOrType)
    case 9: kind = .volatile(sizeOrType)
    case 10: kind = .const(sizeOrType)
    case 11: kind = .restrict(sizeOrType)
    case 12: kind = .function(prototype: sizeOrType, linkage: try linkage(info & 0xffff))
    case 13: kind = .functionPrototype(result: sizeOrType, parameters: try parameters(count))
    case 14: kind = .variable(sizeOrType, linkage: try linkage(try word()))
    case 15: kind = .dataSection(size: sizeOrType, variables: try variables(count))
    case 16: kind = .float(size: sizeOrType)
    case 17:
      let component = try word()
      kind = .declarationTag(sizeOrType, component: component == .max ? nil : component)
    case 18: kind = .typeTag(sizeOrType)
    default: throw failure(.unknownKind(number))
    }
    return BTFType(nameOffset: name, kind: kind)
  }

  private func linkage(_ value: UInt32) throws(ObjectError) -> BTFType.Linkage {
    guard let linkage = BTFType.Linkage(rawValue: value) else {
      throw failure(.unexpectedField(type: currentType, field: .linkage, value: value))
    }
    return linkage
  }

  private mutating func integer(size: UInt32) throws(ObjectError) -> BTFType.Integer {
    let encoding = try word()
    let bits = encoding & 0xff
    let bitOffset = encoding >> 16 & 0xff
    guard [1, 2, 4, 8, 16].contains(size) else {
      throw failure(.wrongSize(type: currentType, size: size))
    }
    guard bits > 0, bits + bitOffset <= size * 8 else {
      throw failure(.unexpectedField(type: currentType, field: .bits, value: encoding))
    }
    return BTFType.Integer(
      size: size, isSigned: encoding >> 24 & 1 != 0, isCharacter: encoding >> 24 & 2 != 0,
      isBoolean: encoding >> 24 & 4 != 0, bitOffset: UInt8(bitOffset), bits: UInt8(bits))
  }

  private mutating func composite(
    size: UInt32, _ count: Int, hasBitfields: Bool
  ) throws(ObjectError) -> BTFType.Composite {
    var members: [BTFType.Member] = []
    for _ in 0..<count {
      let name = try name()
      let type = try word()
      let offset = try word()
      let width = hasBitfields ? UInt8(offset >> 24) : 0
      members.append(
        BTFType.Member(
          nameOffset: name, type: type, bitOffset: hasBitfields ? offset & 0xff_ffff : offset,
          bitWidth: width == 0 ? nil : width))
    }
    return BTFType.Composite(size: size, members: members)
  }

  private mutating func enumeration(
    size: UInt32, _ count: Int, isSigned: Bool, isWide: Bool
  ) throws(ObjectError) -> BTFType.Enumeration {
    guard [1, 2, 4, 8].contains(size) else {
      throw failure(.wrongSize(type: currentType, size: size))
    }
    var enumerators: [BTFType.Enumerator] = []
    for _ in 0..<count {
      let name = try name()
      let low = try word()
      let high = isWide ? try word() : isSigned && Int32(bitPattern: low) < 0 ? .max : 0
      enumerators.append(
        BTFType.Enumerator(
          nameOffset: name, value: Int64(bitPattern: UInt64(low) | UInt64(high) << 32)))
    }
    return BTFType.Enumeration(size: size, isSigned: isSigned, enumerators: enumerators)
  }

  private mutating func parameters(_ count: Int) throws(ObjectError) -> [BTFType.Parameter] {
    var parameters: [BTFType.Parameter] = []
    for _ in 0..<count {
      parameters.append(BTFType.Parameter(nameOffset: try name(), type: try word()))
    }
    return parameters
  }

  private mutating func variables(_ count: Int) throws(ObjectError) -> [BTFType.SectionVariable] {
    var variables: [BTFType.SectionVariable] = []
    for _ in 0..<count {
      variables.append(
        BTFType.SectionVariable(type: try word(), offset: try word(), size: try word()))
    }
    return variables
  }
}
