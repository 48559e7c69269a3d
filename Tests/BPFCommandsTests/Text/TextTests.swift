import Testing

@testable import BPFCommands

@Suite struct HexTextTests {
  @Test func readsBothCasesAndWritesLower() throws {
    let bytes: [UInt8] = [0x00, 0x9a, 0xbc, 0xde, 0xff]
    #expect(try HexText.bytes(of: "009aBCdeFF") == bytes)
    #expect(HexText.digits(of: bytes) == "009abcdeff")
    #expect(HexText.spacedDigits(of: bytes) == "00 9a bc de ff")
    #expect(try HexText.bytes(of: " 00  9a\n\tbc deff\r\n", spacing: .whiteSpace) == bytes)
    #expect(try HexText.bytes(of: "") == [])
  }

  @Test(arguments: [
    ("0", HexText.Spacing.none, 0, HexError.Reason.halfByte),
    ("abc", .none, 2, .halfByte),
    ("ab c0", .none, 2, .notADigit(UInt8(ascii: " "))),
    ("ab c 0", .whiteSpace, 3, .halfByte),
    ("0x00", .whiteSpace, 1, .notADigit(UInt8(ascii: "x"))),
    ("00é0", .whiteSpace, 2, .notADigit(0xc3)),
  ])
  func refuses(text: String, spacing: HexText.Spacing, position: Int, reason: HexError.Reason) {
    #expect(throws: HexError(position: position, reason: reason)) {
      try HexText.bytes(of: text, spacing: spacing)
    }
  }
}

@Suite struct DisplayTests {
  @Test func escapesWhatWouldDriveATerminal() {
    #expect("a\u{1b}[31mb\n".escapedForDisplay == "a\\u{1b}[31mb\\u{a}")
    #expect("näme".quotedForDisplay == "'näme'")
    // A mark that turns the direction of writing could hide what follows.
    #expect("a\u{202e}b".escapedForDisplay == "a\\u{202e}b")
  }

  @Test func groupsDigits() {
    #expect(0.grouped == "0")
    #expect(999.grouped == "999")
    #expect((-1_000).grouped == "-1,000")
    #expect(UInt64.max.grouped == "18,446,744,073,709,551,615")
    #expect(counted(1, "packet") == "1 packet")
    #expect(counted(1_234, "entry", plural: "entries") == "1,234 entries")
  }

  @Test func drawsATree() {
    let tree = TextTree("root", [TextTree("a", [TextTree("b")]), TextTree("c", [TextTree("d")])])
    #expect(
      tree.rendered == """
        root
        ├── a
        │   └── b
        └── c
            └── d

        """)
  }

  @Test(arguments: [
    ("xdp_flter", "xdp_filter"), ("XDP_FILTER", "xdp_filter"), ("count", "counters"),
    ("filter", "xdp_filter"), ("zzzzzz", nil), ("q", nil),
  ])
  func findsTheNearestName(wanted: String, nearest: String?) {
    #expect(NearMatch.nearest(to: wanted, in: ["counters", "xdp_filter", "blocklist"]) == nearest)
  }
}
