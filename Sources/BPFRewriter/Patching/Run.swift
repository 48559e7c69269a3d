/// A stretch of inserted slots that follow each other in the program, or an empty mark of where branches land.
///
/// The runs of an original instruction are linked in a ring: the last one leads to the first.
struct Run {
  /// The first slot, as an index into all inserted slots.
  var start: UInt32
  /// The number of slots, and ``isMark``, ``isAttached`` and ``isEntry``.
  private var countAndFlags: UInt32
  /// The next run of the same instruction.
  var next: UInt32
  /// The first branch that lies at or after ``start``, as an index into all inserted branches.
  var firstBranch: UInt32
  /// Where it begins in the new program, once that is laid out.
  var position: UInt32 = 0

  private static let mark: UInt32 = 1 << 31
  private static let entry: UInt32 = 1 << 30
  private static let attached: UInt32 = 1 << 29
  private static let countMask: UInt32 = attached - 1

  /// The most slots there can be in a run.
  static let countLimit = Int(countMask)

  init(
    start: Int, count: Int, isMark: Bool = false, isAttached: Bool = false, isEntry: Bool = false,
    next: Int = 0,
    firstBranch: Int
  ) {
    self.start = UInt32(truncatingIfNeeded: start)
    countAndFlags =
      UInt32(truncatingIfNeeded: count) | (isMark ? Self.mark : 0)
      | (isAttached ? Self.attached : 0) | (isEntry ? Self.entry : 0)
    self.next = UInt32(truncatingIfNeeded: next)
    self.firstBranch = UInt32(truncatingIfNeeded: firstBranch)
  }

  var count: Int { Int(countAndFlags & Self.countMask) }

  /// The slot after the last.
  var end: Int { Int(start) + count }

  /// Whether branches to the original instruction land here.
  var isEntry: Bool {
    get { countAndFlags & Self.entry != 0 }
    set { countAndFlags = newValue ? countAndFlags | Self.entry : countAndFlags & ~Self.entry }
  }

  /// Whether its one slot is not part of the program: branches to it land at what follows.
  var isMark: Bool { countAndFlags & Self.mark != 0 }

  /// Whether it marks the start of the run after it, and not what lies between them: a patch that is to be skipped goes
  /// before it.
  var isAttached: Bool { countAndFlags & Self.attached != 0 }

  /// The slots it puts into the program before branches are widened.
  var width: Int { isMark ? 0 : count }

  /// Keeps only the slots before another.
  mutating func truncate(at slot: Int) {
    countAndFlags =
      countAndFlags & ~Self.countMask | (UInt32(truncatingIfNeeded: slot) - start)
  }

  /// Makes it the mark of its first slot.
  mutating func becomeMark() {
    countAndFlags = countAndFlags & Self.entry | Self.mark | 1
  }
}

/// What became of an original instruction.
struct Anchor {
  private var bits: UInt32 = 0

  private static let removed: UInt32 = 1 << 31
  private static let widened: UInt32 = 1 << 30
  private static let entered: UInt32 = 1 << 29
  private static let runMask: UInt32 = (1 << 29) - 1

  /// The most runs there can be.
  static let runLimit = Int(runMask)

  /// Whether nothing was done to the instruction.
  @inline(__always) var isUntouched: Bool { bits == 0 }

  @inline(__always) var isRemoved: Bool { bits & Self.removed != 0 }

  mutating func remove() { bits |= Self.removed }

  /// Whether its displacement of 16 bits is too short.
  var isWidened: Bool {
    get { bits & Self.widened != 0 }
    set { bits = newValue ? bits | Self.widened : bits & ~Self.widened }
  }

  /// Whether one of its runs is where branches land.
  var isEntered: Bool {
    get { bits & Self.entered != 0 }
    set { bits = newValue ? bits | Self.entered : bits & ~Self.entered }
  }

  /// The last run before the instruction; nil where there is none.
  @inline(__always) var lastRun: Int? {
    get { bits & Self.runMask == 0 ? nil : Int(bits & Self.runMask) - 1 }
    set {
      bits = bits & ~Self.runMask | UInt32(truncatingIfNeeded: newValue.map { $0 + 1 } ?? 0)
    }
  }
}

/// A branch among the inserted slots, and where it leads.
struct InsertedBranch {
  private var slotAndFlag: UInt32
  private var targetAndKind: UInt32

  private static let flag: UInt32 = 1 << 31

  enum Target {
    /// An original instruction.
    case original(Int)
    /// An inserted slot.
    case inserted(Int)
  }

  init(slot: Int, target: Target) {
    slotAndFlag = UInt32(truncatingIfNeeded: slot)
    switch target {
    case .original(let slot): targetAndKind = UInt32(truncatingIfNeeded: slot)
    case .inserted(let slot): targetAndKind = UInt32(truncatingIfNeeded: slot) | Self.flag
    }
  }

  /// Its place among all inserted slots.
  var slot: Int { Int(slotAndFlag & ~Self.flag) }

  var target: Target {
    let number = Int(targetAndKind & ~Self.flag)
    return targetAndKind & Self.flag == 0 ? .original(number) : .inserted(number)
  }

  var isWidened: Bool {
    get { slotAndFlag & Self.flag != 0 }
    set { slotAndFlag = newValue ? slotAndFlag | Self.flag : slotAndFlag & ~Self.flag }
  }
}
