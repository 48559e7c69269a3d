/// The calls of global functions that paths came to: which functions are still to be verified, and how deep calls nest over
/// all of them.
///
/// Functions are counted by index; 0, the program itself, is none of them.
struct GlobalCalls {
  /// A call, as deep as any like it.
  private struct Call {
    let caller: Int
    let function: Int
    /// The slot of the call.
    var slot: Int
    /// The frame that makes it, counted from the caller's first.
    var depth: Int
  }

  private var calls: [Call] = []
  /// The functions in the order in which they were called first, and how many of them were taken up.
  private var called: [Int] = []
  private var takenCount = 0
  /// The deepest frame of paths that begin with each function.
  private var depths: [Int]
  /// What each function may do; found when the first is called.
  private var effects: [FunctionEffects] = []

  init(functionCount: Int) {
    depths = Array(repeating: 0, count: functionCount)
  }

  @inline(__always)
  mutating func reach(_ depth: Int, in root: Int) { depths[root] = max(depths[root], depth) }

  mutating func effects(of function: Int, in code: borrowing CodeTable) -> FunctionEffects {
    if effects.isEmpty { effects = code.functionEffects() }
    return effects[function]
  }

  /// Notes a call on a path that begins with a function.
  mutating func add(_ function: Int, from caller: Int, at slot: Int, depth: Int) {
    if let index = calls.firstIndex(where: { $0.caller == caller && $0.function == function }) {
      if calls[index].depth < depth {
        calls[index].depth = depth
        calls[index].slot = slot
      }
      return
    }
    calls.append(Call(caller: caller, function: function, slot: slot, depth: depth))
    if !called.contains(function) { called.append(function) }
  }

  /// The next function to verify by itself.
  mutating func next() -> Int? {
    guard takenCount < called.count else { return nil }
    takenCount += 1
    return called[takenCount - 1]
  }

  /// The slot of a call that begins more frames than there may be, in calls without a circle.
  ///
  /// - Complexity: O(*calls* × *functions*).
  func callTooDeep(limit: Int) -> Int? {
    var first = [Int](repeating: 0, count: depths.count)
    var isChanged = true
    while isChanged {
      isChanged = false
      for call in calls where first[call.function] < first[call.caller] + call.depth + 1 {
        first[call.function] = first[call.caller] + call.depth + 1
        if first[call.function] + depths[call.function] >= limit { return call.slot }
        isChanged = true
      }
    }
    return nil
  }
}
