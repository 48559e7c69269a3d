/// The entries of a `devmap`: an interface's index, and 4 bytes for a program, which a process cannot attach.
///
/// An entry of interface 0 is empty. Any other interface is taken to exist.
final class DeviceTable: Sendable {
  private let table: ArrayTable

  init(count: Int, valueSize: Int, limits: MapLimits) throws(MapMemoryRefusal) {
    table = try ArrayTable(count: count, valueSize: valueSize, workers: nil, limits: limits)
  }

  var slots: ValueSlots { table.slots }
  var count: Int { table.count }

  @unsafe
  @inline(__always)
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    guard let value = unsafe table.lookup(key, worker: 0) else { return nil }
    return unsafe value.load(as: UInt32.self) == 0 ? nil : value
  }

  // SAFETY: `key` and `value` hold the map's key and value size; a program's word is read where there is one.
  @unsafe
  func update(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    guard flags <= MapUpdateFlags.exist.rawValue else { return .invalidArgument }
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    guard index < count else { return .tooBig }
    if flags == MapUpdateFlags.noExist.rawValue { return .exists }
    let interface = unsafe value.loadUnaligned(as: UInt32.self)
    let program: Int32 =
      slots.valueSize == 8 ? unsafe value.loadUnaligned(fromByteOffset: 4, as: Int32.self) : 0
    // No descriptor is one of a program here; the kernel's answer to such a one is the same.
    if program > 0 { return .invalidArgument }
    let address = unsafe slots.address(index, worker: 0)
    // No program: the value holds the program's number 0.
    if slots.valueSize == 8 {
      unsafe address.storeBytes(of: UInt64(UInt32(littleEndian: interface)), as: UInt64.self)
    } else {
      unsafe address.storeBytes(of: interface, as: UInt32.self)
    }
    return nil
  }

  /// Empties an entry, whether or not there is one.
  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    guard index < count else { return .invalidArgument }
    unsafe slots.address(index, worker: 0).storeBytes(of: 0, as: UInt32.self)
    return nil
  }
}
