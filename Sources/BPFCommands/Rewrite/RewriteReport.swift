import BPFISA
import BPFPlatform
import BPFRewriter

/// A program before and after passes.
struct RewriteReport {
  let before: Program
  let type: ProgramType?
  let after: PatchedProgram
  /// Whether each slot of the program as it was is still there.
  private let isKept: [Bool]

  init(before: Program, type: ProgramType?, after: PatchedProgram) {
    self.before = before
    self.type = type
    self.after = after
    var isKept = [Bool](repeating: false, count: before.slots.count)
    for origin in after.origins where !origin.isInserted { isKept[origin.original] = true }
    self.isKept = isKept
  }

  func isRemoved(_ slot: Int) -> Bool { !isKept[slot] }

  /// The slots of the program as it was that are gone.
  var removedCount: Int { isKept.count { !$0 } }

  /// How many slots each pass inserted, in the order of the passes.
  var insertedCounts: [Int] {
    var counts = [Int](repeating: 0, count: after.passes.count)
    for origin in after.origins {
      if let pass = origin.pass { counts[pass] += 1 }
    }
    return counts
  }

  /// The slots that the widening of branches added.
  var widenedCount: Int { after.origins.count { $0.isWidened } }

  /// What was done, in a line: `9 slots; division inserted 5, 1 slot removed`.
  var summary: String {
    var parts = zip(after.passes, insertedCounts).map { "\($0) +\($1)" }
    parts.append("\(removedCount) gone")
    if widenedCount > 0 { parts.append("\(widenedCount) for branches that had to be widened") }
    return parts.joined(separator: ", ")
  }
}
