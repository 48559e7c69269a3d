import BPFPlatform

/// What the keys and values of a map mean.
struct MapTypes: Hashable {
  let key: ValueType
  /// The value; in a per-CPU map, of one CPU.
  let value: ValueType
  /// Whether keys are prefixes of Internet addresses and nothing else.
  let hasAddressPrefixes: Bool

  /// The types of a map where nothing more is known of them than their kind and sizes.
  init(of spec: MapSpec) { self.init(of: spec, key: nil, value: nil) }

  /// The types of a map as an object describes them; a type of another size than the map's is not believed.
  init(of spec: MapSpec, key: ValueType?, value: ValueType?) {
    let believed = key.flatMap { $0.size == spec.keySize ? $0 : nil }
    self.key = believed ?? Self.plain(spec.keySize, isIndex: spec.kind.hasIndices)
    self.value =
      value.flatMap { $0.size == spec.valueSize ? $0 : nil }
      ?? Self.plain(spec.valueSize, isIndex: spec.kind == .deviceMap && spec.valueSize == 4)
    hasAddressPrefixes =
      spec.kind == .lpmTrie && (spec.keySize == 8 || spec.keySize == 20)
      && (believed?.isPrefixOfBytes ?? true)
  }

  /// The names of the global variables, of a section.
  var variables: [String] {
    guard case .structure(let structure) = value, structure.kind == .section else { return [] }
    return structure.members.map(\.name)
  }

  private static func plain(_ size: Int, isIndex: Bool) -> ValueType {
    isIndex ? .integer(.init(size: size, isSigned: false)) : .bytes(count: size)
  }
}

extension ValueType {
  /// Whether this is a prefix length and then an address: a number or bytes, with nothing after it.
  fileprivate var isPrefixOfBytes: Bool {
    guard case .structure(let structure) = self, structure.members.count == 2,
      let first = structure.members.first, let last = structure.members.last,
      first.bitOffset == 0, first.type.size == 4, last.bitOffset == 32,
      last.type.size == structure.size - 4
    else { return false }
    switch last.type {
    case .integer, .networkInteger, .address, .bytes: return true
    case .array(let element, _): return element.isByte || element.size == 4
    case .structure(let inner): return inner.kind == .union
    case .float, .enumeration, .characters: return false
    }
  }
}

extension MapKind {
  /// Whether keys are indices from 0 on.
  var hasIndices: Bool {
    switch self {
    case .array, .perCPUArray, .programArray, .perfEventArray, .cgroupArray, .arrayOfMaps,
      .deviceMap, .socketMap, .cpuMap, .xskMap, .reuseportSocketArray, .instructionArray:
      true
    case .hash, .perCPUHash, .stackTrace, .lruHash, .lruPerCPUHash, .lpmTrie, .hashOfMaps,
      .socketHash, .cgroupStorage, .perCPUCgroupStorage, .queue, .stack, .socketStorage,
      .deviceMapHash, .structOps, .ringBuffer, .inodeStorage, .taskStorage, .bloomFilter,
      .userRingBuffer, .cgroupLocalStorage, .arena, .resizableHash:
      false
    }
  }
}

extension MapSpec {
  /// Whether the map is a section of global variables.
  var isSection: Bool { name.hasPrefix(".") && kind == .array && maxEntries == 1 }
}

// MARK: - Keys

extension MapTypes {
  /// A key as text for people.
  func keyText(_ key: ArraySlice<UInt8>) -> String {
    prefixText(key) ?? self.key.text(of: key)
  }

  /// A key as a JSON value, which ``keyBytes(_:)`` reads back.
  func keyJSON(_ key: ArraySlice<UInt8>) -> JSONValue {
    prefixText(key).map(JSONValue.string) ?? self.key.json(of: key)
  }

  /// The bytes of a key.
  func keyBytes(_ json: JSONValue) throws(ValueError) -> [UInt8] {
    if hasAddressPrefixes, case .string(let text) = json, let bytes = prefixBytes(text) {
      return bytes
    }
    return try key.bytes(from: json)
  }

  /// A prefix as `10.0.0.0/8`.
  private func prefixText(_ key: ArraySlice<UInt8>) -> String? {
    guard hasAddressPrefixes, key.count == self.key.size else { return nil }
    let length = ValueType.number(key.prefix(4), isSigned: false)
    guard length <= 8 * (key.count - 4) else { return nil }
    return NetworkAddress.text(of: key.dropFirst(4)).map { "\($0)/\(length)" }
  }

  private func prefixBytes(_ text: String) -> [UInt8]? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let count = key.size - 4
    guard parts.count <= 2,
      let address = count == 4 ? NetworkAddress.v4(parts[0]) : NetworkAddress.v6(parts[0])
    else { return nil }
    guard let length = parts.count == 2 ? Int(parts[1]) : 8 * count,
      (0...8 * count).contains(length)
    else { return nil }
    return ValueType.bytes(of: Int128(length), count: 4) + address
  }
}
