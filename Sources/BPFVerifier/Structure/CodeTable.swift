import BPFISA
import BPFPlatform

/// A program's instructions decoded, with what exploration asks of each: where functions begin, where states are worth
/// comparing, and which registers are still needed.
struct CodeTable {
  let program: Program
  /// The instruction at each slot; at the second half of a load immediate, the load again.
  let instructions: [Instruction]
  /// Where functions start, by rising slot.
  let functions: [Int]
  /// Which of ``functions`` each slot lies in.
  let functionIndices: [UInt16]
  /// What those of ``functions`` that are global are declared as.
  let prototypes: [FunctionPrototype?]
  /// Bit per property (``Mark``) of each slot.
  private(set) var marks: [UInt8]
  /// The registers needed at each slot, a bit each.
  private(set) var live: [UInt16]

  /// What is special about a slot.
  enum Mark {
    static let secondHalf: UInt8 = 1
    /// States that come here are compared with earlier ones.
    static let prunePoint: UInt8 = 2
    /// A state that comes here is always kept.
    static let checkpoint: UInt8 = 4
    static let reachable: UInt8 = 8
    /// The instruction may go on at the one after it.
    static let fallsThrough: UInt8 = 16
    static let branch: UInt8 = 32
    /// The instruction calls a function of the program, or takes the address of one.
    static let functionUse: UInt8 = 64
    static let jumpIndirect: UInt8 = 128
  }

  @inline(__always)
  func has(_ mark: UInt8, at slot: Int) -> Bool { marks[slot] & mark != 0 }

  /// The slots of the function that holds a slot.
  func function(at slot: Int) -> Range<Int> {
    let index = Int(functionIndices[slot])
    let end = index + 1 < functions.count ? functions[index + 1] : instructions.count
    return functions[index]..<end
  }

  /// Decodes a program and checks its structure.
  ///
  /// - Parameter usesPrototypes: Whether global functions count as such.
  /// - Complexity: O(*n*), *n* the slots.
  init(
    _ program: Program, options: VerifierOptions, usesPrototypes: Bool = true
  ) throws(StructureError) {
    self.program = program
    let count = program.slots.count
    guard count > 0 else { throw StructureError(.emptyProgram, slot: 0) }
    var instructions: [Instruction] = []
    instructions.reserveCapacity(count)
    var marks = [UInt8](repeating: 0, count: count)
    while instructions.count < count {
      let slot = instructions.count
      let instruction = program.instruction(at: slot)
      instructions.append(instruction)
      marks[slot] = Self.flow(of: instruction)
      if instruction.slotCount == 2 {
        instructions.append(instruction)
        marks[slot + 1] = Mark.secondHalf
      }
    }
    self.instructions = instructions
    functions = try Self.findFunctions(instructions, marks)
    var indices = [UInt16](repeating: 0, count: count)
    for (index, start) in functions.enumerated() {
      let end = index + 1 < functions.count ? functions[index + 1] : count
      for slot in start..<end { indices[slot] = UInt16(truncatingIfNeeded: index) }
    }
    functionIndices = indices
    prototypes =
      usesPrototypes
      ? Self.prototypes(of: functions, in: program)
      : [FunctionPrototype?](repeating: nil, count: functions.count)
    self.marks = marks
    live = []
    try checkFlow(options)
    // Where no state is ever kept, nobody asks.
    if self.marks.contains(where: { $0 & Mark.prunePoint != 0 }) {
      live = registersNeeded(RegisterNeeds.values)
    }
  }

  /// How an instruction goes on.
  private static func flow(of instruction: Instruction) -> UInt8 {
    switch instruction {
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadPacket:
      Mark.fallsThrough
    case .loadWide(_, let immediate):
      if case .function = immediate {
        Mark.fallsThrough | Mark.functionUse
      } else {
        Mark.fallsThrough
      }
    case .jump, .jumpLong: Mark.branch
    case .jumpIf, .mayGoto: Mark.branch | Mark.fallsThrough
    case .jumpIndirect: Mark.jumpIndirect
    case .call(let target):
      if case .local = target { Mark.fallsThrough | Mark.functionUse } else { Mark.fallsThrough }
    case .exit: 0
    }
  }

  /// The slot after the instruction at one.
  @inline(__always)
  func next(_ slot: Int) -> Int {
    let next = slot + 1
    return next < marks.count && has(Mark.secondHalf, at: next) ? next + 1 : next
  }

  private static func findFunctions(
    _ instructions: [Instruction], _ marks: [UInt8]
  ) throws(StructureError) -> [Int] {
    var isFunction = [Bool](repeating: false, count: instructions.count)
    isFunction[0] = true
    for slot in instructions.indices where marks[slot] & Mark.functionUse != 0 {
      guard let target = instructions[slot].target(at: slot) else { continue }
      guard instructions.indices.contains(target) else {
        throw StructureError(.callOutsideProgram(target: target), slot: slot)
      }
      guard marks[target] & Mark.secondHalf == 0 else {
        throw StructureError(.jumpIntoLoadImmediate(target: target), slot: slot)
      }
      isFunction[target] = true
    }
    let functions = isFunction.indices.filter { isFunction[$0] }
    guard functions.count <= VerifierLimits.functions else {
      throw StructureError(.tooManyFunctions(functions.count), slot: functions[0])
    }
    return functions
  }

