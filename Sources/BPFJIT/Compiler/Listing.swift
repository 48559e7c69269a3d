import BPFISA
import BPFPlatform

/// A program decoded once, with what each instruction does to registers and where it leads.
struct Listing: ~Copyable {
  struct Line {
    var flow: Flow = .straight
    var isWide = false
    /// Whether branches lead here.
    var isLabel = false
    /// Whether branches from behind lead here.
    var isLoopStart = false
    var reads: UInt16 = 0
    var writes: UInt16 = 0
    /// Where a branch or a jump leads, a slot.
    var target: Int32 = -1
  }

  /// How an instruction goes on.
  enum Flow: UInt8 {
    case straight, branch, jump, end
    /// The second slot of a 16-byte load immediate, which is no instruction.
    case secondSlot
  }

  private(set) var lines: [Line]
  private(set) var instructions: [Instruction]
  /// The functions, by rising first slot; the first is the program's entry.
  private(set) var functions: [Function] = []
  /// Whether any function calls a helper that is given the run area's header.
  private(set) var usesHeader = false
  /// Whether any function uses a stack, its own or the header above it.
  private(set) var usesStack = false

  struct Function {
    let start: Int
    var end: Int
    /// The registers that its code changes.
    var writes: UInt16 = 0
    var usesStack = false
    var calls = false
    /// Whether the program passes its address to helpers, which call it.
    var isCallback = false
  }

  /// - Complexity: O(*n* log *m*), *n* the slots and *m* the functions.
  /// - Throws: ``CompileError`` for what compiled programs do not have.
  init(
    _ program: Program, bindings: borrowing NativeBindings, recordsCalls: Bool
  ) throws(CompileError) {
    let slots = program.slots
    lines = [Line](repeating: Line(), count: slots.count)
    instructions = [Instruction](repeating: .exit, count: slots.count)
    var starts: Set<Int> = [0]
    for subprogram in program.subprograms { starts.insert(subprogram.start) }
    var callbacks: Set<Int> = []
    var slot = 0
    while slot < slots.count {
      let instruction = Self.decode(slots, at: slot)
      instructions[slot] = instruction
      try bind(instruction, at: slot, of: program, bindings)
      if case .call(.local(let distance)) = instruction { starts.insert(slot + 1 + Int(distance)) }
      if case .loadWide(_, .function(let distance)) = instruction {
        starts.insert(slot + 1 + Int(distance))
        callbacks.insert(slot + 1 + Int(distance))
      }
      if lines[slot].isWide {
        lines[slot + 1].flow = .secondSlot
        slot += 1
      }
      slot += 1
    }
    try checkTargets(program)
    let sorted = starts.sorted()
    for (index, start) in sorted.enumerated() {
      let end = index + 1 < sorted.count ? sorted[index + 1] : slots.count
      functions.append(Function(start: start, end: end, isCallback: callbacks.contains(start)))
    }
    try describeFunctions(program, bindings, recordsCalls)
  }

  private static func decode(_ slots: [RawInstruction], at slot: Int) -> Instruction {
    do {
      let second = slot + 1 < slots.count ? slots[slot + 1] : nil
      return try Instruction(
        decoding: slots[slot], second: slots[slot].isWide ? second : nil, at: slot)
    } catch {
      preconditionFailure("a program's slots were decoded when it was made; \(slot) begins none")
    }
  }

  private mutating func bind(
    _ instruction: Instruction, at slot: Int, of program: Program,
    _ bindings: borrowing NativeBindings
  ) throws(CompileError) {
    var line = Line()
    line.reads = instruction.registersRead.rawValue
    line.writes = instruction.registersWritten.rawValue
    switch instruction {
    case .jump(let offset): try lead(to: slot + 1 + Int(offset), .jump)
    case .jumpLong(let offset): try lead(to: slot + 1 + Int(offset), .jump)
    case .jumpIf(_, _, _, _, let offset): try lead(to: slot + 1 + Int(offset), .branch)
    case .exit: line.flow = .end
    case .call(.helper(let number)):
      let helper = HelperID(rawValue: number)
      guard let binding = bindings.helper(helper) else { throw refusal(.helper(helper)) }
      // So many of r1 to r5.
      line.reads = UInt16((1 << (binding.argumentCount + 1)) - 2)
    case .loadWide(_, let value):
      line.isWide = true
      switch value {
      case .value, .function: break
      case .mapIndex, .mapIndexValue:
        guard bindings.address(value) != nil else { throw refusal(.reference(value)) }
      case .map, .mapValue, .variable: throw refusal(.reference(value))
      }
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .load, .store, .atomic,
      .loadAcquire, .storeRelease, .call(.local):
      break
    case .castAddressSpace, .loadPacket, .jumpIndirect, .mayGoto, .call(.kernelFunction),
      .call(.register):
      throw refusal(.instruction(instruction))
    }
    guard line.writes >> 10 == 0, line.reads >> 11 == 0 else {
      throw refusal(.instruction(instruction))
    }
    lines[slot] = line

    func lead(to target: Int, _ flow: Flow) throws(CompileError) {
      guard program.slots.indices.contains(target) else { throw refusal(.strayBranch(to: target)) }
      line.flow = flow
      line.target = Int32(truncatingIfNeeded: target)
    }
    func refusal(_ reason: CompileError.Reason) -> CompileError {
      CompileError(program: program.name, slot: slot, reason: reason)
    }
  }

  private mutating func checkTargets(_ program: Program) throws(CompileError) {
    for slot in lines.indices {
      let target: Int
      switch lines[slot].flow {
      case .branch, .jump:
        target = Int(lines[slot].target)
        guard lines[target].flow != .secondSlot else { break }
        lines[target].isLabel = true
        if target <= slot { lines[target].isLoopStart = true }
        continue
      case .straight:
        guard let callee = instructions[slot].target(at: slot) else { continue }
        if lines.indices.contains(callee), lines[callee].flow != .secondSlot { continue }
        target = callee
      case .end, .secondSlot: continue
      }
      throw CompileError(program: program.name, slot: slot, reason: .strayBranch(to: target))
    }
  }

  private mutating func describeFunctions(
    _ program: Program, _ bindings: borrowing NativeBindings, _ recordsCalls: Bool
  ) throws(CompileError) {
    for index in functions.indices {
      var function = functions[index]
      var last = Flow.straight
      for slot in function.start..<function.end {
        let line = lines[slot]
        if line.flow == .secondSlot { continue }
        last = line.flow
        function.writes |= line.writes
        if line.reads & Register.r10.bit != 0 { function.usesStack = true }
        switch instructions[slot] {
        case .call(.local): function.calls = true
        case .call(.helper(let number)):
          guard let binding = bindings.helper(HelperID(rawValue: number)) else { continue }
          function.calls = function.calls || binding.isCall
          usesHeader = usesHeader || binding.usesHeader
          if binding.endsFunction { function.usesStack = true }
        case _: break
        }
      }
      // What runs off its end would run into the next function.
      guard last == .end || last == .jump else {
        throw CompileError(program: program.name, slot: function.end - 1, reason: .noEnd)
      }
      if recordsCalls { function.usesStack = true }
      usesStack = usesStack || function.usesStack
      functions[index] = function
    }
    if usesHeader { usesStack = true }
  }
}
