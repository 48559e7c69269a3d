import Testing

@testable import BPFRuntime

@Suite struct StringHelperTests {
  @Test(arguments: [
    ("42", 0, 42, false, 2), ("  42x", 10, 42, false, 4), ("-17", 0, 17, true, 3),
    ("0x1fz", 0, 0x1f, false, 4), ("0x", 0, 0, false, 1), ("017", 0, 0o17, false, 3),
    ("ff", 16, 0xff, false, 2), ("0XfF", 16, 0xff, false, 4), ("79", 8, 7, false, 1),
    ("18446744073709551615", 10, .max, false, 20),
  ])
  func `reads numbers`(
    text: String, flags: UInt64, magnitude: UInt64, isNegative: Bool, length: Int
  ) throws {
    let number = try ParsedNumber(Array(text.utf8), flags: flags)
    #expect(number.magnitude == magnitude)
    #expect(number.isNegative == isNegative)
    #expect(number.length == length)
  }

  @Test(arguments: [
    ("", 0), ("  ", 0), ("-", 0), ("x", 0), ("8", 8), ("1", 2), ("1", 0x20), ("0x", 16), ("+1", 0),
  ])
  func `refuses what is no number`(text: String, flags: UInt64) {
    #expect(throws: KernelError.invalidArgument) {
      try ParsedNumber(Array(text.utf8), flags: flags)
    }
  }

  @Test func `refuses what does not fit`() {
    #expect(throws: KernelError.outOfRange) {
      try ParsedNumber(Array("18446744073709551616".utf8), flags: 10)
    }
  }
}
