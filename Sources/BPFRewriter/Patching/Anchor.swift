/// What became of an original instruction, and the run before it or in its place: most have one at most.
///
/// A run that fits is kept here: with it, the millions of instructions that have a single patch take no memory elsewhere.
struct Anchor: BitwiseCopyable {
  /// The first slot of the only run, or the last of several.
  private var startOrRun: UInt32 = 0
  /// The number of slots of the only run, its traits, and what follows.
  private var bits: UInt32 = 0

  /// In the place of a trait that no only run has.
  private static let removed = Run.Traits.mark.rawValue
  private static let widened = Run.Traits.attached.rawValue
  private static let several: UInt32 = 1 << 24
  private static let countMask = several - 1
  private static let traits: Run.Traits = [.entry, .branches, .openBranches, .end, .endBranches]

  init() {}

  /// What becomes of an instruction in whose place branches run a patch.
  ///
  /// - Parameter count: at most ``countLimit``.
  @inline(__always)
  init(replacedFrom start: Int, count: Int, traits: Run.Traits) {
    startOrRun = UInt32(truncatingIfNeeded: start)
    bits = UInt32(truncatingIfNeeded: count) | traits.rawValue | Self.removed
  }

  /// The most slots of a run that is kept here.
  static let countLimit = Int(countMask)

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
  @inline(__always) var isEntered: Bool { bits & Run.Traits.entry.rawValue != 0 }

  /// Whether a single run is in the place of the instruction, also for branches, and is kept here.
  @inline(__always) var isSimplyReplaced: Bool {
    let entry = Run.Traits.entry.rawValue
    return bits & (Self.removed | entry | Self.several) == Self.removed | entry
  }

  /// The first slot and the number of slots of the run that is kept here; of no meaning if there is none.
  @inline(__always) var onlySlots: (start: Int, count: Int) {
    (Int(startOrRun), Int(bits & Self.countMask))
  }

  /// Whether there is anything before the instruction or in its place.
  @inline(__always) var hasRuns: Bool { bits & (Self.countMask | Self.several) != 0 }

  /// The run it has, if that is kept here.
  @inline(__always) var onlyRun: Run? {
    bits & Self.countMask == 0 ? nil : run
  }

  /// What is kept here, taken for a run.
  @inline(__always) private var run: Run {
    Run(
      start: Int(startOrRun), count: Int(bits & Self.countMask),
      traits: Run.Traits(rawValue: bits & Self.traits.rawValue))
  }

  /// The last of its runs, if they are in the arena.
  @inline(__always) var lastRun: Int? {
    bits & Self.several == 0 ? nil : Int(startOrRun)
  }

  /// Gives it its first run, which it has room for.
  mutating func setOnlyRun(_ run: Run) {
    startOrRun = run.start
    bits |= UInt32(truncatingIfNeeded: run.count) | run.traits.rawValue
  }

  /// Gives it runs in the arena, and says whether one of them is where branches land.
  mutating func setLastRun(_ run: Int, isEntered: Bool) {
    startOrRun = UInt32(truncatingIfNeeded: run)
    bits = bits & (Self.removed | Self.widened) | Self.several
    if isEntered { bits |= Run.Traits.entry.rawValue }
  }
}
