import BPFISA

/// Which registers are known to hold something before each instruction: written on every path there.
///
/// Less is known than is true: a function is taken to be given nothing but its frame pointer (the program's first one its
/// context too), and a call to leave nothing in `r0` to `r5`.
struct RegisterAssignment {
  /// The registers that hold something at each position; all where nothing leads.
  private var known: [UInt16]

  /// - Complexity: O(*n*), *n* the slots: what is known at an instruction shrinks at most eleven times.
  init(_ flow: ControlFlow) {
    known = [UInt16](repeating: .max, count: flow.slots.count)
    var pending: [Int] = []
    var isReached = [Bool](repeating: false, count: flow.slots.count)
    func reach(_ position: Int, _ state: UInt16, _ known: inout [UInt16]) {
      guard position < known.count else { return }
      let merged = known[position] & state
      guard !isReached[position] || merged != known[position] else { return }
      isReached[position] = true
      known[position] = merged
      pending.append(position)
    }
    let frame = RegisterSet(.r10).rawValue
    for function in flow.functions {
      reach(function, function == 0 ? frame | RegisterSet(.r1).rawValue : frame, &known)
    }
    for target in flow.tableTargets { reach(target, frame, &known) }
    let clobbered = RegisterSet.arguments.union(RegisterSet(.r0)).rawValue
    while let position = pending.popLast() {
      let instruction = flow.instruction(at: position)
      var after = known[position] | instruction.registersWritten.rawValue
      switch instruction {
      case .call where instruction.isBarrier: after = known[position]
      case .call: after &= ~clobbered
      case .loadPacket: after &= ~RegisterSet.arguments.rawValue
      case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
        .atomic, .loadAcquire, .storeRelease, .loadWide, .jump, .jumpLong, .jumpIndirect, .jumpIf,
        .mayGoto, .exit:
        break
      }
      if instruction.isBranch, let target = flow.target(at: position) {
        reach(target, after, &known)
      }
      if instruction.fallsThrough { reach(position + instruction.slotCount, after, &known) }
    }
  }

  /// The registers that hold something before the instruction at a position.
  func assigned(at position: Int) -> RegisterSet { RegisterSet(rawValue: known[position]) }
}
