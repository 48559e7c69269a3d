import BPFISA

extension Explorer {
  /// Checks that the stacks of nested calls fit together, over all paths (kernel: `check_max_stack_depth`).
  ///
  /// - Complexity: O(*calls* × *frames*).
  mutating func checkStackDepths() throws(Rejection.Problem) {
    root = 0
    path.truncate(to: 0)
    var calls = [[(target: Int, slot: Int)]](repeating: [], count: code.functions.count)
    for slot in code.instructions.indices
    where facts.facts[slot].isReached && !code.has(CodeTable.Mark.secondHalf, at: slot) {
      let instruction = code.instructions[slot]
      guard !instruction.isBranch, let target = instruction.target(at: slot) else { continue }
      calls[Int(code.functionIndices[slot])].append((Int(code.functionIndices[target]), slot))
    }
    var deepest = [Int?](repeating: nil, count: code.functions.count)
    var isOpen = [Bool](repeating: false, count: code.functions.count)
    // Each function once, after those it calls.
    var pending: [(function: Int, next: Int)] = [(0, 0)]
    isOpen[0] = true
    while let (function, next) = pending.last {
      guard next < calls[function].count else {
        let own = (max(Int(stackDepths[function]), 1) + 15) / 16 * 16
        let below = calls[function].compactMap { deepest[$0.target] }.max() ?? 0
        deepest[function] = own + below
        isOpen[function] = false
        pending.removeLast()
        continue
      }
      pending[pending.count - 1].next += 1
      let call = calls[function][next]
      if isOpen[call.target] {
        slot = call.slot
        throw .recursion
      }
      if deepest[call.target] == nil {
        isOpen[call.target] = true
        pending.append((call.target, 0))
      }
    }
    guard let total = deepest[0], total <= VerifierLimits.stackBytes else {
      slot = 0
      throw .stackTooDeep(bytes: deepest[0] ?? 0, frames: code.functions.count)
    }
    if let call = globals.callTooDeep(limit: VerifierLimits.frames) {
      slot = call
      throw .tooManyFrames(VerifierLimits.frames)
    }
  }

  func finishedStatistics() -> VerificationStatistics {
    var result = statistics
    result.stackDepths = stackDepths.map(Int.init)
    result.processedCounts = facts.facts.map(\.processedCount)
    return result
  }
}
