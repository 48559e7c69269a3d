/// A program and the frame it runs in, brought together once for any number of runs: the shortest way into compiled code.
///
///     let entry = ProgramEntry(program, in: frame)
///     try frame.load(packet)
///     let verdict = entry.run()
///
/// What runs do besides returning a value is in the frame, until the next run.
@safe
public struct ProgramEntry: ~Copyable {
  public let program: LoadedProgram
  public let frame: ExecutionFrame
  private let native: Native?

  /// What compiled code is entered with. The program keeps its code, and the frame its machine.
  @safe
  private struct Native {
    let entry: NativeEntry
    let code: Unmanaged<CompiledCode>
    let workerLimit: Int
    let header: NativeHeader
    let machine: Unmanaged<NativeMachine>
  }

  /// - Precondition: the frame was made for programs of this type, and its worker is less than each map's `workers`.
  public init(_ program: LoadedProgram, in frame: ExecutionFrame) {
    precondition(program.code.fits(frame), "a frame runs programs of the type it was made for")
    self.program = program
    self.frame = frame
    if case .compiled(let code) = program.code {
      let machine = unsafe frame.makeNativeMachine(for: code)
      native = unsafe Native(
        entry: code.entry, code: .passUnretained(code), workerLimit: code.workerLimit,
        header: machine._withUnsafeGuaranteedRef { $0.header }, machine: machine)
    } else {
      native = nil
    }
  }

  /// Runs the program on the frame's packet and context.
  ///
  /// - Returns: All 64 bits of r0; 0 where the run was ended by a fault, which only programs have that are not compiled.
  /// - Complexity: O(*n*), *n* the instructions executed.
  public func run() -> UInt64 {
    guard let native,
      unsafe frame.answeringNativeMachine?.toOpaque() == native.machine.toOpaque()
    else { return program.run(frame).returnValue }
    frame.forgetEffects()
    let value = unsafe native.header.run(
      native.entry, of: native.code, workerLimit: native.workerLimit, in: frame)
    if native.header.keepsSomething {
      unsafe native.machine._withUnsafeGuaranteedRef { $0.finish() }
    }
    return value
  }
}
