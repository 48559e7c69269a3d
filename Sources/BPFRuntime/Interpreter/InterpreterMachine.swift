import BPFISA
import BPFPlatform

/// The state of a verified and rewritten program while the interpreter runs it.
///
/// One per ``ExecutionFrame``, made once and used for any number of runs. There is no allocation, no lock and no count of
/// references on the way into a program and out of it.
@safe
final class InterpreterMachine {
  typealias Next = UnsafeMutablePointer<BoundInstruction>

  /// SAFETY: the frame owns the machine and hands it to no one else.
  unowned(unsafe) let frame: ExecutionFrame
  /// Whether r1 points at a block of memory instead of a context.
  private let isRaw: Bool
  private let memory: MappedMemory
  let area: RunArea
  let registers: RegisterFile
  private let state: UnsafeMutablePointer<State>
  /// Instructions that no program has, which functions return to: ``end``, ``endOfCallback``, ``fault``.
  private let landings: Next

  init(frame: ExecutionFrame, code: InterpreterCode) {
    unsafe self.frame = frame
    isRaw = frame.layout == nil
    memory = RunArea.reserve()
    area = RunArea(in: memory)
    registers = area.registers
    // SAFETY: this memory belongs to the machine and is freed with it.
    unsafe landings = .allocate(capacity: 3)
    unsafe landings.initialize(to: BoundInstruction(opcode: .end))
    unsafe (landings + 1).initialize(to: BoundInstruction(opcode: .endOfCallback))
    unsafe (landings + 2).initialize(to: BoundInstruction(opcode: .fault))
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State(code: code, next: code.instructions))
    unsafe area.record(0).initialize(to: FrameRecord(next: landings))
  }

  deinit {
    unsafe landings.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// The instruction that ends a run.
  var end: Next { unsafe landings }
  /// The instruction that a callback returns to.
  var endOfCallback: Next { unsafe landings + 1 }
  /// The instruction that ends a run with ``failure``.
  var fault: Next { unsafe landings + 2 }

  /// What changes while programs run, in memory of its own instead of the class, whose variables are checked for
  /// exclusive access at run time.
  @safe
  private struct State {
    var code: Unmanaged<InterpreterCode>
    var next: Next
    /// The innermost frame pointer that the program may have.
    var lastFramePointer: UInt64 = 0
    var tailCalls = TailCalls<InterpreterCode>()
    var callbacks: [Callback] = []
    var bucketsLeft = Int.max
    var budget = 0
    var failure: Fault.Kind?
    var keepsSomething = false

    init(code: InterpreterCode, next: Next) {
      unsafe self.code = .passUnretained(code)
      unsafe self.next = next
    }
  }
}

extension InterpreterMachine {
  /// Makes the machine ready to run a program from its first instruction, in its own frame.
  @inline(__always)
  func start(_ code: InterpreterCode, in frame: ExecutionFrame) {
    unsafe state.pointee.code = Unmanaged.passUnretained(code)
    area.worker = frame.worker
    registers[10] = area.framePointer(0)
    enterProgram(code, in: frame)
  }

  /// Gives a program's first instruction its registers.
  @inline(__always)
  private func enterProgram(_ code: InterpreterCode, in frame: ExecutionFrame) {
    precondition(
      frame.worker < code.workerLimit, "every map of a program has a slot for its worker")
    unsafe state.pointee.lastFramePointer = RunArea.lastFramePointer(after: registers[10])
    if isRaw {
      (registers[1], registers[2]) = frame.rawArguments
    } else {
      // A host may have moved the packet since it was loaded.
      frame.pointContextAtPacket()
      registers[1] = unsafe UInt64(UInt(bitPattern: frame.context.baseAddress))
    }
  }

  /// Gives back what a run kept: rings it was draining when it was ended, and the programs it called.
  @inline(__always)
  func finish() {
    if unsafe state.pointee.keepsSomething { release() }
  }

  @inline(never)
  private func release() {
    abandonDrains()
    callbacks.removeAll()
    failure = nil
    bucketsLeft = .max
    unsafe state.pointee.tailCalls.end()
    unsafe state.pointee.keepsSomething = false
  }

  /// Makes the run one that ends after so many instructions.
  func allow(_ budget: Int) {
    self.budget = budget
    bucketsLeft = budget
    keepsSomething = true
  }

