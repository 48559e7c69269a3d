public import BPFISA
public import BPFJIT
public import BPFObject
public import BPFPlatform
public import BPFRewriter
public import BPFVerifier

/// A program ready to run, with the live maps it refers to. Any number of threads may run it, each in a frame
/// of its own.
@safe
public final class LoadedProgram: Sendable {
  public let name: String
  public let type: ProgramType
  /// The program before it was rewritten, if it was.
  public let program: Program
  /// The maps of ``Program/mapNames``, in that order.
  public let maps: [Map]
  /// What the program sees of its context; nil for a type without one.
  public let layout: ContextLayout?

  /// The program as its engine runs it.
  let code: LoadedCode
  /// The same if it is compiled, which ``code`` keeps: entering it counts no references.
  private let compiled: Unmanaged<CompiledCode>?
  /// What has to live as long as a host may run this program.
  private let programArrays: ProgramArrays?

  /// The number of instructions a run of an unverified program may execute unless it is told otherwise.
  public static let defaultBudget = 1 << 26

  /// Prepares a program for the checked interpreter. No proof of safety is needed: every access is checked.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` if the maps are not those the program names.
  @_spi(Unverified)
  public init(
    unverified program: Program, type: ProgramType, maps: [Map], host: HostPlatform = HostPlatform()
  ) throws(LoadError) {
    try Self.check(maps, for: program)
    name = program.name
    self.type = type
    self.program = program
    self.maps = maps
    layout = ContextLayout(for: type, ofHost: host.context)
    programArrays = nil
    unsafe compiled = nil
    code = .checked(
      CheckedCode(program, type: type, maps: maps, layout: layout, helpers: host.helpers))
  }

  /// Binds a verified and rewritten program to live maps. It runs without a check: compiled where there is a compiler for the
  /// processor and the system allows new code, else in the interpreter; ``engine`` says which.
  ///
  /// - Parameters:
  ///   - helpers: the host's helpers whose prototypes it was verified with.
  ///   - compilation: how it is compiled.
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` if the maps or helpers are not as those it was verified with.
  public init(
    _ rewritten: RewrittenProgram, maps: [Map], helpers: HostHelpers = HostHelpers(),
    compilation: Compilation = Compilation()
  ) throws(LoadError) {
    let verified = rewritten.verified
    try Self.check(maps, for: verified.program)
    for (map, spec) in zip(maps, rewritten.maps) where !map.spec.isAsVerified(spec) {
      throw .mapDiffers(program: verified.program.name, map: map.spec.name)
    }
    for prototype in verified.hostHelpers
    where helpers[prototype.id]?.prototype != prototype {
      throw .helperDiffers(program: verified.program.name, prototype.id)
    }
    let layout = ContextLayout(for: verified.type, ofHost: verified.context)
    guard verified.type == .raw || layout != nil else {
      throw .unsupportedType(program: verified.program.name, verified.type)
    }
    name = verified.program.name
    type = verified.type
    program = verified.program
    self.maps = maps
    self.layout = layout
    programArrays = nil
    if let compiled = try compilation.code(rewritten, maps, layout, helpers) {
      code = .compiled(compiled)
      unsafe self.compiled = .passUnretained(compiled)
    } else {
      unsafe compiled = nil
      code = .bound(try InterpreterCode(rewritten, maps: maps, layout: layout, helpers: helpers))
    }
  }

  /// Prepares a program for the interpreter that checks nothing, or compiles it.
  ///
  /// SAFETY: the caller vouches that the program is safe with these maps, and that it accesses the runtime's context
  /// structure, not its program type's. A program that is neither may do to the process whatever the process may do.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` if the maps are not those the program names, or for what rewritten programs do not have.
  @_spi(Unverified)
  @unsafe
  public init(
    unchecked program: Program, type: ProgramType, maps: [Map], engine: ProgramEngine = .interpreter
  ) throws(LoadError) {
    try Self.check(maps, for: program)
    name = program.name
    self.type = type
    self.program = program
    self.maps = maps
    layout = ContextLayout(for: type)
    programArrays = nil
    switch engine {
    case .checkedInterpreter:
      unsafe compiled = nil
      code = .checked(CheckedCode(program, type: type, maps: maps, layout: layout))
    case .interpreter:
      unsafe compiled = nil
      code = .bound(try InterpreterCode(program, type: type, maps: maps, layout: layout))
    case .jit:
      let code = try CompiledCode(
        program, from: program, [], type: type, maps: maps, layout: layout)
      unsafe compiled = .passUnretained(code)
      self.code = .compiled(code)
    }
  }

