import BPFObject
import Testing

/// Objects with one defect each, made from good ones: each is refused for that defect.
@Suite struct MalformedObjectTests {
  /// Expects that a fixture, edited, is refused, in the file or in a program.
  private func refuse(
    _ name: String, in fixture: String = "functions.o",
    _ edit: (inout ObjectEditor) throws -> Void, _ isExpected: (ObjectError) -> Bool
  ) {
    do {
      var editor = try ObjectEditor(fixture)
      _ = try ObjectFile(bytes: editor.bytes)
      try edit(&editor)
      do throws(ObjectError) {
        let object = try ObjectFile(bytes: editor.bytes)
        for program in object.programs { _ = try object.link(program) }
        Issue.record("\(name): accepted")
      } catch {
        #expect(isExpected(error), "\(name): \(error)")
        #expect(!"\(error)".contains("\n"), "\(name): the description is one line")
      }
    } catch {
      Issue.record("\(name): \(error)")
    }
  }

  @Test func fileHeaders() {
    refuse("empty file", { $0.bytes = [] }) { $0 == .notELF(found: []) }
    refuse("wrong magic", { $0.bytes[1] = 0x46 }) {
      $0 == .notELF(found: [0x7f, 0x46, 0x4c, 0x46])
    }
    refuse("header cut short", { $0.bytes.removeLast($0.bytes.count - 40) }) {
      if case .truncated("file header", 0, 64, 40) = $0 { true } else { false }
    }
    refuse("32-bit class", { $0.bytes[4] = 1 }) {
      $0 == .unsupportedHeader(.fileClass, found: 1, expected: 2)
    }
    refuse("big-endian", { $0.bytes[5] = 2 }) { $0 == .bigEndian }
    refuse("no byte order", { $0.bytes[5] = 0 }) {
      $0 == .unsupportedHeader(.byteOrder, found: 0, expected: 1)
    }
    refuse("version 2", { $0.write(2, 20, 4) }) {
      $0 == .unsupportedHeader(.version, found: 2, expected: 1)
    }
    refuse("executable", { $0.write(2, 16, 2) }) {
      $0 == .unsupportedHeader(.fileType, found: 2, expected: 1)
    }
    refuse("another machine", { $0.write(62, 18, 2) }) {
      $0 == .unsupportedHeader(.machine, found: 62, expected: 247)
    }
    refuse("section header size", { $0.write(40, 58, 2) }) {
      $0 == .unsupportedHeader(.sectionHeaderSize, found: 40, expected: 64)
    }
    refuse("no section table", { $0.write(0, 40, 8) }) { $0 == .noSections }
    refuse("section table beyond the file", { $0.write(1 << 40, 40, 8) }) {
      if case .sectionTableOutsideFile(1 << 40, _, _) = $0 { true } else { false }
    }
    refuse("section table wrapping around", { $0.write(.max, 40, 8) }) {
      if case .sectionTableOutsideFile(.max, _, _) = $0 { true } else { false }
    }
    refuse("too many sections", { $0.write(0xfeff, 60, 2) }) {
      if case .sectionTableOutsideFile(_, 0xfeff, _) = $0 { true } else { false }
    }
    refuse("names in a section that is not there", { $0.write(0x300, 62, 2) }) {
      if case .noSuchSection("file header", 0x300, _) = $0 { true } else { false }
    }
    refuse("names in a section of code", { $0.write(2, 62, 2) }) {
      $0 == .wrongSectionKind(referrer: "file header", index: 2, expected: .stringTable)
    }
  }

  @Test func sections() {
    refuse("name outside the table", { try $0.set("xdp", .name, 1 << 30) }) {
      if case .nameOutsideTable("section names", 1 << 30, _) = $0 { true } else { false }
    }
    refuse("beyond the file", { try $0.set("xdp", .offset, 1 << 20) }) {
      if case .sectionOutsideFile(_, 1 << 20, _, _) = $0 { true } else { false }
    }
    refuse("size wrapping around", { try $0.set("xdp", .size, .max - 7) }) {
      if case .sectionOutsideFile(_, _, .max - 7, _) = $0 { true } else { false }
    }
    refuse(
      "over another", { try $0.set("xdp", .offset, try $0.get(".text", .offset)) }
    ) { if case .sectionsOverlap = $0 { true } else { false } }
    refuse("zero data of 2 GiB", in: "globals.o", { try $0.set(".bss", .size, 1 << 31) }) {
      if case .sectionTooLarge(_, 1 << 31, _) = $0 { true } else { false }
    }
    refuse("code that is no multiple of 8", { try $0.set("tc/tail", .size, 15) }) {
      $0 == .unalignedSection(section: "tc/tail", size: 15)
    }
    refuse("two symbol tables", { try $0.set(".llvm_addrsig", .kind, 2) }) {
      if case .duplicateSection = $0 { true } else { false }
    }
    refuse("version of 2 bytes", in: "globals.o", { try $0.set("version", .size, 2) }) {
      $0 == .truncated(region: "version", offset: 0, needed: 4, available: 2)
    }
  }

