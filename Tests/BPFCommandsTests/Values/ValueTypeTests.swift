import Testing

@testable import BPFCommands

@Suite struct ValueTypeTests {
  static let u8 = ValueType.integer(.init(size: 1, isSigned: false))
  static let u32 = ValueType.integer(.init(size: 4, isSigned: false))
  static let s16 = ValueType.integer(.init(size: 2, isSigned: true))
  static let flag = ValueType.integer(.init(size: 1, isSigned: false, isBoolean: true))
  static let color = ValueType.enumeration(
    size: 4, isSigned: true,
    values: [.init(name: "RED", value: 1), .init(name: "GONE", value: -1)])

  /// `struct { u32 a; union { s16 b; u8 c[2]; }; u16 d:3; u16 e:13 (signed); char name[4]; }`
  static let mixed = ValueType.structure(
    .init(
      kind: .structure, size: 12,
      members: [
        .init(name: "a", bitOffset: 0, type: u32),
        .init(
          name: "", bitOffset: 32,
          type: .structure(
            .init(
              kind: .union, size: 2,
              members: [
                .init(name: "b", bitOffset: 0, type: s16),
                .init(name: "c", bitOffset: 0, type: .array(of: u8, count: 2)),
              ]))),
        .init(
          name: "d", bitOffset: 48, bitCount: 3, type: .integer(.init(size: 2, isSigned: false))),
        .init(name: "e", bitOffset: 51, bitCount: 13, type: s16),
        .init(name: "name", bitOffset: 64, type: .characters(count: 4)),
      ]))

