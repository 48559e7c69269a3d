import BPFISA
import BPFPlatform

/// What a function may do, itself or in those it calls, that its callers have to know.
struct FunctionEffects: OptionSet {
  let rawValue: UInt8

  /// The packet may be somewhere else afterwards, or another program may have changed it.
  static let movesPacket = FunctionEffects(rawValue: 1)
  static let callsTail = FunctionEffects(rawValue: 2)
}

extension CodeTable {
  /// What each of ``functions`` may do, by all of its instructions (kernel: `merge_callee_effects`).
  ///
  /// - Complexity: O(*n* + *functions* × *calls*), *n* the slots.
  func functionEffects() -> [FunctionEffects] {
    var effects = [FunctionEffects](repeating: [], count: functions.count)
    var uses: [(user: Int, used: Int)] = []
    for slot in instructions.indices where !has(Mark.secondHalf, at: slot) {
      let function = Int(functionIndices[slot])
      if case .call(.helper(let number)) = instructions[slot] {
        let id = HelperID(rawValue: number)
        if id == .tailCall {
          effects[function].formUnion([.callsTail, .movesPacket])
        } else if HelperPrototype(for: id)?.invalidatesPacketPointers ?? false {
          effects[function].insert(.movesPacket)
        }
      } else if has(Mark.functionUse, at: slot), let target = instructions[slot].target(at: slot) {
        uses.append((function, Int(functionIndices[target])))
      }
    }
    var isChanged = true
    while isChanged {
      isChanged = false
      for use in uses where !effects[use.user].isSuperset(of: effects[use.used]) {
        effects[use.user].formUnion(effects[use.used])
        isChanged = true
      }
    }
    return effects
  }
}
