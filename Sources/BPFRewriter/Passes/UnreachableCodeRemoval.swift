import BPFISA

/// Removes instructions that no path leads to from the program's first one.
///
/// A function that nothing calls goes, with its name and lines. What a jump table names stays.
public struct UnreachableCodeRemoval: Pass {
  public static let name = "unreachable"

  public init() {}

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    let reachable = try Reachability(patcher.controlFlow())
    var cursor = FlowCursor()
    var place = patcher.start
    while let slot = patcher.nextRaw(&place) {
      cursor.advance(by: slot.isWide ? 2 : 1)
      if !reachable.contains(cursor.position) { patcher.remove(at: &place) }
    }
  }
}
