extension CodeAllocation {
  /// The header in the buffer, ``CodeHeader/byteCount`` bytes, which are written already.
  ///
  /// SAFETY: valid until the allocation is finalized or goes.
  @unsafe public var writableHeader: UnsafeMutableRawPointer { unsafe staging.pointer }

  /// The image in the buffer: ``size`` bytes that trap until they are written.
  ///
  /// SAFETY: valid until the allocation is finalized or goes.
  @unsafe public var writableImage: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: staging.pointer + start, count: size)
  }

  /// Calls `body` with the image in the buffer.
  public mutating func withWritableImage<Result: ~Copyable, Failure>(
    _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: so many bytes are the buffer's, and this value is not used otherwise while it is changed.
    var image = unsafe MutableRawSpan(_unsafeBytes: writableImage)
    return try body(&image)
  }

  /// Writes bytes into the image, from an offset on.
  public mutating func write(_ bytes: borrowing RawSpan, at offset: Int = 0) {
    precondition(
      offset >= 0 && bytes.byteCount <= size - offset, "what is written lies in the image")
    unsafe bytes.withUnsafeBytes { source in
      guard let first = source.baseAddress else { return }
      // SAFETY: the bytes written lie in the image, as just checked.
      unsafe (staging.pointer + start + offset).copyMemory(from: first, byteCount: source.count)
    }
  }
}
