/// What the entries of a map are in whose kind has rules of its own: no table of plain values by key.
///
/// Each operation answers as the kernel does for the kind; the defaults are its answers where a kind has no such operation.
///
/// SAFETY: keys have the map's key size, values its value size as the host sees it.
protocol SpecialTable: AnyObject, Sendable {
  // MARK: The host

  /// A copy of a key's value, or nil.
  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]?

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno?

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno?

  /// The key after another, the first for nil; nil after the last.
  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]?

  /// Why the kind refuses something with a number, where there is more to say than for other kinds.
  func explanation(of number: MapErrno) -> String?

  // MARK: Programs

  /// What the general map helpers may be called for.
  var access: MapHelperAccess { get }

  /// What a lookup gives: a value's address, or for a map of maps a reference to a map.
  @unsafe
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer?

  /// Where values that programs may look at live, and how many there are.
  var values: (slots: ValueSlots, count: Int)? { get }
}

extension SpecialTable {
  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? { throw .notSupported }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    .notSupported
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? { .notSupported }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? { throw .notSupported }

  func explanation(of number: MapErrno) -> String? { nil }

  var access: MapHelperAccess { [] }

  @unsafe
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? { nil }

  var values: (slots: ValueSlots, count: Int)? { nil }
}
