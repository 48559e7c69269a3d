import BPFISA
import BPFPlatform

/// The exploration of a program's paths, each instruction with what is known of registers and stack when it is reached
/// (kernel: `do_check`).
///
/// One path is followed at a time. At a branch that can go both ways the other way is put aside, and taken up when the
/// path ends. A path ends at the program's exit, or where an earlier state covers the one reached: then whatever follows
/// was seen.
struct Explorer: ~Copyable {
  let code: CodeTable
  let platform: PlatformRules
  let options: VerifierOptions
  /// Whether ways are followed that only a processor that guesses wrong goes.
  let tracksSpeculation: Bool
  let limits: VerifierLimits

  // What is known on the path that is followed.

  /// Eleven registers for each frame.
  var registers: TrailedArray<Value>
  /// Sixty-four slots for each frame.
  var stacks: TrailedArray<StackSlot>
  var frames: TrailedArray<Frame>
  /// The frame that runs.
  var depth = 0
  var references: [Reference] = []
  var lock: HeldLock?
  /// How many `may_goto` were passed without being taken.
  var mayGotoDepth: Int32 = 0
  /// The instruction reached.
  var slot = 0
  /// Whether only a processor that guesses wrong comes this way.
  var isSpeculative = false
  /// Whether the jump that is taken up proves bytes of a packet to be there.
  var provesBytes = false
  /// The kept state the path comes from last; negative where it has passed none.
  var parent: Int32 = -1

  // What was seen on all paths.

  var provenance = Provenance()
  var kept: KeptStates
  var pending = PendingBranches()
  var facts: FactTable
  var statistics = VerificationStatistics()
  /// The branches on the path so far: the slot, and in the lowest bit whether it was taken.
  var path = Pool<UInt32>(filler: 0)
  var lastID: UInt32 = 0
  var lastProcessed = 0
  var jumps = 0
  var lastJumps = 0
  /// Identities paired while two states are compared.
  var pairs = IdentityPairs()
  /// Whether there may be dynptrs on stacks.
  var meetsDynptrs = false
  /// The deepest stack of each function, in bytes.
  var stackDepths: [Int32]
  var log: VerificationLog?
  /// Looks at each state, and says whether states are compared: for tests.
  let probe: ExplorationProbe?
  /// Functions that run by themselves, and how many of them were explored.
  var laterCallbacks: [LaterCallback] = []
  private var exploredCallbacks = 0
  /// The function that paths begin with, by index: the program itself, or a global one.
  var root = 0
  /// The calls of global functions.
  var globals: GlobalCalls

  init(
    _ code: consuming CodeTable, platform: PlatformRules, options: VerifierOptions,
    limits: VerifierLimits, log: VerificationLog?, probe: ExplorationProbe? = nil
  ) {
    let uninitialized = Value.uninitialized
    registers = TrailedArray(
      repeating: uninitialized, count: VerifierLimits.frames * Self.registerCount)
    stacks = TrailedArray(repeating: StackSlot(), count: VerifierLimits.frames * Self.slotCount)
    frames = TrailedArray(repeating: Frame(), count: VerifierLimits.frames)
    kept = KeptStates(slotCount: code.instructions.count)
    facts = FactTable(slotCount: code.instructions.count)
    stackDepths = Array(repeating: 0, count: code.functions.count)
    globals = GlobalCalls(functionCount: code.functions.count)
    self.code = code
    self.platform = platform
    self.options = options
    // Such ways end only where they meet what was seen.
    tracksSpeculation = options.tracksSpeculation && probe?.prunes ?? true
    self.limits = limits
    self.log = log
    self.probe = probe
  }

  static let registerCount = 11
  static let slotCount = 64

  // MARK: Registers

  @inline(__always)
  func index(_ register: Register) -> Int { depth &* Self.registerCount &+ Int(register.rawValue) }

  /// The value of a register that is read.
  @inline(__always)
  func read(_ register: Register) throws(Rejection.Problem) -> Value {
    guard register.rawValue < Self.registerCount else { throw .stackArguments }
    let value = registers[index(register)]
    if value.kind == .uninitialized { throw .uninitializedRegister(register) }
    return value
  }

  @inline(__always)
  mutating func write(_ register: Register, _ value: Value) throws(Rejection.Problem) {
    guard register.rawValue < Self.registerCount - 1 else {
      throw register == .r10 ? .writeToFramePointer : .stackArguments
    }
    registers[index(register)] = value
  }

