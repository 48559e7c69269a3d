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
      let mask = count <= 1 ? 0 : UInt32.max >> UInt32((count - 1).leadingZeroBitCount)
      patch.removeAll()
      patch.emit(
        .jumpIf(
          .greaterOrEqual, .bits32, .r3, .immediate(Int32(bitPattern: count)), offset: 0), to: .end)
      patch.emit(
        .arithmetic(
          .and, .bits32, destination: .r3, source: .immediate(Int32(bitPattern: mask))))
      patch.emit(.call(.helper(HelperID.tailCall.rawValue)))
      try patcher.replace(slot, with: patch)
    }
  }
}
