/// What tests have exploration do: each path is followed to its end, and each state is looked at.
struct ExplorationProbe {
  /// Whether paths end where an earlier state covers the one reached.
  var prunes = true
  /// Called with the slot, the depth and the registers of the frame that runs, before each instruction.
  var observe: (_ slot: Int, _ depth: Int, _ registers: [Value]) -> Void
}
