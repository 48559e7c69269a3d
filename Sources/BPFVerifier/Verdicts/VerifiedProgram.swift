public import BPFISA
public import BPFPlatform

/// A program that was proved safe, with what was found out about each instruction. Only ``Verifier`` makes one.
public struct VerifiedProgram: Hashable, Sendable {
  public let program: Program
  public let type: ProgramType
  /// The maps it refers to, in the order of ``Program/mapNames``.
  public let maps: [MapSpec]
  /// What was found out about the instruction at each slot.
  public let facts: [InstructionFacts]
  public let statistics: VerificationStatistics

  init(
    program: Program, type: ProgramType, maps: [MapSpec], facts: [InstructionFacts],
    statistics: VerificationStatistics
  ) {
    self.program = program
    self.type = type
    self.maps = maps
    self.facts = facts
    self.statistics = statistics
  }
}
