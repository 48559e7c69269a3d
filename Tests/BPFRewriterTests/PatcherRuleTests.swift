import BPFISA
import BPFRewriter
import PatcherOracles
import Testing

/// The rules of DESIGN's section on patching, by number, and the places where patches like to go wrong.
@Suite struct PatcherRuleTests {
  typealias Target = ScriptedPatch.Target

  static func program(
    _ text: String, subs: [Int] = [], lines: [Int] = [], tables: [[Int]] = []
  ) throws -> Program {
    try Program(
      name: "main", slots: Assembler.assemble(text),
      subprograms: ([0] + subs).map { Subprogram(name: $0 == 0 ? "main" : "sub\($0)", start: $0) },
      lines: lines.map { LineInfo(slot: $0, file: "a.c", line: $0, column: 1, text: "at \($0)") },
      jumpTables: tables.enumerated().map { JumpTable(name: "table\($0)", targets: $1) })
  }

  /// Moves of numbers to `r0`.
  static func moves(_ values: Int32...) -> Patch {
    ScriptedPatch(
      values.map {
        .init(.arithmetic(.move, .bits64, destination: .r0, source: .immediate($0)))
      }
    ).patch
  }

  static func jump(to target: Target) -> Patch {
    ScriptedPatch([.init(.jump(offset: 0), to: target)]).patch
  }

  static func edited(
    _ program: Program, _ edits: (inout ProgramPatcher) throws -> Void
  ) throws -> [String] {
    var patcher = ProgramPatcher(program)
    try edits(&patcher)
    return listing(of: try patcher.linearize().program)
  }

  static func error(
    _ program: Program, _ edits: (inout ProgramPatcher) throws -> Void
  ) throws -> PatchError? {
    var patcher = ProgramPatcher(program)
    try edits(&patcher)
    do throws(PatchError) {
      _ = try patcher.linearize()
      return nil
    } catch {
      return error
    }
  }

  // MARK: Rules 1 to 3: where branches land

  static let loop = """
    r0 = 1
    r1 += 1
    if r1 != 9 goto -2
    exit
    """

  @Test func `rule 1: a branch lands on the first instruction of the replacement`() throws {
    let lines = try Self.edited(try Self.program(Self.loop)) {
      try $0.replace(1, with: Self.moves(11, 12))
    }
    #expect(lines == ["r0 = 0x1", "r0 = 0xb", "r0 = 0xc", "if r1 != 0x9 goto -0x3", "exit"])
  }

  @Test func `rule 2: branches run what is inserted, or enter after it`() throws {
    let through = try Self.edited(try Self.program(Self.loop)) {
      try $0.insert(Self.moves(11), before: 1, branches: .throughPatch)
    }
    #expect(through == ["r0 = 0x1", "r0 = 0xb", "r1 += 0x1", "if r1 != 0x9 goto -0x3", "exit"])
    let after = try Self.edited(try Self.program(Self.loop)) {
      try $0.insert(Self.moves(11), before: 1, branches: .afterPatch)
    }
    #expect(after == ["r0 = 0x1", "r0 = 0xb", "r1 += 0x1", "if r1 != 0x9 goto -0x2", "exit"])
  }

