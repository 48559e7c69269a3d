import BPFISA
import BPFVerifier

/// What passes did to a program: the sites they changed, and how many slots it took.
public struct RewriteStatistics: Hashable, Sendable {
  /// A place that one pass changed: an instruction replaced, or code put before one; for code that goes, all of it in one
  /// stretch.
  public struct Site: Hashable, Sendable {
    /// The slot in the program as it was.
    public let original: Int
    public let kind: Kind
    /// The slots put in that are still there.
    public internal(set) var inserted: Int
    /// The original slots gone.
    public internal(set) var removed: Int

    /// By how many slots the program grew here; negative where it shrank.
    public var growth: Int { inserted - removed }
  }

  /// What was done at a site: the name of the pass, of which ``ContextConversion`` has two.
  public struct Kind: Hashable, Sendable {
    public let name: String

    public init(name: String) { self.name = name }

    public static let contextLoad = Kind(name: ContextConversion.name + "-load")
    public static let contextStore = Kind(name: ContextConversion.name + "-store")
    public static let deadCode = Kind(name: DeadCodeRemoval.name)
  }

  /// By rising original slot, and at one slot in the order of the passes' code.
  public private(set) var sites: [Site] = []
  /// The slots of the program as it was.
  public let originalSlots: Int
  /// The slots of the rewritten program.
  public let rewrittenSlots: Int
  /// The slots of it that branches take which had to be made longer.
  public private(set) var widenedSlots = 0

  /// - Complexity: O(*n*), *n* the slots before and after.
  public init(_ rewritten: RewrittenProgram) {
    originalSlots = rewritten.verified.program.slots.count
    rewrittenSlots = rewritten.program.slots.count
    var isKept = [Bool](repeating: false, count: originalSlots)
    for origin in rewritten.origins where !origin.isInserted { isKept[origin.original] = true }
    var next = 0
    var slot = 0
    while slot < originalSlots {
      let instruction = rewritten.verified.program.slots[slot]
      let size = instruction.isWide ? 2 : 1
      let first = sites.count
      while next < rewritten.origins.count, rewritten.origins[next].original < slot + size {
        count(rewritten.origins[next], of: slot, instruction, rewritten.passes, since: first)
        next += 1
      }
      if !isKept[slot] {
        remove(size, at: slot, rewritten.verified.facts[slot], since: first)
      }
      slot += size
    }
  }

  private mutating func count(
    _ origin: InstructionOrigin, of slot: Int, _ instruction: RawInstruction, _ passes: [String],
    since first: Int
  ) {
    if origin.isWidened { widenedSlots += 1 }
    guard origin.isInserted, !origin.isWidened, let pass = origin.pass else { return }
    let kind =
      passes[pass] == ContextConversion.name
      ? Kind.context(of: instruction) : Kind(name: passes[pass])
    if let site = sites[first...].firstIndex(where: { $0.kind == kind }) {
      sites[site].inserted += 1
    } else {
      sites.append(Site(original: slot, kind: kind, inserted: 1, removed: 0))
    }
  }

  /// Counts an instruction that is gone: to what came in its place if something did, else to why it went.
  private mutating func remove(
    _ size: Int, at slot: Int, _ facts: InstructionFacts, since first: Int
  ) {
    if first < sites.count {
      sites[first].removed += size
    } else if facts.isReached, facts.access == .context {
      // A store that its field ignores.
      sites.append(Site(original: slot, kind: .contextStore, inserted: 0, removed: size))
    } else if let last = sites.last, last.kind == .deadCode, last.inserted == 0,
      last.original + last.removed == slot
    {
      sites[sites.count - 1].removed += size
    } else {
      sites.append(Site(original: slot, kind: .deadCode, inserted: 0, removed: size))
    }
  }
}

extension RewriteStatistics.Kind {
  /// The kind of an access to the context: by the class of its opcode, of which 1 loads.
  fileprivate static func context(of instruction: RawInstruction) -> Self {
    instruction.opcode & 0x07 == 0x01 ? .contextLoad : .contextStore
  }
}

extension RewriteStatistics {
  /// What the sites of a kind come to.
  public struct Total: Hashable, Sendable {
    public let kind: Kind
    public internal(set) var sites = 0
    /// The slots put in.
    public internal(set) var inserted = 0
    /// The original slots gone.
    public internal(set) var removed = 0
  }

  /// The sites of each kind together, in the order in which kinds come first.
  ///
  /// - Complexity: O(*n*), *n* the sites.
  public var totals: [Total] {
    Total.sums(
      sites.lazy.map {
        Total(kind: $0.kind, sites: 1, inserted: $0.inserted, removed: $0.removed)
      })
  }
}

extension RewriteStatistics.Total {
  /// Totals of several programs as one for each kind, in the order in which kinds come first.
  ///
  /// - Complexity: O(*n*), *n* the totals.
  public static func sums(_ totals: some Sequence<Self>) -> [Self] {
    var sums: [Self] = []
    for total in totals {
      let index = sums.firstIndex { $0.kind == total.kind } ?? sums.count
      if index == sums.count { sums.append(Self(kind: total.kind)) }
      sums[index].sites += total.sites
      sums[index].inserted += total.inserted
      sums[index].removed += total.removed
    }
    return sums
  }
}
