import Testing

@testable import BPFRuntime

@Suite struct FormattedTextTests {
  /// What the program's memory holds: a string at 16, an address at 64, nothing else.
  private static func read(_ address: UInt64, _ limit: Int) -> [UInt8]? {
    switch address {
    case 16: Array((Array("text".utf8) + [0]).prefix(limit))
    case 64: Array((1...16).map { UInt8($0) }.prefix(limit))
    default: nil
    }
  }

  private func format(_ format: String, _ arguments: UInt64...) throws -> FormattedText {
    try FormattedText(
      format: Array(format.utf8) + [0], arguments: arguments, read: Self.read)
  }

  @Test(arguments: [
    ("plain %% text", [], "plain % text"),
    ("%d %i", [UInt64(bitPattern: -5), 7], "-5 7"),
    ("%d", [0xffff_ffff], "-1"),
    ("%u", [UInt64.max], "4294967295"),
    ("%lu %llu", [UInt64.max, 1], "18446744073709551615 1"),
    ("%ld", [UInt64(bitPattern: .min)], "-9223372036854775808"),
    ("%x %X %lx", [0xab, 0xab, 0xab_0000_0000], "ab AB ab00000000"),
    ("[%5d][%-5d][%05d]", [42, 42, 42], "[   42][42   ][00042]"),
    ("[%+d][% d][%+05d]", [42, 42, 42], "[+42][ 42][+0042]"),
    ("[%-05d]", [42], "[42   ]"),
    ("[%c][%3c][%-3c]", [65, 66, 67], "[A][  B][C  ]"),
    ("[%s][%6s][%-6s]", [16, 16, 16], "[text][  text][text  ]"),
    ("[%s]", [4096], "[]"),
    ("[%pks]", [16], "[text]"),
    ("%p", [0x1234], "0000000000001234"),
    ("%px!", [0x1234], "0000000000001234!"),
    ("%8px", [0x1234], "    1234"),
    ("%ps", [0x1234], "0x1234"),
    ("%pB", [0x1234], "0x1234"),
    ("%pI4", [64], "1.2.3.4"),
    ("%pi4", [64], "001.002.003.004"),
    ("%pI6", [64], "0102:0304:0506:0708:090a:0b0c:0d0e:0f10"),
    ("%pi6", [64], "0102030405060708090a0b0c0d0e0f10"),
    ("%pI4", [4096], "0.0.0.0"),
    ("%pxyz.", [1], "0000000000000001."),
    ("é", [], "é"),
    ("line\n", [], "line"),
  ])
  func `formats as the kernel does`(format: String, arguments: [UInt64], expected: String) throws {
    let text = try FormattedText(
      format: Array(format.utf8) + [0], arguments: arguments, read: Self.read)
    #expect(text.line == expected)
    #expect(text.count == expected.utf8.count + (format.hasSuffix("\n") ? 1 : 0))
  }

  @Test(arguments: [
    "%", "%f", "%h", "%5", "%.5d", "%*d", "%#x", "%ll", "%lc", "%sx", "%pI", "%pI5", "%pz", "%sé",
    "%n", "%d %d %d %d", "\u{1}", "%p%",
  ])
  func `refuses what the kernel refuses`(format: String) {
    #expect(throws: KernelError.invalidArgument) {
      try FormattedText(
        format: Array(format.utf8) + [0], arguments: [1, 2, 3], read: Self.read)
    }
  }

  @Test func `a format ends with a zero`() {
    #expect(throws: KernelError.invalidArgument) {
      try FormattedText(format: Array("text".utf8), arguments: [], read: Self.read)
    }
  }

  @Test func `long text is counted and cut`() throws {
    let text = try format("%2000d", 1)
    #expect(text.count == 2000)
    #expect(text.bytes.count == FormattedText.capacity)
    let huge = try format("%9999999999d", 1)
    #expect(huge.bytes.count == FormattedText.capacity)
  }

  @Test func `strings share 512 bytes`() throws {
    let long = [UInt8](repeating: UInt8(ascii: "a"), count: 600)
    let one = try FormattedText(format: Array("%s".utf8) + [0], arguments: [1]) {
      Array(long.prefix($1))
    }
    #expect(one.count == 511)
    #expect(throws: KernelError.noSpace) {
      try FormattedText(format: Array("%s%s".utf8) + [0], arguments: [1, 1]) {
        Array(long.prefix($1))
      }
    }
  }
}
