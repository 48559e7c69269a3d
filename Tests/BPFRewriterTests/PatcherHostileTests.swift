import BPFISA
import BPFRewriter
import PatcherOracles
import Testing

/// Programs made to be slow or to break the patcher, and wrong use of it.
@Suite struct PatcherHostileTests {
  typealias Rules = PatcherRuleTests

  /// Jumps side by side, each of which is pushed out of reach only once all behind it are widened: far more of them than
  /// there are rounds.
  @Test func `a cascade of widening ends after few rounds, with every jump right`() throws {
    let count = 300
    let far = PatcherWideningTests.kinds[1]
    var slots = try (0..<count).map { index in
      try (far.with(displacement: 0x7fff - (count - 1 - index)) ?? far).encoded.first
    }
    let move = try PatcherWideningTests.move.encoded.first
    slots += [RawInstruction](repeating: move, count: 0x8000)
    // In the reach of 16 bits whatever others become, and not surely so.
    let near = try [10_000, 20_000].map { try (far.with(displacement: $0) ?? far).encoded.first }
    let nearStart = slots.count
    slots += near
    slots += [RawInstruction](repeating: move, count: 20_001)
    slots += try Instruction.exit.encoded.slots
    let program = try Program(name: "main", slots: slots)
    var patcher = ProgramPatcher(program)
    try patcher.insert(Rules.moves(1), before: count + 5, branches: .throughPatch)
    let patched = try patcher.linearize()
    for slot in Array(0..<count) + [nearStart, nearStart + 1] {
      let target = patched.slot(
        ofOriginal: try #require(program.instruction(at: slot).target(at: slot)))
      let start = patched.slot(ofOriginal: slot)
      let first = patched.program.instruction(at: start)
      if slot < count || first.displacement == 1 {
        #expect(first.displacement == 1)
        let second = patched.program.instruction(at: start + 1)
        #expect(second.target(at: start + 1) == target)
        guard case .jumpLong = second else {
          Issue.record("\(second)")
          return
        }
      } else {
        #expect(first.target(at: start) == target)
      }
    }
    let first = patched.slot(ofOriginal: nearStart)
    #expect(patched.program.instruction(at: first).displacement == 10_000 + 1)
    #expect(patched.program.slots.count == slots.count + 1 + count + 1)
  }

  @Test func `a subprogram that starts outside the program is refused`() throws {
    for start in [2, 3, 1 << 40] {
      let program = try Rules.program("r0 = 0\nexit", subs: [start])
      #expect(
        try Rules.error(program) { _ in } == .straySubprogram(name: "sub\(start)", start: start))
    }
    let before = try Program(
      name: "main", slots: Assembler.assemble("exit"),
      subprograms: [Subprogram(name: "early", start: -1)])
    #expect(try Rules.error(before) { _ in } == .straySubprogram(name: "early", start: -1))
  }

  @Test func `source lines outside the program are left out`() throws {
    let lines = try Rules.program("r0 = 0\nexit", lines: [-3, 1, 2, 7])
    let patcher = ProgramPatcher(lines)
    let patched = try patcher.linearize().program
    #expect(patched.lines.map(\.slot) == [1])
  }