  /// Compiles a program with options of its own.
  ///
  /// SAFETY: as for the initializer without.
  @unsafe
  init(
    unchecked program: Program, type: ProgramType, maps: [Map], options: CodeOptions
  ) throws(LoadError) {
    try Self.check(maps, for: program)
    name = program.name
    self.type = type
    self.program = program
    self.maps = maps
    layout = ContextLayout(for: type)
    programArrays = nil
    let code = try CompiledCode(
      program, from: program, [], type: type, maps: maps, layout: layout, options: options)
    unsafe compiled = .passUnretained(code)
    self.code = .compiled(code)
  }

  private static func check(_ maps: [Map], for program: Program) throws(LoadError) {
    guard maps.count == program.mapNames.count else {
      throw LoadError.mapCount(
        program: program.name, expected: program.mapNames.count, found: maps.count)
    }
  }

  /// The same program for a host, which keeps what its tail calls go through; or for an array, which does not.
  init(_ program: LoadedProgram, keeping programArrays: ProgramArrays?) {
    name = program.name
    type = program.type
    self.program = program.program
    maps = program.maps
    layout = program.layout
    code = program.code
    unsafe compiled = program.compiled
    self.programArrays = programArrays
  }

  /// The program as an array holds it: without what keeps the array's own programs.
  var bare: LoadedProgram { programArrays == nil ? self : LoadedProgram(self, keeping: nil) }

  /// A frame to run this program in, and any other with the same context and helpers, on one thread at a time.
  ///
  /// - Parameter worker: the slot of per-CPU maps to use; less than the maps' `workers`.
  public func makeFrame(worker: Int = 0) -> ExecutionFrame {
    ExecutionFrame(type: type, layout: layout, worker: worker)
  }

  /// Runs the program on the frame's packet and context.
  ///
  /// - Precondition: the frame was made for this type, a host's with this context, and its worker is less than each map's
  ///   `workers`.
  /// - Complexity: O(*n*), *n* the instructions executed.
  /// - Parameter budget: the number of instructions after which the run is ended with a fault. Where it is nil, verified
  ///   programs have none, and ``Outcome/instructions`` is not counted; others have ``defaultBudget``.
  public func run(_ frame: ExecutionFrame, budget: Int? = nil) -> Outcome {
    precondition(
      frame.type == type && (type != .hostDefined || hasContext(of: frame)),
      "a frame runs programs of the type and with the context it was made for")
    if budget == nil, let compiled = unsafe compiled {
      return unsafe compiled._withUnsafeGuaranteedRef { $0.run(in: frame) }
    }
    switch code {
    case .checked(let code):
      return code.run(in: frame, budget: budget ?? Self.defaultBudget) { $0.start(code) }
    case .bound(let code):
      return code.run(in: frame, budget: budget) { $0.start(code, in: frame) }
    case .compiled(let code): return code.run(in: frame, budget: budget ?? Self.defaultBudget)
    }
  }

  /// What runs the program. One that is compiled runs in the interpreter where a run has a budget.
  public var engine: ProgramEngine { code.engine }

  /// The bytes of its machine code, if it is compiled.
  public var codeSize: Int? {
    if case .compiled(let code) = code { code.image.code.count } else { nil }
  }
}

extension LoadedProgram {
  /// Whether a frame has the program's context. Apart, so that only the programs of hosts' own contexts pay for it.
  @inline(never)
  private func hasContext(of frame: ExecutionFrame) -> Bool { frame.layout == layout }
}

