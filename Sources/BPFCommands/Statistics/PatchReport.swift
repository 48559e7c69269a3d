import BPFPlatform
import BPFRewriter

/// What passes did to the programs of a command line, and which programs none ran on.
struct PatchReport {
  struct Entry {
    /// The object's path as it was given.
    let file: String
    let program: String
    let type: ProgramType
    let statistics: RewriteStatistics
  }

  /// A program that was left out.
  struct Omission {
    let file: String
    let program: String
    /// A line.
    let reason: String
  }

  var entries: [Entry] = []
  var omissions: [Omission] = []

  var distribution: PatchDistribution { PatchDistribution(entries.map(\.statistics)) }
}
