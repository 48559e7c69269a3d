/// The entries of a `cpumap`: for a processor, which is a worker here, the length of its queue and 4 bytes for a program,
/// which a process cannot attach.
///
/// An entry of length 0 is empty.
final class ProcessorTable: SpecialTable {
  private let table: ArrayTable
  private let workers: Int
  private static let longestQueue: UInt32 = 16384

  init(
    count: Int, valueSize: Int, workers: Int, limits: MapLimits
  ) throws(MapMemoryRefusal) {
    table = try ArrayTable(count: count, valueSize: valueSize, workers: nil, limits: limits)
    self.workers = workers
  }

  // SAFETY (whole type): keys have 4 bytes, values the map's value size.

  /// For `bpf_redirect_map`; programs may not look at entries themselves.
  @unsafe
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    guard let value = unsafe table.lookup(key, worker: 0) else { return nil }
    return unsafe value.load(as: UInt32.self) == 0 ? nil : value
  }

  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? {
    guard unsafe lookup(key) != nil else { return nil }
    return unsafe table.slots.read(Int(key.loadUnaligned(as: UInt32.self)))
  }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    let length = unsafe value.loadUnaligned(as: UInt32.self)
    let program: Int32 =
      table.slots.valueSize == 8
      ? unsafe value.loadUnaligned(fromByteOffset: 4, as: Int32.self) : 0
    if flags > MapUpdateFlags.exist.rawValue { return .invalidArgument }
    guard index < table.count else { return .tooBig }
    if flags == MapUpdateFlags.noExist.rawValue { return .exists }
    guard length <= Self.longestQueue else { return .overflow }
    guard index < workers else { return .noDevice }
    // No descriptor is one of a program here; the kernel has no other answer for such a one.
    if length > 0, program > 0 { return .noMemory }
    let address = unsafe table.slots.address(index, worker: 0)
    if table.slots.valueSize == 8 {
      unsafe address.storeBytes(of: UInt64(UInt32(littleEndian: length)), as: UInt64.self)
    } else {
      unsafe address.storeBytes(of: length, as: UInt32.self)
    }
    return nil
  }

  /// Empties an entry, whether or not there is one.
  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    guard index < table.count else { return .invalidArgument }
    unsafe table.slots.address(index, worker: 0).storeBytes(of: 0, as: UInt32.self)
    return nil
  }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    let index = unsafe key?.loadUnaligned(as: UInt32.self)
    return ArrayTable.nextKey(after: index, count: table.count).map(Map.bytes)
  }

  func explanation(of number: MapErrno) -> String? {
    if number == .noDevice {
      return "its keys are workers, of which there are \(workers)"
    }
    if number == .overflow {
      return "a queue holds at most \(Self.longestQueue) packets"
    }
    if number == .noMemory {
      return "a process cannot attach a program to an entry"
    }
    return nil
  }
}
