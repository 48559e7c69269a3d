/// Where the code of many programs lies.
public enum CodeStorage: Hashable, Sendable {
  /// In packs, and in private pages where the system has no executable files in memory.
  case packs
  /// Each image in private pages of its own. `perf` looks into a ``PerfMap`` for anonymous memory only, which packs are not.
  case privatePages
}