extension CheckedCode {
  /// Runs the code in a frame from a slot on.
  ///
  /// - Parameter start: makes the machine ready.
  func run(
    in frame: ExecutionFrame, from slot: Int = 0, budget: Int, _ start: (CheckedMachine) -> Void
  ) -> Outcome {
    let machine = frame.checkedMachine(for: self)
    frame.forgetEffects()
    start(machine)
    let result = CheckedInterpreter.run(machine, from: slot, budget: budget)
    machine.end()
    if let fault = result.fault {
      return Outcome(fault, instructions: result.executed, in: frame)
    }
    return Outcome(returnValue: result.value, instructions: result.executed, in: frame)
  }
}

extension InterpreterCode {
  /// Runs the code in a frame from its first instruction on, or from another slot.
  ///
  /// - Parameter start: makes the machine ready.
  @inline(__always)
  func run(
    in frame: ExecutionFrame, from slot: Int = 0, budget: Int?,
    _ start: (InterpreterMachine) -> Void
  ) -> Outcome {
    // SAFETY: the frame keeps its machine.
    let machine = unsafe frame.answeringMachine ?? frame.makeInterpreterMachine(for: self)
    return unsafe machine._withUnsafeGuaranteedRef { machine in
      frame.forgetEffects()
      start(machine)
      let first = unsafe instructions + slot
      if let budget { return unsafe machine.run(first, budget: budget, in: frame) }
      let ending = unsafe Interpreter.run(machine, from: first)
      guard ending == .exited else {
        return machine.outcome(ending, instructions: nil, in: frame)
      }
      machine.finish()
      return Outcome(returnValue: machine.registers[0], instructions: nil, in: frame)
    }
  }
}

extension CompiledCode {
  /// Runs the code in a frame.
  @inline(__always)
  fileprivate func run(in frame: ExecutionFrame) -> Outcome {
    // SAFETY: the frame keeps its machine; it was made for a program of this type.
    let machine = unsafe frame.answeringNativeMachine ?? frame.makeNativeMachine(for: self)
    return unsafe machine._withUnsafeGuaranteedRef { machine in
      frame.forgetEffects()
      let value = unsafe machine.header.run(
        entry, of: .passUnretained(self), workerLimit: workerLimit, in: frame)
      machine.finish()
      return Outcome(returnValue: value, instructions: nil, in: frame)
    }
  }

  /// Runs the program in the interpreter, which counts instructions.
  @inline(never)
  fileprivate func run(in frame: ExecutionFrame, budget: Int) -> Outcome {
    let code = forInterpreter
    return code.run(in: frame, budget: budget) { $0.start(code, in: frame) }
  }
}

extension InterpreterMachine {
  /// Runs what it is ready for, counting instructions.
  @inline(never)
  @unsafe
  fileprivate func run(_ first: Next, budget: Int, in frame: ExecutionFrame) -> Outcome {
    allow(budget)
    let allowed = max(min(budget, Interpreter.maximumBudget), 0)
    var remaining = allowed
    let ending = unsafe Interpreter.run(self, from: first, remaining: &remaining)
    let executed = allowed - remaining
    guard ending == .exited else {
      return outcome(ending, instructions: executed, in: frame)
    }
    finish()
    return Outcome(returnValue: registers[0], instructions: executed, in: frame)
  }

  /// Ends a run that came to no end of its own.
  @inline(never)
  fileprivate func outcome(
    _ ending: Interpreter.Ending, instructions: Int?, in frame: ExecutionFrame
  ) -> Outcome {
    defer { finish() }
    guard let fault = fault(ending) else {
      preconditionFailure("a run ends at its exit or with a fault")
    }
    return Outcome(fault, instructions: instructions, in: frame)
  }
}

extension ExecutionFrame {
  /// Makes what an earlier run did to the outside not this one's.
  @inline(__always)
  func forgetEffects() {
    if hasEffects { removeEffects() }
  }

