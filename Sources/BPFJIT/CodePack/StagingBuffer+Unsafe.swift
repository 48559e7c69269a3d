/// Plain memory in which code is generated.
///
/// SAFETY: `base` is the start of `byteCount` bytes, all of them initialized, that are this value's alone, which cannot be copied.
@safe
struct StagingBuffer: ~Copyable, @unchecked Sendable {
  // `@unchecked`: the memory has one owner, and is written through `inout` access only.
  private let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// So many bytes of traps.
  init(byteCount: Int, trap: TrapPattern) {
    let count = trap.bytes.count
    precondition(byteCount.isMultiple(of: count), "a run of traps has whole instructions")
    unsafe base = .allocate(byteCount: byteCount, alignment: CodeHeader.byteCount)
    self.byteCount = byteCount
    if count == 1 {
      unsafe base.initializeMemory(as: UInt8.self, repeating: trap.bytes[0], count: byteCount)
    } else {
      for index in 0..<byteCount {
        unsafe base.storeBytes(
          of: trap.bytes[index % count], toByteOffset: index, as: UInt8.self)
      }
    }
  }

  deinit { unsafe base.deallocate() }

  /// Calls `body` with all of the bytes.
  func withBytes<Result: ~Copyable, Failure>(
    _ body: (borrowing RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe RawSpan(_unsafeStart: base, byteCount: byteCount))
  }

  @unsafe var pointer: UnsafeMutableRawPointer { unsafe base }

  mutating func writeHeader(_ header: CodeHeader) {
    precondition(byteCount >= CodeHeader.byteCount, "a place has room for a header")
    unsafe base.storeBytes(of: header.imageSize, as: UInt32.self)
    unsafe base.storeBytes(of: header.imageOffset, toByteOffset: 4, as: UInt32.self)
  }
}
