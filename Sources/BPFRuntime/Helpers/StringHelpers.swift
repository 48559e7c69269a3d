// SAFETY (whole file): strings are as large as the sizes beside them say, and results are 8 writable bytes, which the
// engine checked.

extension ExecutionFrame {
  /// `bpf_strncmp`: compares at most `size` bytes; the second string lies in the program's memory.
  @unsafe
  func compareString(_ string: UInt64, size: UInt64, to other: UInt64) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    let left = unsafe copyBytes(string, count: size)
    guard let right = readMemory(at: other, limit: left.count) else {
      return KernelError.badAddress.result
    }
    for index in left.indices {
      let first = left[index]
      let second = index < right.count ? right[index] : 0
      if first != second { return signExtended(first < second ? -1 : 1) }
      if first == 0 { break }
    }
    return 0
  }

  /// `bpf_strtol`: the number of characters taken, or an error.
  @unsafe
  func parseSigned(_ string: UInt64, size: UInt64, flags: UInt64, into result: UInt64) -> UInt64 {
    guard let target = unsafe hostPointer(result) else { return KernelError.invalidArgument.result }
    unsafe target.storeBytes(of: 0, as: Int64.self)
    do throws(KernelError) {
      let number = try ParsedNumber(unsafe copyBytes(string, count: size), flags: flags)
      // The kernel refuses a negative number only where its negation comes out positive.
      let value =
        number.isNegative
        ? Int64(bitPattern: 0 &- number.magnitude) : Int64(bitPattern: number.magnitude)
      guard number.isNegative ? value <= 0 : value >= 0 else { throw .outOfRange }
      unsafe target.storeBytes(of: value, as: Int64.self)
      return UInt64(number.length)
    } catch {
      return error.result
    }
  }

  /// `bpf_strtoul`: the number of characters taken, or an error.
  @unsafe
  func parseUnsigned(
    _ string: UInt64, size: UInt64, flags: UInt64, into result: UInt64
  ) -> UInt64 {
    guard let target = unsafe hostPointer(result) else { return KernelError.invalidArgument.result }
    unsafe target.storeBytes(of: 0, as: UInt64.self)
    do throws(KernelError) {
      let number = try ParsedNumber(unsafe copyBytes(string, count: size), flags: flags)
      guard !number.isNegative else { throw .invalidArgument }
      unsafe target.storeBytes(of: number.magnitude, as: UInt64.self)
      return UInt64(number.length)
    } catch {
      return error.result
    }
  }
}

/// A number at the start of a text, as `bpf_strtol` reads it.
struct ParsedNumber: Equatable {
  let magnitude: UInt64
  let isNegative: Bool
  /// The number of characters up to the end of its digits.
  let length: Int

  /// The most characters after the sign that the kernel looks at.
  private static let longest = 63

  /// - Parameter flags: the base (8, 10, 16, or 0 to tell it from the prefix) in the low five bits; others are errors.
  /// - Throws: ``KernelError/invalidArgument`` if there is no number or the flags are bad,
  ///   ``KernelError/outOfRange`` if it does not fit 64 bits.
  init(_ text: [UInt8], flags: UInt64) throws(KernelError) {
    guard !text.isEmpty, [0, 8, 10, 16].contains(flags) else { throw .invalidArgument }
    var index = text.firstIndex { !$0.isWhitespace } ?? text.count
    isNegative = index < text.count && text[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    guard index < text.count else { throw .invalidArgument }
    let end = min(text.count, index + Self.longest)
    func digit(at position: Int) -> UInt64? {
      guard position < end else { return nil }
      let byte = text[position]
      if byte.isDigit { return UInt64(byte - UInt8(ascii: "0")) }
      let letter = byte | 0x20
      guard letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "f") else { return nil }
      return UInt64(letter - UInt8(ascii: "a")) + 10
    }
    func isHexadecimalPrefix(at position: Int) -> Bool {
      position + 1 < end && text[position] == UInt8(ascii: "0")
        && text[position + 1] | 0x20 == UInt8(ascii: "x")
    }
    var base = flags
    if base == 0 {
      if digit(at: index) == 0 {
        // A prefix without a digit after it is an octal zero.
        base = isHexadecimalPrefix(at: index) && digit(at: index + 2) != nil ? 16 : 8
      } else {
        base = 10
      }
    }
    if base == 16, isHexadecimalPrefix(at: index) { index += 2 }
    let start = index
    var value: UInt64 = 0
    var overflowed = false
    while let digit = digit(at: index), digit < base {
      let (product, first) = value.multipliedReportingOverflow(by: base)
      let (sum, second) = product.addingReportingOverflow(digit)
      overflowed = overflowed || first || second
      value = sum
      index += 1
    }
    if overflowed { throw .outOfRange }
    guard index > start else { throw .invalidArgument }
    magnitude = value
    length = index
  }
}
