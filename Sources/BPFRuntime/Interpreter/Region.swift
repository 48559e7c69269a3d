/// A guest address: what a pointer of a program is while the checked interpreter runs it.
///
/// The upper 24 bits number a region of memory, the lower 40 are the offset in it. A pointer made by arithmetic
/// stays in its region or becomes invalid; none is ever a host address.
enum GuestAddress {
  static let offsetBits: UInt64 = 40
  static let offsetMask: UInt64 = (1 << offsetBits) - 1

  static func make(region: Int, offset: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: region) << offsetBits | offset
  }
}

/// A region of memory a program may access, or once could.
@safe
struct Region {
  /// The host address of offset 0.
  var base: UnsafeMutableRawPointer
  /// The bytes from offset 0 on that may be read without looking further; 0 where each access is looked at.
  var readable: UInt64 = 0
  /// The bytes from offset 0 on that may be written without looking further.
  var writable: UInt64 = 0
  /// For the stack of a running function: its size in bytes; else 0.
  var stackBytes: UInt64 = 0
  var kind: Kind
  /// For a stack: whether anything was written since it was last cleared.
  var isDirty = false
  /// For the values of a map: what programs may do with them.
  var mayRead = false
  var mayWrite = false
  /// For the values of a map: whether parts of them are no bytes for programs, as a lock is.
  var hasSpecialFields = false
  /// For a map: its kind. For a record: whether a dynptr has it. For a stale packet: the helper that moved it.
  var index: Int32 = 0
  /// For the values of a map: the distance between two values, the bytes of one, and those of all with padding.
  /// For a map: the bytes of a key and of a value. For a record, a sample or a key: its size.
  var stride: UInt64 = 0
  var valueSize: UInt64 = 0
  var total: UInt64 = 0

  enum Kind: UInt8 {
    case none, stack, context, packet, stalePacket, memory
    /// A map, of which `base` is an unretained reference. Its values are the next region.
    case map
    case mapValues, mapKey, dynptr, record, releasedRecord, sample, function
  }

  static func empty(_ kind: Kind, index: Int = 0) -> Region {
    unsafe Region(base: noBytes, kind: kind, index: Int32(truncatingIfNeeded: index))
  }

  /// An address for regions without accessible bytes.
  nonisolated(unsafe) private static let noBytes = UnsafeMutableRawPointer.allocate(
    byteCount: 64, alignment: 64)
}
