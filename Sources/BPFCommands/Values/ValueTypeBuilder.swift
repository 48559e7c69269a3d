import BPFObject
import BPFPlatform

/// Makes value types out of an object's BTF.
///
/// A type that is too big to be shown becomes bytes: types may share their parts so that a small table describes a
/// value of any number of members.
struct ValueTypeBuilder {
  private let btf: BTF
  /// How many more parts may be made.
  private var budget = 20_000

  init(_ btf: BTF) { self.btf = btf }

  /// The value type of an id; nil for what has no size.
  static func type(of id: BTF.TypeID, in btf: BTF) -> ValueType? {
    var builder = ValueTypeBuilder(btf)
    return builder.type(of: id)
  }

  private mutating func type(of id: BTF.TypeID, depth: Int = 0) -> ValueType? {
    guard let size = btf.size(of: id) else { return nil }
    budget -= 1
    guard budget > 0, depth < BTF.nestingLimit else { return .bytes(count: size) }
    if let swapped = networkInteger(id) { return swapped }
    let resolved = btf.resolve(id)
    guard let type = btf.type(resolved) else { return .bytes(count: size) }
    switch type.kind {
    case .integer(let integer):
      return .integer(
        .init(size: size, isSigned: integer.isSigned, isBoolean: integer.isBoolean))
    case .pointer: return .integer(.init(size: size, isSigned: false, isPointer: true))
    case .float: return .float(size: size)
    case .array(let element, _, let count):
      if isCharacter(element) { return .characters(count: size) }
      if isAddress(id, size: size, element: element) { return .address(size: size) }
      guard let part = self.type(of: element, depth: depth + 1), count > 0,
        part.size.multipliedReportingOverflow(by: Int(count)) == (size, false)
      else { return .bytes(count: size) }
      return .array(of: part, count: Int(count))
    case .structure(let composite):
      return structure(composite, kind: .structure, size: size, depth: depth)
    case .union(let composite):
      return structure(composite, kind: .union, size: size, depth: depth)
    case .enumeration(let enumeration):
      return .enumeration(
        size: size, isSigned: enumeration.isSigned,
        values: enumeration.enumerators.prefix(4096).map {
          let value =
            enumeration.isSigned
            ? Int128($0.value)
            : ValueType.number(
              ValueType.bytes(of: Int128($0.value), count: size)[...], isSigned: false)
          return .init(name: btf.string(at: $0.nameOffset), value: value)
        })
    case .variable(let type, _): return self.type(of: type, depth: depth + 1)
    case .dataSection(_, let variables): return section(variables, size: size, depth: depth)
    case .void, .forward, .typedef, .volatile, .const, .restrict, .function, .functionPrototype,
      .declarationTag, .typeTag:
      return .bytes(count: size)
    }
  }

  private mutating func structure(
    _ composite: BTFType.Composite, kind: ValueType.Structure.Kind, size: Int, depth: Int
  ) -> ValueType {
    var members: [ValueType.Member] = []
    for member in composite.members {
      guard let type = type(of: member.type, depth: depth + 1) else { continue }
      var offset = Int(member.bitOffset)
      var width = member.bitWidth.map(Int.init)
      // Old compilers say in the number's type how much of it a bit field takes.
      if width == nil, case .integer(let integer) = btf.type(btf.resolve(member.type))?.kind,
        Int(integer.bits) != 8 * type.size
      {
        offset += Int(integer.bitOffset)
        width = Int(integer.bits)
      }
      members.append(
        .init(
          name: btf.string(at: member.nameOffset), bitOffset: offset, bitCount: width, type: type))
    }
    return .structure(.init(kind: kind, size: size, members: members))
  }

  private mutating func section(
    _ variables: [BTFType.SectionVariable], size: Int, depth: Int
  ) -> ValueType {
    var members: [ValueType.Member] = []
    for variable in variables {
      guard let type = type(of: variable.type, depth: depth + 1) else { continue }
      members.append(
        .init(name: btf.name(of: variable.type), bitOffset: Int(variable.offset) * 8, type: type))
    }
    return .structure(.init(kind: .section, size: size, members: members))
  }

  /// The numbers whose names say that they are in network byte order.
  private func networkInteger(_ id: BTF.TypeID) -> ValueType? {
    var id = id
    for _ in 0..<BTF.nestingLimit {
      guard let type = btf.type(id) else { return nil }
      switch type.kind {
      case .typedef(let target):
        switch btf.string(at: type.nameOffset) {
        case "__be16": return .networkInteger(size: 2)
        case "__be32": return .networkInteger(size: 4)
        case "__be64": return .networkInteger(size: 8)
        default: id = target
        }
      case .const(let target), .volatile(let target), .restrict(let target), .typeTag(let target):
        id = target
      case .void, .integer, .pointer, .array, .structure, .union, .enumeration, .forward, .function,
        .functionPrototype, .variable, .dataSection, .float, .declarationTag:
        return nil
      }
    }
    return nil
  }

  /// Whether an array of bytes is an Internet address, as far as the name of its type says.
  private func isAddress(_ id: BTF.TypeID, size: Int, element: BTF.TypeID) -> Bool {
    guard size == 4 || size == 16, btf.size(of: element) == 1,
      case .typedef = btf.type(id)?.kind
    else { return false }
    return btf.name(of: id).lowercased().contains("addr")
  }

  private func isCharacter(_ id: BTF.TypeID) -> Bool {
    let resolved = btf.resolve(id)
    guard case .integer(let integer) = btf.type(resolved)?.kind else { return false }
    return integer.size == 1 && (integer.isCharacter || btf.name(of: resolved) == "char")
  }
}

extension MapTypes {
  /// The types of a map as an object's BTF describes them.
  init(of spec: MapSpec, in object: ObjectFile) {
    guard let btf = object.btf else {
      self.init(of: spec)
      return
    }
    self.init(
      of: spec, key: spec.keyTypeID.flatMap { ValueTypeBuilder.type(of: $0, in: btf) },
      value: spec.valueTypeID.flatMap { ValueTypeBuilder.type(of: $0, in: btf) })
  }
}
