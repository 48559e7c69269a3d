extension [UInt8] {
  /// The bytes of a span.
  init(copying span: borrowing RawSpan) {
    // SAFETY: all bytes of a span are initialized, and they are copied.
    self = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
