import BPFISA

extension ProgramPatcher {
  /// Makes the program that all edits lead to.
  ///
  /// Conditional jumps that no longer reach their target are widened, which may push others out of reach: positions are
  /// laid out again until all fit. After some rounds every jump is widened that may still be pushed out of reach.
  ///
  /// - Parameter recordsOrigins: whether to say of each instruction where it came from (8 bytes a slot).
  /// - Complexity: O(*n*), *n* the slots of the original program and of all patches.
  /// - Throws: ``PatchError`` where the program does not hold together.
  public consuming func linearize(
    recordsOrigins: Bool = false
  ) throws(PatchError) -> PatchedProgram {
    if hasCuts { recordEndBranches() }
    var layout = try layOut()
    var round = 0
    while try widenJumps(layout, round: round) {
      layout = try layOut()
      round += 1
    }
    if layout.slotCount == 0 { throw .nothingLeft }
    if !hasCuts { try checkPatchEnds(layout) }
    var origins: [InstructionOrigin] = []
    var facts: [FactID] = []
    if recordsOrigins { origins.reserveCapacity(layout.slotCount) }
    if recordsOrigins || !originalFacts.isEmpty {
      forEachSlot { origin, inserted in
        if recordsOrigins { origins.append(origin) }
        if !originalFacts.isEmpty { facts.append(fact(of: origin, inserted)) }
      }
    }
    let jumpTables = try jumpTables(layout)
    let slots = try emit(layout)
    try checkEnds(slots, layout)
    let patched = Program(
      decodable: slots, name: program.name, subprograms: subprograms(layout), lines: lines(layout),
      mapNames: program.mapNames, jumpTables: jumpTables)
    return PatchedProgram(
      program: patched, facts: facts, origins: origins, passes: passes.map(\.name),
      entries: layout.entries)
  }

  // MARK: Tables

  /// The subprograms of which something is left.
  private func subprograms(_ layout: Layout) -> [Subprogram] {
    var left: [Subprogram] = []
    for (index, subprogram) in program.subprograms.enumerated()
    where layout.heads[index] < layout.heads[index + 1] {
      left.append(
        Subprogram(
          name: subprogram.name, start: layout.heads[index], prototype: subprogram.prototype))
    }
    return left
  }

  /// The source lines of which something is left: a line reaches to the next one, or to the end of its subprogram.
  private func lines(_ layout: Layout) -> [LineInfo] {
    var left: [LineInfo] = []
    left.reserveCapacity(program.lines.count)
    var next = 0
    for (index, line) in program.lines.enumerated() {
      guard line.slot < anchors.count else { break }
      if line.slot < 0 { continue }
      while next < program.subprograms.count, program.subprograms[next].start <= line.slot {
        next += 1
      }
      let start = layout.head(of: line.slot)
      var end = layout.heads[next]
      if index + 1 < program.lines.count, program.lines[index + 1].slot < anchors.count {
        end = min(end, layout.head(of: program.lines[index + 1].slot))
      }
      guard start < end else { continue }
      left.append(
        LineInfo(
          slot: start, file: line.file, line: line.line, column: line.column, text: line.text))
    }
    return left
  }

  private func jumpTables(_ layout: Layout) throws(PatchError) -> [JumpTable] {
    var tables: [JumpTable] = []
    for table in program.jumpTables {
      var targets: [Int] = []
      for target in table.targets {
        guard program.slots.indices.contains(target), !program.slots[target].isSecondHalf else {
          throw .strayTableEntry(table: table.name, target: target)
        }
        targets.append(try position(of: target, .offset, from: nil, layout))
      }
      tables.append(JumpTable(name: table.name, targets: targets))
    }
    return tables
  }

  /// Checks that no branch to the end of a patch leaves the subprogram: that something follows it.
  ///
  /// Where patches were cut, that is seen when the branches are fixed.
  private func checkPatchEnds(_ layout: Layout) throws(PatchError) {
    for (index, subprogram) in program.subprograms.enumerated()
    where layout.heads[index] < layout.heads[index + 1] {
      let isLast = index + 1 == program.subprograms.count
      var slot = (isLast ? anchors.count : program.subprograms[index + 1].start) - 1
      while slot > subprogram.start, anchors[slot].isRemoved, !anchors[slot].hasRuns {
        slot -= 1
      }
      if anchors[slot].isRemoved, let last = lastRun(of: anchors[slot]), last.traits.contains(.end)
      {
        throw .nothingLeftToBranchTo(target: slot)
      }
    }
  }

