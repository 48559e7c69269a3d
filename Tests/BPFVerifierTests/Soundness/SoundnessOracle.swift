import BPFISA
import BPFPlatform

@_spi(Unverified) @testable import BPFRuntime
@testable import BPFVerifier

/// Compares what the verifier says of programs with what they do.
struct SoundnessOracle {
  /// Why the verifier is wrong.
  enum Finding: Hashable, Sendable {
    /// An accepted program does what it may not.
    case fault(Fault.Kind, slot: Int)
    /// A register holds what none of the states at the instruction says.
    case outside(Register, UInt64, slot: Int)
    /// A byte of stack is what none of the states at the instruction says, by its distance from the end of a frame's.
    case outsideStack(frame: Int, offset: Int, slot: Int)
    /// An instruction that no path reaches is executed.
    case unreached(slot: Int)
    /// A jump goes a way that no path goes.
    case branch(slot: Int, isTaken: Bool)
    /// With every path followed to its end, the program is not accepted.
    case pruned(Rejection.Problem)
  }

  enum Verdict {
    case rejected(Rejection)
    case accepted(Finding?)

    var finding: Finding? {
      switch self {
      case .rejected, .accepted(nil): nil
      case .accepted(let finding): finding
      }
    }
  }

  /// What the verifier trusts the programs with.
  var options = VerifierOptions()
  /// How often each accepted program runs, with other packets and map contents.
  var runs = 4
  /// How many instructions all paths together may have for each state to be looked at.
  var stateLimit = 4_000

  func judge(_ sample: SampleProgram, seed: UInt64) throws -> Verdict {
    var program = try sample.program()
    let verified: VerifiedProgram
    do {
      verified = try Verifier(for: sample.type, options: options)
        .verify(program, maps: SampleProgram.maps)
    } catch {
      return .rejected(error)
    }
    // States are looked at as they were where it was accepted: by prototypes, or with each call.
    var options = options
    options.requiresPrototypes = true
    if verified.rejectionByPrototypes != nil {
      program = try sample.program(hasPrototypes: false)
    }
    let states = RecordedStates()
    var limits = VerifierLimits()
    limits.processedInstructions = stateLimit
    var knowsStates = true
    do {
      let probe = ExplorationProbe(prunes: false) { states.add($0) }
      _ = try Verifier(for: sample.type, options: options, limits: limits)
        .verify(program, maps: SampleProgram.maps, probe: probe)
    } catch {
      guard isAllowed(error.problem) else { return .accepted(.pruned(error.problem)) }
      knowsStates = false
    }
    var random = RandomSource(seed: seed)
    for _ in 0..<runs {
      if let finding = try run(
        sample, program, verified, knowsStates ? states : nil, &random)
      {
        return .accepted(finding)
      }
    }
    return .accepted(nil)
  }

  func run(
    _ sample: SampleProgram, _ program: Program, _ verified: VerifiedProgram,
    _ states: RecordedStates?, _ random: inout RandomSource
  ) throws -> Finding? {
    let maps = try SampleProgram.maps.map { try Map($0) }
    for index in 0..<4 {
      try maps[0].set([UInt8(index), 0, 0, 0], bytes(SampleProgram.valueSize, &random))
    }
    for index in 0..<3 {
      try maps[1].set([UInt8(index), 0, 0, 0, 0, 0, 0, 0], bytes(16, &random))
    }
    try maps[4].set([0, 0, 0, 0], bytes(SampleProgram.globalSize, &random))
    let loaded = try LoadedProgram(unverified: program, type: sample.type, maps: maps)
    let frame = loaded.makeFrame()
    frame.randomState = random.next() | 1
    let least = sample.type == .raw ? 0 : 14
    let length = random.pick([least, least + 1, 20, 40, 64, least + random.below(80)])
    try frame.load(bytes(length, &random))
    let watch = Watch(
      program: program, facts: verified.facts, states: states, isPrivileged: options.isPrivileged)
    frame.observer = { machine, slot in watch.see(machine, slot) }
    let outcome = loaded.run(frame, budget: 1 << 16)
    if let finding = watch.finding { return finding }
    guard let fault = outcome.fault, !isAllowed(fault.kind) else { return nil }
    // What `may_goto` ends goes on for long.
    if case .budgetExhausted = fault.kind, sample.mayGoOn { return nil }
    return .fault(fault.kind, slot: fault.slot)
  }

  private func bytes(_ count: Int, _ random: inout RandomSource) -> [UInt8] {
    let isSmall = random.once(in: 2)
    return (0..<count).map { _ in
      isSmall && !random.once(in: 8) ? UInt8(random.below(3)) : UInt8(random.below(256))
    }
  }

  /// Whether a program may be refused for a reason if each of its paths is followed to its end, and accepted if not.
  private func isAllowed(_ problem: Rejection.Problem) -> Bool {
    switch problem {
    case .tooManyInstructions, .tooManyStates, .tooManyPendingBranches, .tooMuchMemory: true
    // A number that decides nothing may be an address where addresses may leak.
    case .pointerArithmetic, .pointerLeak, .partialPointer, .pointerAtVariableOffset,
      .stackPointerInCaller:
      options.isPrivileged
    case _: false
    }
  }

  /// Whether a fault is no harm: a trusted program may read stack that it never wrote.
  private func isAllowed(_ kind: Fault.Kind) -> Bool {
    switch kind {
    case .uninitializedStack: options.isPrivileged
    case .invalidMemoryArgument(_, _, let kind): isAllowed(kind)
    case _: false
    }
  }
}
