import BPFISA

/// How far down each function uses its stack, in a program that a verifier accepts.
///
/// Every address on the stack comes from `r10` by adding constants, goes through registers, other places on the stack and
/// arguments, and what is done through it lies at it or above. So the analysis keeps, for each register, the lowest
/// address it may hold of the function's own stack and of its callers'. Where anything else than a constant is added, the
/// lowest address is not known.
struct StackUse {
  /// The stack of a function, in bytes.
  static let limit = 512

  private let flow: ControlFlow
  private var functions: [FunctionUse]
  /// The state before each instruction that branches or calls lead to, by ``leaders``.
  private var states: [State?] = []
  private var visits: [Int] = []
  /// The index in ``states`` of each position, plus 1; 0 for most.
  private var leaders: [UInt32]
  private var pending: [Int] = []
  /// The lowest address on a caller's stack that is used, as that caller counts it.
  private var lowestForeign = Bound.none
  /// The lowest address of any stack that is kept on a stack, and of those kept on the stack of a caller.
  private var keptAnywhere = Bound.none
  private var keptForCallers = Bound.none
  private var callbacks: [Int] = []
  private var hasNews = false
  private var round = 0

  /// - Complexity: O(*n*), *n* the slots.
  init(_ flow: ControlFlow) {
    self.flow = flow
    functions = [FunctionUse](repeating: FunctionUse(), count: flow.functions.count)
    leaders = [UInt32](repeating: 0, count: flow.slots.count)
    for function in flow.functions { join(State.entry, at: function) }
    for target in flow.tableTargets { join(State.entry, at: target) }
    callbacks = flow.slots.indices.compactMap {
      flow.slots[$0].displacementField == .function ? flow.target(at: $0) : nil
    }
    repeat {
      hasNews = false
      round += 1
      while let leader = pending.popLast() { follow(from: leader) }
      if hasNews {
        pending = flow.slots.indices.filter { leaders[$0] != 0 }
      }
    } while hasNews
  }

  /// The offset to `r10` of an 8-byte slot below what the function at a position uses: the first of them, or a later one.
  func slot(
    _ index: Int, inFunctionAt position: Int, _ name: String
  ) throws(PatchError) -> Int16 {
    let function = functions[flow.functionIndex(at: position)]
    var lowest = function.lowest
    if function.sharesStack { lowest.include(lowestForeign) }
    let bytes: Int
    switch lowest {
    case .none: bytes = 0
    case .unknown: throw .stackUseUnknown(subprogram: name)
    case .at(let offset): bytes = max(0, -Int(offset))
    }
    let end = (bytes + 7) / 8 * 8 + 8 * (index + 1)
    guard end <= Self.limit else { throw .stackFull(subprogram: name) }
    return Int16(-end)
  }

  // MARK: What is kept

  /// The lowest address that may be meant, as an offset to a frame pointer.
  enum Bound: Equatable {
    case none
    case at(Int16)
    case unknown

    mutating func include(_ other: Bound) {
      switch (self, other) {
      case (_, .none), (.unknown, _): break
      case (.none, _), (_, .unknown): self = other
      case (.at(let mine), .at(let theirs)): self = .at(min(mine, theirs))
      }
    }

    /// The bound after a constant was added to the address.
    func moved(by distance: Int64) -> Bound {
      guard case .at(let offset) = self else { return self }
      let (sum, isTooFar) = Int64(offset).addingReportingOverflow(distance)
      // Nothing of use lies below the stack; above it, it stays as it is.
      guard !isTooFar, sum >= -2 * Int64(StackUse.limit) else { return .unknown }
      return .at(Int16(min(sum, Int64(StackUse.limit))))
    }

    /// The bound after something unknown was added.
    var lost: Bound { self == .none ? .none : .unknown }
  }

  /// What a register holds, as far as the stack goes.
  private struct Value: Equatable {
    /// Of the function's own stack.
    var own = Bound.none
    /// Of the stack of one of its callers.
    var foreign = Bound.none

    var isAddress: Bool { self != Value() }

    mutating func include(_ other: Value) {
      own.include(other.own)
      foreign.include(other.foreign)
    }

    func moved(by distance: Int64) -> Value {
      Value(own: own.moved(by: distance), foreign: foreign.moved(by: distance))
    }

    var lost: Value { Value(own: own.lost, foreign: foreign.lost) }
  }

  private struct State: Equatable {
    private var values = [Value](repeating: Value(), count: Register.allCases.count)

    static let entry: State = {
      var state = State()
      state[.r10] = Value(own: .at(0))
      return state
    }()

    subscript(register: Register) -> Value {
      get { values[Int(register.rawValue)] }
      set { values[Int(register.rawValue)] = newValue }
    }

