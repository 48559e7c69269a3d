/// What tests have exploration do: each path is followed to its end, and each state is looked at.
struct ExplorationProbe {
  /// Whether paths end where an earlier state covers the one reached.
  var prunes = true
  /// Called before each instruction.
  var observe: (ExploredState) -> Void
}

/// What is known before an instruction, as tests look at it.
struct ExploredState {
  let slot: Int
  /// The frame that runs, counted from the first of the program's, or of the global function's that is verified by itself.
  let depth: Int
  /// The registers of the frame that runs.
  var registers: [Value]
  /// What the stacks of all frames hold.
  var stack: [Entry]

  /// Eight bytes of stack.
  struct Entry {
    let frame: Int
    /// Where in the frame's stack they begin, in bytes from its end.
    let offset: Int
    var contents: StackSlot
  }
}
