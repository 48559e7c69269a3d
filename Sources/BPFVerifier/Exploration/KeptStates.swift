/// The states kept for comparison, in a compact form: what is needed of each register and stack slot, in a few words.
struct KeptStates {
  /// The words of all states, and room for more.
  var words: [UInt64] = []
  var wordCount = 0
  var states: [KeptState] = []
  /// The state kept last at each slot, or -1.
  var latest: [Int32]

  init(slotCount: Int) {
    latest = [Int32](repeating: -1, count: slotCount)
  }

  /// Makes room for words.
  mutating func reserve(_ count: Int) {
    let missing = wordCount + count - words.count
    if missing > 0 {
      words.append(contentsOf: repeatElement(0, count: max(missing, max(words.count, 1 << 10))))
    }
  }

  var byteCount: Int { wordCount * 8 + states.count * MemoryLayout<KeptState>.stride }
}

/// A state that was kept when exploration passed an instruction.
struct KeptState {
  var slot: Int32
  /// The state kept before it on its path, or -1.
  var parent: Int32
  /// The state kept before it at the same slot, or -1.
  var next: Int32
  /// The paths from it that are not finished.
  var branches: Int32
  var hits: Int32 = 0
  var misses: Int32 = 0
  var firstWord: Int
  var wordCount: Int32
  /// The marks of its entries, by their first.
  var firstMark: Int
  var entryCount: Int32
  var mayGotoDepth: Int32
  var callbackDepth: Int32
  /// The frame that ran; where the others were called from is among the entries.
  var depth: Int32
  /// The entry that differed when a state was last compared with it, by its first word and its mark, from the state's own
  /// first ones; 0 where there is none.
  var differingWord: Int32 = 0
  var differingMark: Int32 = 0
}

/// Branches put aside, the last one first: what it takes to come back to each.
struct PendingBranches {
  private var branches: [Branch] = []
  /// The nodes that values had before they were kept as entries of states.
  var nodes: [SavedNode] = []

  struct SavedNode {
    var place: Place
    var node: UInt32
  }

  struct Branch {
    var slot: Int
    var way: Way
    var parent: Int32
    var depth: Int
    var registers: TrailedArray<Value>.Mark
    var stacks: TrailedArray<StackSlot>.Mark
    var frames: TrailedArray<Frame>.Mark
    var references: [Reference]
    var lock: HeldLock?
    var savedNodes: Int
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
  }

  var count: Int { branches.count }
  var byteCount: Int {
    branches.count * MemoryLayout<Branch>.stride + nodes.count * MemoryLayout<SavedNode>.stride
  }

  mutating func push(_ branch: Branch) { branches.append(branch) }
  mutating func pop() -> Branch { branches.removeLast() }
}
