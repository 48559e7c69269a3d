import BPFISA

// Writing the new program: the second walk.
extension ProgramPatcher {
  /// Writes every instruction at its position, with its branch fixed.
  ///
  /// - Returns: the slots; nil if branches were found to be too short, which are marked for the next layout.
  mutating func emit(_ layout: Layout) throws(PatchError) -> [RawInstruction]? {
    var tooShort = ShortBranches()
    let slots = try [RawInstruction](capacity: layout.slotCount) {
      (output: inout OutputSpan<RawInstruction>) throws(PatchError) in
      unsafe output.withUnsafeMutableBufferPointer { buffer, _ in
        if let base = buffer.baseAddress { unsafe HugePages.advise(base, count: buffer.count) }
      }
      try emit(layout, into: &output, &tooShort)
    }
    if tooShort.isEmpty { return slots }
    for slot in tooShort.original { anchors[slot].isWidened = true }
    for branch in tooShort.inserted { branches[branch].isWidened = true }
    hasWidenedInserted = hasWidenedInserted || !tooShort.inserted.isEmpty
    return nil
  }

  /// Branches that need to be widened.
  private struct ShortBranches {
    /// By original slot.
    var original: [Int] = []
    /// By their index among the inserted branches.
    var inserted: [Int] = []

    var isEmpty: Bool { original.isEmpty && inserted.isEmpty }
  }

  private borrowing func emit(
    _ layout: Layout, into output: inout OutputSpan<RawInstruction>, _ tooShort: inout ShortBranches
  ) throws(PatchError) {
    let slots = program.slots.span
    let anchors = anchors.span
    let entries = layout.entries.span
    let inserted = inserted.span
    let runs = runs.span
    for slot in slots.indices {
      let anchor = anchors[slot]
      if anchor.isUntouched {
        let instruction = slots[slot]
        if instruction.displacementField == .none {
          output.append(instruction)
          continue
        }
        // The common branch: it is near, and so is its target still.
        if instruction.displacementField == .offset {
          let target = slot + 1 + Int(instruction.offset)
          if target >= 0, target < slots.count, !anchors[target].isRemoved,
            !slots[target].isSecondHalf
          {
            let displacement = Int(entries[target]) - output.count - 1
            if let offset = Int16(exactly: displacement) {
              var fixed = instruction
              fixed.offset = offset
              output.append(fixed)
              continue
            }
          }
        }
      } else {
        if let last = anchor.lastRun {
          var run = last
          repeat {
            run = Int(runs[run].next)
            if !runs[run].isMark {
              try emit(runs[run], of: slot, inserted, layout, into: &output, &tooShort)
            }
          } while run != last
        }
        if anchor.isRemoved { continue }
      }
      try emitOriginal(slot, layout, into: &output, &tooShort)
    }
  }

  private borrowing func emitOriginal(
    _ slot: Int, _ layout: Layout, into output: inout OutputSpan<RawInstruction>,
    _ tooShort: inout ShortBranches
  ) throws(PatchError) {
    let instruction = program.slots[slot]
    let field = instruction.displacementField
    let distance: Int
    switch field {
    case .none:
      output.append(instruction)
      return
    case .offset: distance = Int(instruction.offset)
    case .longJump, .call, .function: distance = Int(instruction.immediate)
    }
    let target = slot + 1 + distance
    guard program.slots.indices.contains(target), !program.slots[target].isSecondHalf else {
      throw .strayBranch(slot: slot, target: target)
    }
    let position = try self.position(of: target, field, from: slot, layout)
    let isWidened = anchors[slot].isWidened
    if !append(instruction, field, to: position, isWidened: isWidened, &output) {
      tooShort.original.append(slot)
    }
  }

