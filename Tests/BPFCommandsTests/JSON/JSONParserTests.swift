import Testing

@testable import BPFCommands

@Suite struct JSONParserTests {
  @Test(arguments: [
    ("null", JSONValue.null),
    (" true\n", .bool(true)),
    ("\tfalse\r", .bool(false)),
    ("0", .integer(0)),
    ("-7", .integer(-7)),
    ("9223372036854775808", .integer(1 << 63)),
    ("18446744073709551615", .integer(Int128(UInt64.max))),
    ("-9223372036854775808", .integer(-(1 << 63))),
    ("170141183460469231731687303715884105727", .integer(Int128.max)),
    ("170141183460469231731687303715884105728", .number(0x1p127)),
    ("-0", .number(-0.0)),
    ("1.5", .number(1.5)),
    ("1e3", .number(1000)),
    ("25E-1", .number(2.5)),
    ("1e+2", .number(100)),
    (#""""#, .string("")),
    (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{c}\n\r\tz")),
    (#""\u00e9\uD83D\ude00\u0000""#, .string("é😀\0")),
    ("\"é😀\u{7f}\"", .string("é😀\u{7f}")),
    ("[]", .array([])),
    ("[ 1 , [ ] ,{}]", .array([.integer(1), .array([]), .object([])])),
    (
      #"{"b":1,"a":{"b":null}}"#,
      .object([.init("b", .integer(1)), .init("a", .object([.init("b", .null)]))])
    ),
  ])
  func accepts(text: String, value: JSONValue) throws {
    let parsed = try JSONParser.parse(Array(text.utf8))
    #expect(parsed == value)
    // What is written reads back as the same value, in either style.
    for style in [JSONWriter.Style.compact, .indented] {
      var writer = JSONWriter(style)
      writer.value(parsed)
      #expect(try JSONParser.parse(writer.bytes) == parsed)
    }
  }

  @Test(arguments: [
    ("", 0, JSONError.Reason.expected("a value", found: nil)),
    ("  ", 2, .expected("a value", found: nil)),
    ("nul", 3, .expected("'null'", found: nil)),
    ("nulL", 3, .expected("'null'", found: UInt8(ascii: "L"))),
    ("+1", 0, .expected("a value", found: UInt8(ascii: "+"))),
    (".5", 0, .expected("a value", found: UInt8(ascii: "."))),
    ("1.", 2, .expected("a digit", found: nil)),
    ("1.e1", 2, .expected("a digit", found: UInt8(ascii: "e"))),
    ("1e", 2, .expected("a digit", found: nil)),
    ("1e+", 3, .expected("a digit", found: nil)),
    ("-", 1, .expected("a digit", found: nil)),
    ("01", 1, .expected("no digit after a leading 0", found: UInt8(ascii: "1"))),
    ("-012", 2, .expected("no digit after a leading 0", found: UInt8(ascii: "1"))),
    ("1e999", 0, .numberOutOfRange),
    ("[1e-5,2E400]", 6, .numberOutOfRange),
    ("1 2", 2, .trailingText(UInt8(ascii: "2"))),
    ("{}}", 2, .trailingText(UInt8(ascii: "}"))),
    ("[1,]", 3, .expected("a value", found: UInt8(ascii: "]"))),
    ("[1 2]", 3, .expected("',' or ']'", found: UInt8(ascii: "2"))),
    ("[1", 2, .expected("',' or ']'", found: nil)),
    ("{", 1, .expected("a member's name in quotes", found: nil)),
    ("{1:2}", 1, .expected("a member's name in quotes", found: UInt8(ascii: "1"))),
    (#"{"a" 1}"#, 5, .expected("':'", found: UInt8(ascii: "1"))),
    (#"{"a":1,}"#, 7, .expected("a member's name in quotes", found: UInt8(ascii: "}"))),
    (#"{"a":1;"#, 6, .expected("',' or '}'", found: UInt8(ascii: ";"))),
    (#"{"a":1, "a":2}"#, 8, .duplicateName("a")),
    (#"{"a":1, "\u0061":2}"#, 8, .duplicateName("a")),
    (#""abc"#, 4, .expected("'\"' at the end of a string", found: nil)),
    (#""ab\"#, 4, .expected("an escape", found: nil)),
    (#""ab\x""#, 3, .invalidEscape),
    (#""\u12g4""#, 5, .expected("four hexadecimal digits", found: UInt8(ascii: "g"))),
    (#""\u12"#, 5, .expected("four hexadecimal digits", found: nil)),
    (#""\ud83d""#, 1, .loneSurrogate),
    (#""\ud83d\n""#, 1, .loneSurrogate),
    (#""\ud83d\u0041""#, 1, .loneSurrogate),
    (#""\ud83d\ud83d""#, 1, .loneSurrogate),
    (#""x\udc00""#, 2, .loneSurrogate),
    ("\"a\nb\"", 2, .controlCharacter(10)),
    ("\"\\n\u{1f}\"", 3, .controlCharacter(0x1f)),
  ])
  func refuses(text: String, offset: Int, reason: JSONError.Reason) {
    #expect(throws: JSONError(offset: offset, reason: reason)) {
      try JSONParser.parse(Array(text.utf8))
    }
  }

  @Test(
    arguments: [
      ([0x22, 0x61, 0xff, 0x22], 2),
      // An encoding longer than need be, a surrogate, a value past the last scalar, a cut sequence.
      ([0x22, 0xc0, 0x80, 0x22], 1),
      ([0x22, 0x61, 0x62, 0xed, 0xa0, 0x80, 0x22], 3),
      ([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1),
      ([0x22, 0xe2, 0x82, 0x22], 1),
      ([0x22, 0x5c, 0x6e, 0xc3, 0xa9, 0x80, 0x22], 5),
    ] as [([UInt8], Int)])
  func refusesBytesThatAreNotUTF8(bytes: [UInt8], offset: Int) {
    #expect(throws: JSONError(offset: offset, reason: .invalidUTF8)) {
      try JSONParser.parse(bytes)
    }
  }

  @Test func nestsToTheLimitAndNoDeeper() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    _ = try JSONParser.parse(nested(64))
    #expect(throws: JSONError(offset: 64, reason: .tooDeep(limit: 64))) {
      try JSONParser.parse(nested(65))
    }
    // A hostile text is refused at the limit, however long it is.
    #expect(throws: JSONError(offset: 64, reason: .tooDeep(limit: 64))) {
      try JSONParser.parse(Array(repeating: UInt8(ascii: "["), count: 1 << 20))
    }
  }

  @Test func findsADuplicateAmongManyMembersInLinearTime() throws {
    let members = (0..<50_000).map { "\"member\($0)\":\($0)" }
    let text = "{" + members.joined(separator: ",") + "}"
    #expect(try JSONParser.parse(Array(text.utf8))["member49999"] == .integer(49_999))
    let twice = text.dropLast() + ",\"member7\":0}"
    #expect(throws: JSONError(offset: text.utf8.count, reason: .duplicateName("member7"))) {
      try JSONParser.parse(Array(twice.utf8))
    }
  }

  @Test func keepsTheMembersReadBeforeAnError() {
    var parser = JSONParser(Array(#"{"id":{"a":[1]},"x":tru}"#.utf8))
    #expect(throws: JSONError.self) { try parser.parse() }
    #expect(
      parser.outermostMembers == [.init("id", .object([.init("a", .array([.integer(1)]))]))])
  }

  @Test func survivesEveryCutAndEveryChangedByte() {
    let text = Array(#"{"id":[-1.5e3,"é\ud83d\ude00"],"b":{"c":null,"d":true}}"#.utf8)
    for length in text.indices {
      #expect(throws: JSONError.self) { try JSONParser.parse(Array(text[..<length])) }
    }
    var accepted = 0
    for index in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[index] = byte
        if (try? JSONParser.parse(changed)) != nil { accepted += 1 }
      }
    }
    #expect(accepted > text.count)
  }
}

@Suite struct JSONWriterTests {
  @Test func writesMembersInOrder() {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("z", "a\"\\\n\u{1}\u{7f}é")
      writer.member("list", [String]())
      writer.member("a") { writer in
        writer.array { writer in
          writer.element { $0.integer(UInt64.max) }
          writer.element { $0.hex([0, 0xab]) }
          writer.element { $0.number(.infinity) }
          writer.element { $0.object { _ in } }
        }
      }
      writer.member("b", true)
    }
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"z":"a\"\\\n\u0001\u007fé","list":[],"a":[18446744073709551615,"00ab",null,{}],"b":true}"#
    )
  }

  @Test func indents() {
    var writer = JSONWriter(.indented)
    writer.value(
      .object([
        .init("a", .array([.integer(1), .object([])])), .init("b", .object([.init("c", .null)])),
      ]))
    #expect(
      String(decoding: writer.bytes, as: UTF8.self) == """
        {
          "a": [
            1,
            {}
          ],
          "b": {
            "c": null
          }
        }
        """)
  }
}