  @Test func showsAndReadsBack() throws {
    let cases: [(ValueType, [UInt8], text: String, json: String)] = [
      (Self.u8, [200], "200", "200"),
      (Self.u32, [1, 2, 3, 4], "67305985", "67305985"),
      (Self.s16, [0xfe, 0xff], "-2", "-2"),
      (
        .integer(.init(size: 8, isSigned: false)), Array(repeating: 0xff, count: 8),
        "18446744073709551615", "18446744073709551615"
      ),
      (.integer(.init(size: 8, isSigned: true)), Array(repeating: 0xff, count: 8), "-1", "-1"),
      (Self.flag, [1], "true", "true"),
      (Self.flag, [7], "7", "7"),
      (
        .integer(.init(size: 8, isSigned: false, isPointer: true)), [0, 1, 0, 0, 0, 0, 0, 0],
        "0x100", "256"
      ),
      (.networkInteger(size: 4), [10, 0, 0, 1], "10.0.0.1", #""10.0.0.1""#),
      (.networkInteger(size: 2), [0, 80], "80", "80"),
      (.float(size: 4), [0, 0, 0xc0, 0x3f], "1.5", "1.5"),
      (Self.color, [1, 0, 0, 0], "RED", #""RED""#),
      (Self.color, [0xff, 0xff, 0xff, 0xff], "GONE", #""GONE""#),
      (Self.color, [5, 0, 0, 0], "5", "5"),
      (.characters(count: 4), [0x68, 0x69, 0, 0], #""hi""#, #""hi""#),
      (.characters(count: 4), [0x68, 0, 0x69, 0], "68 00 69 00", #"{"hex":"68006900"}"#),
      (.array(of: Self.s16, count: 2), [1, 0, 0xff, 0xff], "[1, -1]", "[1,-1]"),
      (.array(of: Self.u8, count: 3), [1, 2, 3], "01 02 03", #""010203""#),
      (.bytes(count: 3), [1, 2, 3], "01 02 03", #""010203""#),
      (
        Self.mixed, [7, 0, 0, 0, 0xff, 0xff, 0b1111_1101, 0xff, 0x61, 0, 0, 0],
        #"{a = 7, {b = -1, c = ff ff}, d = 5, e = -1, name = "a"}"#,
        #"{"a":7,"b":-1,"c":"ffff","d":5,"e":-1,"name":"a"}"#
      ),
    ]
    for (type, bytes, text, json) in cases {
      #expect(type.size == bytes.count)
      #expect(type.text(of: bytes[...]) == text)
      let value = type.json(of: bytes[...])
      #expect(value.description == json)
      #expect(try type.bytes(from: value) == bytes)
      #expect(try type.bytes(from: ValueType.hex(bytes[...])) == bytes)
    }
  }

  @Test func readsWhatPeopleWrite() throws {
    let cases: [(ValueType, String, [UInt8])] = [
      (Self.mixed, #"{"a":1}"#, [1] + Array(repeating: 0, count: 11)),
      (Self.mixed, "{}", Array(repeating: 0, count: 12)),
      (.array(of: Self.s16, count: 3), "[1]", [1, 0, 0, 0, 0, 0]),
      (.array(of: Self.u8, count: 4), #""10.0.0.1""#, [10, 0, 0, 1]),
      (.array(of: Self.u8, count: 4), "[1,2]", [1, 2, 0, 0]),
      (
        .array(of: Self.u8, count: 16), #""2001:db8::1""#,
        [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
      ),
      (.bytes(count: 4), "258", [2, 1, 0, 0]),
      (.bytes(count: 4), "-1", [0xff, 0xff, 0xff, 0xff]),
      (.bytes(count: 4), #""10.0.0.1""#, [10, 0, 0, 1]),
      (.bytes(count: 2), #""0a 0b""#, [10, 11]),
      (.float(size: 8), "2", [0, 0, 0, 0, 0, 0, 0, 0x40]),
      (Self.color, "1", [1, 0, 0, 0]),
    ]
    for (type, text, bytes) in cases {
      #expect(try type.bytes(from: JSONParser.parse(Array(text.utf8))) == bytes, "\(text)")
    }
  }

  @Test func aSectionKeepsWhatIsNotMentioned() throws {
    let section = ValueType.structure(
      .init(
        kind: .section, size: 8,
        members: [
          .init(name: "first", bitOffset: 0, type: Self.u32),
          .init(name: "second", bitOffset: 32, type: Self.u32),
        ]))
    let value = try JSONParser.parse(Array(#"{"second":9}"#.utf8))
    #expect(
      try section.bytes(from: value, base: [1, 2, 3, 4, 5, 6, 7, 8]) == [1, 2, 3, 4, 9, 0, 0, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    let cases: [(ValueType, String, ValueError)] = [
      (Self.u8, "256", .init(path: "", reason: .outOfRange(256, 0...255))),
      (Self.s16, "-32769", .init(path: "", reason: .outOfRange(-32769, -32768...32767))),
      (
        Self.u32, "1.5",
        .init(path: "", reason: .wrongKind(expected: "an integer", found: "a fractional number"))
      ),
      (Self.mixed, #"{"d":8}"#, .init(path: "d", reason: .outOfRange(8, 0...7))),
      (
        Self.mixed, #"{"c":[1,2,3]}"#,
        .init(path: "c", reason: .tooManyElements(found: 3, limit: 2))
      ),
      (Self.mixed, #"{"c":[1,300]}"#, .init(path: "c[1]", reason: .outOfRange(300, 0...255))),
      (
        Self.mixed, #"{"x":8}"#,
        .init(path: "", reason: .noSuchMember("x", known: ["a", "b", "c", "d", "e", "name"]))
      ),
      (
        Self.mixed, #"{"name":"abcde"}"#,
        .init(path: "name", reason: .textTooLong(found: 5, limit: 4))
      ),
      (
        Self.color, #""BLUE""#,
        .init(path: "", reason: .noSuchName("BLUE", known: ["RED", "GONE"]))
      ),
      (
        .networkInteger(size: 4), #""10.0.0.256""#,
        .init(path: "", reason: .notAnAddress("10.0.0.256"))
      ),
      (.bytes(count: 2), #""0a""#, .init(path: "", reason: .length(found: 1, expected: 2))),
      (
        .bytes(count: 2), #""0x""#,
        .init(path: "", reason: .hex(.init(position: 1, reason: .notADigit(UInt8(ascii: "x")))))
      ),
      (
        Self.u32, #"{"hex":"00"}"#,
        .init(path: "hex", reason: .length(found: 1, expected: 4))
      ),
    ]
    for (type, text, error) in cases {
      #expect(throws: error) { try type.bytes(from: JSONParser.parse(Array(text.utf8))) }
    }
  }
}

@Suite struct NetworkAddressTests {
  @Test func readsAndWrites() {
    let addresses: [(String, [UInt8])] = [
      ("::", Array(repeating: 0, count: 16)),
      ("::1", Array(repeating: 0, count: 15) + [1]),
      ("1::", [0, 1] + Array(repeating: 0, count: 14)),
      ("2001:db8:0:1:1:1:1:1", [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
      ("2001:0:0:1::1", [0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
    ]
    for (text, bytes) in addresses {
      #expect(NetworkAddress.v6(text) == bytes)
      #expect(NetworkAddress.text(of: bytes[...]) == text)
    }
    #expect(NetworkAddress.v6("::ffff:10.0.0.1")?.suffix(6) == [0xff, 0xff, 10, 0, 0, 1])
    #expect(NetworkAddress.v4("255.0.10.1") == [255, 0, 10, 1])
  }

  @Test func refuses() {
    for text in [
      "", "1.2.3", "1.2.3.4.5", "1.2.3.+4", "1.2.3.-4", "256.1.1.1", " 1.2.3.4", "1..2.3",
    ] {
      #expect(NetworkAddress.v4(text) == nil, "\(text)")
    }
    for text in [
      "", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", ":1",
      "1:2:3:4:5:6:7:8::",
      "1:2:3:4::5:6:7:8", "1.2.3.4::",
    ] {
      #expect(NetworkAddress.v6(text) == nil, "\(text)")
    }
  }
}