  /// Writes a run of inserted instructions.
  private borrowing func emit(
    _ run: Run, of slot: Int, _ inserted: Span<RawInstruction>, _ layout: Layout,
    into output: inout OutputSpan<RawInstruction>,
    _ tooShort: inout ShortBranches
  ) throws(PatchError) {
    var branch = Int(run.firstBranch)
    var next = branch < branches.count ? branches[branch].slot : .max
    for index in Int(run.start)..<run.end {
      let instruction = inserted[index]
      if index != next {
        output.append(instruction)
        continue
      }
      let field = instruction.displacementField
      let position: Int
      switch branches[branch].target {
      case .original(let target):
        position = try self.position(of: target, field, from: nil, layout)
      case .inserted(let target):
        position =
          layout.landings.isEmpty
          ? Int(run.position) + target - Int(run.start) : Int(layout.landings[target])
        if position >= end(ofSubprogramAt: slot, layout) {
          throw .nothingLeftToBranchTo(target: slot)
        }
      }
      let isWidened = branches[branch].isWidened
      if !append(instruction, field, to: position, isWidened: isWidened, &output) {
        tooShort.inserted.append(branch)
      }
      branch += 1
      next = branch < branches.count ? branches[branch].slot : .max
    }
  }

  /// Where a branch to an original slot leads.
  borrowing func position(
    of target: Int, _ field: DisplacementField, from slot: Int?, _ layout: Layout
  ) throws(PatchError) -> Int {
    let position: Int
    switch field {
    case .call, .function: position = head(of: target, layout)
    case .none, .offset, .longJump: position = Int(layout.entries[target])
    }
    if anchors[target].isRemoved, position >= end(ofSubprogramAt: target, layout) {
      let index = subprogramIndex(at: target)
      if layout.heads[index] == layout.heads[index + 1] {
        throw .subprogramRemoved(name: program.subprograms[index].name, neededBy: slot)
      }
      throw .nothingLeftToBranchTo(target: target)
    }
    return position
  }

  /// Writes a branch from the end of the output to a position; false where it is too short to get there.
  @inline(__always)
  private borrowing func append(
    _ instruction: RawInstruction, _ field: DisplacementField, to position: Int, isWidened: Bool,
    _ output: inout OutputSpan<RawInstruction>
  ) -> Bool {
    let displacement = position - output.count - 1
    var fixed = instruction
    guard field == .offset else {
      fixed.immediate = Int32(truncatingIfNeeded: displacement)
      output.append(fixed)
      return true
    }
    if isWidened {
      appendWidened(instruction, to: position, &output)
      return true
    }
    if let offset = Int16(exactly: displacement) {
      fixed.offset = offset
      output.append(fixed)
      return true
    }
    // An unconditional jump has a long form of the same length.
    let isJump = instruction.opcode == 0x05
    output.append(isJump ? Self.longJump(displacement) : instruction)
    return isJump
  }

  private borrowing func appendWidened(
    _ instruction: RawInstruction, to position: Int, _ output: inout OutputSpan<RawInstruction>
  ) {
    var short = instruction
    short.offset = 1
    if let opposite = WideBranch.opposite(of: instruction.opcode) {
      short.opcode = opposite
      output.append(short)
    } else {
      output.append(short)
      output.append(RawInstruction(opcode: 0x05, offset: 1))
    }
    output.append(Self.longJump(position - output.count - 1))
  }

  private static func longJump(_ displacement: Int) -> RawInstruction {
    RawInstruction(opcode: 0x06, immediate: Int32(truncatingIfNeeded: displacement))
  }

  // MARK: Subprograms

  /// The subprogram that holds an original slot.
  borrowing func subprogramIndex(at slot: Int) -> Int {
    var low = 0
    var high = program.subprograms.count
    while low < high {
      let middle = (low + high) / 2
      if program.subprograms[middle].start <= slot { low = middle + 1 } else { high = middle }
    }
    return max(low - 1, 0)
  }

  private borrowing func end(ofSubprogramAt slot: Int, _ layout: Layout) -> Int {
    layout.heads[subprogramIndex(at: slot) + 1]
  }
}
