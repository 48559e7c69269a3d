import BPFISA

extension Explorer {
  /// Checks that the stacks of nested calls fit together, over all paths (kernel: `check_max_stack_depth`).
  ///
  /// - Complexity: O(*calls* × *frames*).
  mutating func checkStackDepths() throws(Rejection.Problem) {
    root = 0
    path.truncate(to: 0)
    let later = laterCallbacks.map { Int(code.functionIndices[$0.function]) }
    let calls = callsReached(except: Set(later))
    var deepest = [Int?](repeating: nil, count: code.functions.count)
    for function in [0] + later {
      try findDeepest(from: function, calls, &deepest)
      guard let total = deepest[function], total <= VerifierLimits.stackBytes else {
        slot = code.functions[function]
        throw .stackTooDeep(bytes: deepest[function] ?? 0, frames: code.functions.count)
      }
    }
    if let call = globals.callTooDeep(limit: VerifierLimits.frames) {
      slot = call
      throw .tooManyFrames(VerifierLimits.frames)
    }
  }

  private struct FunctionCall {
    let function: Int
    let slot: Int
  }

  /// The functions that each one calls or takes the address of, as that is how callbacks are called; but for those that run by
  /// themselves, which begin with an empty stack.
  private func callsReached(except later: Set<Int>) -> [[FunctionCall]] {
    var calls = [[FunctionCall]](repeating: [], count: code.functions.count)
    for slot in code.instructions.indices
    where facts.facts[slot].isReached && !code.has(CodeTable.Mark.secondHalf, at: slot) {
      let instruction = code.instructions[slot]
      guard !instruction.isBranch, let target = instruction.target(at: slot) else { continue }
      let function = Int(code.functionIndices[target])
      if case .loadWide = instruction, later.contains(function) { continue }
      calls[Int(code.functionIndices[slot])].append(FunctionCall(function: function, slot: slot))
    }
    return calls
  }

  /// Finds how many bytes of stack a function and those it calls take together.
  private mutating func findDeepest(
    from start: Int, _ calls: [[FunctionCall]], _ deepest: inout [Int?]
  ) throws(Rejection.Problem) {
    guard deepest[start] == nil else { return }
    var isOpen = [Bool](repeating: false, count: code.functions.count)
    // Each function once, after those it calls.
    var pending: [(function: Int, next: Int)] = [(start, 0)]
    isOpen[start] = true
    while let (function, next) = pending.last {
      guard next < calls[function].count else {
        let own = (max(Int(stackDepths[function]), 1) + 15) / 16 * 16
        let below = calls[function].compactMap { deepest[$0.function] }.max() ?? 0
        deepest[function] = own + below
        isOpen[function] = false
        pending.removeLast()
        continue
      }
      pending[pending.count - 1].next += 1
      let call = calls[function][next]
      if isOpen[call.function] {
        slot = call.slot
        throw .recursion
      }
      if deepest[call.function] == nil {
        isOpen[call.function] = true
        pending.append((call.function, 0))
      }
    }
  }

  func finishedStatistics() -> VerificationStatistics {
    var result = statistics
    result.stackDepths = stackDepths.map(Int.init)
    result.processedCounts = facts.facts.map(\.processedCount)
    return result
  }
}
