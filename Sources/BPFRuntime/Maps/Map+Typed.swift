import BPFPlatform

/// Keys and values as the types they are: integers, and structs laid out as in C.
extension Map {
  /// The value of a key, or nil.
  ///
  /// - Throws: ``MapError`` as ``get(_:)`` does; `EINVAL` where a type is not as large as the map says.
  public func get<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    _ key: Key, as type: Value.Type = Value.self
  ) throws(MapError) -> Value? {
    try get(Self.bytes(of: key)).map { bytes throws(MapError) in try value(bytes, as: type) }
  }

  /// The values of all workers for a key of a per-CPU map, or nil.
  ///
  /// - Throws: ``MapError`` as ``get(_:)`` does; `EINVAL` where a type is not as large as the map says.
  public func getPerWorker<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    _ key: Key, as type: Value.Type = Value.self
  ) throws(MapError) -> [Value]? {
    guard let bytes = try get(Self.bytes(of: key)) else { return nil }
    let stride = spec.valueSize.roundedUpTo8
    guard bytes.count == stride * workers else { return [try value(bytes, as: type)] }
    var values: [Value] = []
    for worker in 0..<workers {
      let slot = Array(bytes[worker * stride..<worker * stride + spec.valueSize])
      values.append(try value(slot, as: type))
    }
    return values
  }

  /// Makes or changes an entry; in a per-CPU map every worker gets the value.
  ///
  /// - Throws: ``MapError`` as ``set(_:_:flags:)`` does; `EINVAL` where a type is not as large as the map says.
  public func set<Key: BitwiseCopyable, Value: BitwiseCopyable>(
    _ key: Key, to value: Value, flags: MapUpdateFlags = .any
  ) throws(MapError) {
    var bytes = Self.bytes(of: value)
    if hostValueSize != spec.valueSize, bytes.count == spec.valueSize {
      bytes += [UInt8](repeating: 0, count: spec.valueSize.roundedUpTo8 - spec.valueSize)
      bytes = Array(repeatElement(bytes, count: workers).joined())
    }
    try set(Self.bytes(of: key), bytes, flags: flags)
  }

  /// Removes an entry; false where there is none.
  ///
  /// - Throws: ``MapError`` as ``delete(_:)`` does.
  public func delete<Key: BitwiseCopyable>(key: Key) throws(MapError) -> Bool {
    try delete(Self.bytes(of: key))
  }

  private static func bytes<Value: BitwiseCopyable>(of value: Value) -> [UInt8] {
    // SAFETY: a bitwise-copyable value is its bytes.
    unsafe withUnsafeBytes(of: value) { unsafe [UInt8]($0) }
  }

  private func value<Value: BitwiseCopyable>(
    _ bytes: [UInt8], as type: Value.Type
  ) throws(MapError) -> Value {
    guard bytes.count == MemoryLayout<Value>.size else {
      throw error(
        .invalidArgument,
        "\(type) has \(MemoryLayout<Value>.size) bytes, the value \(bytes.count)")
    }
    // SAFETY: the bytes are as many as the type's; any bits are a value of the types maps hold, integers and structs of
    // them.
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: type) }
  }
}
