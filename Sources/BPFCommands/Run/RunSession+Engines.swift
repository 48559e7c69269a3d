import BPFRuntime

extension RunSession {
  /// Whether engines did not do the same.
  var hasDifferences: Bool { report.differenceCount > 0 || mapDifference != nil }

  /// Why another engine ran the program than is usual, or was asked for; a sentence.
  var engineNote: String? {
    guard maps.engine.execution == .compiled else { return nil }
    if program.engine != .jit {
      return "there is no compiler for this processor, or no memory for code: it was interpreted"
    }
    return budget == nil
      ? nil : "--budget counts instructions, which compiled code does not: it was interpreted"
  }
}