  @Test func symbols() {
    refuse("entry size", { try $0.set(".symtab", .entrySize, 16) }) {
      if case .wrongEntrySize(".symtab", _, 16, 24) = $0 { true } else { false }
    }
    refuse("half an entry", { try $0.set(".symtab", .size, try $0.get(".symtab", .size) - 8) }) {
      if case .wrongEntrySize(".symtab", _, 24, 24) = $0 { true } else { false }
    }
    refuse("names in no section", { try $0.set(".symtab", .link, 99) }) {
      if case .noSuchSection(".symtab", 99, _) = $0 { true } else { false }
    }
    refuse("names in code", { try $0.set(".symtab", .link, 2) }) {
      if case .wrongSectionKind(".symtab", 2, .stringTable) = $0 { true } else { false }
    }
    refuse("name outside the table", { try $0.patchSymbol("calls", at: 0, 0xffff, 4) }) {
      if case .nameOutsideTable(".strtab", 0xffff, _) = $0 { true } else { false }
    }
    refuse("in no section", { try $0.patchSymbol("calls", at: 6, 200, 2) }) {
      if case .noSuchSection(_, 200, _) = $0 { true } else { false }
    }
    refuse("function beyond its section", { try $0.patchSymbol("calls", at: 16, 1 << 20, 8) }) {
      if case .functionOutsideSection("calls", "xdp", _, 1 << 20, _) = $0 { true } else { false }
    }
    refuse("function size wrapping around", { try $0.patchSymbol("calls", at: 16, .max, 8) }) {
      if case .functionOutsideSection("calls", "xdp", _, .max, _) = $0 { true } else { false }
    }
    refuse("function behind its section", { try $0.patchSymbol("calls", at: 8, 1 << 63, 8) }) {
      if case .functionOutsideSection("calls", "xdp", 1 << 63, _, _) = $0 { true } else { false }
    }
    refuse("function between slots", { try $0.patchSymbol("calls", at: 16, 116, 8) }) {
      if case .unalignedFunction("calls", "xdp", _, 116) = $0 { true } else { false }
    }
    refuse("function within another", { try $0.patchSymbol("beside", at: 16, 32, 8) }) {
      $0 == .functionsOverlap(section: "xdp", first: "beside", second: "calls", offset: 24)
    }
  }

  @Test func relocations() {
    refuse("entry size", { try $0.set(".relxdp", .entrySize, 24) }) {
      if case .wrongEntrySize(".relxdp", _, 24, 16) = $0 { true } else { false }
    }
    refuse("of a section that is not there", { try $0.set(".relxdp", .info, 99) }) {
      if case .noSuchSection(".relxdp", 99, _) = $0 { true } else { false }
    }
    refuse("to a symbol that is not there", { try $0.patch(".relxdp", at: 12, 9999, 4) }) {
      if case .noSuchSymbol(".relxdp", 0, 9999, _) = $0 { true } else { false }
    }
    refuse("of unknown type", { try $0.patch(".relxdp", at: 8, 77, 4) }) {
      $0 == .unknownRelocation(section: ".relxdp", offset: 0, kind: 77)
    }
    refuse("beyond its section", { try $0.patch(".relxdp", at: 0, 1 << 40, 8) }) {
      if case .relocationOutsideSection(".relxdp", 0, 1 << 40, _) = $0 { true } else { false }
    }
    refuse("within an instruction", { try $0.patch(".relxdp", at: 0, 4, 8) }) {
      $0.isLink { $0 == .unalignedRelocation }
    }
    refuse("of an exit", { try $0.patch(".relxdp", at: 0, 16, 8) }) {
      $0.isLink { if case .unexpectedInstruction(0x95, .call32) = $0 { true } else { false } }
    }
    refuse("call of nothing", { try $0.patchSymbol("through", at: 8, 8, 8) }) {
      if case .functionsOverlap = $0 { return true }
      return $0.isLink { if case .noFunctionAt = $0 { true } else { false } }
    }
    refuse("call between functions", { try $0.patch("xdp", at: 0x38 + 4, 3, 4) }) {
      $0.isLink {
        if case .noFunctionAt(_, ".text", 32) = $0 { true } else { false }
      }
    }
    refuse(
      "address outside its data", in: "globals.o",
      { try $0.patchSymbol("second_data", at: 8, 4096, 8) }
    ) { $0.isLink { if case .outsideSection(_, ".data", _, 8) = $0 { true } else { false } } }
    refuse(
      "map address between maps", in: "legacy.o",
      {
        let place = $0.read(Int(try $0.get(".relfrom-netdev", .offset)), 8)
        try $0.patch("from-netdev", at: Int(place) + 4, 3, 4)
      }
    ) {
      $0.isLink { if case .noMapAt("table", "maps", 31) = $0 { true } else { false } }
    }
    refuse(
      "relative call out of the section", in: "functions.o", { try $0.patch(".text", at: 4, 50, 4) }
    ) {
      $0.isLink { if case .noFunctionAt(nil, ".text", 408) = $0 { true } else { false } }
    }
    refuse("no instruction", { try $0.patch("tc/tail", at: 0, 0xff, 1) }) {
      $0.isLink { if case .invalidInstruction = $0 { true } else { false } }
    }
    refuse("half a load immediate at the end", { try $0.patch("tc/tail", at: 8, 0x18, 1) }) {
      $0.isLink { if case .invalidInstruction = $0 { true } else { false } }
    }
  }

