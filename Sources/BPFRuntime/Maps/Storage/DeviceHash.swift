import BPFPlatform

/// The entries of a `devmap_hash`: for any number an interface's index, and 4 bytes for a program, which a process cannot
/// attach. Any interface but 0 is taken to exist.
final class DeviceHash: SpecialTable {
  private let table: HashTable

  init(_ spec: MapSpec, limits: MapLimits) throws(MapMemoryRefusal) {
    var plain = spec
    plain.kind = .hash
    table = try HashTable(plain, workers: 1, limits: limits)
  }

  // SAFETY (whole type): keys have 4 bytes, values the map's value size.

  @unsafe
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    unsafe table.lookup(key, worker: 0)
  }

  var access: MapHelperAccess { .lookup }

  var values: (slots: ValueSlots, count: Int)? { (table.slots, table.slotCount) }

  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? { unsafe table.get(key) }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    let interface = unsafe value.loadUnaligned(as: UInt32.self)
    guard flags <= MapUpdateFlags.exist.rawValue, interface != 0 else { return .invalidArgument }
    let program: Int32 =
      table.slots.valueSize == 8
      ? unsafe value.loadUnaligned(fromByteOffset: 4, as: Int32.self) : 0
    if program > 0 {
      let isRefusedBefore =
        unsafe flags == MapUpdateFlags.noExist.rawValue && lookup(key) != nil
      return isRefusedBefore ? .exists : .invalidArgument
    }
    // No program: the value holds the program's number 0. BPF_EXIST makes new entries too.
    let entry = (UInt32(littleEndian: interface), UInt32(0))
    let noExist = MapUpdateFlags.noExist.rawValue
    return unsafe withUnsafeBytes(of: entry) { entry -> MapErrno? in
      guard let address = entry.baseAddress else { return .invalidArgument }
      return unsafe table.update(key, .all(address), flags: flags == noExist ? noExist : 0)
    }
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? { unsafe table.delete(key, worker: 0) }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    unsafe table.nextKey(after: key)
  }

  func explanation(of number: MapErrno) -> String? {
    if number == .invalidArgument {
      return "an entry is the index of an interface, without a program"
    }
    if number == .tooBig {
      return "it has its \(table.maxEntries) entries"
    }
    return nil
  }
}
