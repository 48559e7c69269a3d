import BPFISA

// Writing the new program: the second walk.
extension ProgramPatcher {
  /// Writes every instruction at its position, with its branch fixed.
  ///
  /// Where everything inserted is in the order of the program, it stays in its own memory, or moves up there, and the original
  /// instructions are written between: nothing is copied that does not move, and no other memory is touched.
  mutating func emit(_ layout: Layout) throws(PatchError) -> [RawInstruction] {
    let count = layout.slotCount
    if layout.isInOrder, inserted.count >= count, inserted.count / 2 <= count {
      var slots = inserted
      inserted = []
      var output = slots.mutableSpan
      if layout.isInPlace, !hasOpenBranches, layout.landings.isEmpty, layout.prologues.isEmpty {
        try fillGaps(layout, in: &output)
      } else {
        try emit(layout, into: &output, from: nil)
      }
      slots.removeLast(slots.count - count)
      return slots
    }
    var slots = [RawInstruction](unwritten: count)
    var output = slots.mutableSpan
    try emit(layout, into: &output, from: inserted.span)
    return slots
  }

  /// Writes the original instructions that are left between what was inserted, which is as it is to be.
  private func fillGaps(
    _ layout: Layout, in output: inout MutableSpan<RawInstruction>
  ) throws(PatchError) {
    let slots = program.slots.span
    let entries = layout.entries.span
    try anchors.withSpan { (anchors) throws(PatchError) in
      var left = layout.originalsLeft
      var slot = slots.count
      while left > 0 {
        slot -= 1
        if anchors[slot].isRemoved { continue }
        left -= 1
        let instruction = slots[slot]
        // No patch is skipped by branches here: what follows begins where they land.
        let end = Int(entries[slot + 1])
        if instruction.displacementField == .none {
          output[end - 1] = instruction
        } else {
          let isWidened = anchors[slot].isWidened
          let position = isWidened ? end - 1 - WideBranch.growth(of: instruction) : end - 1
          let target = try self.target(of: instruction, at: slot, layout)
          write(instruction, at: position, to: target, isWidened: isWidened, &output)
        }
      }
    }
  }

  /// Writes from the end to the start, so that nothing is overwritten which is still to be moved: a slot never moves down.
  ///
  /// - Parameter source: the inserted slots; nil where they are what is to be overwritten.
  private func emit(
    _ layout: Layout, into output: inout MutableSpan<RawInstruction>,
    from source: Span<RawInstruction>?
  ) throws(PatchError) {
    let slots = program.slots.span
    var position = layout.slotCount
    var branch = branches.count
    var ring: [Run] = []
    for slot in slots.indices.reversed() {
      let anchor = anchors[slot]
      if !anchor.isRemoved {
        let instruction = slots[slot]
        if instruction.displacementField == .none {
          position -= 1
          output[position] = instruction
        } else {
          position -= anchor.isWidened ? 1 + WideBranch.growth(of: instruction) : 1
          let target = try self.target(of: instruction, at: slot, layout)
          write(instruction, at: position, to: target, isWidened: anchor.isWidened, &output)
        }
      }
      if let run = anchor.onlyRun {
        // The common case: a single patch.
        if !isRecorded(run) {
          position -= run.count
          copy(run, to: position, &output, source)
        } else {
          try emit(run, of: slot, layout, &position, &branch, into: &output, from: source)
        }
      } else if anchor.hasRuns {
        ring.removeAll(keepingCapacity: true)
        forEachRun(of: anchor) { ring.append($0) }
        for run in ring.reversed() {
          try emit(run, of: slot, layout, &position, &branch, into: &output, from: source)
        }
      }
    }
    precondition(position == 0, "what is written is as long as it was laid out")
  }

  @inline(__always)
  private func copy(
    _ run: Run, to position: Int, _ output: inout MutableSpan<RawInstruction>,
    _ source: Span<RawInstruction>?
  ) {
    let start = Int(run.start)
    if let source {
      for index in 0..<run.count { output[position + index] = source[start + index] }
    } else if position != start {
      for index in (0..<run.count).reversed() { output[position + index] = output[start + index] }
    }
  }

  /// Writes a run of inserted instructions so that it ends at a position.
  ///
  /// - Parameter branch: a guess at the first branch after it, which becomes one for the run before it.
  private func emit(
    _ run: Run, of slot: Int, _ layout: Layout, _ position: inout Int, _ branch: inout Int,
    into output: inout MutableSpan<RawInstruction>, from source: Span<RawInstruction>?
  ) throws(PatchError) {
    if run.isMark { return }
    let isOpen =
      run.traits.contains(.openBranches)
      || isRecorded(run) && !layout.landings.isEmpty
    guard isOpen else {
      position -= run.count
      return copy(run, to: position, &output, source)
    }
    let end = position
    branch = firstBranch(from: run.end, guess: branch)
    for index in (Int(run.start)..<run.end).reversed() {
      let instruction: RawInstruction
      if let source { instruction = source[index] } else { instruction = output[index] }
      guard branch > 0, branches[branch - 1].slot == index else {
        position -= 1
        output[position] = instruction
        continue
      }
      branch -= 1
      let record = branches[branch]
      position -= record.isWidened ? 1 + WideBranch.growth(of: instruction) : 1
      let target = try self.target(
        of: record, instruction, in: run, of: slot, start: end - run.count, layout)
      write(instruction, at: position, to: target, isWidened: record.isWidened, &output)
    }
  }

