import BPFPlatform
import Testing

@testable import BPFCommands

@Suite struct MapFileTests {
  static let hash = MapTypes(
    of: MapSpec(name: "m", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 4))
  static let trie = MapTypes(
    of: MapSpec(name: "m", kind: .lpmTrie, keySize: 8, valueSize: 4, maxEntries: 4))
  static let longTrie = MapTypes(
    of: MapSpec(name: "m", kind: .lpmTrie, keySize: 20, valueSize: 4, maxEntries: 4))

  private func entries(
    _ text: String, _ types: MapTypes = hash, isPerCPU: Bool = false, holdsPrograms: Bool = false
  ) throws(MapFile.Failure) -> [MapFile.Entry] {
    try MapFile(
      Array(text.utf8), types: types, isPerCPU: isPerCPU, holdsPrograms: holdsPrograms
    ).entries
  }

  @Test func readsEveryForm() throws {
    let value: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    let wanted = [MapFile.Entry(key: [10, 0, 0, 1], value: .bytes(value))]
    for text in [
      #"[{"key":"10.0.0.1","value":1}]"#,
      #"[{"key":16777226,"value":"0100000000000000"}]"#,
      #"[{"key_hex":"0a000001","value_hex":"01 00 00 00 00 00 00 00"}]"#,
      #"[{"key":"0a000001","key_hex":"0a000001","value":1,"value_hex":"0100000000000000"}]"#,
      #"[{"key":{"hex":"0a000001"},"value":{"hex":"0100000000000000"}}]"#,
    ] {
      #expect(try entries(text) == wanted, "\(text)")
    }
    #expect(try entries("[]").isEmpty)
    #expect(
      try entries(#"[{"key":0,"value":1}]"#, isPerCPU: true)
        == [MapFile.Entry(key: [0, 0, 0, 0], value: .bytes(value))])
    #expect(
      try entries(#"[{"key":0,"values":[1,0]}]"#, isPerCPU: true)
        == [
          MapFile.Entry(
            key: [0, 0, 0, 0], value: .perCPU([value, Array(repeating: 0, count: 8)]))
        ])
    #expect(
      try entries(#"[{"key":1,"value":"next"}]"#, holdsPrograms: true)
        == [MapFile.Entry(key: [1, 0, 0, 0], value: .program("next"))])
  }

  @Test func prefixesAreWrittenAsPeopleDo() throws {
    let keys: [(MapTypes, String, [UInt8])] = [
      (Self.trie, "10.0.0.0/8", [8, 0, 0, 0, 10, 0, 0, 0]),
      (Self.trie, "10.1.2.3/32", [32, 0, 0, 0, 10, 1, 2, 3]),
      (
        Self.longTrie, "2001:db8::/32",
        [32, 0, 0, 0, 0x20, 1, 0xd, 0xb8] + Array(repeating: 0, count: 12)
      ),
    ]
    for (types, text, key) in keys {
      #expect(try types.keyBytes(.string(text)) == key)
      #expect(types.keyText(key[...]) == text)
      #expect(types.keyJSON(key[...]) == .string(text))
    }
    #expect(try Self.trie.keyBytes(.string("10.1.2.3")) == [32, 0, 0, 0, 10, 1, 2, 3])
    // A length that no address has is shown as the bytes it is.
    #expect(Self.trie.keyText([33, 0, 0, 0, 10, 0, 0, 0]) == "21 00 00 00 0a 00 00 00")
    #expect(throws: ValueError.self) { try Self.trie.keyBytes(.string("10.0.0.0/33")) }
  }

  @Test func saysWhatIsWrong() {
    let cases: [(String, String)] = [
      ("{}", "expected an array of entries, found an object"),
      ("[1]", "entry 0: expected an object, found an integer"),
      ("[{}]", "entry 0: 'key' is missing"),
      (#"[{"key":0}]"#, "entry 0: 'value' is missing"),
      (#"[{"key":0,"value":0},{"key":"0a","value":0}]"#, "entry 1: key: 1 byte, expected 4"),
      (
        #"[{"key":0,"value":0,"vlaue":1}]"#, "entry 0: no such field 'vlaue'; did you mean 'value'?"
      ),
      (
        #"[{"key":0,"value":1,"value_hex":"0000000000000000"}]"#,
        "entry 0: 'value' and 'value_hex' differ"
      ),
      (
        #"[{"key_hex":"0000000g","value":1}]"#,
        "entry 0: key_hex: hex, position 7: 'g' is no hexadecimal digit"
      ),
      (#"[{"key":0,"values":[1]}]"#, "entry 0: 'values' is for per-CPU maps"),
      ("[1", "JSON, byte 2: expected ',' or ']', but the text ends"),
    ]
    for (text, message) in cases {
      #expect(throws: MapFile.Failure(description: message)) { try entries(text) }
    }
  }
}