  @Test
  func
    `rule 2: several patches at one site keep their order, and the first that is entered stays it`()
    throws
  {
    let lines = try Self.edited(try Self.program(Self.loop)) {
      try $0.insert(Self.moves(11), before: 1, branches: .afterPatch)
      try $0.insert(Self.moves(12), before: 1, branches: .throughPatch)
      try $0.insert(Self.moves(13), before: 1, branches: .afterPatch)
      try $0.replace(1, with: Self.moves(14))
    }
    #expect(
      lines == [
        "r0 = 0x1", "r0 = 0xb", "r0 = 0xc", "r0 = 0xd", "r0 = 0xe", "if r1 != 0x9 goto -0x4",
        "exit",
      ])
  }

  @Test func `rule 3: a branch to a removed instruction lands on the next one left`() throws {
    let head = try Self.edited(try Self.program(Self.loop)) { try $0.remove(1) }
    #expect(head == ["r0 = 0x1", "if r1 != 0x9 goto -0x1", "exit"])
    let replaced = try Self.edited(try Self.program(Self.loop)) {
      try $0.remove(1)
      try $0.replace(2, with: Self.moves(5))
    }
    #expect(replaced == ["r0 = 0x1", "r0 = 0x5", "exit"])
  }

  @Test func `rule 3: a branch with nothing left to land on in its subprogram is refused`() throws {
    let program = try Self.program(
      """
      if r1 == 0 goto +1
      exit
      r0 = 1
      exit
      """, subs: [3])
    #expect(try Self.error(program) { try $0.remove(2) } == .nothingLeftToBranchTo(target: 2))
    let table = try Self.program("exit\nr0 = 1\nexit", subs: [2], tables: [[0, 1]])
    #expect(try Self.error(table) { try $0.remove(1) } == .nothingLeftToBranchTo(target: 1))
    // The end of a patch is a place like any other.
    let last = try Self.program("r0 = 1\nexit\nexit", subs: [2])
    #expect(
      try Self.error(last) { try $0.replace(1, with: Self.jump(to: .end)) }
        == .nothingLeftToBranchTo(target: 1))
  }

  // MARK: Rule 4: two slots, calls, function addresses, tables

  static let kinds = """
    r1 = 0x1122334455667788 ll
    r2 = subprog[+5]
    call pc+3
    exit
    r0 = 7
    exit
    r0 = 2
    exit
    """

  @Test func `rule 4: a load immediate is one unit`() throws {
    let program = try Self.program(Self.kinds, subs: [8])
    var patcher = ProgramPatcher(program)
    #expect(throws: PatchError.secondHalf(1)) { try patcher.remove(1) }
    #expect(throws: PatchError.secondHalf(3)) {
      try patcher.insert(Self.moves(1), before: 3, branches: .afterPatch)
    }
    try patcher.remove(0)
    try patcher.replace(2, with: Self.moves(3))
    let patched = try patcher.linearize()
    #expect(patched.program.slots.count == program.slots.count - 3)
    #expect(patched.slot(ofOriginal: 0) == 0)
    #expect(patched.slot(ofOriginal: 2) == 0)
    #expect(patched.slot(ofOriginal: 4) == 1)
  }

  @Test func `rule 4: calls, function addresses run prologues; tables and jumps do not`() throws {
    let program = try Self.program(
      """
      r2 = subprog[+4]
      call pc+2
      exit
      exit
      r0 = 2
      if r0 == 3 goto -2
      exit
      """, subs: [5], tables: [[5]])
    var patcher = ProgramPatcher(program)
    try patcher.insert(Self.moves(9), before: 5, branches: .afterPatch)
    let patched = try patcher.linearize().program
    #expect(patched.slots[0].immediate == 4)
    #expect(patched.instruction(at: 2) == .call(.local(2)))
    #expect(patched.subprograms.map(\.start) == [0, 5])
    #expect(patched.jumpTables[0].targets == [6])
    #expect(patched.instruction(at: 7).displacement == -2)
  }

  @Test func `rule 4: a stray branch and a stray table entry are refused`() throws {
    let stray = try Self.program("goto +1\nr1 = 5 ll\nexit")
    #expect(try Self.error(stray) { _ in } == .strayBranch(slot: 0, target: 2))
    let outside = try Self.program("goto +4\nexit")
    #expect(try Self.error(outside) { _ in } == .strayBranch(slot: 0, target: 5))
    let table = try Self.program("exit", tables: [[1]])
    #expect(try Self.error(table) { _ in } == .strayTableEntry(table: "table0", target: 1))
    // What is removed does not have to make sense.
    #expect(try Self.edited(outside) { try $0.remove(0) } == ["exit"])
  }

  // MARK: Rule 5: where patches branch

  @Test func `rule 5: a patch branches inside itself, to its end and to the original`() throws {
    let patch = ScriptedPatch([
      .init(.jumpIf(.equal, .bits64, .r1, .immediate(1), offset: 0), to: .line(2)),
      .init(.jumpIf(.equal, .bits64, .r1, .immediate(2), offset: 0), to: .end),
      .init(.jumpIf(.equal, .bits64, .r1, .immediate(3), offset: 0), to: .original(0)),
      .init(.jumpIf(.equal, .bits64, .r1, .immediate(4), offset: 0), to: .original(2)),
      .init(.jumpIf(.equal, .bits64, .r1, .immediate(5), offset: 0), to: .line(5)),
    ]).patch
    let lines = try Self.edited(try Self.program("r0 = 0\nr0 = 1\nexit")) {
      try $0.replace(1, with: patch)
    }
    #expect(
      lines == [
        "r0 = 0x0", "if r1 == 0x1 goto +0x1", "if r1 == 0x2 goto +0x3", "if r1 == 0x3 goto -0x4",
        "if r1 == 0x4 goto +0x1", "if r1 == 0x5 goto +0x0", "exit",
      ])
  }

  @Test func `rule 5: a patch that branches to its own site lands on itself`() throws {
    let lines = try Self.edited(try Self.program("r0 = 0\nexit")) {
      try $0.replace(
        0,
        with: ScriptedPatch([
          .init(.arithmetic(.add, .bits64, destination: .r0, source: .immediate(1))),
          .init(.jump(offset: 0), to: .original(0)),
        ]).patch)
    }
    #expect(lines == ["r0 += 0x1", "goto -0x2", "exit"])
  }

  @Test func `a patch that is wrong in itself is refused and changes nothing`() throws {
    var patcher = ProgramPatcher(try Self.program("r0 = 0\nexit"))
    var unplaced = Patch()
    unplaced.emit(.jump(offset: 0), to: .label(unplaced.label()))
    var twice = Patch()
    let label = twice.label()
    twice.place(label)
    twice.place(label)
    twice.emit(.exit)
    var untargeted = Patch()
    untargeted.emit(.exit)
    untargeted.emit(.jump(offset: 3))
    var targeted = Patch()
    targeted.emit(.exit, to: .end)
    var impossible = Patch()
    impossible.emit(.atomic(.add, .byte, base: .r1, offset: 0, source: .r0))
    let stray = Self.jump(to: .original(2))
    let edits: [(Patch, PatchError)] = [
      (unplaced, .labelNotPlaced(slot: 0)), (twice, .labelPlacedTwice(0)),
      (untargeted, .branchWithoutTarget(slot: 1)), (targeted, .targetWithoutBranch(slot: 0)),
      (stray, .strayBranch(slot: 0, target: 2)),
    ]
    for (patch, error) in edits {
      #expect(throws: error) { try patcher.replace(0, with: patch) }
      #expect(throws: error) { try patcher.insert(patch, before: 1, branches: .throughPatch) }
      var place = patcher.start
      _ = patcher.next(&place)
      #expect(throws: error) { try patcher.replace(at: &place, with: patch) }
    }
    do throws(PatchError) {
      try patcher.replace(0, with: impossible)
      Issue.record("an instruction that does not exist was taken")
    } catch {
      guard case .encoding(_, slot: 0) = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(throws: PatchError.noSuchSlot(2, count: 2)) { try patcher.remove(2) }
    #expect(throws: PatchError.noSuchSlot(-1, count: 2)) { try patcher.remove(-1) }
    #expect(listing(of: try patcher.linearize().program) == ["r0 = 0x0", "exit"])
  }

  // MARK: Rule 6: lines and facts

  @Test func `rule 6: what is inserted has the line of its site`() throws {
    var patcher = ProgramPatcher(
      try Self.program("r0 = 0\nr0 = 1\nr0 = 2\nexit", lines: [0, 1, 2]))
    try patcher.insert(Self.moves(10, 11), before: 1, branches: .afterPatch)
    try patcher.remove(2)
    let patched = try patcher.linearize().program
    #expect((0..<5).map { patched.line(at: $0)?.line } == [0, 1, 1, 1, 2])
    #expect(patched.lines.map(\.slot) == [0, 1, 4])
  }

  @Test func `rule 6: a line of which nothing is left goes`() throws {
    var patcher = ProgramPatcher(
      try Self.program("r0 = 0\nr0 = 1\nr0 = 2\nexit", lines: [0, 1, 2]))
    try patcher.remove(1)
    let patched = try patcher.linearize().program
    #expect(patched.lines.map(\.line) == [0, 2])
    #expect((0..<3).map { patched.line(at: $0)?.line } == [0, 2, 2])
  }

  @Test func `rule 6: asking for a fact that nobody gave is an error`() throws {
    let facts = [FactID(rawValue: 5), FactID(rawValue: 6), FactID(rawValue: 7)]
    var patcher = ProgramPatcher(try Self.program("r0 = 0\nr0 = 1\nexit"), facts: facts)
    try patcher.replace(1, with: Self.moves(10))
    try patcher.insert(
      ScriptedPatch([
        .init(.exit), .init(.exit, fact: FactID(rawValue: 9)), .init(.exit),
      ]).patch, before: 2, branches: .throughPatch)
    var place = patcher.start
    var seen: [UInt32?] = []
    while patcher.next(&place) != nil { seen.append(patcher.fact(at: place)?.rawValue) }
    #expect(seen == [5, nil, nil, 9, nil, 7])
    let patched = try patcher.linearize()
    #expect(try patched.fact(at: 0) == facts[0])
    #expect(throws: PatchError.noFact(slot: 1)) { try patched.fact(at: 1) }
    #expect(throws: PatchError.noFact(slot: 2)) { try patched.fact(at: 2) }
    #expect(try patched.fact(at: 3) == FactID(rawValue: 9))
    #expect(try patched.fact(at: 5) == facts[2])
    #expect(throws: PatchError.noFact(slot: 6)) { try patched.fact(at: 6) }
    let bare = try ProgramPatcher(try Self.program("exit")).linearize()
    #expect(throws: PatchError.noFact(slot: 0)) { try bare.fact(at: 0) }
  }

  // MARK: Rule 7: subprograms

  static let two = """
    call pc+1
    exit
    r0 = 1
    exit
    r0 = 2
    exit
    """

  @Test
  func `rule 7: a subprogram that is emptied goes with its lines, and what calls it is refused`()
    throws
  {
    let program = try Self.program(Self.two, subs: [2, 4], lines: [0, 2, 4])
    #expect(
      try Self.error(program) {
        try $0.remove(2)
        try $0.remove(3)
      } == .subprogramRemoved(name: "sub2", neededBy: 0))
    var patcher = ProgramPatcher(program)
    for slot in [0, 2, 3] { try patcher.remove(slot) }
    let patched = try patcher.linearize().program
    #expect(patched.subprograms.map(\.name) == ["main", "sub4"])
    #expect(patched.subprograms.map(\.start) == [0, 1])
    #expect(patched.lines.map(\.line) == [0, 4])
    #expect(
      try Self.error(program) {
        for slot in [0, 2, 3] { try $0.remove(slot) }
        try $0.insert(
          ScriptedPatch([.init(.call(.local(0)), to: .original(2))]).patch, before: 1,
          branches: .afterPatch)
      } == .subprogramRemoved(name: "sub2", neededBy: nil))
  }

  @Test func `rule 7: the program itself cannot go`() throws {
    let program = try Self.program("exit\nexit", subs: [1])
    #expect(
      try Self.error(program) { try $0.remove(0) }
        == .subprogramRemoved(name: "main", neededBy: nil))
    #expect(
      try Self.error(program) {
        try $0.remove(0)
        try $0.remove(1)
      } == .nothingLeft)
  }

  @Test func `the last instruction before another subprogram`() throws {
    let program = try Self.program(Self.two, subs: [2, 4])
    #expect(try Self.error(program) { try $0.remove(3) } == .fallsOffEnd(subprogram: "sub2"))
    #expect(
      try Self.error(program) { try $0.replace(3, with: Self.moves(1)) }
        == .fallsOffEnd(subprogram: "sub2"))
    let lines = try Self.edited(program) {
      try $0.replace(3, with: Self.jump(to: .original(2)))
      try $0.replace(1, with: Self.jump(to: .original(1)))
    }
    #expect(lines == ["call pc+0x1", "goto -0x1", "r0 = 0x1", "goto -0x2", "r0 = 0x2", "exit"])
  }

  // MARK: Places

  @Test func `the first and the last instruction`() throws {
    let lines = try Self.edited(try Self.program(Self.loop)) {
      try $0.insert(Self.moves(10), before: 0, branches: .throughPatch)
      try $0.insert(Self.moves(13), before: 3, branches: .afterPatch)
      try $0.replace(0, with: Self.moves(11))
    }
    #expect(
      lines == [
        "r0 = 0xa", "r0 = 0xb", "r1 += 0x1", "if r1 != 0x9 goto -0x2", "r0 = 0xd", "exit",
      ])
  }

  @Test func `adjacent patches, and both halves of a loop`() throws {
    let lines = try Self.edited(try Self.program(Self.loop)) {
      try $0.replace(1, with: Self.moves(11, 12))
      try $0.replace(
        2,
        with: ScriptedPatch([
          .init(.arithmetic(.add, .bits64, destination: .r2, source: .immediate(2))),
          .init(.jumpIf(.notEqual, .bits64, .r2, .immediate(8), offset: 0), to: .original(1)),
        ]).patch)
      try $0.insert(Self.moves(13), before: 3, branches: .throughPatch)
    }
    #expect(
      lines == [
        "r0 = 0x1", "r0 = 0xb", "r0 = 0xc", "r2 += 0x2", "if r2 != 0x8 goto -0x4", "r0 = 0xd",
        "exit",
      ])
  }

  @Test func `what an earlier pass inserted is edited in place`() throws {
    var patcher = ProgramPatcher(try Self.program("goto +0\nr0 = 1\nexit"))
    let first = ScriptedPatch([
      .init(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(10))),
      .init(.jumpIf(.equal, .bits64, .r0, .immediate(1), offset: 0), to: .line(3)),
      .init(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(11))),
      .init(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(12))),
    ])
    try patcher.replace(1, with: first.patch)
    patcher.beginPass("second")
    var place = patcher.start
    var index = 0
    while patcher.next(&place) != nil {
      switch index {
      case 1: try patcher.replace(at: &place, with: Self.moves(20, 21))
      case 3: patcher.remove(at: &place)
      case 4: try patcher.insert(Self.moves(30), before: &place, branches: .throughPatch)
      case _: break
      }
      index += 1
    }
    #expect(index == 6)
    let patched = try patcher.linearize(recordsOrigins: true)
    #expect(
      listing(of: patched.program) == [
        "goto +0x0", "r0 = 0x14", "r0 = 0x15", "if r0 == 0x1 goto +0x0", "r0 = 0x1e", "r0 = 0xc",
        "exit",
      ])
    #expect(patched.origins.map(\.pass) == [nil, 0, 0, nil, 0, nil, nil])
    #expect(patched.origins.map(\.original) == [0, 1, 1, 1, 1, 1, 2])
  }

  @Test func `an instruction is edited once`() throws {
    var patcher = ProgramPatcher(try Self.program("r0 = 1\nexit"))
    try patcher.remove(0)
    #expect(throws: PatchError.alreadyRemoved(0)) { try patcher.remove(0) }
    #expect(throws: PatchError.alreadyRemoved(0)) { try patcher.replace(0, with: Self.moves(1)) }
    #expect(throws: PatchError.alreadyRemoved(0)) {
      try patcher.insert(Self.moves(1), before: 0, branches: .throughPatch)
    }
    #expect(listing(of: try patcher.linearize().program) == ["exit"])
  }

  @Test func `rule 9: the program that is edited stays what it was`() throws {
    let program = try Self.program(Self.two, subs: [2, 4])
    let before = program
    #expect(try Self.error(program) { try $0.remove(3) } != nil)
    #expect(program == before)
  }
}