  // MARK: Branches

  /// Where a branch of the program leads.
  @inline(__always)
  func target(
    of instruction: RawInstruction, at slot: Int, _ layout: Layout
  ) throws(PatchError) -> Int {
    let field = instruction.displacementField
    let distance = field == .offset ? Int(instruction.offset) : Int(instruction.immediate)
    let target = slot + 1 + distance
    guard target >= 0, target < program.slots.count, !program.slots[target].isSecondHalf else {
      throw .strayBranch(slot: slot, target: target)
    }
    return try position(of: target, field, from: slot, layout)
  }

  /// Where a branch of a patch leads.
  ///
  /// - Parameter start: where its run begins, if no branch of the run is widened.
  func target(
    of branch: InsertedBranch, _ instruction: RawInstruction, in run: Run, of slot: Int,
    start: Int, _ layout: Layout
  ) throws(PatchError) -> Int {
    let position: Int
    switch branch.target {
    case .original(let target):
      return try self.position(of: target, instruction.displacementField, from: nil, layout)
    case .inserted(let target):
      position =
        layout.landings.isEmpty ? start + target - Int(run.start) : Int(layout.landings[target])
    case .end(of: let target):
      position =
        layout.landings.isEmpty
        ? start + target + 1 - Int(run.start) : landing(after: target, layout)
    }
    if position >= end(ofSubprogramAt: slot, layout) {
      throw .nothingLeftToBranchTo(target: slot)
    }
    return position
  }

  /// Where a branch to an original slot leads.
  @inline(__always)
  func position(
    of target: Int, _ field: DisplacementField, from slot: Int?, _ layout: Layout
  ) throws(PatchError) -> Int {
    let position: Int
    switch field {
    case .call, .function: position = layout.head(of: target)
    case .none, .offset, .longJump: position = Int(layout.entries[target])
    }
    if anchors[target].isRemoved { try check(position, of: target, from: slot, layout) }
    return position
  }

  /// Checks that what follows a removed instruction is of the same subprogram.
  private func check(
    _ position: Int, of target: Int, from slot: Int?, _ layout: Layout
  ) throws(PatchError) {
    let index = subprogramIndex(at: target)
    guard position >= layout.heads[index + 1] else { return }
    if layout.heads[index] == layout.heads[index + 1] {
      throw .subprogramRemoved(name: program.subprograms[index].name, neededBy: slot)
    }
    throw .nothingLeftToBranchTo(target: target)
  }

  /// Writes a branch that leads to a position.
  @inline(__always)
  private func write(
    _ instruction: RawInstruction, at position: Int, to target: Int, isWidened: Bool,
    _ output: inout MutableSpan<RawInstruction>
  ) {
    let displacement = target - position - 1
    var fixed = instruction
    guard fixed.displacementField == .offset else {
      fixed.immediate = Int32(truncatingIfNeeded: displacement)
      output[position] = fixed
      return
    }
    if isWidened { return writeWidened(instruction, at: position, to: target, &output) }
    if let offset = Int16(exactly: displacement) {
      fixed.offset = offset
      output[position] = fixed
      return
    }
    // An unconditional jump has a long form of the same length; conditional ones are widened by now.
    precondition(instruction.opcode == 0x05, "every conditional jump reaches its target")
    output[position] = Self.longJump(displacement)
  }

  private func writeWidened(
    _ instruction: RawInstruction, at position: Int, to target: Int,
    _ output: inout MutableSpan<RawInstruction>
  ) {
    var short = instruction
    short.offset = 1
    var last = position + 1
    if let opposite = WideBranch.opposite(of: instruction.opcode) {
      short.opcode = opposite
    } else {
      output[last] = RawInstruction(opcode: 0x05, offset: 1)
      last += 1
    }
    output[position] = short
    output[last] = Self.longJump(target - last - 1)
  }

  private static func longJump(_ displacement: Int) -> RawInstruction {
    RawInstruction(opcode: 0x06, immediate: Int32(truncatingIfNeeded: displacement))
  }

  // MARK: Subprograms

  /// The subprogram that holds an original slot.
  func subprogramIndex(at slot: Int) -> Int {
    var low = 0
    var high = program.subprograms.count
    while low < high {
      let middle = (low + high) / 2
      if program.subprograms[middle].start <= slot { low = middle + 1 } else { high = middle }
    }
    return max(low - 1, 0)
  }

  func end(ofSubprogramAt slot: Int, _ layout: Layout) -> Int {
    layout.heads[subprogramIndex(at: slot) + 1]
  }
}
