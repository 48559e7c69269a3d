import BPFISA
import BPFPlatform
import BPFRewriter

/// Makes the machine code of one program for x86-64, in one walk over its instructions.
///
/// Registers are mapped one to one (``Register/machine``). Values that only serve a later instruction are not computed where
/// the program computes them, but become part of what that instruction does (``Pending``); where paths meet, every value that
/// is needed is in its register.
///
/// Machine registers besides: `r12` holds the address of the run area's header in programs that call helpers; `r9` to `r11`
/// are free between instructions.
struct CodeGenerator: ~Copyable {
  let listing: Listing
  let bindings: NativeBindings
  let options: CompileOptions
  private let live: [UInt16]
  var encoder: Encoder
  var branches: BranchTable
  var calls = CallTable()
  var callSites: [(place: BranchTable.Place, index: CallTable.Index)] = []
  /// Calls of the program's own functions, by first slot.
  var localCalls: [(place: BranchTable.Place, slot: Int)] = []
  /// Where the address of a function is loaded that helpers call.
  var functionReferences: [(place: BranchTable.Place, slot: Int)] = []
  /// The helpers that are called by a description, each through a stub at the end of the code, and what the stubs call.
  var stubs: [(helper: HelperID, target: CallTable.Target, description: UInt64)] = []
  /// Calls of stubs, by their index.
  var stubCalls: [(place: BranchTable.Place, stub: Int)] = []

  // What is known at the instruction that is compiled. Bits are those of BPF registers.
  let pending = PendingValues()
  /// Registers with a value in ``pending``.
  var pendingMask: UInt16 = 0
  /// Those whose value is a load.
  var loadMask: UInt16 = 0
  /// Registers whose machine registers have no upper half.
  var zeroExtended: UInt16 = 0
  /// Registers whose values are needed by this instruction or later.
  var needed: UInt16 = 0
  /// Registers whose values are needed after this instruction, whichever way it goes.
  var neededAfter: UInt16 = 0
  /// The register that the flags tell about, compared with 0, and the offset after the instruction that set them.
  var flags: (register: Register, width: OperandWidth, offset: Int)?
  /// The function that is compiled.
  var function = 0
  /// Where the function's epilogue is that others jump to, and its size, if one was written.
  var epilogue: (offset: Int, size: Int)?
  /// The slot that is compiled.
  var slot = 0

  init(
    _ program: Program, _ bindings: NativeBindings, _ options: CompileOptions
  ) throws(CompileError) {
    listing = try Listing(
      program, bindings: bindings, recordsCalls: options.stackBase != nil)
    self.bindings = bindings
    self.options = options
    live = Liveness(listing).before
    encoder = Encoder(expecting: program.slots.count * 6 + 256)
    branches = BranchTable(labels: program.slots.count + 2 * listing.functions.count)
  }

  /// Compiles the functions one after the other.
  mutating func compileFunctions() {
    for index in listing.functions.indices {
      function = index
      epilogue = nil
      let bounds = listing.functions[index]
      forgetAll()
      // Calls lead here, not to the label of the first instruction.
      branches.setLabel(entryLabel(of: index), at: encoder.code.count)
      emitPrologue()
      var slot = bounds.start
      while slot < bounds.end {
        slot = compile(slot)
      }
    }
  }

  /// Compiles the instruction at a slot; the slot of the next.
  private mutating func compile(_ slot: Int) -> Int {
    let line = listing.lines[slot]
    self.slot = slot
    needed = live[slot]
    if line.isLabel {
      materialize(needed)
      forgetAll()
    }
    branches.setLabel(slot, at: encoder.code.count)
    let next = slot + (line.isWide ? 2 : 1)
    switch line.flow {
    case .straight, .secondSlot: neededAfter = live[next]
    case .branch: neededAfter = live[next] | live[Int(line.target)]
    case .jump: neededAfter = live[Int(line.target)]
    case .end: neededAfter = 0
    }
    switch listing.instructions[slot] {
    case .arithmetic(let operation, let width, let destination, let source):
      arithmetic(operation, OperandWidth(width), destination, source)
    case .negate(let width, let destination):
      operate(OperandWidth(width), destination) { encoder, width, register in
        encoder.operate(.negate, width, register)
      }
    case .moveSignExtended(let width, let size, let destination, let source):
      moveSignExtended(OperandWidth(width), size, destination, source)
    case .byteSwap(let order, let width, let destination): swap(order, width, destination)
    case .load(let size, let isSigned, let destination, let base, let offset):
      load(size, isSigned: isSigned, destination, base, offset)
    case .store(let size, let base, let offset, let source): store(size, base, offset, source)
    case .atomic(let operation, let size, let base, let offset, let source):
      atomic(operation, size == .double ? .bits64 : .bits32, base, offset, source)
    case .loadAcquire(let size, let destination, let base, let offset):
      // Every load of x86-64 is one. It stays where it is.
      materialize(needed & loadMask)
      load(size, isSigned: false, destination, base, offset)
      materialize(destination)
    case .storeRelease(let size, let base, let offset, let source):
      materialize(needed & loadMask)
      store(size, base, offset, .register(source))
    case .loadWide(let destination, let value): loadWide(destination, value)
    case .jump, .jumpLong: jump(to: Int(line.target))
    case .jumpIf(let condition, let width, let left, let right, _):
      return branch(
        condition, OperandWidth(width), left, right, to: Int(line.target), next: next)
    case .call(.local(let distance)): callFunction(at: slot + 1 + Int(distance))
    case .call(.helper(let number)): callHelper(HelperID(rawValue: number))
    case .exit: exit()
    case .castAddressSpace, .loadPacket, .jumpIndirect, .mayGoto, .call(.kernelFunction),
      .call(.register):
      preconditionFailure("the listing has no such instruction")
    }
    return next
  }

  /// Where calls of a function lead.
  func entryLabel(of function: Int) -> Int { listing.lines.count + function }

  /// Where exits of a function lead after the first.
  func epilogueLabel(of function: Int) -> Int {
    listing.lines.count + listing.functions.count + function
  }

  /// Begins where nothing is known: all values that are needed are in their registers.
  mutating func forgetAll() {
    pendingMask = 0
    loadMask = 0
    zeroExtended = 0
    flags = nil
  }

  /// What is needed before the instruction at a slot.
  func neededBefore(_ slot: Int) -> UInt16 { live[slot] }

  private mutating func loadWide(_ destination: Register, _ value: WideImmediate) {
    if case .function(let distance) = value {
      define(destination)
      encoder.loadCodeAddress(destination.machine)
      functionReferences.append(
        (branches.place(at: encoder.code.count), slot + 1 + Int(distance)))
      return
    }
    let constant: UInt64
    if case .value(let value) = value {
      constant = value
    } else {
      guard let address = bindings.address(value) else {
        preconditionFailure("the listing has found what every reference refers to")
      }
      constant = address
    }
    assign(destination, .constant(constant))
  }
}