  private func lastRun(of anchor: Anchor) -> Run? {
    anchor.onlyRun ?? anchor.lastRun.map { runs[$0] }
  }

  /// Checks that the program still begins with its first subprogram, and that none runs on into the next because its
  /// end was taken.
  private func checkEnds(
    _ slots: [RawInstruction], _ layout: Layout
  ) throws(PatchError) {
    for (index, subprogram) in program.subprograms.enumerated() {
      let end = layout.heads[index + 1]
      if end == layout.heads[index] {
        if index == 0 { throw .subprogramRemoved(name: subprogram.name, neededBy: nil) }
        continue
      }
      let isLast = index + 1 == program.subprograms.count
      let last = (isLast ? program.slots.count : program.subprograms[index + 1].start) - 1
      if anchors[last].isRemoved, Self.endsProgram(program.slots[last]),
        !Self.endsProgram(slots[end - 1]) || isLastWidened(upTo: last)
      {
        throw .fallsOffEnd(subprogram: subprogram.name)
      }
    }
  }

  /// Whether the last instruction left up to a slot is a widened conditional jump: it runs on, and ends in a `gotol`.
  private func isLastWidened(upTo last: Int) -> Bool {
    for slot in stride(from: last, through: 0, by: -1) {
      let anchor = anchors[slot]
      if !anchor.isRemoved { return anchor.isWidened }
      var left: Run?
      forEachRun(of: anchor) { run in
        if !run.isMark { left = run }
      }
      guard let left else { continue }
      let branch = firstBranch(from: left.end - 1)
      return branch < branches.count && branches[branch].slot == left.end - 1
        && branches[branch].isWidened
    }
    return false
  }

  /// Whether nothing runs on after an instruction.
  private static func endsProgram(_ instruction: RawInstruction) -> Bool {
    switch instruction.opcode {
    case 0x05, 0x06, 0x0d, 0x95: true
    default: false
    }
  }

  // MARK: Origins

  /// Calls `body` for every slot of the new program, in order, with where it came from; and its index among the inserted
  /// slots if it is the first or only slot of one.
  @inline(__always)
  private func forEachSlot(_ body: (InstructionOrigin, Int?) -> Void) {
    for slot in 0..<anchors.count {
      forEachRun(of: anchors[slot]) { run in
        if !run.isMark { forEachSlot(of: run, original: slot, body) }
      }
      if anchors[slot].isRemoved { continue }
      body(InstructionOrigin(original: slot, isInserted: false, pass: nil, isWidened: false), nil)
      if anchors[slot].isWidened {
        for _ in 0..<WideBranch.growth(of: program.slots[slot]) {
          body(
            InstructionOrigin(original: slot, isInserted: false, pass: nil, isWidened: true), nil)
        }
      }
    }
  }

  @inline(__always)
  private func forEachSlot(
    of run: Run, original slot: Int, _ body: (InstructionOrigin, Int?) -> Void
  ) {
    var branch = firstBranch(from: Int(run.start), guess: 0)
    let pass = pass(ofInserted: Int(run.start))
    for place in Int(run.start)..<run.end {
      body(
        InstructionOrigin(original: slot, isInserted: true, pass: pass, isWidened: false), place)
      guard branch < branches.count, branches[branch].slot == place else { continue }
      if branches[branch].isWidened {
        for _ in 0..<WideBranch.growth(of: inserted[place]) {
          body(
            InstructionOrigin(original: slot, isInserted: true, pass: pass, isWidened: true), nil)
        }
      }
      branch += 1
    }
  }

  /// The pass that inserted a slot, counted from 0; nil for what was inserted before any pass began.
  private func pass(ofInserted slot: Int) -> Int? {
    passes.lastIndex { $0.firstInserted <= slot }
  }

  private func fact(of origin: InstructionOrigin, _ inserted: Int?) -> FactID {
    if origin.isWidened { return .none }
    guard let inserted else { return originalFacts[origin.original] }
    return insertedFacts.indices.contains(inserted) ? insertedFacts[inserted] : .none
  }
}
