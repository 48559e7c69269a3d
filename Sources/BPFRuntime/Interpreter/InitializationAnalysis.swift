import BPFPlatform

/// Finds out, before a program runs, whether every register it reads was written on every path there.
///
/// A forward analysis of definite assignment: the state at an instruction is the set of registers that hold
/// something on every path to it. Sets only shrink, so each instruction is looked at eleven times at most. What
/// cannot be proved is left to the interpreter to watch as it runs; nothing is refused here.
struct InitializationAnalysis {
  private let code: [DecodedInstruction]
  private let type: ProgramType
  /// For each slot, the registers known to hold something there; all where it was not reached.
  private var known: [UInt16]
  private var isReached: [Bool]
  private var pending: [Int] = []

  private static let arguments: UInt16 = 0b11_1110
  private static let saved: UInt16 = 0b111_1100_0000

  /// - Parameters:
  ///   - entry: the registers that hold something at the first instruction.
  ///   - callbacks: the slots of the functions that helpers may call.
  /// - Complexity: O(*n*), *n* the number of slots.
  static func proves(
    _ code: [DecodedInstruction], of type: ProgramType, entry: UInt16, callbacks: Set<Int>
  ) -> Bool {
    var analysis = InitializationAnalysis(code: code, type: type)
    if !callbacks.isEmpty {
      // Which helper calls which function is not known: each is given what all that the program calls give.
      var given: UInt16 = 0b100_0011_1110
      for instruction in code where instruction.opcode == .callHelper {
        given &= CheckedMachine.callbackRegisters(HelperID(rawValue: instruction.immediate))
      }
      for slot in callbacks.sorted() { analysis.reach(slot, given) }
    }
    return analysis.run(entry: entry)
  }

  private init(code: [DecodedInstruction], type: ProgramType) {
    self.code = code
    self.type = type
    known = [UInt16](repeating: .max, count: code.count)
    isReached = [Bool](repeating: false, count: code.count)
  }

  private mutating func run(entry: UInt16) -> Bool {
    reach(0, entry)
    while let slot = pending.popLast() {
      let instruction = code[slot]
      let before = known[slot]
      guard instruction.reads & ~before == 0 else { return false }
      var after = before | instruction.writes
      switch instruction.opcode {
      case .exit:
        // A caller takes r0 as written, so every function has to write it.
        guard before & 1 != 0 else { return false }
      case .callHelper:
        guard let result = effect(ofHelper: instruction.immediate, before) else { return false }
        reach(slot + 1, result)
      case .callRegister: return false
      case .callLocal:
        reach(slot + 1 + Int(instruction.immediate), before & (Self.arguments | 1 << 10))
        reach(slot + 1, before & Self.saved | 1)
      case .loadPacket:
        after &= ~Self.arguments
        reach(slot + 1, after)
      case .loadWide: reach(slot + 2, after)
      case .ja, .jal:
        if let displacement = instruction.displacement { reach(slot + 1 + displacement, after) }
      // These end the run in a fault.
      case .secondSlot, .unsupported, .writesFramePointer, .endOfProgram: break
      // What is left goes on with the next instruction, and some may branch.
      case _:
        reach(slot + 1, after)
        if let displacement = instruction.displacement { reach(slot + 1 + displacement, after) }
      }
    }
    return true
  }

  /// The registers that hold something after a call, or nil where the call may need watching.
  private func effect(ofHelper number: Int32, _ before: UInt16) -> UInt16? {
    // Another program may follow a tail call, of which nothing is known here.
    guard let prototype = HelperPrototype(for: HelperID(rawValue: number)),
      prototype.id != .tailCall
    else { return nil }
    let needed = (UInt16(1) << UInt16(prototype.requiredArguments(in: type)) - 1) << 1
    guard needed & ~before == 0 else { return nil }
    return before & Self.saved | (prototype.result == .void ? 0 : 1)
  }

  /// Notes that a slot is reached with these registers holding something.
  private mutating func reach(_ slot: Int, _ state: UInt16) {
    let merged = known[slot] & state
    guard !isReached[slot] || merged != known[slot] else { return }
    isReached[slot] = true
    known[slot] = merged
    pending.append(slot)
  }
}