    /// Joins another state; where the two were joined too often, what goes down further is lost.
    mutating func include(_ other: State, givesUp: Bool) -> Bool {
      var isChanged = false
      for register in Register.allCases {
        var joined = self[register]
        joined.include(other[register])
        guard joined != self[register] else { continue }
        isChanged = true
        self[register] = givesUp ? joined.lost : joined
      }
      return isChanged
    }
  }

  private struct FunctionUse {
    var lowest = Bound.none
    /// The addresses it keeps at each 8-byte slot of its stack, counted downwards; none at all for most.
    private var slots: [Value] = []
    /// The addresses it keeps at places that are not known.
    private var elsewhere = Value()
    /// All of them.
    private(set) var kept = Value()
    /// Whether functions it calls have addresses on its stack.
    var sharesStack = false

    /// What is kept at an offset to `r10`; anything that is, where the offset is not known.
    func kept(at offset: Int16?) -> Value {
      guard let slot = Self.slot(offset) else { return kept }
      var value = elsewhere
      if slots.indices.contains(slot) { value.include(slots[slot]) }
      return value
    }

    /// Notes that an address is kept.
    ///
    /// - Returns: whether that says anything new.
    mutating func keep(_ value: Value, at offset: Int16?) -> Bool {
      var known: Value
      let slot = Self.slot(offset)
      if let slot {
        if slots.isEmpty { slots = [Value](repeating: Value(), count: StackUse.limit / 8) }
        known = slots[slot]
      } else {
        known = elsewhere
      }
      let before = known
      known.include(value)
      kept.include(value)
      guard known != before else { return false }
      if let slot { slots[slot] = known } else { elsewhere = known }
      return true
    }

    private static func slot(_ offset: Int16?) -> Int? {
      guard let offset, offset < 0, offset >= -Int16(StackUse.limit), offset % 8 == 0 else {
        return nil
      }
      return Int(-offset) / 8 - 1
    }
  }

  // MARK: Following the program

  private mutating func join(_ state: State, at position: Int) {
    if leaders[position] == 0 {
      states.append(nil)
      visits.append(0)
      leaders[position] = UInt32(truncatingIfNeeded: states.count)
    }
    let index = Int(leaders[position]) - 1
    if var old = states[index] {
      visits[index] += 1
      // Taken out meanwhile, so that it is changed in place.
      states[index] = nil
      let isChanged = old.include(state, givesUp: visits[index] > 32)
      states[index] = old
      if !isChanged { return }
    } else {
      states[index] = state
    }
    pending.append(position)
  }

  private mutating func follow(from leader: Int) {
    guard var state = states[Int(leaders[leader]) - 1] else { return }
    let function = flow.functionIndex(at: leader)
    var position = leader
    while true {
      let instruction = flow.instruction(at: position)
      apply(instruction, at: position, function, &state)
      if instruction.isBranch, let target = flow.target(at: position) { join(state, at: target) }
      guard instruction.fallsThrough else { return }
      position += instruction.slotCount
      guard position < flow.slots.count else { return }
      if leaders[position] != 0 { return join(state, at: position) }
    }
  }

  private mutating func apply(
    _ instruction: Instruction, at position: Int, _ function: Int, _ state: inout State
  ) {
    switch instruction {
    case .arithmetic(let operation, .bits64, let destination, let operand):
      state[destination] = result(of: operation, state[destination], operand, state)
    case .arithmetic(_, .bits32, let destination, _), .negate(_, let destination),
      .moveSignExtended(_, _, let destination, _), .byteSwap(_, _, let destination):
      state[destination] = Value()
    case .castAddressSpace(let destination, _, _, _), .loadWide(let destination, _):
      state[destination] = Value()
    case .load(let size, let signExtended, let destination, let base, let offset):
      use(state[base].moved(by: Int64(offset)), in: function)
      let isWhole = size == .double && !signExtended
      state[destination] = isWhole ? loaded(at: base, offset, in: function, state) : Value()
    case .loadAcquire(let size, let destination, let base, let offset):
      use(state[base].moved(by: Int64(offset)), in: function)
      state[destination] = size == .double ? loaded(at: base, offset, in: function, state) : Value()
    case .store(let size, let base, let offset, let operand):
      use(state[base].moved(by: Int64(offset)), in: function)
      if size == .double, case .register(let source) = operand {
        keep(state[source], at: base, offset, in: function, state)
      }
    case .storeRelease(let size, let base, let offset, let source):
      use(state[base].moved(by: Int64(offset)), in: function)
      if size == .double { keep(state[source], at: base, offset, in: function, state) }
    case .atomic(_, let size, let base, let offset, let source):
      use(state[base].moved(by: Int64(offset)), in: function)
      if size == .double { keep(state[source], at: base, offset, in: function, state) }
      let old = size == .double ? loaded(at: base, offset, in: function, state) : Value()
      for register in instruction.registersWritten.registers { state[register] = old }
    case .loadPacket: forgetArguments(&state, result: Value())
    case .call(let target): call(target, at: position, function, &state)
    case .jump, .jumpLong, .jumpIndirect, .jumpIf, .mayGoto, .exit: break
    }
  }

