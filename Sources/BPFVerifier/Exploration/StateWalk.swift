/// A walk through the states kept at a slot, the last one first, past those that do not cover the one reached.
struct StateWalk {
  let slot: Int
  /// The state come to; negative at the end.
  private(set) var state: Int32
  /// The one before it; negative where it is the first.
  private var previous: Int32 = -1
  /// Whether the state reached will be kept: then those passed are counted as missing it.
  var isWorthKeeping: Bool

  init(slot: Int, from state: Int32, isWorthKeeping: Bool) {
    self.slot = slot
    self.state = state
    self.isWorthKeeping = isWorthKeeping
  }

  /// Passes the states that are seen at one look not to cover the one reached, up to one whose paths are not finished.
  mutating func pass(
    in kept: inout KeptStates, _ comparer: StateComparer, depth: Int, callbackDepth: Int32,
    _ registers: [Value], _ stacks: [StackSlot]
  ) {
    pass(
      &kept.states, &kept.latest, kept.words, comparer, Int32(truncatingIfNeeded: depth),
      callbackDepth, registers, stacks)
  }

  private mutating func pass(
    _ states: inout [KeptState], _ latest: inout [Int32], _ words: [UInt64],
    _ comparer: StateComparer, _ depth: Int32, _ callbackDepth: Int32, _ registers: [Value],
    _ stacks: [StackSlot]
  ) {
    var states = states.mutableSpan
    let words = words.span
    let registers = registers.span
    let stacks = stacks.span
    while state >= 0 {
      let index = Int(state)
      if states[index].branches > 0 { return }
      if states[index].depth == depth, states[index].callbackDepth <= callbackDepth,
        comparer.mayCover(
          states[index].differing, states[index].differsPrecisely, words, registers, stacks)
      {
        return
      }
      miss(&states, &latest, allowance: 3)
    }
  }

  /// Passes the state come to, which does not cover the one reached. One that covers little costs more than it saves: it is
  /// dropped.
  ///
  /// - Parameter allowance: How often it may miss for each time that it covered one.
  mutating func miss(in kept: inout KeptStates, allowance: Int32) {
    miss(&kept.states, &kept.latest, allowance: allowance)
  }

  private mutating func miss(
    _ states: inout [KeptState], _ latest: inout [Int32], allowance: Int32
  ) {
    var states = states.mutableSpan
    miss(&states, &latest, allowance: allowance)
  }

  @inline(__always)
  private mutating func miss(
    _ states: inout MutableSpan<KeptState>, _ latest: inout [Int32], allowance: Int32
  ) {
    let index = Int(state)
    let next = states[index].next
    if isWorthKeeping {
      states[index].misses &+= 1
      let most = states[index].hits &* allowance &+ max(allowance, 6)
      if states[index].misses > most {
        if previous >= 0 {
          states[Int(previous)].next = next
        } else {
          latest[slot] = next
        }
        state = next
        return
      }
    }
    previous = state
    state = next
  }
}
