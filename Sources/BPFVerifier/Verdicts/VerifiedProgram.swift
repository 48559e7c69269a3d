public import BPFISA
public import BPFPlatform

/// A program that was proved safe, with what was found out about each instruction. Only ``Verifier`` makes one.
public struct VerifiedProgram: Hashable, Sendable {
  public let program: Program
  public let type: ProgramType
  /// What it sees of its context; nil for a type without one.
  public let context: ContextLayout?
  /// The maps it refers to, in the order of ``Program/mapNames``.
  public let maps: [MapSpec]
  /// What was found out about the instruction at each slot.
  public let facts: [InstructionFacts]
  /// The helpers of a host that it calls.
  public let hostHelpers: [HelperPrototype]
  public let statistics: VerificationStatistics
  /// Whether ``facts`` say what prevents harm where a processor guesses wrong (``VerifierOptions/tracksSpeculation``).
  public let tracksSpeculation: Bool
  /// Why the program is refused where global functions have to be safe for all arguments that their prototypes allow
  /// (``VerifierOptions/requiresPrototypes``); nil where it is not.
  public internal(set) var rejectionByPrototypes: Rejection?

  init(
    program: Program, type: ProgramType, context: ContextLayout?, maps: [MapSpec],
    facts: [InstructionFacts],
    hostHelpers: [HelperPrototype], statistics: VerificationStatistics, tracksSpeculation: Bool
  ) {
    self.program = program
    self.type = type
    self.context = context
    self.maps = maps
    self.facts = facts
    self.hostHelpers = hostHelpers.filter { helper in
      program.slots.contains {
        $0.opcode == 0x85 && $0.source == 0 && $0.immediate == helper.id.rawValue
      }
    }
    self.statistics = statistics
    self.tracksSpeculation = tracksSpeculation
  }

  /// The slots of 32-bit operations after which the upper half of the result may be looked at: a machine that does not
  /// clear it by itself has to (kernel: `zext_dst`).
  ///
  /// - Complexity: O(*n*), *n* the slots.
  public func zeroExtensionsNeeded() -> [Int] {
    var options = VerifierOptions()
    options.allowsUnreachableCode = true
    do throws(StructureError) {
      return try CodeTable(program, options: options).zeroExtensionsNeeded()
    } catch {
      preconditionFailure("a verified program's structure was checked")
    }
  }
}
