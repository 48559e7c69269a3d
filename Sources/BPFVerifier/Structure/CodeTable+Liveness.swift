import BPFISA
import BPFPlatform

// What of registers is needed where: found backwards once, then again wherever something changed.
extension CodeTable {
  /// The registers of which something is needed at each slot, a bit each.
  ///
  /// - Parameter needs: What an instruction needs of the registers before it.
  /// - Complexity: O(*n*), *n* the slots: what is needed at one grows at most as often as there are registers.
  func registersNeeded(_ needs: (Instruction) -> RegisterSet) -> [UInt16] {
    var needed = [UInt16](repeating: 0, count: instructions.count)
    let sources = BranchSources(self)
    var pending: [Int] = []
    var slot = instructions.count
    while let before = position(before: slot) {
      slot = before
      guard update(slot, &needed, needs) else { continue }
      for source in sources.leading(to: slot) where source >= slot { pending.append(Int(source)) }
    }
    while let slot = pending.popLast() {
      guard update(slot, &needed, needs) else { continue }
      for source in sources.leading(to: slot) { pending.append(Int(source)) }
      if let before = position(before: slot) { pending.append(before) }
    }
    return needed
  }

  private func update(
    _ slot: Int, _ needed: inout [UInt16], _ needs: (Instruction) -> RegisterSet
  ) -> Bool {
    let instruction = instructions[slot]
    let after = neededAfter(slot, needed)
    let before = after & ~instruction.registersWritten.rawValue | needs(instruction).rawValue
    if before == needed[slot] { return false }
    needed[slot] = before
    return true
  }

  /// What is needed after the instruction at a slot.
  private func neededAfter(_ slot: Int, _ needed: [UInt16]) -> UInt16 {
    // Where an indirect jump goes on is not looked up here.
    if has(Mark.jumpIndirect, at: slot) { return .max }
    var after: UInt16 = 0
    if has(Mark.fallsThrough, at: slot) { after = needed[next(slot)] }
    if has(Mark.branch, at: slot), let target = instructions[slot].target(at: slot) {
      after |= needed[target]
    }
    return after
  }

  private func position(before slot: Int) -> Int? {
    guard slot > 0 else { return nil }
    return has(Mark.secondHalf, at: slot - 1) ? slot - 2 : slot - 1
  }

  /// The slots of 32-bit operations after which the upper half of the result may be looked at: a machine that does not
  /// clear it by itself has to (kernel: `zext_dst`).
  ///
  /// - Complexity: O(*n*), *n* the slots.
  func zeroExtensionsNeeded() -> [Int] {
    let needed = registersNeeded(RegisterNeeds.upperHalves)
    return instructions.indices.filter { slot in
      guard !has(Mark.secondHalf, at: slot),
        let register = RegisterNeeds.halfWritten(by: instructions[slot])
      else { return false }
      return RegisterSet(rawValue: neededAfter(slot, needed)).contains(register)
    }
  }
}

/// The branches that lead to each slot.
private struct BranchSources {
  private let starts: [UInt32]
  private let sources: [UInt32]

  init(_ code: borrowing CodeTable) {
    var starts = [UInt32](repeating: 0, count: code.instructions.count + 1)
    for slot in code.instructions.indices where code.has(CodeTable.Mark.branch, at: slot) {
      guard let target = code.instructions[slot].target(at: slot) else { continue }
      starts[target + 1] += 1
    }
    for slot in code.instructions.indices { starts[slot + 1] += starts[slot] }
    var filled = starts
    var sources = [UInt32](repeating: 0, count: Int(starts[code.instructions.count]))
    for slot in code.instructions.indices where code.has(CodeTable.Mark.branch, at: slot) {
      guard let target = code.instructions[slot].target(at: slot) else { continue }
      sources[Int(filled[target])] = UInt32(truncatingIfNeeded: slot)
      filled[target] += 1
    }
    self.starts = starts
    self.sources = sources
  }

  func leading(to slot: Int) -> ArraySlice<UInt32> {
    sources[Int(starts[slot])..<Int(starts[slot + 1])]
  }
}

/// What instructions need of registers.
enum RegisterNeeds {
  /// The registers whose values an instruction uses; of a helper's arguments those it has.
  static func values(_ instruction: Instruction) -> RegisterSet {
    if case .call(.helper(let number)) = instruction,
      let prototype = HelperPrototype(for: HelperID(rawValue: number))
    {
      return RegisterSet(rawValue: (1 << UInt16(prototype.arguments.count + 1)) - 2)
    }
    return instruction.registersRead
  }

  /// The registers whose upper halves an instruction uses.
  static func upperHalves(_ instruction: Instruction) -> RegisterSet {
    switch instruction {
    case .arithmetic(_, .bits32, _, _), .negate(.bits32, _), .moveSignExtended,
      .byteSwap(_, .bits16, _), .byteSwap(_, .bits32, _), .jumpIf(_, .bits32, _, _, _):
      []
    case .store(let size, let base, _, .register(let source)),
      .storeRelease(let size, let base, _, let source):
      size == .double ? [RegisterSet(base), RegisterSet(source)] : RegisterSet(base)
    case .atomic(_, .word, let base, _, _): RegisterSet(base)
    case .arithmetic(_, .bits64, _, _), .negate(.bits64, _), .byteSwap(_, .bits64, _),
      .castAddressSpace, .load, .loadAcquire, .store(_, _, _, .immediate), .atomic, .loadWide,
      .loadPacket, .jump, .jumpLong, .jumpIndirect, .jumpIf(_, .bits64, _, _, _), .mayGoto, .call,
      .exit:
      values(instruction)
    }
  }

  /// The register that an instruction gives a result of at most 32 bits, with zeros above.
  static func halfWritten(by instruction: Instruction) -> Register? {
    switch instruction {
    case .arithmetic(_, .bits32, let destination, _), .negate(.bits32, let destination),
      .moveSignExtended(.bits32, _, let destination, _), .byteSwap(_, .bits16, let destination),
      .byteSwap(_, .bits32, let destination):
      return destination
    case .load(let size, let isSigned, let destination, _, _):
      return size == .double || isSigned ? nil : destination
    case .loadAcquire(let size, let destination, _, _):
      return size == .double ? nil : destination
    case .atomic(let operation, .word, _, _, let source):
      switch operation {
      case .add, .or, .and, .xor: return nil
      case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange: return source
      case .compareExchange: return .r0
      }
    case .loadPacket: return .r0
    case .arithmetic(_, .bits64, _, _), .negate(.bits64, _), .moveSignExtended(.bits64, _, _, _),
      .byteSwap(_, .bits64, _), .castAddressSpace, .store, .storeRelease, .atomic, .loadWide,
      .jump, .jumpLong, .jumpIndirect, .jumpIf, .mayGoto, .call, .exit:
      return nil
    }
  }
}
