import BPFISA
import BPFPlatform
public import BPFVerifier

/// Keeps a processor that guesses wrong from harm, as the verifier found out what that takes: numbers that pointers are moved by
/// are kept to what they may be, and barriers are put where nothing may run ahead (kernel: the fix-ups for `alu_state`, `nospec` and
/// `nospec_result`).
///
/// A barrier is a call of ``BPFPlatform/HelperID/speculationBarrier``, which changes no register. It takes the place of a mask too
/// where every register is in use. What other passes put in is looked after as well, if they come before: packet loads that follow a
/// comparison, and addresses kept on the stack.
public struct SpeculationMasking: Pass {
  public static let name = "speculation"

  private let facts: [InstructionFacts]

  /// - Parameter facts: what the verifier found out about each slot of the program, with
  ///   ``BPFVerifier/VerifierOptions/tracksSpeculation``.
  public init(_ facts: [InstructionFacts]) { self.facts = facts }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var scratch = ScratchRegisters(try patcher.controlFlow())
    var barrier = Patch()
    barrier.emitBarrier()
    var patch = Patch()
    var owed = OwedBarriers()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      scratch.advance(to: instruction)
      owed.come(to: place.original, facts)
      // What begins a function is not come to again.
      let isPrologue = place.isInserted && instruction.setsMayGotoCounter
      if owed.toAll, !isPrologue {
        try patcher.insert(barrier, before: &place, branches: .throughPatch)
        owed.pay()
      } else if owed.toNext {
        try patcher.insert(barrier, before: &place, branches: .afterPatch)
        owed.toNext = false
      }
      if place.isInserted {
        if instruction.keepsRegister {
          owed.toNext = true
        } else if instruction.loadsWhatWasCompared,
          patcher.program.slots[place.original].isPacketLoad
        {
          try patcher.insert(barrier, before: &place, branches: .throughPatch)
        }
        continue
      }
      guard let mask = facts[place.original].mask else { continue }
      guard let register = scratch.free(for: instruction) else {
        try patcher.insert(barrier, before: &place, branches: .throughPatch)
        continue
      }
      patch.removeAll()
      patch.emit(instruction, mask, with: register)
      try patcher.replace(at: &place, with: patch)
    }
  }
}

/// The barriers that the next instruction of a program is to come after.
private struct OwedBarriers {
  /// Whether every way to it needs one.
  var toAll = false
  /// Whether the way from the instruction before it does.
  var toNext = false
  private var slot = -1

  /// Goes on to the code of an original slot, past those of which nothing is left.
  mutating func come(to original: Int, _ facts: [InstructionFacts]) {
    while slot < original {
      if slot >= 0, facts[slot].isReached, facts[slot].needsBarrierAfter { toNext = true }
      slot += 1
      if facts[slot].isReached, facts[slot].needsBarrier { toAll = true }
    }
  }

  mutating func pay() {
    toAll = false
    toNext = false
  }
}

extension Patch {
  /// Appends a barrier: nothing after it runs before all before it is settled.
  mutating func emitBarrier() { emit(.call(.helper(HelperID.speculationBarrier.rawValue))) }

  /// Appends what leaves in a register another's number, if that is from 0 to a limit, and else 0: without a jump that might be
  /// guessed.
  mutating func emitMask(of number: Register, upTo limit: Int32, in result: Register) {
    // Neither the limit less the number nor the number is negative. Where both are 0 the mask is, too, as is the number.
    compute(.move, result, .immediate(limit))
    compute(.subtract, result, .register(number))
    compute(.or, result, .register(number))
    emit(.negate(.bits64, destination: result))
    compute(.arithmeticShiftRight, result, .immediate(63))
    compute(.and, result, .register(number))
  }

  /// Appends an addition to a pointer, or a subtraction from one, with its number masked.
  fileprivate mutating func emit(
    _ instruction: Instruction, _ mask: PointerMask, with scratch: Register
  ) {
    guard
      case .arithmetic(let operation, .bits64, let destination, .register(let source)) = instruction
    else { preconditionFailure("only operations on two registers have masks") }
    let number = mask.isNumberInDestination ? destination : source
    var step = Operand.register(scratch)
    var masked = operation
    switch mask.limit {
    case .exactly(let constant): step = .immediate(constant)
    case .upTo(let limit): emitMask(of: number, upTo: limit, in: scratch)
    case .downTo(let limit):
      emit(.negate(.bits64, destination: number))
      emitMask(of: number, upTo: -limit, in: scratch)
      masked = operation == .add ? .subtract : .add
    }
    if mask.isNumberInDestination { compute(.move, destination, .register(source)) }
    compute(masked, destination, step)
    if case .downTo = mask.limit, !mask.isNumberInDestination {
      emit(.negate(.bits64, destination: number))
    }
  }

  private mutating func compute(
    _ operation: ArithmeticOperation, _ destination: Register, _ source: Operand
  ) {
    emit(.arithmetic(operation, .bits64, destination: destination, source: source))
  }
}

extension Instruction {
  /// Whether it is a barrier, which no register matters to.
  var isBarrier: Bool { self == .call(.helper(HelperID.speculationBarrier.rawValue)) }

  /// Whether it keeps a register where passes do.
  fileprivate var keepsRegister: Bool {
    guard case .store(.double, .r10, let offset, .register) = self else { return false }
    return offset < -Int16(TargetABI.stackSize) && offset != PassStack.mayGotoCounter
  }

  /// Whether it sets the counter of `may_goto` at a function's start.
  fileprivate var setsMayGotoCounter: Bool {
    guard case .store(.double, .r10, PassStack.mayGotoCounter, .immediate) = self else {
      return false
    }
    return true
  }

  /// Whether it loads, in the code of a legacy packet load, from the packet itself.
  fileprivate var loadsWhatWasCompared: Bool {
    guard case .load(_, signExtended: false, .r0, base: .r1, _) = self else { return false }
    return true
  }
}

extension RawInstruction {
  /// Whether it is a legacy packet load: class 0 of mode absolute or indirect.
  fileprivate var isPacketLoad: Bool {
    opcode & 0x07 == 0 && (opcode & 0xe0 == 0x20 || opcode & 0xe0 == 0x40)
  }
}
