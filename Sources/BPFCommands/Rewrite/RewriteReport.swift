import BPFISA
import BPFPlatform
import BPFRewriter
import BPFVerifier

/// A program before and after passes.
struct RewriteReport {
  let before: Program
  let type: ProgramType?
  let after: Program
  /// Where each slot of the program after came from.
  let origins: [InstructionOrigin]
  /// The names of the passes, which ``InstructionOrigin/pass`` counts.
  let passes: [String]
  /// Whether each slot of the program as it was is still there.
  private let isKept: [Bool]

  init(before: Program, type: ProgramType?, after: PatchedProgram) {
    self.init(
      before: before, type: type, after: after.program, origins: after.origins,
      passes: after.passes)
  }

  init(_ rewritten: RewrittenProgram) {
    self.init(
      before: rewritten.verified.program, type: rewritten.type, after: rewritten.program,
      origins: rewritten.origins, passes: rewritten.passes)
  }

  private init(
    before: Program, type: ProgramType?, after: Program, origins: [InstructionOrigin],
    passes: [String]
  ) {
    self.before = before
    self.type = type
    self.after = after
    self.origins = origins
    self.passes = passes
    var isKept = [Bool](repeating: false, count: before.slots.count)
    for origin in origins where !origin.isInserted { isKept[origin.original] = true }
    self.isKept = isKept
  }

  func isRemoved(_ slot: Int) -> Bool { !isKept[slot] }

  /// The slots of the program as it was that are gone.
  var removedCount: Int { isKept.count { !$0 } }

  /// How many slots each pass inserted, in the order of the passes.
  var insertedCounts: [Int] {
    var counts = [Int](repeating: 0, count: passes.count)
    for origin in origins {
      if let pass = origin.pass { counts[pass] += 1 }
    }
    return counts
  }

  /// The slots that the widening of branches added.
  var widenedCount: Int { origins.count { $0.isWidened } }

  /// What was done, in a line: `9 slots; division inserted 5, 1 slot removed`.
  var summary: String {
    var parts = zip(passes, insertedCounts).map { "\($0) +\($1)" }
    parts.append("\(removedCount) gone")
    if widenedCount > 0 { parts.append("\(widenedCount) for branches that had to be widened") }
    return parts.joined(separator: ", ")
  }
}
