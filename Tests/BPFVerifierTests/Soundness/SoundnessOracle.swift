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
    let program = try sample.program()
    let verified: VerifiedProgram
    do {
      verified = try Verifier(for: sample.type, options: options)
        .verify(program, maps: SampleProgram.maps)
    } catch {
      return .rejected(error)
    }
    let states = RecordedStates()
    var limits = VerifierLimits()
    limits.processedInstructions = stateLimit
    var knowsStates = true
    do {
      let probe = ExplorationProbe(prunes: false) { states.add($0, $1, $2) }
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
    let watch = Watch(program: program, facts: verified.facts, states: states)
    frame.observer = { machine, slot in watch.see(machine, slot) }
    let outcome = loaded.run(frame, budget: 1 << 16)
    if let finding = watch.finding { return finding }
    guard let fault = outcome.fault, !isAllowed(fault.kind) else { return nil }
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

/// The states of the verifier at each instruction.
final class RecordedStates {
  struct Position: Hashable {
    var slot: Int
    var depth: Int
  }

  private(set) var states: [Position: [[Value]]] = [:]

  func add(_ slot: Int, _ depth: Int, _ registers: [Value]) {
    states[Position(slot: slot, depth: depth), default: []].append(registers)
  }
}

/// Follows a run, and compares each instruction's registers with what is known of them.
final class Watch {
  private let program: Program
  private let facts: [InstructionFacts]
  private let states: RecordedStates?
  private var previous: Int?
  private(set) var finding: SoundnessOracle.Finding?

  init(program: Program, facts: [InstructionFacts], states: RecordedStates?) {
    self.program = program
    self.facts = facts
    self.states = states
  }

  func see(_ machine: CheckedMachine, _ slot: Int) {
    guard finding == nil else { return }
    if !facts[slot].isReached {
      finding = .unreached(slot: slot)
      return
    }
    if let previous, case .jumpIf(_, _, _, _, let offset) = program.instruction(at: previous),
      offset != 0
    {
      let isTaken = slot != previous + 1
      let isKnown = isTaken ? facts[previous].isTaken : facts[previous].isNotTaken
      if !isKnown { finding = .branch(slot: previous, isTaken: isTaken) }
    }
    previous = slot
    guard finding == nil, let states else { return }
    let position = RecordedStates.Position(slot: slot, depth: machine.depth)
    let known = states.states[position] ?? []
    var missing: Register?
    for state in known.reversed() {
      guard let register = outside(state, machine) else { return }
      missing = register
    }
    // SAFETY: a machine has 16 registers.
    let register = missing ?? .r0
    finding = .outside(
      register, unsafe machine.registers[Int(register.rawValue)], slot: slot)
  }

  /// The first register whose number a state does not have.
  private func outside(_ state: [Value], _ machine: CheckedMachine) -> Register? {
    for register in [Register.r0, .r1, .r2, .r3, .r4, .r5, .r6, .r7, .r8, .r9] {
      // SAFETY: a machine has 16 registers.
      let number = unsafe machine.registers[Int(register.rawValue)]
      if !holds(state[Int(register.rawValue)], number, machine) { return register }
    }
    return nil
  }

  /// Whether a number is one that a value stands for.
  private func holds(_ value: Value, _ number: UInt64, _ machine: CheckedMachine) -> Bool {
    if value.isNullable, number == 0 { return true }
    let region = Int(number >> GuestAddress.offsetBits)
    // How far it is from where offsets count from; what is constant of that taken away.
    func variable(from base: UInt64) -> UInt64 {
      number &- base &- UInt64(bitPattern: Int64(value.offset))
    }
    switch value.kind {
    case .uninitialized: return true
    case .scalar: return value.number.contains(number)
    case .stack:
      let base = CheckedMachine.framePointer(Int(value.object))
      return value.number.contains(variable(from: base))
    case .context:
      let base = GuestAddress.make(region: CheckedMachine.RegionNumber.context, offset: 0)
      return value.number.contains(variable(from: base))
    case .packet:
      if machine.isRaw, machine.packet.count == 0 { return value.range == 0 }
      let start = variable(from: machine.packetAddress(machine.packet.start))
      let end =
        machine.packetAddress(machine.packet.end) &- machine.packetAddress(machine.packet.start)
      guard value.number.contains(start) else { return false }
      return value.range <= 0 || start &+ UInt64(value.range) <= end
    case .packetEnd:
      if machine.isRaw, machine.packet.count == 0 { return number == 0 }
      return number == machine.packetAddress(machine.packet.end)
    case .packetMetadata: return region == machine.packetRegion
    case .map: return region == CheckedMachine.RegionNumber.map(Int(value.object))
    case .mapValue:
      // SAFETY: the region exists, as a map has it.
      let number = CheckedMachine.RegionNumber.values(Int(value.object))
      let stride = unsafe Int64(machine.regions[number].stride)
      let first = GuestAddress.make(region: number, offset: 0)
      let distance = Int64(bitPattern: variable(from: first))
      guard abs(distance) < 1 << 33 else { return false }
      return !value.hasConstantOffset || stride == 0 || distance % stride == 0
    case .memory: return region >= CheckedMachine.RegionNumber.firstDynamic
    case .mapKey, .function, .socket, .socketCommon, .tcpSocket, .dynptr: return number != 0
    }
  }
}
