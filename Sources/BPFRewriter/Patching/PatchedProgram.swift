public import BPFISA

/// What a program has become, and what is known of where its instructions came from.
public struct PatchedProgram: Sendable {
  public let program: Program
  /// What is known of each slot, ``FactID/none`` where nothing is; empty if nothing was known before either.
  let facts: [FactID]
  /// Where each slot came from, if that was asked for.
  public let origins: [InstructionOrigin]
  /// The names of the passes, which ``InstructionOrigin/pass`` counts.
  public let passes: [String]
  /// Where branches to each slot of the program as it was lead now; one more than there were slots.
  let entries: [UInt32]

  /// What is known of the instruction at a slot.
  ///
  /// - Throws: ``PatchError/noFact(slot:)`` for one that was inserted without a fact, or where no facts were given.
  public func fact(at slot: Int) throws(PatchError) -> FactID {
    guard facts.indices.contains(slot), facts[slot] != .none else { throw .noFact(slot: slot) }
    return facts[slot]
  }

  /// Where branches to an instruction of the program as it was lead now: to it, to what replaced it or was inserted
  /// before it, or to what follows where it was removed.
  ///
  /// - Complexity: O(1).
  public func slot(ofOriginal slot: Int) -> Int { Int(entries[slot]) }
}

/// Where an instruction of a patched program came from.
public struct InstructionOrigin: Hashable, Sendable {
  private let slot: UInt32
  /// The pass, counted from 1, above the traits.
  private let passAndTraits: UInt32

  private static let inserted: UInt32 = 1
  private static let widened: UInt32 = 2
  private static let passShift: UInt32 = 2

  @inline(__always)
  init(original: Int, isInserted: Bool, pass: Int?, isWidened: Bool) {
    slot = UInt32(truncatingIfNeeded: original)
    passAndTraits =
      UInt32(truncatingIfNeeded: (pass ?? -1) + 1) << Self.passShift
      | (isInserted ? Self.inserted : 0) | (isWidened ? Self.widened : 0)
  }

  /// The slot, in the program as it was, whose code it belongs to.
  @inline(__always) public var original: Int { Int(slot) }
  /// Whether a patch put it there.
  @inline(__always) public var isInserted: Bool { passAndTraits & Self.inserted != 0 }
  /// The pass that inserted it, counted from 0; nil for an original instruction, and for what no pass inserted.
  public var pass: Int? {
    let pass = Int(passAndTraits >> Self.passShift)
    return pass == 0 ? nil : pass - 1
  }
  /// Whether it is part of a branch that was made longer.
  @inline(__always) public var isWidened: Bool { passAndTraits & Self.widened != 0 }
}
