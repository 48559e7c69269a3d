import BPFISA

/// Removes jumps, conditional or not, that lead to the instruction that follows anyway; and those that come to do so
/// because what they jumped over were such jumps themselves.
///
/// A `may_goto` stays: it counts even where it leads nowhere.
public struct EmptyJumpRemoval: Pass {
  public static let name = "empty-jumps"

  public init() {}

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    let isEmpty = try Self.emptyJumps(patcher.controlFlow())
    var cursor = FlowCursor()
    var place = patcher.start
    while let slot = patcher.nextRaw(&place) {
      cursor.advance(by: slot.isWide ? 2 : 1)
      if isEmpty[cursor.position] { patcher.remove(at: &place) }
    }
  }

  /// Whether the jump at each position goes.
  ///
  /// From the end backwards: what follows a jump is then settled, and one look at each is enough.
  private static func emptyJumps(_ flow: ControlFlow) -> [Bool] {
    var isEmpty = [Bool](repeating: false, count: flow.slots.count)
    let functions = Set(flow.functions)
    // The first instruction left at or after the one looked at last.
    var following = flow.slots.count
    // Where branches over jumps that go will lead.
    var landing = Array(0...flow.slots.count)
    for position in flow.slots.indices.reversed() {
      if isJump(flow.slots[position]), let target = flow.target(at: position), target > position,
        landing[target] == following, !functions.contains(position + 1)
      {
        isEmpty[position] = true
        landing[position] = following
      } else {
        following = position
      }
    }
    return isEmpty
  }

  private static func isJump(_ slot: RawInstruction) -> Bool {
    switch slot.displacementField {
    case .offset: slot.opcode != 0xe5
    case .longJump: true
    case .none, .call, .function: false
    }
  }
}