  private func result(
    of operation: ArithmeticOperation, _ value: Value, _ operand: Operand, _ state: State
  ) -> Value {
    switch (operation, operand) {
    case (.move, .register(let source)): return state[source]
    case (.add, .immediate(let constant)): return value.moved(by: Int64(constant))
    case (.subtract, .immediate(let constant)): return value.moved(by: -Int64(constant))
    case (.add, .register(let source)):
      var sum = value
      sum.include(state[source])
      return sum.lost
    case (.subtract, .register): return value.lost
    case (.move, .immediate), (.multiply, _), (.divide, _), (.signedDivide, _), (.or, _), (.and, _),
      (.shiftLeft, _), (.shiftRight, _), (.modulo, _), (.signedModulo, _), (.xor, _),
      (.arithmeticShiftRight, _):
      // No verifier lets the result be used as an address.
      return Value()
    }
  }

  /// Notes that a function uses memory from an address on.
  private mutating func use(_ address: Value, in function: Int) {
    functions[function].lowest.include(address.own)
    lowestForeign.include(address.foreign)
  }

  /// Notes that a register is stored: at an offset to another.
  private mutating func keep(
    _ value: Value, at base: Register, _ offset: Int16, in function: Int, _ state: State
  ) {
    let place = state[base]
    guard value.isAddress, place.isAddress else { return }
    // What still goes down after many rounds goes down forever.
    let value = round > 32 ? value.lost : value
    var anywhere = keptAnywhere
    anywhere.include(value.own)
    anywhere.include(value.foreign)
    if anywhere != keptAnywhere { hasNews = true }
    keptAnywhere = anywhere
    if place.own != .none, functions[function].keep(value, at: base == .r10 ? offset : nil) {
      hasNews = true
    }
    if place.foreign != .none {
      var forCallers = keptForCallers
      forCallers.include(value.own)
      forCallers.include(value.foreign)
      if forCallers != keptForCallers { hasNews = true }
      keptForCallers = forCallers
    }
  }

  /// What 8 bytes hold that are loaded at an offset to a register.
  private func loaded(
    at base: Register, _ offset: Int16, in function: Int, _ state: State
  ) -> Value {
    let place = state[base]
    var value = Value()
    if place.own != .none {
      value = functions[function].kept(at: base == .r10 ? offset : nil)
      // A function that has addresses on this one's stack may have put others there.
      if functions[function].sharesStack { value.own.include(keptForCallers) }
    }
    if place.foreign != .none { value.foreign.include(keptAnywhere) }
    return value
  }

  private mutating func call(
    _ target: CallTarget, at position: Int, _ function: Int, _ state: inout State
  ) {
    var given = Value()
    for register in RegisterSet.arguments.registers { given.include(state[register]) }
    var result = Value()
    switch target {
    case .local:
      // No verifier lets a function return an address on a stack.
      if let callee = flow.target(at: position) {
        join(arguments(of: state), at: callee)
        share(given, in: function)
      }
    case .helper, .kernelFunction, .register:
      // A kernel function may return the buffer it was given (`bpf_dynptr_slice`); no helper does.
      if case .kernelFunction = target { result = given }
      use(given, in: function)
      if given.isAddress, !callbacks.isEmpty {
        share(given, in: function)
        var entry = State.entry
        var bound = given.own
        bound.include(given.foreign)
        for register in RegisterSet.arguments.registers {
          entry[register] = Value(foreign: bound)
        }
        for callback in callbacks { join(entry, at: callback) }
      }
    }
    forgetArguments(&state, result: result)
  }

  /// The state at the start of a function that is called: what its caller's own stack was is foreign there.
  private func arguments(of state: State) -> State {
    var entry = State.entry
    for register in RegisterSet.arguments.registers {
      var bound = state[register].own
      bound.include(state[register].foreign)
      entry[register] = Value(foreign: bound)
    }
    return entry
  }

  private mutating func share(_ given: Value, in function: Int) {
    guard given.own != .none, !functions[function].sharesStack else { return }
    functions[function].sharesStack = true
    hasNews = true
  }

  private func forgetArguments(_ state: inout State, result: Value) {
    for register in RegisterSet.arguments.registers { state[register] = Value() }
    state[.r0] = result
  }
}
