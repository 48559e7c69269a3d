extension CaptureScanner {
  /// The record at `position`, or nil at the end of the file.
  @inline(__always)
  mutating func nextRecord(
    _ bytes: RawSpan, _ layout: PcapLayout
  ) throws(CaptureError) -> CapturedPacket? {
    let start = position
    let available = bytes.byteCount - start
    guard available >= layout.recordHeaderSize else {
      guard available != 0 else { return nil }
      throw .truncated(
        .recordHeader, offset: start, needed: layout.recordHeaderSize, available: available)
    }
    let seconds: UInt32 = bytes.word(at: start, layout.order)
    let fraction: UInt32 = bytes.word(at: start + 4, layout.order)
    let first: UInt32 = bytes.word(at: start + 8, layout.order)
    let second: UInt32 = bytes.word(at: start + 12, layout.order)
    let captured: UInt32
    let original: UInt32
    switch layout.lengths {
    case .capturedFirst: (captured, original) = (first, second)
    case .originalFirst: (original, captured) = (first, second)
    case .smallerFirst: (captured, original) = (min(first, second), max(first, second))
    }
    guard captured <= layout.maximumCapturedLength else {
      throw .capturedLength(
        offset: start + (captured == first ? 8 : 12), found: captured,
        maximum: layout.maximumCapturedLength)
    }
    let data = start + layout.recordHeaderSize
    guard captured <= bytes.byteCount - data else {
      throw .truncated(
        .packetData, offset: data, needed: Int(captured), available: bytes.byteCount - data)
    }
    position = data + Int(captured)
    return CapturedPacket(
      offset: data, capturedLength: captured, originalLength: original,
      // Two 32-bit numbers: at most 4294967295 * 10^9 + 4294967295 * 1000, below 2^63.
      timestamp: Int64(seconds) * 1_000_000_000 + Int64(fraction) * layout.fractionScale,
      interface: 0, linkType: layout.linkType)
  }
}
