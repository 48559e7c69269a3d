import BPFISA

/// A program under edit as it is now, laid out flat: what the analyses behind the passes work on.
///
/// Positions count slots from the program's start. A walk comes to the instructions by rising position, so that a pass
/// follows an analysis with a ``FlowCursor`` and sees no position itself.
struct ControlFlow {
  private(set) var slots: [RawInstruction] = []
  /// Where the instruction at each position leads, plus 1; 0 where it leads nowhere.
  private var targets: [UInt32] = []
  /// Where functions start, by rising position: subprograms, and whatever is called or has its address taken.
  private(set) var functions: [Int] = []
  /// Where indirect jumps may lead.
  private(set) var tableTargets: [Int] = []

  fileprivate init(capacity: Int) {
    slots.reserveCapacity(capacity)
    targets.reserveCapacity(capacity)
  }

  /// Where the instruction at a position branches, the function it calls or takes the address of; nil where there is
  /// none, and where a branch leads outside the program or into a load immediate.
  func target(at position: Int) -> Int? {
    targets[position] == 0 ? nil : Int(targets[position]) - 1
  }

  /// The instruction that starts at a position.
  func instruction(at position: Int) -> Instruction {
    let first = slots[position]
    return Instruction(first, second: first.isWide ? slots[position + 1] : nil)
  }

  /// The position of the instruction before one; nil for the first.
  func position(before position: Int) -> Int? {
    guard position > 0 else { return nil }
    return slots[position - 1].isSecondHalf ? position - 2 : position - 1
  }

  /// Which of ``functions`` a position lies in.
  func functionIndex(at position: Int) -> Int {
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle] <= position { low = middle + 1 } else { high = middle }
    }
    return max(low - 1, 0)
  }

  // MARK: Making one

  fileprivate mutating func append(_ slot: RawInstruction, to target: Int?) {
    slots.append(slot)
    targets.append(UInt32(truncatingIfNeeded: (target ?? -1) + 1))
  }

  /// Whether an instruction starts at a position.
  private func isStart(_ position: Int) -> Bool {
    slots.indices.contains(position) && !slots[position].isSecondHalf
  }

  /// Drops targets where no instruction starts, and notes the functions and what jump tables hold.
  fileprivate mutating func finish(heads: [Int], tableTargets: [Int]) {
    var starts = Set(heads.filter(isStart))
    for position in slots.indices {
      guard let target = target(at: position) else { continue }
      guard isStart(target) else {
        targets[position] = 0
        continue
      }
      switch slots[position].displacementField {
      case .call, .function: starts.insert(target)
      case .none, .offset, .longJump: break
      }
    }
    functions = starts.sorted()
    self.tableTargets = tableTargets.filter(isStart)
  }
}

/// The place of a walk in a ``ControlFlow``.
struct FlowCursor {
  /// The position of the instruction the walk has come to.
  private(set) var position = 0
  private var next = 0

  /// Follows the walk to an instruction.
  mutating func advance(to instruction: Instruction) { advance(by: instruction.slotCount) }

  /// Follows the walk to an instruction of a number of slots.
  mutating func advance(by slotCount: Int) {
    position = next
    next += slotCount
  }
}

extension ProgramPatcher {
  /// The program as it is now.
  ///
  /// - Complexity: O(*n*), *n* the slots, original and inserted.
  func controlFlow() throws(PatchError) -> ControlFlow {
    let layout = try layOut()
    var flow = ControlFlow(capacity: layout.slotCount)
    var branch = 0
    for slot in 0..<anchors.count {
      let anchor = anchors[slot]
      forEachRun(of: anchor) { run in
        if !run.isMark { append(run, layout, &branch, to: &flow) }
      }
      if anchor.isRemoved { continue }
      let instruction = program.slots[slot]
      let leads = instruction.displacementField != .none
      flow.append(instruction, to: leads ? target(of: slot, layout) : nil)
    }
    var tableTargets: [Int] = []
    for table in program.jumpTables {
      for target in table.targets where target >= 0 && target < anchors.count {
        tableTargets.append(Int(layout.entries[target]))
      }
    }
    flow.finish(heads: Array(layout.heads.dropLast()), tableTargets: tableTargets)
    return flow
  }

  private func append(
    _ run: Run, _ layout: Layout, _ branch: inout Int, to flow: inout ControlFlow
  ) {
    let start = flow.slots.count
    let hasBranches = !run.traits.isDisjoint(with: [.branches, .endBranches])
    if hasBranches { branch = firstBranch(from: Int(run.start), guess: branch) }
    for index in Int(run.start)..<run.end {
      let isRecorded =
        hasBranches && branch < branches.count && branches[branch].slot == index
      guard isRecorded || hasBranches && inserted[index].displacementField == .offset else {
        flow.append(inserted[index], to: nil)
        continue
      }
      switch isRecorded ? branches[branch].target : endTarget(ofBranchAt: index) {
      case .original(let target):
        flow.append(inserted[index], to: position(of: target, from: inserted[index], layout))
      case .inserted(let target):
        flow.append(
          inserted[index],
          to: layout.landings.isEmpty
            ? start + target - Int(run.start) : Int(layout.landings[target]))
      case .end(of: let target):
        flow.append(
          inserted[index],
          to: layout.landings.isEmpty
            ? start + target + 1 - Int(run.start) : landing(after: target, layout))
      }
      if isRecorded { branch += 1 }
    }
  }

  private func target(of slot: Int, _ layout: Layout) -> Int? {
    let instruction = program.slots[slot]
    let distance: Int
    switch instruction.displacementField {
    case .none: return nil
    case .offset: distance = Int(instruction.offset)
    case .longJump, .call, .function: distance = Int(instruction.immediate)
    }
    let target = slot + 1 + distance
    guard program.slots.indices.contains(target) else { return nil }
    return position(of: target, from: instruction, layout)
  }

  private func position(
    of target: Int, from instruction: RawInstruction, _ layout: Layout
  ) -> Int {
    switch instruction.displacementField {
    case .call, .function: layout.head(of: target)
    case .none, .offset, .longJump: Int(layout.entries[target])
    }
  }
}