  @Test func `a place from before another edit of inserted code stops the program`() async {
    await #expect(processExitsWith: .failure) {
      var patcher = ProgramPatcher(try PatcherRuleTests.program("r0 = 0\nexit"))
      try patcher.insert(PatcherRuleTests.moves(1, 2), before: 0, branches: .throughPatch)
      var place = patcher.start
      _ = patcher.next(&place)
      let stale = place
      try patcher.replace(at: &place, with: PatcherRuleTests.moves(3))
      _ = patcher.instruction(at: stale)
    }
  }

  @Test func `a place stays good over edits by slot and of original instructions`() throws {
    var patcher = ProgramPatcher(try Rules.program("r0 = 0\nr0 = 1\nexit"))
    try patcher.insert(Rules.moves(10, 11), before: 1, branches: .throughPatch)
    var place = patcher.start
    _ = patcher.next(&place)
    _ = patcher.next(&place)
    try patcher.replace(0, with: Rules.moves(20))
    try patcher.insert(Rules.moves(12), before: 1, branches: .afterPatch)
    let here = patcher.instruction(at: place)
    #expect(here == PatcherRegressionTests.move(10))
    try patcher.replace(at: &place, with: Rules.moves(30))
    #expect(patcher.next(&place) == PatcherRegressionTests.move(11))
    #expect(
      listing(of: try patcher.linearize().program) == [
        "r0 = 0x14", "r0 = 0x1e", "r0 = 0xb", "r0 = 0xc", "r0 = 0x1", "exit",
      ])
  }

  // MARK: Branches to what an earlier patch inserted

  /// A patch with a branch inside itself and one to its end, before a move and the exit.
  static func branching() throws -> ProgramPatcher {
    var patcher = ProgramPatcher(try Rules.program("r0 = 0\nr0 = 1\nexit"))
    try patcher.insert(
      ScriptedPatch([
        .init(.jumpIf(.equal, .bits64, .r1, .immediate(1), offset: 0), to: .line(2)),
        .init(.jumpIf(.equal, .bits64, .r1, .immediate(2), offset: 0), to: .end),
        .init(PatcherRegressionTests.move(10)),
      ]).patch, before: 1, branches: .throughPatch)
    return patcher
  }

  @Test func `a branch that takes the place of one inside a patch leads where it led`() throws {
    var patcher = try Self.branching()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      guard place.isInserted, case .jumpIf = instruction else { continue }
      let here = patcher.target(at: place)
      let target = try #require(here)
      let original = patcher.originalTarget(at: place)
      #expect(original == nil)
      var patch = Patch()
      patch.emit(PatcherRegressionTests.move(20))
      patch.emit(.jump(offset: 0), to: target)
      try patcher.replace(at: &place, with: patch)
    }
    #expect(
      listing(of: try patcher.linearize().program) == [
        "r0 = 0x0", "r0 = 0x14", "goto +0x2", "r0 = 0x14", "goto +0x1", "r0 = 0xa", "r0 = 0x1",
        "exit",
      ])
  }

  @Test func `the end of a patch stays behind what takes the place of its last instruction`() throws
  {
    for entry in [ProgramPatcher.Entry.throughPatch, .afterPatch] {
      var patcher = try Self.branching()
      var place = patcher.start
      for _ in 0..<4 { _ = patcher.next(&place) }
      let here = patcher.instruction(at: place)
      #expect(here == PatcherRegressionTests.move(10))
      try patcher.insert(Rules.moves(30), before: &place, branches: entry)
      try patcher.replace(at: &place, with: Rules.moves(40, 41))
      #expect(
        listing(of: try patcher.linearize().program) == [
          "r0 = 0x0", "if r1 == 0x1 goto \(entry == .throughPatch ? "+0x1" : "+0x2")",
          "if r1 == 0x2 goto +0x3", "r0 = 0x1e", "r0 = 0x28", "r0 = 0x29", "r0 = 0x1", "exit",
        ])
    }
  }

  @Test func `a branch to inserted code of another program is refused`() throws {
    var other = try Self.branching()
    var place = other.start
    _ = other.next(&place)
    _ = other.next(&place)
    let there = other.target(at: place)
    let target = try #require(there)
    other.remove(at: &place)
    var patch = Patch()
    patch.emit(.jump(offset: 0), to: target)
    var patcher = ProgramPatcher(try Rules.program("r0 = 0\nexit"))
    #expect(throws: PatchError.labelNotPlaced(slot: 0)) { try patcher.replace(0, with: patch) }
    #expect(listing(of: try patcher.linearize().program) == ["r0 = 0x0", "exit"])
  }
}
