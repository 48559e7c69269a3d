/// A symbol that an object uses and does not define.
public struct Extern: Hashable, Sendable {
  public let name: String
  public let kind: Kind
  /// Whether the program can do without it: then it is 0.
  public let isWeak: Bool
  /// The symbol's type in the object's BTF, where it has one.
  public let type: BTF.TypeID?

  public enum Kind: Hashable, Sendable {
    /// A setting of the kernel (`__kconfig`): bytes at an offset of the `.kconfig` map.
    case setting(offset: Int, size: Int)
    /// The address of something in the kernel (`__ksym`).
    case address
    /// A function of the kernel.
    case function
  }
}

/// What a host gives for a symbol that an object leaves open.
public enum ExternValue: Hashable, Sendable {
  /// A number: a setting's value, or the address of a symbol.
  case number(UInt64)
  /// A setting's bytes, which may be shorter than its type; what follows is 0.
  case bytes([UInt8])
}

/// The open symbols of an object and the values given for them.
struct ExternTable: Sendable {
  private(set) var externs: [Extern] = []
  /// Positions in ``externs`` by name.
  private(set) var positions: [String: Int] = [:]
  private(set) var addresses: [String: UInt64] = [:]
  private(set) var settings: [String: [UInt8]] = [:]
  /// The size of the `.kconfig` map in bytes.
  private(set) var settingsSize = 0

  static let settingsName = ".kconfig"

  init(_ file: ELFFile, btf: inout BTF?) throws(ObjectError) {
    let types = try Self.types(btf)
    var variables: [BTFType.SectionVariable] = []
    var calls: Set<Int> = []
    for relocations in file.relocations {
      for relocation in relocations where relocation.kind == .call32 {
        calls.insert(relocation.symbol)
      }
    }
    for symbol in file.symbols where symbol.place == .undefined && !symbol.name.isEmpty {
      guard positions[symbol.name] == nil else { continue }
      let type = types[symbol.name]
      let kind: Extern.Kind
      if let type, type.isSetting {
        let size = max(1, type.size)
        let alignment = [8, 4, 2, 1].first { size.isMultiple(of: $0) } ?? 1
        let offset = (settingsSize + alignment - 1) / alignment * alignment
        guard size <= Int(Int32.max) - offset else {
          throw .map(
            name: Self.settingsName, section: Self.settingsName,
            .tooLarge(field: symbol.name, value: UInt64(size)))
        }
        kind = .setting(offset: offset, size: size)
        variables.append(
          BTFType.SectionVariable(
            type: type.id, offset: UInt32(offset), size: UInt32(size)))
        settingsSize = offset + size
      } else if type?.isFunction ?? calls.contains(symbol.index) {
        kind = .function
      } else {
        kind = .address
      }
      positions[symbol.name] = externs.count
      externs.append(
        Extern(name: symbol.name, kind: kind, isWeak: symbol.binding == .weak, type: type?.id))
    }
    if let section = btf?.dataSection(named: Self.settingsName) {
      btf?.setSection(section.id, size: settingsSize, variables: variables)
    }
  }

  /// What the object's types say of a symbol.
  private struct ExternType {
    let id: BTF.TypeID
    let size: Int
    let isSetting: Bool
    let isFunction: Bool
  }

  private static func types(_ btf: BTF?) throws(ObjectError) -> [String: ExternType] {
    guard let btf else { return [:] }
    var types: [String: ExternType] = [:]
    for section in [settingsName, ".ksyms"] {
      for variable in btf.dataSection(named: section)?.variables ?? [] {
        let type = btf.types[Int(variable.type)]
        guard let name = btf.shortString(at: type.nameOffset) else { continue }
        var isFunction = false
        if case .function = type.kind { isFunction = true }
        types[name] = ExternType(
          id: variable.type, size: btf.size(of: variable.type) ?? 0,
          isSetting: section == settingsName, isFunction: isFunction)
      }
    }
    return types
  }

  subscript(name: String) -> Extern? { positions[name].map { externs[$0] } }

  /// Whether a symbol may be used: it is weak, or a value was given.
  func isKnown(_ extern: Extern) -> Bool {
    extern.isWeak || addresses[extern.name] != nil || settings[extern.name] != nil
  }

  mutating func provide(_ value: ExternValue, for name: String) throws(ObjectError) {
    guard let extern = self[name] else { throw .externValue(name: name, .notExtern) }
    switch (extern.kind, value) {
    case (.setting(_, let size), .bytes(let bytes)):
      guard bytes.count <= size else {
        throw .externValue(name: name, .wrongSize(found: bytes.count, expected: size))
      }
      settings[name] = bytes + Array(repeating: 0, count: size - bytes.count)
    case (.setting(_, let size), .number(let number)):
      guard size <= 8, size == 8 || number >> (8 * size) == 0 else {
        throw .externValue(name: name, .wrongSize(found: 8, expected: size))
      }
      settings[name] = (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    case (.address, .number(let number)):
      addresses[name] = number
    case (.address, .bytes), (.function, .number), (.function, .bytes):
      throw .externValue(name: name, .wrongKind)
    }
  }

  /// The contents of the `.kconfig` map.
  var settingsBytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: settingsSize)
    for extern in externs {
      if case .setting(let offset, _) = extern.kind, let value = settings[extern.name] {
        bytes.replaceSubrange(offset..<offset + value.count, with: value)
      }
    }
    return bytes
  }
}
