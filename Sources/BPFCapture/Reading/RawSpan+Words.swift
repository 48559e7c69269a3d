/// Numbers out of a capture's bytes, in the byte order of the file.
extension RawSpan {
  /// The number at `offset`; traps where the span does not hold all of it.
  @inline(__always)
  func word<Number: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, _ order: CaptureByteOrder, as type: Number.Type = Number.self
  ) -> Number {
    // SAFETY: the load checks its bounds itself, and every bit pattern is a number.
    let number = unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    switch order {
    case .littleEndian: return Number(littleEndian: number)
    case .bigEndian: return Number(bigEndian: number)
    }
  }
}
