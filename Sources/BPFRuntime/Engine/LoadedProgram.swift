public import BPFISA
public import BPFObject
public import BPFPlatform

/// A program ready to run, with the live maps it refers to. Any number of threads may run it, each in a frame
/// of its own.
public final class LoadedProgram: Sendable {
  public let name: String
  public let type: ProgramType
  public let program: Program
  /// The maps of ``Program/mapNames``, in that order.
  public let maps: [Map]

  /// The program as the checked interpreter runs it.
  let checked: CheckedCode
  /// What has to live as long as a host may run this program.
  private let programArrays: ProgramArrays?

  /// The number of instructions a run may execute unless it is told otherwise.
  public static let defaultBudget = 1 << 26

  /// Prepares a program for the checked interpreter. No proof of safety is needed: every access is checked.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` if the maps are not those the program names.
  @_spi(Unverified)
  public init(unverified program: Program, type: ProgramType, maps: [Map]) throws(LoadError) {
    guard maps.count == program.mapNames.count else {
      throw LoadError.mapCount(
        program: program.name, expected: program.mapNames.count, found: maps.count)
    }
    name = program.name
    self.type = type
    self.program = program
    self.maps = maps
    programArrays = nil
    checked = CheckedCode(program, type: type, maps: maps, layout: ContextLayout(for: type))
  }

  /// The same program for a host, which keeps what its tail calls go through; or for an array, which does not.
  init(_ program: LoadedProgram, keeping programArrays: ProgramArrays?) {
    name = program.name
    type = program.type
    self.program = program.program
    maps = program.maps
    checked = program.checked
    self.programArrays = programArrays
  }

  /// The program as an array holds it: without what keeps the array's own programs.
  var bare: LoadedProgram { programArrays == nil ? self : LoadedProgram(self, keeping: nil) }

  /// A frame to run this program in, and any other of its type, on one thread at a time.
  ///
  /// - Parameter worker: the slot of per-CPU maps to use; less than the maps' `workers`.
  public func makeFrame(worker: Int = 0) -> ExecutionFrame {
    ExecutionFrame(type: type, layout: ContextLayout(for: type), worker: worker)
  }

  /// Runs the program on the frame's packet and context.
  ///
  /// - Precondition: the frame was made for this type, and its worker is less than each map's `workers`.
  /// - Complexity: O(*n*), *n* the instructions executed.
  /// - Parameter budget: the number of instructions after which the run is ended with a fault.
  public func run(_ frame: ExecutionFrame, budget: Int = defaultBudget) -> Outcome {
    precondition(frame.type == type, "a frame runs programs of the type it was made for")
    return checked.run(in: frame, budget: budget) { $0.start(checked) }
  }
}

extension CheckedCode {
  /// Runs the code in a frame from a slot on.
  ///
  /// - Parameter start: makes the machine ready.
  func run(
    in frame: ExecutionFrame, from slot: Int = 0, budget: Int, _ start: (CheckedMachine) -> Void
  ) -> Outcome {
    let machine = frame.checkedMachine(for: self)
    frame.redirect = nil
    if !frame.clones.isEmpty { frame.clones.removeAll() }
    frame.traceLines.removeAll()
    start(machine)
    let result = CheckedInterpreter.run(machine, from: slot, budget: budget)
    machine.end()
    return Outcome(
      returnValue: result.value, instructions: result.executed, fault: result.fault,
      redirect: frame.redirect, clones: frame.clones, traceLines: frame.traceLines)
  }
}

extension ExecutionFrame {
  /// The state this frame's runs use, made at the first.
  fileprivate func checkedMachine(for code: CheckedCode) -> CheckedMachine {
    if let machine { return machine }
    let made = CheckedMachine(frame: self, code: code)
    machine = made
    callStack = { [unowned made] in made.callStack }
    memoryReader = { [unowned made] address, limit in made.readableBytes(address, limit: limit) }
    return made
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
}
