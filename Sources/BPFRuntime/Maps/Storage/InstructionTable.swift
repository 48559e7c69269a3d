/// The entries of an `insn_array`: for each jump target of a program where it is in the program as written, as rewritten and
/// as native code, 4 bytes each, and 4 that stay zero.
///
/// The host says where a target is as written; the others are the loader's to say.
final class InstructionTable: SpecialTable {
  private let table: ArrayTable

  init(count: Int, limits: MapLimits) throws(MapMemoryRefusal) {
    table = try ArrayTable(count: count, valueSize: 16, workers: nil, limits: limits)
  }

  // SAFETY (whole type): keys have 4 bytes, values 16.

  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? {
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    return index < table.count ? unsafe table.slots.read(index) : nil
  }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    if flags == MapUpdateFlags.noExist.rawValue { return .exists }
    guard flags <= MapUpdateFlags.exist.rawValue else { return .invalidArgument }
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    guard index < table.count else { return .tooBig }
    let others = unsafe value.loadUnaligned(fromByteOffset: 4, as: UInt64.self)
    guard others == 0 else { return .invalidArgument }
    let original = unsafe value.loadUnaligned(as: UInt32.self)
    unsafe table.slots.address(index, worker: 0).storeBytes(of: original, as: UInt32.self)
    return nil
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? { .invalidArgument }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    let index = unsafe key?.loadUnaligned(as: UInt32.self)
    return ArrayTable.nextKey(after: index, count: table.count).map(Map.bytes)
  }
}
