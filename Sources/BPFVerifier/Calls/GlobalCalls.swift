import BPFISA

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
  /// Which of ``calls`` leads from each function to each other, counted from 1; 0 where none does. Empty until there is one.
  private var numbers: [UInt32] = []
  /// The functions in the order in which they were called first, and how many of them were taken up.
  private var called: [Int] = []
  private var isCalled: [Bool]
  private var takenCount = 0
  /// What each function that was called is given.
  private var arguments: [[GlobalArgument]?]
  /// The deepest frame of paths that begin with each function.
  private var depths: [Int]
  /// What each function may do; found when the first is called.
  private var effects: [FunctionEffects] = []

  init(functionCount: Int) {
    depths = Array(repeating: 0, count: functionCount)
    isCalled = Array(repeating: false, count: functionCount)
    arguments = Array(repeating: nil, count: functionCount)
  }

  @inline(__always)
  mutating func reach(_ depth: Int, in root: Int) { depths[root] = max(depths[root], depth) }

  mutating func effects(of function: Int, in code: borrowing CodeTable) -> FunctionEffects {
    if effects.isEmpty { effects = code.functionEffects() }
    return effects[function]
  }

  /// What a function is given, found when it is called first.
  mutating func arguments(
    of function: Int, _ prototype: FunctionPrototype, in platform: borrowing PlatformRules
  ) throws(Rejection.Problem) -> [GlobalArgument] {
    if let known = arguments[function] { return known }
    let found = try platform.arguments(of: prototype)
    arguments[function] = found
    return found
  }

  /// Notes a call on a path that begins with a function.
  ///
  /// - Complexity: O(1), but for the first.
  mutating func add(_ function: Int, from caller: Int, at slot: Int, depth: Int) {
    if !isCalled[function] {
      isCalled[function] = true
      called.append(function)
    }
    if numbers.isEmpty { numbers = Array(repeating: 0, count: depths.count * depths.count) }
    let place = caller * depths.count + function
    let number = Int(numbers[place])
    guard number > 0 else {
      calls.append(Call(caller: caller, function: function, slot: slot, depth: depth))
      numbers[place] = UInt32(truncatingIfNeeded: calls.count)
      return
    }
    if calls[number - 1].depth < depth {
      calls[number - 1].depth = depth
      calls[number - 1].slot = slot
    }
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
