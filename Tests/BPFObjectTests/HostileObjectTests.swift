import BPFISA
import BPFObject
import BPFPlatform
import Testing

/// Objects that are well formed in each part and mean more than they hold: what is made of them stays small.
@Suite struct HostileObjectTests {
  /// Writes the smallest object that holds sections of given contents.
  static func object(_ sections: [(name: String, kind: UInt32, flags: UInt64, bytes: [UInt8])])
    -> [UInt8]
  {
    func little(_ value: UInt64, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var names: [UInt8] = [0]
    var contents: [UInt8] = []
    var headers = [UInt8](repeating: 0, count: 64)
    func header(_ name: String, _ kind: UInt32, _ flags: UInt64, _ size: Int) -> [UInt8] {
      let nameOffset = UInt64(names.count)
      names += Array(name.utf8) + [0]
      let link: UInt64 = kind == 2 ? UInt64(sections.count + 1) : 0
      let entrySize: UInt64 = kind == 2 ? 24 : 0
      return little(nameOffset, 4) + little(UInt64(kind), 4) + little(flags, 8) + little(0, 8)
        + little(UInt64(64 + contents.count), 8) + little(UInt64(size), 8) + little(link, 4)
        + little(0, 4) + little(8, 8) + little(entrySize, 8)
    }
    for section in sections {
      headers += header(section.name, section.kind, section.flags, section.bytes.count)
      contents += section.bytes
    }
    headers += header(".strtab", 3, 0, names.count + 9)
    contents += names
    let count = UInt64(sections.count + 2)
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    file += little(1, 2) + little(247, 2) + little(1, 4) + little(0, 16)
    file += little(UInt64(64 + contents.count + 9), 8) + little(0, 4) + little(64, 2)
    file += little(0, 4) + little(64, 2) + little(count, 2) + little(count - 1, 2)
    return file + contents + [UInt8](repeating: 0, count: 9) + headers
  }

  /// A `.BTF` section of types, each given by its words.
  static func types(_ types: [[UInt32]], strings: [UInt8] = [0, 0x61, 0]) -> [UInt8] {
    func little(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let body = types.flatMap { $0.flatMap(little) }
    return [0x9f, 0xeb, 1, 0] + little(24) + little(0) + little(UInt32(body.count))
      + little(UInt32(body.count)) + little(UInt32(strings.count)) + body + strings
  }

  static func btf(_ words: [[UInt32]], strings: [UInt8] = [0, 0x61, 0]) throws -> BTF {
    let bytes = object([(".BTF", 1, 0, types(words, strings: strings))])
    return try #require(try ObjectFile(bytes: bytes).btf)
  }

  static let integer: [UInt32] = [1, 1 << 24, 4, 32]

  private func defect(_ words: [[UInt32]]) -> BTFDefect? {
    do {
      _ = try Self.btf(words)
      return nil
    } catch let error as ObjectError {
      if case .btf(_, _, let defect) = error { return defect }
      Issue.record("\(error)")
      return nil
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }

  @Test func aSmallObjectIsAnObject() throws {
    let btf = try Self.btf([Self.integer])
    #expect(btf.types.count == 2)
    #expect(try btf.decode(1, [1, 0, 0, 0]) == .unsigned(1, bits: 32))
  }

  @Test func sharedPartsDoNotMultiply() throws {
    // Each union holds the one before twice: 2^40 values in 4 bytes.
    let unions: [[UInt32]] = (1...40).map { [1, 5 << 24 | 2, 4, 1, $0, 0, 1, $0, 0] }
    let btf = try Self.btf([Self.integer] + unions)
    #expect(throws: ObjectError.value(path: "", .tooManyValues(limit: BTF.valueLimit))) {
      try btf.decode(41, [0, 0, 0, 0])
    }
    // And without names, where a declaration would write each of them out.
    let nameless: [[UInt32]] = (1...40).map { [0, 5 << 24 | 2, 4, 0, $0, 0, 0, $0, 0] }
    #expect(try Self.btf([Self.integer] + nameless).declaration(of: 41).utf8.count < 100_000)
  }

  @Test func arraysOfNothingAreNotCounted() throws {
    let empty: [UInt32] = [1, 4 << 24, 0]
    let array: [UInt32] = [0, 3 << 24, 0, 2, 1, 0xffff_ffff]
    let btf = try Self.btf([Self.integer, empty, array])
    #expect(throws: ObjectError.value(path: "", .tooManyValues(limit: BTF.valueLimit))) {
      try btf.decode(3, [])
    }
  }

  @Test func sizesDoNotWrapAround() {
    let first: [UInt32] = [0, 3 << 24, 0, 1, 1, 0x1_0000]
    let second: [UInt32] = [0, 3 << 24, 0, 2, 1, 0x1_0000]
    #expect(defect([Self.integer, first, second]) == .tooLarge(type: 3))
  }

  @Test func circlesAreRefused() {
    #expect(defect([[1, 8 << 24, 2], [1, 8 << 24, 1]]) == .cyclic(type: 1))
    #expect(defect([[1, 4 << 24 | 1, 4, 1, 1, 0]]) == .cyclic(type: 1))
    #expect(defect([[0, 3 << 24, 0, 1, 1, 2]]) == .cyclic(type: 1))
  }

  @Test func circlesOfPointersAreWrittenOnce() throws {
    let btf = try Self.btf([[0, 2 << 24, 2], [0, 2 << 24, 1]])
    #expect(btf.size(of: 1) == 8)
    #expect(btf.declaration(of: 1).utf8.count < 1000)
  }

  @Test func longChainsTakeNoStack() throws {
    // A hundred thousand names for one type; and as many arrays in arrays, which is too deep.
    let names: [[UInt32]] = (1...100_000).map { [1, 8 << 24, $0] }
    let btf = try Self.btf([Self.integer] + names)
    #expect(btf.resolve(100_001) == 1)
    #expect(btf.size(of: 100_001) == 4)
    let arrays: [[UInt32]] = (1...100_000).map { [0, 3 << 24, 0, $0, 1, 1] }
    guard case .nestedTooDeeply(_, BTF.nestingLimit) = defect([Self.integer] + arrays) else {
      Issue.record("accepted")
      return
    }
    // The same chain with its end first, so that one walk goes through all of it.
    let reversed: [[UInt32]] = (1..<100_000).map { [1, 8 << 24, $0 + 1] } + [Self.integer]
    #expect(try Self.btf(reversed).resolve(1) == 100_000)
  }

  @Test func longNamesAreRefused() {
    let strings = [0] + [UInt8](repeating: 0x61, count: 1 << 20) + [0]
    #expect(throws: ObjectError.self) { try Self.btf([Self.integer], strings: strings) }
  }

  @Test func overlappingSymbolNamesAreBounded() {
    // Twenty thousand symbols, each named by another part of one long string.
    var symbols = [UInt8](repeating: 0, count: 24)
    for index in 1...20_000 {
      symbols += (0..<4).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) }
      symbols += [UInt8](repeating: 0, count: 20)
    }
    // The string table is the section's names: a section with a long name makes it long.
    let bytes = Self.object([
      (".symtab", 2, 0, symbols), (String(repeating: "n", count: 1 << 20), 1, 0, []),
    ])
    #expect {
      _ = try ObjectFile(bytes: bytes)
    } throws: { error in
      if case .namesTooLong? = error as? ObjectError { true } else { false }
    }
  }

  @Test func sectionsWithoutSymbolsArePrograms() throws {
    // r0 = 0; exit
    let code: [UInt8] = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    let object = try ObjectFile(bytes: Self.object([("socket/1", 1, 6, code)]))
    #expect(object.programs.map(\.name) == ["socket/1"])
    #expect(object.programs[0].type?.name == "socket_filter")
    #expect(try object.link("socket/1").program.slots.count == 2)
  }
}
