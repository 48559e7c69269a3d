import BPFISA
public import BPFPlatform
public import BPFVerifier

/// Keeps the index of a tail call inside its program array where a processor guesses that it is (kernel: the fix-up of
/// `bpf_tail_call` for programs that may not speculate).
public struct TailCallMasking: Pass {
  public static let name = "tail-call-mask"

  private let facts: [InstructionFacts]
  private let maps: [MapSpec]

  /// - Parameters:
  ///   - facts: what the verifier found out about each slot of the program.
  ///   - maps: the program's maps, which the facts count.
  public init(_ facts: [InstructionFacts], maps: [MapSpec]) {
    self.facts = facts
    self.maps = maps
  }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    for slot in facts.indices {
      guard let map = facts[slot].map, !patcher.isRemoved(slot),
        patcher.program.slots[slot].calls(.tailCall)
      else { continue }
      let count = UInt32(truncatingIfNeeded: maps[map].maxEntries)
      patch.removeAll()
      patch.emit(
        .jumpIf(
          .greaterOrEqual, .bits32, .r3, .immediate(Int32(bitPattern: count)), offset: 0), to: .end)
      let last = Int32(bitPattern: count &- 1)
      if count & (count &- 1) == 0 || last < 0 {
        patch.emit(.arithmetic(.and, .bits32, destination: .r3, source: .immediate(last)))
      } else {
        // The call would clobber r4 as well.
        patch.emit(.arithmetic(.move, .bits32, destination: .r3, source: .register(.r3)))
        patch.emitMask(of: .r3, upTo: last, in: .r4)
        patch.emit(.arithmetic(.move, .bits64, destination: .r3, source: .register(.r4)))
      }
      patch.emit(.call(.helper(HelperID.tailCall.rawValue)))
      try patcher.replace(slot, with: patch)
    }
  }
}