  /// The prototypes of functions, but for the program itself, which its type gives its arguments.
  private static func prototypes(of functions: [Int], in program: Program) -> [FunctionPrototype?] {
    var prototypes = [FunctionPrototype?](repeating: nil, count: functions.count)
    var index = 0
    for subprogram in program.subprograms where subprogram.prototype != nil {
      while index < functions.count, functions[index] < subprogram.start { index += 1 }
      guard index < functions.count else { break }
      if index > 0, functions[index] == subprogram.start {
        prototypes[index] = subprogram.prototype
      }
    }
    return prototypes
  }

  // MARK: Control flow

  /// Checks that jumps stay in their function, that no function runs into the next one, and that all is reachable; marks
  /// the slots where states are compared.
  private mutating func checkFlow(_ options: VerifierOptions) throws(StructureError) {
    for (index, start) in functions.enumerated() {
      let end = index + 1 < functions.count ? functions[index + 1] : instructions.count
      var slot = start
      while slot < end {
        if has(Mark.branch, at: slot), let target = instructions[slot].target(at: slot) {
          try check(target, from: slot, in: start..<end)
        }
        let next = next(slot)
        if next >= end, has(Mark.fallsThrough, at: slot) {
          throw StructureError(.fallsOffEnd, slot: slot)
        }
        slot = next
      }
    }
    for table in program.jumpTables {
      for target in table.targets {
        guard instructions.indices.contains(target), !has(Mark.secondHalf, at: target) else {
          throw StructureError(.jumpOutsideFunction(target: target), slot: 0)
        }
        marks[target] |= Mark.prunePoint
      }
    }
    markReachable()
    if !options.allowsUnreachableCode,
      let slot = marks.firstIndex(where: { $0 & (Mark.reachable | Mark.secondHalf) == 0 })
    {
      throw StructureError(.unreachable, slot: slot)
    }
    markPrunePoints()
  }

  private func check(_ target: Int, from slot: Int, in function: Range<Int>) throws(StructureError)
  {
    guard function.contains(target) else {
      throw StructureError(.jumpOutsideFunction(target: target), slot: slot)
    }
    if has(Mark.secondHalf, at: target) {
      throw StructureError(.jumpIntoLoadImmediate(target: target), slot: slot)
    }
  }

  private mutating func markReachable() {
    var pending = [0]
    while let start = pending.popLast() {
      var slot = start
      while !has(Mark.reachable, at: slot) {
        marks[slot] |= Mark.reachable
        if marks[slot] & (Mark.branch | Mark.functionUse) != 0,
          let target = instructions[slot].target(at: slot)
        {
          pending.append(target)
        }
        if has(Mark.jumpIndirect, at: slot) {
          let function = function(at: slot)
          for table in program.jumpTables {
            pending.append(contentsOf: table.targets.filter(function.contains))
          }
        }
        guard has(Mark.fallsThrough, at: slot) else { break }
        slot = next(slot)
      }
    }
  }

  private mutating func markPrunePoints() {
    for slot in instructions.indices where has(Mark.reachable, at: slot) {
      let instruction = instructions[slot]
      switch instruction {
      case .jump, .jumpLong:
        if let target = instruction.target(at: slot) {
          marks[target] |= Mark.prunePoint
        }
      case .jumpIf:
        if let target = instruction.target(at: slot) {
          marks[target] |= Mark.prunePoint
        }
      case .mayGoto:
        marks[slot] |= Mark.prunePoint | Mark.checkpoint
        if let target = instruction.target(at: slot) {
          marks[target] |= Mark.prunePoint
        }
      case .call(.helper(let number)):
        if HelperPrototype(for: HelperID(rawValue: number))?.arguments.contains(.function) ?? false
        {
          marks[slot] |= Mark.prunePoint | Mark.checkpoint
        }
      case .call(.local), .jumpIndirect: marks[slot] |= Mark.prunePoint
      case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
        .atomic, .loadAcquire, .storeRelease, .loadWide, .loadPacket, .exit,
        .call(.kernelFunction), .call(.register):
        break
      }
    }
    markLongBlocks()
  }

  /// How many instructions make it worthwhile to compare states at the conditional jump that they end with.
  private static let longBlock = 16

  /// Marks conditional jumps that end many instructions without a slot where states are compared: to follow those again is
  /// what a comparison there may save.
  private mutating func markLongBlocks() {
    var length = 0
    for slot in instructions.indices where !has(Mark.secondHalf, at: slot) {
      if has(Mark.prunePoint, at: slot) {
        length = 0
        continue
      }
      length += 1
      if case .jumpIf = instructions[slot], length >= Self.longBlock {
        marks[slot] |= Mark.prunePoint
        length = 0
      }
    }
  }
}
