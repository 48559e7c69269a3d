@testable import BPFRuntime

/// What programs do with maps, by addresses as numbers, so that tests can be about answers.
///
/// SAFETY (whole file): keys and values are on the stack and at least as large as the tests' maps say; addresses are ones
/// the map gave.
extension Map {
  func programLookup(_ key: UInt32, worker: Int = 0) -> UInt? {
    let key = UInt64(key)
    return unsafe withUnsafeBytes(of: key) { key in
      unsafe key.baseAddress.flatMap { unsafe lookup($0, worker: worker) }
        .map { UInt(bitPattern: $0) }
    }
  }

  func programUpdate(_ key: UInt32, _ value: UInt64, flags: UInt64 = 0, worker: Int = 0) -> Int64 {
    let key = UInt64(key)
    return unsafe withUnsafeBytes(of: (key, value)) { bytes in
      guard let address = bytes.baseAddress else { return .min }
      return unsafe update(address, value: address + 8, flags: flags, worker: worker)
    }
  }

  func programDelete(_ key: UInt32) -> Int64 {
    let key = UInt64(key)
    return unsafe withUnsafeBytes(of: key) { key in
      guard let address = key.baseAddress else { return .min }
      return unsafe delete(address)
    }
  }

  func reserve(_ count: UInt64, flags: UInt64 = 0) -> UInt? {
    unsafe reserveRecord(count: count, flags: flags).map { UInt(bitPattern: $0) }
  }

  func output(_ bytes: [UInt8], flags: UInt64 = 0) -> Int64 {
    unsafe bytes.withUnsafeBytes { unsafe outputRecord($0, flags: flags) }
  }

  func outputEvent(_ bytes: [UInt8], and context: [UInt8]? = nil, flags: UInt64, worker: Int = 0)
    -> Int64
  {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let context else {
        return unsafe outputEvent(flags: flags, worker: worker, data: bytes)
      }
      return unsafe context.withUnsafeBytes { context in
        unsafe outputEvent(flags: flags, worker: worker, data: bytes, context: context)
      }
    }
  }

  func reservedSize(at address: UInt) -> Int? {
    unsafe UnsafeRawPointer(bitPattern: address).flatMap { unsafe recordSize(at: $0) }
  }

  var ringBase: UInt? { unsafe ringMemory.map { unsafe UInt(bitPattern: $0.base) } }

  static func submit(_ record: UInt) {
    if let record = unsafe UnsafeMutableRawPointer(bitPattern: record) {
      unsafe submitRecord(record)
    }
  }

  static func discard(_ record: UInt) {
    if let record = unsafe UnsafeMutableRawPointer(bitPattern: record) {
      unsafe discardRecord(record)
    }
  }

  static func read(_ address: UInt) -> UInt64 {
    unsafe UnsafeRawPointer(bitPattern: address).map { unsafe $0.load(as: UInt64.self) } ?? 0
  }

  /// Writes 32-bit words one after another.
  static func write(_ word: UInt32, count: Int = 1, to address: UInt) {
    guard let address = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    for index in 0..<count {
      unsafe address.storeBytes(of: word, toByteOffset: 4 * index, as: UInt32.self)
    }
  }

  static func fill(_ address: UInt, _ byte: UInt8, _ count: Int) {
    unsafe UnsafeMutableRawPointer(bitPattern: address)?
      .initializeMemory(as: UInt8.self, repeating: byte, count: count)
  }
}