  @inline(never)
  private func removeEffects() {
    redirect = nil
    clones.removeAll()
    traceLines.removeAll()
    hasEffects = false
  }

  /// The state that runs of unverified programs use, made at the first.
  fileprivate func checkedMachine(for code: CheckedCode) -> CheckedMachine {
    if let machine, unsafe answeringMachine == nil && answeringNativeMachine == nil {
      return machine
    }
    let machine = machine ?? CheckedMachine(frame: self, code: code)
    self.machine = machine
    unsafe answeringMachine = nil
    unsafe answeringNativeMachine = nil
    callStack = { [unowned machine] in machine.callStack }
    memoryReader = { [unowned machine] address, limit in
      machine.readableBytes(address, limit: limit)
    }
    return machine
  }

  /// The state that runs of verified programs use, made at the first.
  @inline(never)
  fileprivate func makeInterpreterMachine(
    for code: InterpreterCode
  ) -> Unmanaged<InterpreterMachine> {
    let machine = interpreterMachine ?? InterpreterMachine(frame: self, code: code)
    interpreterMachine = machine
    callStack = { [unowned machine] in machine.callStack }
    memoryReader = { [unowned machine] address, limit in
      machine.readableBytes(address, limit: limit)
    }
    let reference = unsafe Unmanaged.passUnretained(machine)
    unsafe answeringMachine = reference
    unsafe answeringNativeMachine = nil
    return unsafe reference
  }

  /// The state that runs of compiled programs use, made at the first.
  @inline(never)
  func makeNativeMachine(for code: CompiledCode) -> Unmanaged<NativeMachine> {
    let machine = nativeMachine ?? NativeMachine(frame: self, code: code)
    nativeMachine = machine
    return unsafe answer(with: machine)
  }

  /// Makes compiled programs those whose memory and calls helpers ask for.
  @discardableResult
  func answer(with machine: NativeMachine) -> Unmanaged<NativeMachine> {
    callStack = { [unowned machine] in machine.callStack }
    memoryReader = { [unowned machine] address, limit in
      machine.readableBytes(address, limit: limit)
    }
    let reference = unsafe Unmanaged.passUnretained(machine)
    unsafe answeringNativeMachine = reference
    unsafe answeringMachine = nil
    return unsafe reference
  }
}

/// Why a program or an object cannot be loaded.
public enum LoadError: Error, Hashable, Sendable {
  /// A program names another number of maps than it was given.
  case mapCount(program: String, expected: Int, found: Int)
  /// Programs of this type have no context in a process.
  case unsupportedType(program: String, ProgramType?)
  /// A program cannot be linked.
  case object(ObjectError)
  /// A map cannot be made.
  case map(MapError)
  /// A map is not as the one that the program was verified with.
  case mapDiffers(program: String, map: String)
  /// A helper of the host is not as the one that the program was verified with, or missing.
  case helperDiffers(program: String, HelperID)
  /// A live map that was to be shared is not as the object declares it.
  case sharedMapDiffers(String)
  /// A program is not proved safe.
  case rejected(Rejection)
  /// A program could not be rewritten.
  case rewriting(RewriteError)
  /// A program could not be compiled.
  case compiling(CompileError)
  /// There is no memory for a program's code.
  case codeMemory(program: String, CodePackError)
  /// A program has an instruction that verified and rewritten programs do not have.
  case unrunnable(program: String, slot: Int, UnrunnableReason)
}

/// Why the interpreter does not run a program.
public enum UnrunnableReason: Hashable, Sendable {
  /// An instruction that only the checked interpreter knows, or none, or that is a pass's to replace.
  case instruction(Instruction)
  /// A branch or a call to a slot that begins no instruction.
  case strayBranch(to: Int)
  /// A reference to what the program was not given.
  case reference(WideImmediate)
  /// A helper that the runtime does not have, or not for programs of this type.
  case helper(HelperID)
  /// More slots than a branch can lead over.
  case tooManySlots(Int)
}
