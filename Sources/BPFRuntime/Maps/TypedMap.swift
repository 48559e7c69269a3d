public import BPFObject
import BPFPlatform

/// A live map whose keys and values are read and written by their BTF types.
///
/// Writing is strict: a member that the type does not have, a number that does not fit and an array that is too long are
/// errors; members that are left out are 0, and so is padding.
public struct TypedMap: Sendable {
  public let map: Map
  public let btf: BTF
  public let keyType: BTF.TypeID
  /// The type of a value; in a per-CPU map, of one worker's.
  public let valueType: BTF.TypeID

  /// A map with the types that its declaration names; nil where it names none, or some of other sizes than the map's.
  ///
  /// The key of a section of global variables has no type of its own, and is the 32-bit number 0.
  public init?(_ map: Map, in btf: BTF) {
    let spec = map.spec
    guard let valueType = spec.valueTypeID, btf.size(of: valueType) == spec.valueSize else {
      return nil
    }
    let keyType = spec.keyTypeID ?? 0
    guard keyType == 0 ? spec.keySize == 4 : btf.size(of: keyType) == spec.keySize else {
      return nil
    }
    self.map = map
    self.btf = btf
    self.keyType = keyType
    self.valueType = valueType
  }

  /// The value of a key, or nil; in a per-CPU map an array of all workers' values.
  ///
  /// - Throws: ``TypedMapError``, with the errors of ``Map/get(_:)`` among them.
  public func get(_ key: BTFValue) throws(TypedMapError) -> BTFValue? {
    let key = try encode(key: key)
    let bytes: [UInt8]?
    do { bytes = try map.get(key) } catch { throw .map(error) }
    guard let bytes else { return nil }
    return try decode(value: bytes)
  }

  /// Makes or changes an entry; in a per-CPU map every worker gets the value.
  ///
  /// - Throws: ``TypedMapError``, with the errors of ``Map/set(_:_:flags:)`` among them.
  public func set(
    _ key: BTFValue, to value: BTFValue, flags: MapUpdateFlags = .any
  ) throws(TypedMapError) {
    try set(
      key, toEach: Array(repeating: value, count: isPerWorker ? map.workers : 1), flags: flags)
  }

  /// Makes or changes an entry of a per-CPU map, with a value for each worker from 0 on; workers that are left out get 0.
  ///
  /// - Throws: ``TypedMapError``; ``TypedMapError/tooManyValues(found:limit:)`` for more values than there are workers.
  public func set(
    _ key: BTFValue, toEach values: [BTFValue], flags: MapUpdateFlags = .any
  ) throws(TypedMapError) {
    let limit = isPerWorker ? map.workers : 1
    guard values.count <= limit else {
      throw .tooManyValues(found: values.count, limit: limit)
    }
    let key = try encode(key: key)
    var bytes: [UInt8] = []
    for value in values {
      do { bytes += try btf.encode(valueType, value) } catch { throw .value(error) }
      if isPerWorker { bytes += [UInt8](repeating: 0, count: -bytes.count & 7) }
    }
    bytes += [UInt8](repeating: 0, count: max(0, map.hostValueSize - bytes.count))
    do { try map.set(key, bytes, flags: flags) } catch { throw .map(error) }
  }

  /// Changes one member of the value of a key, and leaves the others: a global variable of a section, for one.
  ///
  /// Not atomic: what a program writes to the other members in the meantime is lost.
  ///
  /// - Throws: ``TypedMapError``; an `ENOENT` where there is no such entry.
  public func set(
    _ key: BTFValue, member name: String, to value: BTFValue
  ) throws(TypedMapError) {
    guard let old = try get(key) else {
      throw .map(
        MapError(
          map: map.spec.name, reason: .errno(MapErrno.noEntry.rawValue, "there is no such entry")))
    }
    let parts: [BTFValue]
    if isPerWorker, case .array(let values) = old { parts = values } else { parts = [old] }
    let changed = parts.map { part -> BTFValue in
      guard case .structure(var members) = part else { return .structure([.init(name, value)]) }
      if let index = members.firstIndex(where: { $0.name == name }) {
        members[index].value = value
      } else {
        members.append(.init(name, value))
      }
      return .structure(members)
    }
    try set(key, toEach: changed)
  }

  /// Removes an entry; false where there is none.
  ///
  /// - Throws: ``TypedMapError``, with the errors of ``Map/delete(_:)`` among them.
  public func delete(_ key: BTFValue) throws(TypedMapError) -> Bool {
    let key = try encode(key: key)
    do { return try map.delete(key) } catch { throw .map(error) }
  }

  /// All entries, as ``Map/entries()`` gives them; values as ``get(_:)`` does.
  ///
  /// - Complexity: O(*n*), *n* the map's size.
  public func entries() throws(TypedMapError) -> [(key: BTFValue, value: BTFValue)] {
    let entries: [(key: [UInt8], value: [UInt8])]
    do { entries = try map.entries() } catch { throw .map(error) }
    var typed: [(key: BTFValue, value: BTFValue)] = []
    for (key, value) in entries {
      typed.append((try decode(key: key), try decode(value: value)))
    }
    return typed
  }

  private var isPerWorker: Bool {
    [.perCPUArray, .perCPUHash, .lruPerCPUHash].contains(map.spec.kind)
  }

  private func encode(key: BTFValue) throws(TypedMapError) -> [UInt8] {
    guard keyType == 0 else {
      do { return try btf.encode(keyType, key) } catch { throw .key(error) }
    }
    guard let number = key.integer.flatMap(UInt32.init(exactly:)) else {
      throw .key(.value(path: "", .outOfRange("\(key)", bits: 32)))
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private func decode(key: [UInt8]) throws(TypedMapError) -> BTFValue {
    guard keyType == 0 else {
      do { return try btf.decode(keyType, key) } catch { throw .key(error) }
    }
    return .unsigned(key.reversed().reduce(0) { $0 << 8 | UInt64($1) }, bits: 32)
  }

  private func decode(value: [UInt8]) throws(TypedMapError) -> BTFValue {
    do throws(ObjectError) {
      guard isPerWorker else { return try btf.decode(valueType, value) }
      let stride = map.spec.valueSize.roundedUpTo8
      var values: [BTFValue] = []
      for worker in 0..<map.workers {
        let slot = value[worker * stride..<worker * stride + map.spec.valueSize]
        values.append(try btf.decode(valueType, Array(slot)))
      }
      return .array(values)
    } catch {
      throw .value(error)
    }
  }
}

/// Why typed access to a map fails.
public enum TypedMapError: Error, Hashable, Sendable, CustomStringConvertible {
  case map(MapError)
  /// The key is none of the map's type, or its bytes cannot be read as it.
  case key(ObjectError)
  /// As ``key(_:)``, of a value.
  case value(ObjectError)
  /// More values than there are workers.
  case tooManyValues(found: Int, limit: Int)

  public var description: String {
    switch self {
    case .map(let error): "\(error)"
    case .key(let error): "key: \(error)"
    case .value(let error): "value: \(error)"
    case .tooManyValues(let found, let limit): "\(found) values, of which there are \(limit)"
    }
  }
}

extension Engine {
  /// A live map by the object's types, once a program that refers to it was loaded; nil where the object does not say
  /// what its types are.
  public func typedMap(named name: String) -> TypedMap? {
    guard let map = map(named: name), let btf = object.btf else { return nil }
    return TypedMap(map, in: btf)
  }
}
