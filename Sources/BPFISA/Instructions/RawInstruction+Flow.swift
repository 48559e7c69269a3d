/// Where an instruction keeps the displacement it has, if any (``Instruction/displacement``), read off its first slot.
@frozen
public enum DisplacementField: UInt8, Sendable {
  case none
  /// A jump's 16-bit offset.
  case offset
  /// `gotol`'s 32-bit immediate.
  case longJump
  /// A local call's immediate.
  case call
  /// A function address's immediate, in the first slot of a load immediate.
  case function
}

extension RawInstruction {
  /// Where the displacement is, for a slot that begins an instruction; `.none` for a second half.
  ///
  /// - Complexity: O(1).
  @inlinable
  public var displacementField: DisplacementField {
    // The classes 5 and 6, as one comparison.
    guard (opcode &- 5) & 0x07 < 2 else { return opcode == 0x18 && source == 4 ? .function : .none }
    switch opcode {
    case 0x85: return source == 1 ? .call : .none
    case 0x95, 0x8d, 0x0d: return .none
    case 0x06: return .longJump
    default: return .offset
    }
  }

  /// Whether this slot is the second half of a 16-byte load immediate: the only one of opcode 0.
  @inlinable
  public var isSecondHalf: Bool { opcode == 0 }
}