  /// Why a run ended early.
  func fault(_ ending: Interpreter.Ending) -> Fault? {
    let code = code
    let slot = unsafe code.sourceSlot(before: next)
    return switch ending {
    case .exited: nil
    case .exhausted: code.fault(.budgetExhausted(budget), at: slot)
    case .failed: code.fault(failure ?? .budgetExhausted(budget), at: slot)
    case .leftProgram: code.fault(.programCounterOutOfRange(slot), at: slot)
    }
  }

  // MARK: Functions

  /// Enters a function, which returns to an instruction; false where there are 8 functions already.
  @inline(__always)
  @unsafe
  func enterFunction(returningTo next: Next) -> Bool {
    let r = registers
    let caller = r[10]
    if unsafe caller == state.pointee.lastFramePointer { return false }
    let callee = caller &+ UInt64(RunArea.frameStride)
    let record = unsafe FrameRecord.of(callee)
    unsafe record.pointee.next = next
    unsafe record.pointee.saved = (r[6], r[7], r[8], r[9])
    r[10] = callee
    return true
  }

  /// Leaves a function; what its caller goes on with.
  @inline(__always)
  @unsafe
  func leaveFunction() -> Next {
    let r = registers
    let record = unsafe FrameRecord.of(r[10])
    unsafe (r[6], r[7], r[8], r[9]) = record.pointee.saved
    r[10] &-= UInt64(RunArea.frameStride)
    return unsafe record.pointee.next
  }

  /// Ends the run for a reason.
  @unsafe
  func fail(_ kind: Fault.Kind) -> Next {
    failure = kind
    keepsSomething = true
    return unsafe fault
  }

  // MARK: Tail calls

  /// Puts the program in a slot of a program array in place of the running one; where there is none, or 33 tail calls were
  /// made, goes on.
  @unsafe
  func tailCall(_ next: Next) -> Next {
    guard area.hasRoom(for: registers[10]) else { return unsafe next }
    unsafe state.pointee.keepsSomething = true
    let target: InterpreterCode
    switch unsafe state.pointee.tailCalls.target(
      registers[2], registers[low: 3], worker: frame.worker)
    {
    case nil: return unsafe next
    case .checked: return unsafe fail(.tailCallToOtherEngine)
    case .bound(let code): target = code
    case .compiled(let code): target = code.forInterpreter
    }
    unsafe state.pointee.tailCalls.leave(state.pointee.code)
    unsafe state.pointee.code = Unmanaged.passUnretained(target)
    unsafe enterProgram(target, in: frame)
    return unsafe target.instructions
  }
}

// SAFETY, of all of these: `state` is initialised with the machine and lives as long.
extension InterpreterMachine {
  /// The programs of the run: the one started or last called, then those that tail calls left for it, the last one first.
  var codes: [InterpreterCode] {
    // SAFETY: the program that was started is alive, and so are those that tail calls lead to.
    unsafe [state.pointee.code.takeUnretainedValue()]
      + state.pointee.tailCalls.left.reversed().map { unsafe $0.takeUnretainedValue() }
  }
  /// The program whose instruction calls a helper, or ended the run.
  var code: InterpreterCode {
    // SAFETY: `next` follows an instruction of one of them.
    if unsafe state.pointee.tailCalls.left.isEmpty {
      return unsafe state.pointee.code.takeUnretainedValue()
    }
    guard let code = codes.first(where: { unsafe $0.contains(next - 1) }) else {
      preconditionFailure("an instruction that runs is of a program of the run")
    }
    return code
  }
  /// The instruction after the one that calls a helper, or ended the run.
  var next: Next {
    get { unsafe state.pointee.next }
    set { unsafe state.pointee.next = newValue }
  }
  /// The helpers that wait for a callback to return, innermost last.
  var callbacks: [Callback] {
    get { unsafe state.pointee.callbacks }
    _modify { yield unsafe &state.pointee.callbacks }
  }
  /// How many buckets of maps the run may still look into: as many as it may execute instructions.
  var bucketsLeft: Int {
    get { unsafe state.pointee.bucketsLeft }
    set { unsafe state.pointee.bucketsLeft = newValue }
  }
  /// The instructions the run may execute, if it counts them.
  var budget: Int {
    get { unsafe state.pointee.budget }
    set { unsafe state.pointee.budget = newValue }
  }
  /// Why the run is to end early.
  var failure: Fault.Kind? {
    get { unsafe state.pointee.failure }
    set { unsafe state.pointee.failure = newValue }
  }
  /// Whether there is something to give back at the end of the run.
  var keepsSomething: Bool {
    get { unsafe state.pointee.keepsSomething }
    set { unsafe state.pointee.keepsSomething = newValue }
  }
}