  mutating func newID() -> UInt32 {
    lastID &+= 1
    return lastID
  }

  @inline(__always)
  mutating func markPrecise(_ value: borrowing Value) { provenance.markPrecise(value.node) }

  // MARK: Running

  /// Follows all paths.
  ///
  /// - Throws: the first problem on any of them; ``slot`` is where.
  mutating func run() throws(Rejection.Problem) {
    start()
    var isAtEnd = false
    while true {
      do throws(Rejection.Problem) {
        if isAtEnd, try !goOn() { return }
        isAtEnd = false
        return try follow()
      } catch {
        try avoid(error)
        isAtEnd = true
      }
    }
  }

  private mutating func follow() throws(Rejection.Problem) {
    while true {
      if isSpeculative {
        if try !stepSpeculatively(), try !goOn() { return }
        continue
      }
      if try visit() {
        log?.covered(slot)
        guard try goOn() else { return }
        continue
      }
      try count()
      facts.reach(slot)
      if let log { writeState(to: log) }
      if let probe { probe.observe(exploredState) }
      guard try step() else {
        guard try goOn() else { return }
        continue
      }
    }
  }

  /// Counts an instruction as looked at.
  @inline(__always)
  mutating func count() throws(Rejection.Problem) {
    statistics.processedInstructions += 1
    guard statistics.processedInstructions <= limits.processedInstructions else {
      throw .tooManyInstructions(limit: limits.processedInstructions)
    }
  }

  private var exploredState: ExploredState {
    var entries: [ExploredState.Entry] = []
    for frame in 0...depth {
      for place in 0..<Self.slotCount where frames[frame].occupied >> UInt64(place) & 1 != 0 {
        entries.append(
          ExploredState.Entry(
            frame: frame, offset: 8 * place - VerifierLimits.stackBytes,
            contents: stacks[frame * Self.slotCount + place]))
      }
    }
    let first = depth * Self.registerCount
    return ExploredState(
      slot: slot, depth: depth,
      registers: (0..<Self.registerCount).map { registers[first + $0] }, stack: entries)
  }

  /// Ends the path and begins with the next, if there is one.
  private mutating func goOn() throws(Rejection.Problem) -> Bool {
    if try resume() { return true }
    if exploredCallbacks < laterCallbacks.count {
      startLater(laterCallbacks[exploredCallbacks])
      exploredCallbacks += 1
      return true
    }
    guard let function = globals.next() else { return false }
    startOver(with: function)
    try setArguments(ofGlobal: function)
    return true
  }

  private mutating func start() {
    registers[Self.registerCount - 1] = .pointer(.stack, to: 0)
    platform.setArguments(&registers)
  }

  /// Starts with another function than the program, of which nothing is known yet.
  private mutating func startOver(with function: Int) {
    clear()
    isSpeculative = false
    parent = -1
    provenance.truncate(to: 1)
    path.truncate(to: 0)
    mayGotoDepth = 0
    frames[0] = Frame()
    root = function
    frames[0].function = UInt16(truncatingIfNeeded: function)
    slot = code.functions[function]
  }

  /// Starts with a function that runs by itself.
  private mutating func startLater(_ callback: LaterCallback) {
    startOver(with: 0)
    depth = 1
    frames[1] = Frame(
      callSite: -1, function: code.functionIndices[callback.function], role: .laterCallback)
    setFrameRegisters(1)
    let first = Self.registerCount
    registers[first + 1] = .pointer(.map, to: callback.map)
    registers[first + 2] = .pointer(.mapKey, to: callback.map)
    registers[first + 3] = .pointer(.mapValue, to: callback.map, id: newID())
    slot = callback.function
  }

  /// Ends the path and takes up the branch put aside last.
  ///
  /// - Returns: whether there was one.
  private mutating func resume() throws(Rejection.Problem) -> Bool {
    finishPath()
    while pending.count > 0 {
      let branch = takePending()
      if try takeBranch(at: branch.slot, as: branch.way) { return true }
      finishPath()
    }
    return false
  }

  /// Counts the path as done in the states it came through.
  private mutating func finishPath() { Self.finish(parent, &kept.states) }

  private static func finish(_ last: Int32, _ states: inout [KeptState]) {
    var states = states.mutableSpan
    var state = last
    while state >= 0 {
      let index = Int(state)
      states[index].branches -= 1
      if states[index].branches > 0 { return }
      state = states[index].parent
    }
  }
}
