import BPFISA

/// Which registers' values are still needed after each instruction: read on some path before they are written.
///
/// The rest of them hold nothing that anyone will look at, so that a patch may use them. A call is taken to read all of
/// `r1` to `r5`, an exit to read `r0`; where it is not known what follows, all are needed.
struct RegisterLiveness {
  private let flow: ControlFlow
  /// The registers needed before the instruction at each position.
  private var needed: [UInt16]
  private var reads: [UInt16]
  private var writes: [UInt16]

  /// - Complexity: O(*n*), *n* the slots: what is needed at an instruction grows at most eleven times.
  init(_ flow: ControlFlow) {
    self.flow = flow
    let count = flow.slots.count
    needed = [UInt16](repeating: 0, count: count)
    reads = [UInt16](repeating: 0, count: count)
    writes = [UInt16](repeating: 0, count: count)
    let sources = BranchSources(flow)
    var pending: [Int] = []
    var position = count
    while let before = flow.position(before: position) {
      position = before
      let instruction = flow.instruction(at: position)
      reads[position] = instruction.registersRead.rawValue
      writes[position] = instruction.registersWritten.rawValue
      if update(position, instruction.fallsThrough) {
        // Branches from before are still to come.
        for source in sources.leading(to: position) where source >= position {
          pending.append(Int(source))
        }
      }
    }
    while let position = pending.popLast() {
      let instruction = flow.instruction(at: position)
      guard update(position, instruction.fallsThrough) else { continue }
      for source in sources.leading(to: position) { pending.append(Int(source)) }
      if let before = flow.position(before: position) { pending.append(before) }
    }
  }

  /// The registers whose values are needed after the instruction at a position.
  func neededAfter(_ position: Int) -> RegisterSet {
    RegisterSet(
      rawValue: neededAfter(position, flow.instruction(at: position).fallsThrough))
  }

  private mutating func update(_ position: Int, _ fallsThrough: Bool) -> Bool {
    let before = neededAfter(position, fallsThrough) & ~writes[position] | reads[position]
    if before == needed[position] { return false }
    needed[position] = before
    return true
  }

  private func neededAfter(_ position: Int, _ fallsThrough: Bool) -> UInt16 {
    var result: UInt16 = 0
    if fallsThrough {
      let next = position + (flow.slots[position].isWide ? 2 : 1)
      if next < needed.count { result |= needed[next] }
    }
    switch flow.slots[position].displacementField {
    case .none:
      // Where an indirect jump goes on is not known here.
      if flow.slots[position].opcode == 0x0d { return .max }
    case .offset, .longJump:
      if let target = flow.target(at: position) { result |= needed[target] }
    case .call, .function: break
    }
    return result
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
