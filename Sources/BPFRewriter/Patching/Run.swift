/// A stretch of inserted slots that follow each other in the program, or an empty mark of where branches land.
///
/// Where an original instruction has several they are linked in a ring: the last one leads to the first.
struct Run: BitwiseCopyable {
  /// The first slot, as an index into all inserted slots; of a mark, the one it stands for.
  var start: UInt32
  private var countAndTraits: UInt32
  /// The next run of the same instruction.
  var next: UInt32

  struct Traits: OptionSet {
    let rawValue: UInt32

    /// Its one slot is not part of the program: branches to it land at what follows.
    static let mark = Self(rawValue: 1 << 31)
    /// Branches to the original instruction land here.
    static let entry = Self(rawValue: 1 << 30)
    /// A mark of the start of the run after it, and not of what lies between them: a patch that is to be skipped goes before
    /// it.
    static let attached = Self(rawValue: 1 << 29)
    /// It may have branches that are recorded.
    static let branches = Self(rawValue: 1 << 28)
    /// It may have branches whose displacement was not known when the patch was applied.
    static let openBranches = Self(rawValue: 1 << 27)
    /// Branches lead to its end: to what follows its last slot; of a mark, that slot's end and not its start is marked.
    static let end = Self(rawValue: 1 << 26)

    /// It may have branches that all lead to the end of its patch, where their displacements say: none is recorded before
    /// patches that were cut are laid out.
    static let endBranches = Self(rawValue: 1 << 25)

    static let all: Self = [
      .mark, .entry, .attached, .branches, .openBranches, .end, .endBranches,
    ]
  }

  private static let countMask = ~Traits.all.rawValue

  /// The most slots there can be in a run.
  static let countLimit = Int(countMask)

  /// The most runs there can be in the arena.
  static let indexLimit = Int(UInt32.max)

  /// A run, not linked to others.
  @inline(__always)
  init(start: Int, count: Int, traits: Traits) {
    self.start = UInt32(truncatingIfNeeded: start)
    countAndTraits = UInt32(truncatingIfNeeded: count) | traits.rawValue
    next = 0
  }

  @inline(__always) var count: Int { Int(countAndTraits & Self.countMask) }

  @inline(__always) var traits: Traits {
    get { Traits(rawValue: countAndTraits & Traits.all.rawValue) }
    set { countAndTraits = countAndTraits & Self.countMask | newValue.rawValue }
  }

  /// The slot after the last.
  @inline(__always) var end: Int { Int(start) + count }

  @inline(__always) var isMark: Bool { traits.contains(.mark) }
  @inline(__always) var isEntry: Bool { traits.contains(.entry) }

  /// The slots it puts into the program before branches are widened.
  @inline(__always) var width: Int { isMark ? 0 : count }

  /// Keeps only the slots before another.
  mutating func truncate(at slot: Int) {
    countAndTraits = traits.rawValue | (UInt32(truncatingIfNeeded: slot) - start)
  }

  /// Makes it the mark of its first slot.
  mutating func becomeMark() {
    countAndTraits = traits.intersection(.entry).union(.mark).rawValue | 1
  }
}

/// A branch among the inserted slots, and where it leads; those of ``Run/Traits/endBranches`` have no such record.
struct InsertedBranch: BitwiseCopyable {
  private var slotAndFlag: UInt32
  private var targetAndKind: UInt32

  private static let widened: UInt32 = 1 << 31
  private static let insertedKind: UInt32 = 1 << 31
  private static let endKind: UInt32 = 3 << 30
  private static let kindMask: UInt32 = 3 << 30

  enum Target {
    /// An original instruction.
    case original(Int)
    /// An inserted slot.
    case inserted(Int)
    /// What follows an inserted slot, the last of its patch.
    case end(of: Int)
  }

  init(slot: Int, target: Target) {
    slotAndFlag = UInt32(truncatingIfNeeded: slot)
    switch target {
    case .original(let slot): targetAndKind = UInt32(truncatingIfNeeded: slot)
    case .inserted(let slot):
      targetAndKind = UInt32(truncatingIfNeeded: slot) | Self.insertedKind
    case .end(of: let slot): targetAndKind = UInt32(truncatingIfNeeded: slot) | Self.endKind
    }
  }

  /// Its place among all inserted slots.
  var slot: Int { Int(slotAndFlag & ~Self.widened) }

  var target: Target {
    let number = Int(targetAndKind & ~Self.kindMask)
    return switch targetAndKind & Self.kindMask {
    case Self.insertedKind: .inserted(number)
    case Self.endKind: .end(of: number)
    default: .original(number)
    }
  }

  var isWidened: Bool {
    get { slotAndFlag & Self.widened != 0 }
    set { slotAndFlag = newValue ? slotAndFlag | Self.widened : slotAndFlag & ~Self.widened }
  }
}
