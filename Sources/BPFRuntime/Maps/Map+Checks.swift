import BPFPlatform

/// Checks and errors of the host's operations.
extension Map {
  func error(_ number: MapErrno, _ words: String) -> MapError {
    MapError(map: spec.name, reason: .errno(number.rawValue, words))
  }

  func checkReadable() throws(MapError) {
    guard !spec.flags.contains(.writeOnly) else {
      throw error(.notPermitted, "the host may only write it")
    }
  }

  func checkWritable() throws(MapError) {
    guard !spec.flags.contains(.readOnly) else {
      throw error(.notPermitted, "the host may only read it")
    }
    guard !isFrozen else { throw error(.notPermitted, "it is frozen") }
  }

  func checkKey(_ key: [UInt8]) throws(MapError) {
    if case .ring = storage { throw error(.notSupported, "a ring buffer has no keys") }
    guard key.count == spec.keySize else {
      throw error(
        .invalidArgument, "the key has \(key.count) bytes, the map's \(spec.keySize)")
    }
  }

  /// Says what an error of an update or a deletion means.
  func words(for number: MapErrno, key: [UInt8], flags: UInt64) -> String {
    if case .special(let table) = storage, let words = table.explanation(of: number) {
      return words
    }
    switch number {
    case .exists: return "there is an entry of key \(Self.hex(key))"
    case .noEntry: return "there is no entry of key \(Self.hex(key))"
    case .tooBig:
      switch storage {
      case .hash: return "it has its \(spec.maxEntries) entries"
      case .array, .devices, .programs, .events, .prefixes, .ring, .special:
        return "index \(Self.hex(key)) is beyond its \(spec.maxEntries) entries"
      }
    case .noSpace: return "it has its \(spec.maxEntries) entries"
    case .noMemory: return "all its elements are in use at this moment"
    case .badDescriptor: return "its values are descriptors, which a process has none of"
    case .notSupported, .notSupportedByOperation:
      return "a \(spec.kind.name) does not support this"
    case .invalidArgument:
      if flags > MapUpdateFlags.exist.rawValue { return "unknown flags \(flags)" }
      switch storage {
      case .array: return "entries of an array stay"
      case .prefixes: return "the prefix of key \(Self.hex(key)) is longer than its data"
      case .hash, .devices, .programs, .events, .ring, .special:
        return "the entry of key \(Self.hex(key)) is not valid"
      }
    case .notPermitted, .tryAgain: return "not now"
    case .accessDenied, .noDevice, .outOfRange, .overflow:
      return "the entry of key \(Self.hex(key)) cannot be this"
    }
  }

  func indexError(_ index: UInt32, _ number: MapErrno) -> MapError {
    error(number, "index \(index) is beyond its \(spec.maxEntries) entries")
  }

  static func hex(_ bytes: [UInt8]) -> String {
    let shown = bytes.prefix(32).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return shown.joined() + (bytes.count > 32 ? "…" : "")
  }

  /// A 32-bit number's bytes in host order.
  static func bytes(of number: UInt32) -> [UInt8] {
    #if _endian(little)
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    #else
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    #endif
  }

  /// Calls `body` with the address of bytes; of an empty array's with an address that is not to be read.
  @unsafe
  func withKeyBytes<Result>(_ bytes: [UInt8], _ body: (UnsafeRawPointer) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { buffer in
      var none: UInt64 = 0
      return unsafe withUnsafeBytes(of: &none) { empty in
        guard let address = unsafe buffer.baseAddress ?? empty.baseAddress else {
          preconditionFailure("the address of a variable is not null")
        }
        return unsafe body(address)
      }
    }
  }

  @unsafe
  func withKey<Value>(
    _ bytes: [UInt8], _ body: (UnsafeRawPointer) throws(MapError) -> Value
  ) throws(MapError) -> Value {
    let result = unsafe withKeyBytes(bytes) { address in
      do throws(MapError) {
        return Result<Value, MapError>.success(unsafe try body(address))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

extension MapError {
  init(_ map: String, memory refusal: MapMemoryRefusal) {
    let words =
      switch refusal {
      case .overLimit(let limit): "it could take more than the limit of \(limit) bytes"
      case .unavailable: "the system has no address space for it"
      }
    self.init(map: map, reason: .errno(MapErrno.noMemory.rawValue, words))
  }
}
