/// The Internet checksum's arithmetic (RFC 1071), with the intermediate representations the kernel has.
///
/// A one's-complement sum has two zeroes, and what a helper returns shows which one came out. So sums are kept as the
/// kernel keeps them: 32 bits with end-around carry, in memory order, folded to 16 bits only at the end.
enum Checksum {
  /// The sum of bytes taken as 32-bit words in memory order, the last one padded with zeroes, added to `seed`.
  ///
  /// - Complexity: O(*n*), *n* the number of bytes.
  static func partial(_ bytes: RawSpan, seed: UInt32) -> UInt32 {
    // 64 bits hold the sum of 2³² words without overflow.
    var sum = UInt64(seed)
    let count = bytes.byteCount
    var offset = 0
    while offset + 4 <= count {
      // SAFETY: the four bytes lie inside the span, and any bits are a word.
      let word = unsafe bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: offset, as: UInt32.self)
      sum &+= UInt64(UInt32(littleEndian: word))
      offset += 4
    }
    var shift: UInt64 = 0
    while offset < count {
      // SAFETY: the byte lies inside the span.
      let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
      sum &+= UInt64(byte) << shift
      shift += 8
      offset += 1
    }
    while sum >> 32 != 0 { sum = (sum & 0xffff_ffff) + sum >> 32 }
    return UInt32(truncatingIfNeeded: sum)
  }

  /// One's-complement addition of 32-bit sums.
  static func add(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? sum &+ 1 : sum
  }

  /// One's-complement addition of 16-bit sums.
  static func add(_ left: UInt16, _ right: UInt16) -> UInt16 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? sum &+ 1 : sum
  }

  /// A 32-bit sum as 16 bits.
  static func fold(_ sum: UInt32) -> UInt16 {
    let once = (sum & 0xffff) + sum >> 16
    return UInt16(truncatingIfNeeded: (once & 0xffff) + once >> 16)
  }

  /// The checksum field after its packet changed by `difference`, a 32-bit sum.
  static func replace(_ field: UInt16, byDifference difference: UInt32) -> UInt16 {
    ~fold(add(difference, ~UInt32(field)))
  }

  /// The checksum field after a 16-bit field of its packet changed.
  static func replace(_ field: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
    ~add(add(~field, ~old), new)
  }

  /// The checksum field after a 32-bit field of its packet changed.
  static func replace(_ field: UInt16, from old: UInt32, to new: UInt32) -> UInt16 {
    ~fold(add(add(~UInt32(field), ~old), new))
  }
}
