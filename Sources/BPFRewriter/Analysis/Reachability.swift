import BPFISA

/// Which instructions can run: those that a path leads to from the program's first one, through branches, calls and
/// functions whose address is taken. What a jump table names counts as reached.
struct Reachability {
  private var isReached: [Bool]

  /// - Complexity: O(*n*), *n* the slots.
  init(_ flow: ControlFlow) {
    isReached = [Bool](repeating: false, count: flow.slots.count)
    var pending = flow.tableTargets
    if !flow.slots.isEmpty { pending.append(0) }
    while var position = pending.popLast() {
      // Straight on for as long as something follows.
      while position < flow.slots.count, !isReached[position] {
        isReached[position] = true
        let instruction = flow.instruction(at: position)
        if let target = flow.target(at: position) { pending.append(target) }
        guard instruction.fallsThrough else { break }
        position += instruction.slotCount
      }
    }
  }

  func contains(_ position: Int) -> Bool { isReached[position] }
}
