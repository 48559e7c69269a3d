import BPFISA
import BPFObject
import BPFPlatform
import TestSupport
import Testing

/// What the linker makes of the fixtures: functions, data, maps, open symbols.
@Suite struct LinkingTests {
  static func object(_ name: String) throws -> ObjectFile {
    try ObjectFile(bytes: try fileBytes(fixturesFolder + name))
  }

  /// What the wide immediates of a program refer to, in order.
  static func references(_ program: Program) -> [WideImmediate] {
    var found: [WideImmediate] = []
    var slot = 0
    while slot < program.slots.count {
      let instruction = program.instruction(at: slot)
      if case .loadWide(_, let immediate) = instruction { found.append(immediate) }
      slot += instruction.slotCount
    }
    return found
  }

  @Test func dataSectionsBecomeMapsOfOneValue() throws {
    let object = try Self.object("globals.o")
    #expect(object.license == "GPL")
    #expect(object.kernelVersion == 0x60102)
    let maps = Dictionary(uniqueKeysWithValues: object.maps.map { ($0.name, $0) })
    #expect(
      Set(maps.keys) == [
        ".data", ".bss", ".rodata", ".rodata.config", ".data.counters", ".rodata.str1.1",
      ])
    let data = try #require(maps[".data"])
    #expect(data.kind == .array && data.keySize == 4 && data.maxEntries == 1)
    #expect(data.contents == [.init(key: [0, 0, 0, 0], value: .bytes([7, 0, 0, 0, 11, 0, 0, 0]))])
    #expect(!data.isFrozen)
    let zero = try #require(maps[".bss"])
    #expect(zero.valueSize == 16 && zero.contents.isEmpty)
    for name in [".rodata", ".rodata.config", ".rodata.str1.1"] {
      let spec = try #require(maps[name])
      #expect(spec.isFrozen && spec.flags.contains(.readOnlyForPrograms), "\(name)")
    }
  }

  @Test func addressesOfDataAreOffsetsInTheirMaps() throws {
    let object = try Self.object("globals.o")
    let linked = try object.link("sum")
    #expect(linked.type == .xdp && linked.attachType == 37)
    #expect(linked.program.mapNames == linked.maps.map(\.name))
    var offsets: Set<String> = []
    for reference in Self.references(linked.program) {
      guard case .mapIndexValue(let index, let offset) = reference else {
        Issue.record("\(reference)")
        continue
      }
      offsets.insert("\(linked.maps[Int(index)].name)+\(offset)")
    }
    #expect(
      offsets == [
        ".bss+0", ".data+0", ".data+4", ".rodata+0", ".rodata.config+0", ".data.counters+0",
      ])
  }

  @Test func calledFunctionsFollowOnceEach() throws {
    let object = try Self.object("functions.o")
    let program = try object.link("calls").program
    #expect(program.subprograms.map(\.name).first == "calls")
    #expect(Set(program.subprograms.map(\.name)) == ["calls", "twice", "through", "beside"])
    #expect(program.subprograms.count == 4)
    let starts = Set(program.subprograms.map(\.start))
    var calls = 0
    for slot in program.slots.indices {
      if case .call(.local(let distance)) = program.instruction(at: slot) {
        #expect(starts.contains(slot + 1 + Int(distance)))
        calls += 1
      }
    }
    // Three of the entry's own, one in each of `through` and `beside`.
    #expect(calls == 5)
  }

  @Test func callbacksAreAddressesOfFunctions() throws {
    let object = try Self.object("functions.o")
    let program = try object.link("repeats").program
    #expect(program.subprograms.map(\.name) == ["repeats", "step"])
    let slot = try #require(
      program.slots.firstIndex { $0.opcode == 0x18 && $0.source == 4 })
    #expect(slot + 1 + Int(program.slots[slot].immediate) == program.subprograms[1].start)
  }

  @Test func functionsKnowTheirPurpose() throws {
    let programs = try Self.object("functions.o").programs
    func program(_ name: String) throws -> ObjectProgram {
      try #require(programs.first { $0.name == name })
    }
    for name in ["twice", "through", "step"] { #expect(try program(name).isSubprogram, "\(name)") }
    for name in ["beside", "calls", "repeats", "lonely"] {
      #expect(try !program(name).isSubprogram, "\(name)")
    }
    let lonely = try program("lonely")
    #expect(lonely.isStatic && lonely.type == .schedCLS && lonely.target == "tail")
    #expect(try program("repeats").isOptional && program("repeats").type == .xdp)
    #expect(try program("through").type == nil)
  }

  @Test func sourceLinesMoveWithTheirFunctions() throws {
    let program = try Self.object("functions.o").link("calls").program
    let twice = try #require(program.subprograms.first { $0.name == "twice" })
    let line = try #require(program.line(at: twice.start))
    #expect(line.text.contains("static __noinline int twice"))
    #expect(line.file.hasSuffix("functions.c"))
    #expect(line.line == 4)
  }

  @Test func mapsAreReadFromTheirTypes() throws {
    let object = try Self.object("maps.o")
    func map(_ name: String) throws -> MapSpec {
      try #require(object.maps.first { $0.name == name })
    }
    let flows = try map("flows")
    #expect(flows.kind == .hash && flows.keySize == 8 && flows.valueSize == 8)
    #expect(flows.maxEntries == 1024 && flows.flags == .noPreallocation && flows.pinning == 1)
    let events = try map("events")
    #expect(events.kind == .ringBuffer && events.keySize == 0 && events.valueSize == 0)
    let event = try #require(events.valueTypeID)
    #expect(object.btf?.declaredName(of: event) == "struct event")
    let samples = try map("samples")
    #expect(samples.keySize == 4 && samples.valueSize == 4 && samples.valueTypeID == event)
    let seen = try map("seen")
    #expect(seen.kind == .bloomFilter && seen.extra == 3 && seen.valueSize == 8)
    let outer = try map("outer")
    #expect(outer.inner?.value.kind == .array && outer.inner?.value.maxEntries == 4)
    #expect(
      outer.contents == [
        .init(key: [0, 0, 0, 0], value: .map("inner_first")),
        .init(key: [2, 0, 0, 0], value: .map("inner_second")),
      ])
    let jumps = try map("jumps")
    #expect(jumps.kind == .programArray && jumps.keySize == 4 && jumps.valueSize == 4)
    #expect(
      jumps.contents == [
        .init(key: [1, 0, 0, 0], value: .program("target_first")),
        .init(key: [5, 0, 0, 0], value: .program("target_second")),
      ])
  }

  @Test func legacyMapsTakeTailCallsFromSectionNames() throws {
    let object = try Self.object("legacy.o")
    #expect(object.maps.map(\.name) == ["jumps", "table"])
    #expect(
      object.maps[0].contents == [
        .init(key: [7, 0, 0, 0], value: .program("slot_seven")),
        .init(key: [31, 0, 0, 0], value: .program("slot_last")),
      ])
    #expect(object.maps[0].pinning == 1)
    #expect(object.maps[1].kind == .array && object.maps[1].maxEntries == 16)
    let entry = try object.link("entry")
    #expect(entry.type == nil)
    #expect(entry.program.mapNames == ["table", "jumps"])
    #expect(Self.references(entry.program) == [.mapIndex(0), .mapIndex(1)])
  }

  @Test func weakSymbolsAreZero() throws {
    let linked = try Self.object("externs.o").link("weak")
    #expect(linked.program.mapNames == [".kconfig"])
    let references = Self.references(linked.program)
    #expect(references.contains(.value(0)))
    #expect(
      references.contains {
        if case .mapIndexValue(0, _) = $0 { true } else { false }
      })
    #expect(linked.maps[0].isFrozen)
    #expect(
      linked.program.slots.contains(RawInstruction(opcode: 0x85, source: 2)),
      "the call of a missing weak function stays and calls nothing")
  }

  @Test func strongSymbolsNeedAValue() throws {
    var object = try Self.object("externs.o")
    for (program, defect) in [
      ("setting", LinkDefect.undefinedSymbol("LINUX_KERNEL_VERSION")),
      ("address", .undefinedSymbol("needed_address")),
      ("function", .undefinedFunction("needed_function")),
    ] {
      #expect {
        try object.link(program)
      } throws: { error in
        guard case .link(program, "xdp", _, defect)? = error as? ObjectError else { return false }
        return true
      }
    }
    try object.provide(.number(0x60600), for: "LINUX_KERNEL_VERSION")
    try object.provide(.number(0x1_2345_6789), for: "needed_address")
    let setting = try object.link("setting")
    guard case .mapIndexValue(0, let offset)? = Self.references(setting.program).first,
      case .bytes(let bytes)? = setting.maps.first?.contents.first?.value
    else {
      Issue.record("\(setting)")
      return
    }
    #expect(Array(bytes[Int(offset)..<Int(offset) + 4]) == [0, 6, 6, 0])
    #expect(
      Self.references(try object.link("address").program).first == .value(0x1_2345_6789))
    #expect(throws: ObjectError.externValue(name: "nothing", .notExtern)) {
      try object.provide(.number(1), for: "nothing")
    }
    #expect(
      throws: ObjectError.externValue(
        name: "LINUX_KERNEL_VERSION", .wrongSize(found: 5, expected: 4))
    ) {
      try object.provide(.bytes([1, 2, 3, 4, 5]), for: "LINUX_KERNEL_VERSION")
    }
    #expect(throws: ObjectError.externValue(name: "needed_function", .wrongKind)) {
      try object.provide(.number(1), for: "needed_function")
    }
  }

  @Test func coreRelocationsAreReportedAndRefused() throws {
    let object = try Self.object("core.o")
    #expect(Set(object.coreRelocations.map(\.kind)) == Set(CoreRelocation.Kind.allCases))
    let offset = try #require(object.coreRelocations.first { $0.kind == .fieldByteOffset })
    #expect(offset.typeName == "struct shape" && offset.access == "0:2")
    #expect(offset.section == "kprobe/fields")
    for program in ["fields", "types", "enumerators"] {
      #expect {
        try object.link(program)
      } throws: { error in
        guard case .link(program, _, _, .coreRelocation)? = error as? ObjectError else {
          return false
        }
        return "\(error)".contains("shape") || "\(error)".contains("color")
      }
    }
    // The object's own type id needs no target to be known.
    #expect(try object.link("local").program.slots.isEmpty == false)
  }

  @Test(arguments: ["functions.o", "globals.o", "maps.o"])
  func bothRelocationStylesGiveTheSameProgram(fixture: String) throws {
    let plain = try Self.object(fixture)
    var editor = try ObjectEditor(fixture)
    try editor.useAddends("xdp")
    let withAddends = try ObjectFile(bytes: editor.bytes)
    #expect(withAddends.sections.contains { $0.kind == .relocationsWithAddends })
    for program in plain.programs where program.sectionName == "xdp" {
      #expect(try plain.link(program.name) == withAddends.link(program.name))
    }
  }

  @Test(arguments: ["v1", "v2", "v3", "v4"])
  func everyVersionOfTheInstructionSetLinks(version: String) throws {
    let linked = try Self.object("versions-\(version).o").link("arithmetic")
    #expect(linked.program.mapNames == [".bss"])
    let opcodes = Set(linked.program.slots.map(\.opcode))
    // Comparisons of 32 bits came with version 3, sign-extending moves with version 4.
    #expect(opcodes.contains { $0 & 7 == 6 } == ["v3", "v4"].contains(version))
    let extends = linked.program.slots.contains { $0.opcode & 0xf7 == 0xb4 && $0.offset != 0 }
    let loadsExtended = !opcodes.isDisjoint(with: [0x81, 0x89, 0x91])
    #expect((extends || loadsExtended) == (version == "v4"))
  }

  @Test func askingForAnUnknownProgramNamesTheOthers() throws {
    let object = try Self.object("functions.o")
    #expect {
      try object.link("nothing")
    } throws: { error in
      guard case .noSuchProgram("nothing", let available)? = error as? ObjectError else {
        return false
      }
      return Set(available) == ["beside", "calls", "repeats", "lonely"]
    }
  }

  @Test func globalFunctionsHaveTheirPrototypes() throws {
    let program = try Self.object("prototypes.o").link("uses").program
    let prototypes = program.subprograms.reduce(into: [String: FunctionPrototype]()) {
      $0[$1.name] = $1.prototype
    }
    let pair = FunctionPrototype.Pointee(.structure("pair"), size: 8)
    // Static functions have none, and one that only its object may call.
    #expect(
      Set(prototypes.keys) == ["uses", "context", "numbers", "pointers", "nothing", "address"])
    #expect(program.subprograms.map(\.name).contains("hidden"))
    let context = FunctionPrototype.Pointee(.structure("xdp_md"), size: 24)
    #expect(
      prototypes["context"]
        == FunctionPrototype(parameters: [.init(.pointer(context))], result: .number))
    #expect(
      prototypes["numbers"]
        == FunctionPrototype(
          parameters: Array(repeating: .init(.number), count: 4), result: .number))
    #expect(
      prototypes["pointers"]
        == FunctionPrototype(
          parameters: [
            .init(.pointer(pair), tags: .nonNull), .init(.pointer(.init(.number, size: 4))),
            .init(.pointer(.init(.structure("opaque"), size: nil))),
            .init(.pointer(.init(.other, size: 40))),
            .init(.pointer(.init(.void, size: nil)), tags: .context),
          ], result: .number))
    #expect(
      prototypes["nothing"]
        == FunctionPrototype(
          parameters: [.init(.pointer(.init(.other, size: 8)), tags: [.unknown, .nonNull])],
          result: .nothing))
    #expect(
      prototypes["address"] == FunctionPrototype(parameters: [.init(.other)], result: .other))
  }
}
