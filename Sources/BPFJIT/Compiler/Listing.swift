import BPFISA
import BPFPlatform

/// A program decoded once, with what each instruction does to registers and where it leads.
struct Listing {
  struct Line {
    var flow: Flow = .straight
    var isWide = false
    /// Whether branches lead here.
    var isLabel = false
    /// Whether branches from behind lead here.
    var isLoopStart = false
    /// Whether a function of C or of the program is called.
    var calls = false
    /// Whether the function may be left here for another program.
    var mayNotReturn = false
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
    var lines = [Line](repeating: Line(), count: program.slots.count)
    var instructions = [Instruction](repeating: .exit, count: program.slots.count)
    var references = References()
    for subprogram in program.subprograms { references.functions.insert(subprogram.start) }
    try Self.decode(program, bindings, &references, &lines, &instructions)
    self.lines = lines
    self.instructions = instructions
    usesHeader = references.usesHeader
    try markTargets(program, references)
    let sorted = references.functions.sorted()
    for (index, start) in sorted.enumerated() {
      let end = index + 1 < sorted.count ? sorted[index + 1] : program.slots.count
      functions.append(
        Function(start: start, end: end, isCallback: references.callbacks.contains(start)))
    }
    try describeFunctions(program, recordsCalls)
  }

  /// Where instructions lead beside branches.
  private struct References {
    var functions: Set<Int> = [0]
    /// Those whose addresses are taken.
    var callbacks: Set<Int> = []
    /// The slots that refer to each.
    var sites: [(slot: Int, target: Int)] = []
    /// Whether a helper is called that is given the run area's header.
    var usesHeader = false
  }

  private static func decode(
    _ program: Program, _ bindings: borrowing NativeBindings, _ references: inout References,
    _ lines: inout [Line], _ instructions: inout [Instruction]
  ) throws(CompileError) {
    let slots = program.slots.span
    var lines = lines.mutableSpan
    var instructions = instructions.mutableSpan
    var slot = 0
    while slot < slots.count {
      let instruction = Self.instruction(slots, at: slot)
      var line = Line()
      line.reads = instruction.registersRead.rawValue
      line.writes = instruction.registersWritten.rawValue
      func refusal(_ reason: CompileError.Reason) -> CompileError {
        CompileError(program: program.name, slot: slot, reason: reason)
      }
      switch instruction {
      case .arithmetic, .negate, .moveSignExtended, .byteSwap, .load, .store, .atomic,
        .loadAcquire, .storeRelease:
        break
      case .jump(let offset):
        line.flow = .jump
        line.target = Int32(slot + 1 + Int(offset))
      case .jumpLong(let offset):
        line.flow = .jump
        line.target = Int32(truncatingIfNeeded: slot + 1 + Int(offset))
      case .jumpIf(_, _, _, _, let offset):
        line.flow = .branch
        line.target = Int32(slot + 1 + Int(offset))
      case .exit: line.flow = .end
      case .call(.helper(let number)):
        let helper = HelperID(rawValue: number)
        guard let binding = bindings.helper(helper) else { throw refusal(.helper(helper)) }
        // So many of r1 to r5.
        line.reads = UInt16((1 << (binding.argumentCount + 1)) - 2)
        // A barrier is no call: registers stay.
        if binding == .speculationBarrier { line.writes = 0 }
        line.calls = binding.isCall
        line.mayNotReturn = binding.endsFunction
        references.usesHeader = references.usesHeader || binding.usesHeader
      case .call(.local(let distance)):
        line.calls = true
        references.sites.append((slot, slot + 1 + Int(distance)))
        references.functions.insert(slot + 1 + Int(distance))
      case .loadWide(_, let value):
        line.isWide = true
        switch value {
        case .value: break
        case .function(let distance):
          references.sites.append((slot, slot + 1 + Int(distance)))
          references.functions.insert(slot + 1 + Int(distance))
          references.callbacks.insert(slot + 1 + Int(distance))
        case .mapIndex, .mapIndexValue:
          guard bindings.address(value) != nil else { throw refusal(.reference(value)) }
        case .map, .mapValue, .variable: throw refusal(.reference(value))
        }
      case .castAddressSpace, .loadPacket, .jumpIndirect, .mayGoto, .call(.kernelFunction),
        .call(.register):
        throw refusal(.instruction(instruction))
      }
      guard line.writes >> 10 == 0, line.reads >> 11 == 0 else {
        throw refusal(.instruction(instruction))
      }
      lines[slot] = line
      instructions[slot] = instruction
      if line.isWide {
        lines[slot + 1].flow = .secondSlot
        slot += 1
      }
      slot += 1
    }
  }

  private static func instruction(
    _ slots: borrowing Span<RawInstruction>, at slot: Int
  ) -> Instruction {
    let first = slots[slot]
    do {
      let second = first.isWide && slot + 1 < slots.count ? slots[slot + 1] : nil
      return try Instruction(decoding: first, second: second, at: slot)
    } catch {
      preconditionFailure("a program's slots were decoded when it was made; \(slot) begins none")
    }
  }

  /// Marks what branches lead to.
  private mutating func markTargets(
    _ program: Program, _ references: References
  ) throws(CompileError) {
    var lines = lines.mutableSpan
    for slot in 0..<lines.count where lines[slot].flow == .branch || lines[slot].flow == .jump {
      let target = Int(lines[slot].target)
      guard target >= 0, target < lines.count, lines[target].flow != .secondSlot else {
        throw CompileError(program: program.name, slot: slot, reason: .strayBranch(to: target))
      }
      lines[target].isLabel = true
      if target <= slot { lines[target].isLoopStart = true }
    }
    for (slot, target) in references.sites {
      guard target >= 0, target < lines.count, lines[target].flow != .secondSlot else {
        throw CompileError(program: program.name, slot: slot, reason: .strayBranch(to: target))
      }
    }
  }

  private mutating func describeFunctions(
    _ program: Program, _ recordsCalls: Bool
  ) throws(CompileError) {
    for index in functions.indices {
      var function = functions[index]
      var last = Flow.straight
      var reads: UInt16 = 0
      for slot in function.start..<function.end {
        let line = lines[slot]
        if line.flow == .secondSlot { continue }
        last = line.flow
        function.writes |= line.writes
        reads |= line.reads
        function.calls = function.calls || line.calls
        function.usesStack = function.usesStack || line.mayNotReturn
      }
      // What runs off its end would run into the next function.
      guard last == .end || last == .jump else {
        throw CompileError(program: program.name, slot: function.end - 1, reason: .noEnd)
      }
      function.usesStack = function.usesStack || recordsCalls || reads & Register.r10.bit != 0
      usesStack = usesStack || function.usesStack
      functions[index] = function
    }
    if usesHeader { usesStack = true }
  }
}
