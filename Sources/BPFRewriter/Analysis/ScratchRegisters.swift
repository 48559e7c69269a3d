import BPFISA

/// Finds registers for patches to work with, as a pass walks: one that holds nothing of use there, or else one whose
/// value can be kept on the stack meanwhile.
struct ScratchRegisters {
  private let flow: ControlFlow
  private var cursor = FlowCursor()
  // Each is made when it is needed first: most programs need no more than the first, and many not even that.
  private var liveness: RegisterLiveness?
  private var assignment: RegisterAssignment?
  private var stack: StackUse?
  /// Where a value is kept if not below what functions use, as an offset to `r10`.
  private let reserved: Int16?
  /// Whether a barrier follows where a value is kept, so that no older one is found there.
  private let keepsWithBarrier: Bool

  /// - Parameters:
  ///   - stack: how the stack is used, if that is known already.
  ///   - reserved: where a value is kept, as an offset to `r10`; nil for below what functions use.
  ///   - keepsWithBarrier: whether a barrier follows where a value is kept.
  init(
    _ flow: ControlFlow, stack: StackUse? = nil, reserved: Int16? = nil,
    keepsWithBarrier: Bool = false
  ) {
    self.keepsWithBarrier = keepsWithBarrier
    self.flow = flow
    self.stack = stack
    self.reserved = reserved
  }

  /// Follows the walk to an instruction.
  mutating func advance(to instruction: Instruction) { cursor.advance(to: instruction) }

  /// A register for what takes the place of the instruction the walk has come to.
  ///
  /// - Parameter keptSlots: how many of the 8-byte slots below what the function uses of its stack are taken already.
  /// - Complexity: amortised O(1).
  mutating func take(
    for instruction: Instruction, at place: ProgramPatcher.Place,
    _ patcher: borrowing ProgramPatcher,
    keptSlots: Int = 0
  ) throws(PatchError) -> Scratch {
    if let free = free(for: instruction) {
      return Scratch(register: free, slot: nil, hasBarrier: false)
    }
    let used = instruction.registersRead.union(instruction.registersWritten)
    let assignment = assignment ?? RegisterAssignment(flow)
    self.assignment = assignment
    let assigned = assignment.assigned(at: cursor.position)
    guard
      let kept = Self.candidates.first(where: { !used.contains($0) && assigned.contains($0) })
    else { throw .noScratchRegister(slot: place.original) }
    if let reserved {
      return Scratch(register: kept, slot: reserved, hasBarrier: keepsWithBarrier)
    }
    let stack = stack ?? StackUse(flow)
    self.stack = stack
    return Scratch(
      register: kept,
      slot: try stack.slot(
        keptSlots, inFunctionAt: cursor.position,
        patcher.program.subprogram(at: place.original).name), hasBarrier: keepsWithBarrier)
  }

  /// A register that holds nothing of use where the walk has come to; nil where there is none.
  mutating func free(for instruction: Instruction) -> Register? {
    let occupied = instruction.registersRead.union(instruction.registersWritten)
      .union(neededAfter(cursor.position))
    return Self.candidates.first { !occupied.contains($0) }
  }

  private mutating func neededAfter(_ position: Int) -> RegisterSet {
    if let liveness { return liveness.neededAfter(position) }
    let liveness = RegisterLiveness(flow)
    self.liveness = liveness
    return liveness.neededAfter(position)
  }

  /// The registers of use to a patch: those a call clobbers first.
  private static let candidates: [Register] = [.r5, .r4, .r3, .r2, .r1, .r0, .r9, .r8, .r7, .r6]
}

/// A register that a patch works with.
struct Scratch {
  let register: Register
  /// Where its value is kept meanwhile, as an offset to `r10`; nil where it holds nothing of use.
  let slot: Int16?
  fileprivate let hasBarrier: Bool

  var isKept: Bool { slot != nil }

  /// Keeps what the register holds.
  func keep(_ patch: inout Patch) {
    guard let slot else { return }
    patch.emit(.store(.double, base: .r10, offset: slot, source: .register(register)))
    if hasBarrier { patch.emitBarrier() }
  }

  /// Brings back what the register held.
  func release(_ patch: inout Patch) {
    guard let slot else { return }
    patch.emit(
      .load(.double, signExtended: false, destination: register, base: .r10, offset: slot))
  }
}
