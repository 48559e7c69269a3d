import BPFPlatform
import Testing

@testable import BPFCommands

@Suite struct MapEntryTests {
  static let hash = MapTypes(
    of: MapSpec(name: "m", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 4))
  static let trie = MapTypes(
    of: MapSpec(name: "m", kind: .lpmTrie, keySize: 8, valueSize: 4, maxEntries: 4))
  static let longTrie = MapTypes(
    of: MapSpec(name: "m", kind: .lpmTrie, keySize: 20, valueSize: 4, maxEntries: 4))

  private func entries(
    _ text: String, _ types: MapTypes = hash, isPerCPU: Bool = false, holdsPrograms: Bool = false
  ) throws -> [MapEntry] {
    let document = try MapDocument(Array(text.utf8), path: "file")
    return try #require(document.parts.first).entries.map {
      try MapEntry($0, types: types, isPerCPU: isPerCPU, holdsPrograms: holdsPrograms)
    }
  }

  @Test func readsEveryForm() throws {
    let value: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    let wanted = [MapEntry(key: [10, 0, 0, 1], value: .bytes(value))]
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
        == [MapEntry(key: [0, 0, 0, 0], value: .bytes(value))])
    #expect(
      try entries(#"[{"key":0,"values":[1,0]}]"#, isPerCPU: true)
        == [
          MapEntry(
            key: [0, 0, 0, 0], value: .perCPU([value, Array(repeating: 0, count: 8)]))
        ])
    #expect(
      try entries(#"[{"key":1,"value":"next"}]"#, holdsPrograms: true)
        == [MapEntry(key: [1, 0, 0, 0], value: .program("next"))])
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

  @Test func saysWhatIsWrongAndWhere() throws {
    let cases: [(String, place: JSONPath, String)] = [
      ("[1]", JSONPath(), "expected an object, found an integer"),
      ("[{}]", JSONPath(), "'key' is missing"),
      (#"[{"key":0}]"#, JSONPath(), "'value' is missing"),
      (#"[{"key":"0a","value":0}]"#, JSONPath([.member("key")]), "key: 1 byte, expected 4"),
      (
        #"[{"key":0,"value":0,"vlaue":1}]"#, JSONPath([.member("vlaue")]),
        "no such field 'vlaue'; did you mean 'value'?"
      ),
      (
        #"[{"key":0,"value":1,"value_hex":"0000000000000000"}]"#, JSONPath(),
        "'value' and 'value_hex' differ"
      ),
      (
        #"[{"key_hex":"0000000g","value":1}]"#, JSONPath([.member("key_hex")]),
        "key_hex: hex, position 7: 'g' is no hexadecimal digit"
      ),
      (#"[{"key":0,"values":[1]}]"#, JSONPath(), "'values' is for per-CPU maps"),
    ]
    for (text, place, message) in cases {
      #expect(throws: MapEntry.Failure(place: place, description: message)) { try entries(text) }
    }
    for text in ["{}", "3", "[1", #"{"maps":1}"#, #"{"maps":[{}]}"#, #"{"maps":[{"name":"a"}]}"#] {
      #expect(throws: CommandError.self) { try MapDocument(Array(text.utf8), path: "file") }
    }
  }

  @Test func placesAreFoundInText() {
    let text = Array(
      #"""
      {"other": [1, {"a": "}]"}],
       "maps": [
        {"na\u006de": "x", "entries": [{"key": 1}, {"key": 2, "value": [5, {"b": 6}]}]}]}
      """#.utf8)
    let cases: [(JSONPath, TextPlace)] = [
      (JSONPath(), TextPlace(of: 0, in: text)),
      (JSONPath([.member("other"), .element(1), .member("a")]), place(1, 21)),
      (JSONPath([.member("maps"), .element(0)]), place(3, 3)),
      (JSONPath([.member("maps"), .element(0), .member("name")]), place(3, 17)),
      (
        JSONPath([.member("maps"), .element(0), .member("entries"), .element(1)]),
        place(3, 46)
      ),
      (
        JSONPath(
          [.member("maps"), .element(0), .member("entries"), .element(1)]
            + JSONPath(named: "value[1].b").steps), place(3, 76)
      ),
      // As far as the path leads.
      (JSONPath([.member("maps"), .element(7), .member("x")]), place(2, 10)),
    ]
    for (path, expected) in cases { #expect(path.place(in: text) == expected, "\(path)") }

    func place(_ line: Int, _ column: Int) -> TextPlace {
      let before = text.split(separator: 10, omittingEmptySubsequences: false).prefix(line - 1)
      return TextPlace(of: before.reduce(0) { $0 + $1.count + 1 } + column - 1, in: text)
    }
  }
}
