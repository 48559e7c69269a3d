public import BPFISA
public import BPFPlatform
public import BPFVerifier

/// A verified program as engines run it: accesses are those of the runtime's structures, lookups and loops are in place (what
/// bpftool calls "xlated"). Only ``Rewriter`` makes one.
///
/// Free of host state: a map is an index, as in the program it was made from.
public struct RewrittenProgram: Sendable {
  /// What it was made from.
  public let verified: VerifiedProgram
  /// What it became.
  public let program: Program
  /// Where each slot of ``program`` came from.
  public let origins: [InstructionOrigin]
  /// The names of the passes, in order, which ``InstructionOrigin/pass`` counts.
  public let passes: [String]

  init(_ verified: VerifiedProgram, _ patched: consuming PatchedProgram) {
    self.verified = verified
    program = patched.program
    origins = patched.origins
    passes = patched.passes
  }

  public var type: ProgramType { verified.type }
  /// The maps it refers to, in the order of ``Program/mapNames``.
  public var maps: [MapSpec] { verified.maps }

  /// What the verifier found out about the instruction at a slot; nil for one that a pass put there.
  public func facts(at slot: Int) -> InstructionFacts? {
    let origin = origins[slot]
    return origin.isInserted ? nil : verified.facts[origin.original]
  }
}
