import BPFISA

@testable import BPFRuntime
@testable import BPFVerifier

/// The states of the verifier at each instruction.
final class RecordedStates {
  struct Position: Hashable {
    var slot: Int
    var depth: Int
  }

  private(set) var states: [Position: [ExploredState]] = [:]

  func add(_ state: ExploredState) {
    states[Position(slot: state.slot, depth: state.depth), default: []].append(state)
  }
}

/// Follows a run, and compares registers and stack before each instruction with what is known of them.
final class Watch {
  private let program: Program
  private let facts: [InstructionFacts]
  private let states: RecordedStates?
  private let isPrivileged: Bool
  /// Where global functions begin: the verifier counts frames from theirs.
  private let globals: Set<Int>
  /// The frames of the global functions that run.
  private var bases: [Int] = []
  private var previous: Int?
  private(set) var finding: SoundnessOracle.Finding?

  init(
    program: Program, facts: [InstructionFacts], states: RecordedStates?, isPrivileged: Bool
  ) {
    self.program = program
    self.facts = facts
    self.states = states
    self.isPrivileged = isPrivileged
    globals = Set(program.subprograms.filter { $0.prototype != nil }.map(\.start))
  }

  /// The frame of the machine that the verifier's first is.
  private var base: Int { bases.last ?? 0 }

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
    while let last = bases.last, machine.depth < last { bases.removeLast() }
    if let previous, globals.contains(slot),
      case .call(.local) = program.instruction(at: previous)
    {
      bases.append(machine.depth)
    }
    previous = slot
    guard finding == nil, let states else { return }
    let position = RecordedStates.Position(slot: slot, depth: machine.depth - base)
    var mismatch: SoundnessOracle.Finding?
    for state in (states.states[position] ?? []).reversed() {
      guard let found = self.mismatch(state, machine) else { return }
      mismatch = found
    }
    finding = mismatch ?? .unreached(slot: slot)
  }

  /// What of a state is not so.
  private func mismatch(
    _ state: ExploredState, _ machine: CheckedMachine
  ) -> SoundnessOracle.Finding? {
    for register in [Register.r0, .r1, .r2, .r3, .r4, .r5, .r6, .r7, .r8, .r9] {
      // SAFETY: a machine has 16 registers.
      let number = unsafe machine.registers[Int(register.rawValue)]
      if !holds(state.registers[Int(register.rawValue)], number, machine) {
        return .outside(register, number, slot: state.slot)
      }
    }
    for entry in state.stack where !holds(entry, machine) {
      return .outsideStack(frame: entry.frame, offset: entry.offset, slot: state.slot)
    }
    return nil
  }

  // MARK: Stack

  /// Whether eight bytes of stack are what an entry says.
  private func holds(_ entry: ExploredState.Entry, _ machine: CheckedMachine) -> Bool {
    let start =
      (base + entry.frame) * CheckedMachine.stackSize + CheckedMachine.stackSize + entry.offset
    let contents = entry.contents
    for byte in 0..<8 {
      // SAFETY: a machine has the stacks of all frames, and their shadows behind them.
      let value = unsafe machine.stack.load(fromByteOffset: start + byte, as: UInt8.self)
      let shadow = unsafe machine.stack.load(
        fromByteOffset: CheckedMachine.shadowDistance + start + byte, as: UInt8.self)
      switch contents.kind(ofByte: byte) {
      case StackSlot.ByteKind.uninitialized: continue
      case StackSlot.ByteKind.dynptr: if shadow != CheckedMachine.dynptrMark { return false }
      // Trusted programs may read what they never wrote, and store it again.
      case StackSlot.ByteKind.data: if shadow == 0, !isPrivileged { return false }
      case StackSlot.ByteKind.zero: if value != 0 || shadow != 0xff { return false }
      case _: if shadow != 0xff { return false }
      }
    }
    guard contents.isSpill else { return true }
    let count = Int(contents.value.spillSize)
    var number: UInt64 = 0
    for byte in (0..<count).reversed() {
      // SAFETY: as above.
      let value = unsafe machine.stack.load(fromByteOffset: start + byte, as: UInt8.self)
      number = number << 8 | UInt64(value)
    }
    return holds(contents.value, number, machine)
  }

  // MARK: Values

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
      let pointer = CheckedMachine.framePointer(base + Int(value.object))
      return value.number.contains(variable(from: pointer))
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
    // What a global function is given is memory of any kind; so is what a dynptr is made of.
    case .memory: return region != 0
    case .mapKey, .function, .socket, .socketCommon, .tcpSocket, .dynptr: return number != 0
    }
  }
}