  @Test func maps() {
    refuse("legacy entries of 26 bytes", in: "legacy.o", { try $0.set("maps", .size, 52) }) {
      $0.isMap { $0 == .entrySize(sectionSize: 52, symbols: 2) }
    }
    refuse(
      "legacy entry off its place", in: "legacy.o", { try $0.patchSymbol("table", at: 8, 24, 8) }
    ) { $0.isMap { $0 == .noEntryAt(offset: 24) } }
    refuse("legacy entry of unknown type", in: "legacy.o", { try $0.patch("maps", at: 28, 999, 4) })
    {
      $0.isMap { $0 == .unknownKind(999) }
    }
    refuse("legacy key of 4 GiB", in: "legacy.o", { try $0.patch("maps", at: 32, 0xffff_ffff, 4) })
    {
      $0.isMap { $0 == .tooLarge(field: "key size", value: 0xffff_ffff) }
    }
    refuse(
      "legacy inner map that is not there", in: "legacy.o",
      {
        try $0.patch("maps", at: 28, 12, 4)
        try $0.patch("maps", at: 48, 9, 4)
      }
    ) { $0.isMap { $0 == .noSuchInnerMap(reference: 9) } }
    refuse("no types", in: "maps.o", { try $0.set(".BTF", .name, try $0.get(".BTF", .name) + 1) }) {
      $0.isMap { $0 == .noTypeInformation }
    }
    refuse("initial value between slots", in: "maps.o", { try $0.patch(".rel.maps", at: 0, 1, 8) })
    {
      $0.isMap { if case .initialValue(1, .notASlot) = $0 { true } else { false } }
    }
    refuse(
      "function in a map of maps", in: "maps.o",
      {
        try $0.patch(".rel.maps", at: 0, try $0.read(Int($0.get(".rel.maps", .offset)) + 32, 8), 8)
      }
    ) { $0.isMap { if case .initialValue(_, .wrongTarget) = $0 { true } else { false } } }
  }

