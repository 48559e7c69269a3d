import BPFISA

/// Which registers' values are still needed after each instruction: read on some path before they are written.
///
/// The rest of them hold nothing that anyone will look at, so that a patch may use them. A call is taken to read all of
/// `r1` to `r5`, an exit to read `r0`; where it is not known what follows, all are needed.
struct RegisterLiveness {
  /// The registers needed after the instruction at each position.
  private var after: [UInt16]

  /// - Complexity: O(*n*), *n* the slots: what is needed at an instruction grows at most eleven times.
  init(_ flow: ControlFlow) {
    let count = flow.slots.count
    after = [UInt16](repeating: 0, count: count)
    var uses = [Use](repeating: Use(), count: count)
    let sources = BranchSources(flow)
    var pending: [Int] = []
    var neededNext: UInt16 = 0
    var position = count
    while let before = flow.position(before: position) {
      position = before
      let use = Use(of: flow.instruction(at: position))
      uses[position] = use
      let needed = neededAfter(position, flow, uses, use.fallsThrough ? neededNext : 0)
      after[position] = needed
      neededNext = use.needed(needed)
      // What branches from before need of it is asked when the walk comes there.
      for source in sources.leading(to: position) where source >= position && neededNext != 0 {
        pending.append(Int(source))
      }
    }
    while let position = pending.popLast() {
      let use = uses[position]
      let next = position + (flow.slots[position].isWide ? 2 : 1)
      let needed = neededAfter(
        position, flow, uses,
        use.fallsThrough && next < count ? uses[next].needed(after[next]) : 0)
      let neededBefore = use.needed(after[position])
      after[position] = needed
      guard use.needed(needed) != neededBefore else { continue }
      for source in sources.leading(to: position) { pending.append(Int(source)) }
      if let before = flow.position(before: position) { pending.append(before) }
    }
  }

  /// The registers whose values are needed after the instruction at a position.
  func neededAfter(_ position: Int) -> RegisterSet { RegisterSet(rawValue: after[position]) }

  /// What is needed after an instruction, by what is needed where it branches to and at the next one.
  private func neededAfter(
    _ position: Int, _ flow: ControlFlow, _ uses: [Use], _ neededNext: UInt16
  ) -> UInt16 {
    switch flow.slots[position].displacementField {
    case .none:
      // Where an indirect jump goes on is not known here.
      return flow.slots[position].opcode == 0x0d ? .max : neededNext
    case .offset, .longJump:
      guard let target = flow.target(at: position) else { return neededNext }
      return neededNext | uses[target].needed(after[target])
    case .call, .function: return neededNext
    }
  }

  /// What an instruction does to registers.
  private struct Use {
    private var reads: UInt16 = 0
    private var writes: UInt16 = 0
    private(set) var fallsThrough = true

    init() {}

    init(of instruction: Instruction) {
      if !instruction.isBarrier {
        reads = instruction.registersRead.rawValue
        writes = instruction.registersWritten.rawValue
      }
      fallsThrough = instruction.fallsThrough
    }

    /// What is needed before the instruction, by what is needed after it.
    func needed(_ after: UInt16) -> UInt16 { after & ~writes | reads }
  }
}

/// The branches that lead to each instruction.
struct BranchSources {
  private var starts: [UInt32]
  private var sources: [UInt32]

  /// - Complexity: O(*n*), *n* the slots.
  init(_ flow: ControlFlow) {
    starts = [UInt32](repeating: 0, count: flow.slots.count + 1)
    var count: UInt32 = 0
    for position in flow.slots.indices {
      guard let target = Self.target(of: position, flow) else { continue }
      starts[target + 1] += 1
      count += 1
    }
    for position in flow.slots.indices { starts[position + 1] += starts[position] }
    sources = [UInt32](repeating: 0, count: Int(count))
    var filled = starts
    for position in flow.slots.indices {
      guard let target = Self.target(of: position, flow) else { continue }
      sources[Int(filled[target])] = UInt32(truncatingIfNeeded: position)
      filled[target] += 1
    }
  }

  /// The positions of the branches that lead to one.
  func leading(to position: Int) -> ArraySlice<UInt32> {
    sources[Int(starts[position])..<Int(starts[position + 1])]
  }

  private static func target(of position: Int, _ flow: ControlFlow) -> Int? {
    switch flow.slots[position].displacementField {
    case .offset, .longJump: flow.target(at: position)
    case .none, .call, .function: nil
    }
  }
}
