public import BPFISA
public import BPFPlatform

/// Proves programs safe: follows every path a program can take, with what is known of each register and each byte of
/// stack, and checks every access on it (kernel document `bpf/verifier.rst`).
///
/// An accepted program, given a context of its type and its maps, accesses no memory but what it was given, uses helpers
/// as their prototypes say, gives back what it takes, and ends.
public struct Verifier: Sendable {
  public var type: ProgramType
  /// What programs see of their context: a host's own layout, or nil for what the type says.
  public var context: ContextLayout?
  public var options: VerifierOptions
  public var limits: VerifierLimits

  public init(
    for type: ProgramType, context: ContextLayout? = nil,
    options: VerifierOptions = VerifierOptions(), limits: VerifierLimits = VerifierLimits()
  ) {
    self.type = type
    self.context = context
    self.options = options
    self.limits = limits
  }

  /// Verifies a program.
  ///
  /// - Parameters:
  ///   - program: A linked program.
  ///   - maps: The maps it refers to, in the order of ``Program/mapNames``.
  ///   - log: Where the state before each instruction is written.
  /// - Complexity: O(*processed instructions*), which ``VerifierLimits/processedInstructions`` bounds.
  /// - Throws: ``Rejection`` for the first problem on any path.
  public func verify(
    _ program: Program, maps: [MapSpec] = [], log: VerificationLog? = nil
  ) throws(Rejection) -> VerifiedProgram {
    try verify(program, maps: maps, log: log, probe: nil)
  }

  /// As ``verify(_:maps:log:)``, for tests that look into it.
  func verify(
    _ program: Program, maps: [MapSpec], log: VerificationLog? = nil, probe: ExplorationProbe?
  ) throws(Rejection) -> VerifiedProgram {
    let byPrototypes: Rejection
    do throws(Rejection) {
      return try explore(program, maps, log, probe, usesPrototypes: true)
    } catch {
      guard !options.requiresPrototypes,
        program.subprograms.contains(where: { $0.prototype != nil })
      else { throw error }
      byPrototypes = error
    }
    do throws(Rejection) {
      var verified = try explore(program, maps, log, probe, usesPrototypes: false)
      verified.rejectionByPrototypes = byPrototypes
      return verified
    } catch {
      throw error.category == .tooComplex ? byPrototypes : error
    }
  }

  /// Follows all paths.
  ///
  /// - Parameter usesPrototypes: Whether global functions are looked at once, for all arguments of their prototypes, and
  ///   not with each call.
  private func explore(
    _ program: Program, _ maps: [MapSpec], _ log: VerificationLog?, _ probe: ExplorationProbe?,
    usesPrototypes: Bool
  ) throws(Rejection) -> VerifiedProgram {
    let code: CodeTable
    do {
      code = try CodeTable(program, options: options, usesPrototypes: usesPrototypes)
    } catch {
      throw Rejection(
        problem: error.problem, slot: error.slot, in: program, from: 0, path: [],
        statistics: VerificationStatistics())
    }
    var explorer = Explorer(
      code,
      platform: PlatformRules(
        type: type, context: context, maps: maps, options: options), options: options,
      limits: limits, log: log, probe: probe)
    do {
      try explorer.run()
      try explorer.checkStackDepths()
    } catch {
      throw Rejection(
        problem: error, slot: explorer.slot, in: program,
        from: explorer.code.functions[explorer.root], path: explorer.path.contents,
        statistics: explorer.finishedStatistics())
    }
    return VerifiedProgram(
      program: program, type: type, context: explorer.platform.context, maps: maps,
      facts: explorer.facts.facts, hostHelpers: options.hostHelpers,
      statistics: explorer.finishedStatistics(), tracksSpeculation: explorer.tracksSpeculation)
  }
}

extension Rejection {
  fileprivate init(
    problem: Problem, slot: Int, in program: Program, from start: Int, path: [UInt32],
    statistics: VerificationStatistics
  ) {
    self.problem = problem
    self.program = program
    self.slot = slot
    let isInside = program.slots.indices.contains(slot)
    line = isInside ? program.line(at: slot) : nil
    function = program.subprogram(at: slot).name
    globalFunction = start > 0 ? program.subprogram(at: start).name : nil
    self.path = path.map { step in
      Step(slot: Int(step >> 1), isTaken: step & 1 != 0)
    }
    self.statistics = statistics
  }
}

/// Receives the state before each instruction that is looked at, path after path.
public struct VerificationLog {
  /// Called with the slot and the state, as text in the shape of the kernel's log.
  public let write: (_ slot: Int, _ state: String) -> Void
  /// Called with the slot where a path ends because an earlier state covers the one reached.
  public let covered: (_ slot: Int) -> Void

  public init(
    _ write: @escaping (_ slot: Int, _ state: String) -> Void,
    covered: @escaping (_ slot: Int) -> Void = { _ in }
  ) {
    self.write = write
    self.covered = covered
  }
}