  @Test func types() {
    func btf(_ error: ObjectError, _ isExpected: (BTFDefect) -> Bool) -> Bool {
      if case .btf(_, _, let defect) = error { isExpected(defect) } else { false }
    }
    refuse("wrong magic", in: "types.o", { try $0.patch(".BTF", at: 0, 0x1234, 2) }) {
      btf($0) { $0 == .wrongMagic(0x1234) }
    }
    refuse("big-endian magic", in: "types.o", { try $0.patch(".BTF", at: 0, 0x9feb, 2) }) {
      btf($0) { $0 == .wrongMagic(0x9feb) }
    }
    refuse("version 2", in: "types.o", { try $0.patch(".BTF", at: 2, 2, 1) }) {
      btf($0) { $0 == .unsupportedVersion(2) }
    }
    refuse("header of 8 bytes", in: "types.o", { try $0.patch(".BTF", at: 4, 8, 4) }) {
      btf($0) { $0 == .headerTooShort(8) }
    }
    refuse(
      "types beyond the section", in: "types.o", { try $0.patch(".BTF", at: 12, 0xffff_fff0, 4) }
    ) {
      btf($0) { if case .partOutsideSection(.types, _, _, _) = $0 { true } else { false } }
    }
    refuse(
      "strings beyond the section", in: "types.o", { try $0.patch(".BTF", at: 16, 1 << 30, 4) }
    ) {
      btf($0) { if case .partOutsideSection(.strings, _, _, _) = $0 { true } else { false } }
    }
    refuse("strings without an end", in: "types.o", { try $0.patch(".BTF", at: 20, 5, 4) }) {
      btf($0) { $0 == .stringsNotTerminated }
    }
    refuse("unknown kind", in: "types.o", { try $0.patch(".BTF", at: $0.typeOffset(2) + 7, 31, 1) })
    {
      btf($0) { $0 == .unknownKind(31) }
    }
    refuse(
      "name outside the strings", in: "types.o",
      { try $0.patch(".BTF", at: $0.typeOffset(3), 0xff_ffff, 4) }
    ) {
      btf($0) { if case .noSuchString(3, 0xff_ffff, _) = $0 { true } else { false } }
    }
    refuse(
      "reference to no type", in: "types.o", { try $0.patchType(.typedef, at: 8, 0xffff) }
    ) { btf($0) { if case .noSuchType(_, 0xffff, _) = $0 { true } else { false } } }
    refuse("type of itself", in: "types.o", { try $0.patchType(.typedef, at: 8, nil) }) {
      btf($0) { if case .cyclic = $0 { true } else { false } }
    }
    refuse("integer of 3 bytes", in: "types.o", { try $0.patchType(.integer, at: 8, 3) }) {
      btf($0) { if case .wrongSize(_, 3) = $0 { true } else { false } }
    }
    refuse(
      "integer of more bits than bytes", in: "types.o", { try $0.patchType(.integer, at: 12, 200) }
    ) { btf($0) { if case .unexpectedField(_, .bits, 200) = $0 { true } else { false } } }
    refuse(
      "array beyond 32 bits", in: "types.o", { try $0.patchType(.wideArray, at: 20, 0xffff_ffff) }
    ) { btf($0) { if case .tooLarge = $0 { true } else { false } } }
    refuse("member outside its type", in: "types.o", { try $0.patchType(.structure, at: 8, 1) }) {
      btf($0) { if case .memberOutsideType(_, _, _, 1) = $0 { true } else { false } }
    }
    refuse("variable of unknown linkage", in: "types.o", { try $0.patchType(.variable, at: 12, 7) })
    {
      btf($0) { if case .unexpectedField(_, .linkage, 7) = $0 { true } else { false } }
    }
    refuse("line records too small", in: "types.o", { try $0.patchExtension(16, 8) }) {
      btf($0) { $0 == .wrongRecordSize(8, minimum: 16) }
    }
    refuse(
      "CO-RE relocation of unknown kind", in: "core.o", { try $0.patchExtension(24, 99, at: 24) }
    ) {
      btf($0) { $0 == .unknownRelocationKind(99) }
    }
  }
}

extension ObjectError {
  fileprivate func isLink(_ isExpected: (LinkDefect) -> Bool) -> Bool {
    if case .link(_, _, _, let defect) = self { isExpected(defect) } else { false }
  }

  fileprivate func isMap(_ isExpected: (MapDefect) -> Bool) -> Bool {
    if case .map(_, _, let defect) = self { isExpected(defect) } else { false }
  }
}

extension ObjectEditor {
  enum TypeKind { case typedef, integer, wideArray, structure, variable }

  /// Overwrites a word of the first type of a kind, with the type's own id where none is given.
  fileprivate mutating func patchType(_ kind: TypeKind, at offset: Int, _ value: UInt32?) throws {
    let btf = try #require(try ObjectFile(bytes: bytes).btf)
    let id = try #require(
      btf.types.firstIndex {
        switch ($0.kind, kind) {
        case (.typedef, .typedef), (.integer, .integer), (.structure, .structure),
          (.variable, .variable):
          true
        case (.array(let element, _, _), .wideArray): btf.size(of: element) ?? 0 > 1
        default: false
        }
      })
    try patch(
      ".BTF", at: try typeOffset(UInt32(id)) + offset, UInt64(value ?? UInt32(id)), 4)
  }

  /// Overwrites a word of a table of `.BTF.ext`, whose offset stands at `field`.
  fileprivate mutating func patchExtension(
    _ field: Int, _ value: UInt64, at offset: Int = 0
  ) throws {
    let start = Int(try get(".BTF.ext", .offset))
    let table = Int(read(start + 4, 4)) + Int(read(start + field, 4))
    try patch(".BTF.ext", at: table + offset, value, 4)
  }
}
