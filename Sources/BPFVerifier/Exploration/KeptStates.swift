/// The states kept for comparison, in a compact form.
struct KeptStates {
  var states: [KeptState] = []
  /// What each has of registers and stack.
  var entries = Pool(filler: StateEntry.none)
  /// The values of entries; the first word stands for none.
  var words: [UInt64] = [0]
  var specials: [StateSpecial] = []
  /// The state kept last at each slot, or -1.
  var latest: [Int32]

  init(slotCount: Int) {
    latest = [Int32](repeating: -1, count: slotCount)
  }

  var byteCount: Int {
    words.count * 8 + entries.byteCount
      + specials.count * MemoryLayout<StateSpecial>.stride
      + states.count * (MemoryLayout<KeptState>.stride + MemoryLayout<Provenance.Marks>.stride)
  }
}

/// A state that was kept when exploration passed an instruction.
struct KeptState {
  /// The state kept before it at the same slot, or -1.
  var next: Int32
  /// The paths from it that are not finished.
  var branches: Int32 = 1
  /// The frame that ran; where the others were called from is among the specials.
  var depth: Int32
  var callbackDepth: Int32
  /// The entry that differed when a state was last compared with it: where it differed last time it is likely to differ again.
  var differing: StateEntry
  /// Whether it differed as a number that a decision depends on.
  var differsPrecisely = false
  var hits: Int32 = 0
  var misses: Int32 = 0
  var slot: Int32
  /// The state kept before it on its path, or -1.
  var parent: Int32
  var firstEntry: Int
  /// Where the marks of its entries are (``Provenance/Marks``), one of 64 entries each.
  var firstMarks: Int
  var entryCount: Int32
  /// The entries that are registers; the others are slots.
  var registerCount: Int32
  var firstSpecial: Int32
  var specialCount: Int32
  /// Whether it is of a way that only a processor that guesses wrong goes: it covers no other.
  var isSpeculative: Bool
  var mayGotoDepth: Int32
  /// The branches that were put aside when it was kept.
  var pendingCount: Int32

  /// The indices of its entries' marks.
  var marks: Range<Int> { firstMarks..<firstMarks + Provenance.marksCount(of: Int(entryCount)) }
}

/// Branches put aside, the last one first: what it takes to come back to each.
struct PendingBranches {
  private var branches: [Branch] = []

  struct Branch {
    var slot: Int
    var way: Way
    var isSpeculative: Bool
    var parent: Int32
    var depth: Int
    var registers: TrailedArray<Value>.Mark
    var stacks: TrailedArray<StackSlot>.Mark
    var frames: TrailedArray<Frame>.Mark
    var references: [Reference]
    var lock: HeldLock?
    var pathCount: Int
    var nodeCount: Int
    var mayGotoDepth: Int32
  }

  /// Which way an instruction that can go several goes.
  enum Way: UInt8 {
    /// A conditional jump, taken.
    case taken
    /// The helper's callback runs.
    case callback
    /// A tail call put another program in the running function's place.
    case tailCalled
    /// The loop that `may_goto` bounds goes on.
    case nextIteration
    /// A conditional jump that is not taken, taken by a processor that guesses wrong.
    case wronglyTaken
    /// A conditional jump that is taken, passed by a processor that guesses wrong.
    case wronglyPassed
    /// A pointer is moved by nothing, because the number is none that it may be.
    case masked
  }

  var count: Int { branches.count }
  var byteCount: Int { branches.count * MemoryLayout<Branch>.stride }

  mutating func push(_ branch: Branch) { branches.append(branch) }
  mutating func pop() -> Branch { branches.removeLast() }
}
