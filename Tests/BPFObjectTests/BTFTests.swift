import BPFObject
import BPFPlatform
import Testing

/// Types and values of `types.o`, which has one of every kind.
@Suite struct BTFTests {
  static func table() throws -> BTF {
    try #require(try LinkingTests.object("types.o").btf)
  }

  /// The structure `everything`, and its initial bytes in the object.
  static func everything() throws -> (btf: BTF, id: BTF.TypeID, bytes: [UInt8]) {
    let object = try LinkingTests.object("types.o")
    let btf = try #require(object.btf)
    let id = try #require(
      btf.firstType(named: "everything") {
        if case .structure = $0.kind { true } else { false }
      })
    let section = try #require(object.maps.first { $0.name == ".data" })
    guard case .bytes(let bytes)? = section.contents.first?.value else {
      throw UnreadableFile(path: ".data", number: 0)
    }
    let symbol = try #require(object.symbols.first { $0.name == "everything" })
    let start = Int(symbol.value)
    return (btf, id, Array(bytes[start..<start + Int(symbol.size)]))
  }

  @Test func everyKindIsRead() throws {
    let btf = try Self.table()
    var kinds: Set<String> = []
    for type in btf.types { kinds.insert("\(type.kind)".prefix { $0 != "(" }.description) }
    #expect(
      kinds == [
        "void", "integer", "pointer", "array", "structure", "union", "enumeration", "forward",
        "typedef", "volatile", "const", "restrict", "function", "functionPrototype", "variable",
        "dataSection", "float", "declarationTag", "typeTag",
      ])
  }

  @Test func aStructureIsReadByItsMembers() throws {
    let (btf, id, bytes) = try Self.everything()
    #expect(btf.size(of: id) == bytes.count)
    guard case .structure(let members) = try btf.decode(id, bytes) else {
      Issue.record("no structure")
      return
    }
    let values = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    #expect(values["name"] == .text("probe"))
    #expect(values["enabled"] == .boolean(false))
    #expect(values["delta"] == .signed(0, bits: 8))
    #expect(values["small"] == .signed(0, bits: 32))
    #expect(values["left"] == .unsigned(0, bits: 16), "of a structure without a name")
    #expect(values["narrow"] == .signed(-3, bits: 5))
    #expect(values["wide"] == .unsigned(9, bits: 27))
    #expect(values["real"] == .float(0))
    #expect(values["pointer"] == .pointer(0))
    #expect(values["hardware"] == .bytes([0, 0, 0, 0, 0, 0]))
    #expect(
      values["matrix"]
        == .array([
          .array([.unsigned(1, bits: 16), .unsigned(2, bits: 16), .unsigned(3, bits: 16)]),
          .array([.unsigned(4, bits: 16), .unsigned(5, bits: 16), .unsigned(6, bits: 16)]),
        ]))
  }

  @Test func whatIsReadIsWrittenBack() throws {
    let (btf, id, bytes) = try Self.everything()
    #expect(try btf.encode(id, try btf.decode(id, bytes)) == bytes)
    var generator = MutationTests.Generator(state: 7)
    for _ in 0..<200 {
      // Padding is not a member: what is read twice is what counts.
      let random = bytes.map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let value = try btf.decode(id, random)
      let written = try btf.encode(id, value)
      let (first, second) = ("\(value)", "\(try btf.decode(id, written))")
      #expect(first == second)
    }
  }

  @Test func membersAreWrittenByName() throws {
    let (btf, id, _) = try Self.everything()
    let bytes = try btf.encode(
      id,
      .structure([
        .init("narrow", .signed(-16, bits: 64)), .init("small", .enumerator("LOW", value: 0)),
        .init("large", .enumerator("HUGE", value: 0)), .init("right", .unsigned(7, bits: 64)),
        .init("name", .text("abc")),
      ]))
    guard case .structure(let members) = try btf.decode(id, bytes) else {
      Issue.record("no structure")
      return
    }
    let values = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    #expect(values["narrow"] == .signed(-16, bits: 5))
    #expect(values["small"] == .enumerator("LOW", value: -2))
    #expect(values["large"] == .enumerator("HUGE", value: 0x1234_5678_9abc_def0))
    #expect(values["right"] == .unsigned(7, bits: 16))
    #expect(values["name"] == .text("abc"))
  }

  @Test func whatDoesNotFitIsRefusedWithItsPath() throws {
    let (btf, id, bytes) = try Self.everything()
    func refuses(_ path: String, _ defect: ValueDefect, _ members: [BTFValue.Member]) {
      #expect(throws: ObjectError.value(path: path, defect)) {
        try btf.encode(id, .structure(members))
      }
    }
    refuses("narrow", .outOfRange("16", bits: 5), [.init("narrow", .signed(16, bits: 5))])
    refuses("", .noSuchMember("missing"), [.init("missing", .boolean(true))])
    refuses(
      "", .memberTwice("wide"),
      [.init("wide", .unsigned(1, bits: 27)), .init("wide", .unsigned(1, bits: 27))])
    refuses("small", .noSuchEnumerator("NONE"), [.init("small", .enumerator("NONE", value: 0))])
    refuses("name", .wrongSize(found: 9, expected: 8), [.init("name", .text("123456789"))])
    refuses(
      "matrix[1]", .mismatch(found: "text", expected: "an array"),
      [.init("matrix", .array([.array([]), .text("x")]))])
    refuses(
      "either.bytes", .contradiction,
      [
        .init(
          "either",
          .structure([
            .init("word", .unsigned(1, bits: 32)), .init("bytes", .bytes([2, 0, 0, 0])),
          ]))
      ])
    #expect(throws: ObjectError.value(path: "", .wrongSize(found: 3, expected: bytes.count))) {
      try btf.decode(id, [1, 2, 3])
    }
    #expect(throws: ObjectError.value(path: "", .unsized("void"))) { try btf.decode(0, []) }
    #expect(throws: ObjectError.value(path: "", .noSuchType(9999))) { try btf.decode(9999, []) }
  }

  @Test func dataSectionsAreReadByTheirVariables() throws {
    let object = try LinkingTests.object("globals.o")
    let data = try #require(object.maps.first { $0.name == ".data" })
    let btf = try #require(object.btf)
    guard case .bytes(let bytes)? = data.contents.first?.value else {
      Issue.record("no contents")
      return
    }
    let value = try btf.decode(try #require(data.valueTypeID), bytes)
    #expect(
      value
        == .structure([
          .init("first_data", .signed(7, bits: 32)), .init("second_data", .signed(11, bits: 32)),
        ]))
  }

  @Test func declarationsReadAsInC() throws {
    let btf = try Self.table()
    func declaration(
      _ name: String, where condition: (BTFType) -> Bool = { _ in true }
    ) throws -> String {
      let id = btf.firstType(named: name, where: condition)
      return btf.declaration(of: try #require(id))
    }
    #expect(try declaration("either") == "union either { __u32 word; __u8 bytes[4]; }")
    #expect(try declaration("small") == "enum small { LOW = -2, HIGH = 3 }")
    #expect(try declaration("large") == "enum large { HUGE = 1311768467463790320 }")
    #expect(try declaration("qualified") == "typedef const volatile int *restrict qualified")
    let structure = try declaration("everything") {
      if case .structure = $0.kind { true } else { false }
    }
    #expect(structure.hasPrefix("struct everything { char name[8]; _Bool enabled; "))
    #expect(structure.contains("struct { __u16 left; __u16 right; };"))
    #expect(structure.contains("int narrow : 5; unsigned int wide : 27;"))
    #expect(structure.contains("struct forward *opaque;"))
    #expect(structure.contains("__u16 matrix[2][3];"))
    #expect(try declaration("declared") == "struct forward *declared")
    #expect(
      try declaration("prototype")
        == "int prototype(struct forward *argument, qualified second)")
  }
}
