import BPFISA
import BPFJIT
import BPFPlatform
import BPFRewriter

/// The state of compiled programs while they run: one per ``ExecutionFrame``, made once and used for any number of runs.
///
/// The programs themselves keep nothing here: they have the processor's registers, and stacks in the run area.
@safe
final class NativeMachine {
  /// SAFETY: the frame owns the machine and hands it to no one else.
  unowned(unsafe) let frame: ExecutionFrame
  private let memory: MappedMemory
  let area: RunArea
  let header: NativeHeader
  private let state: UnsafeMutablePointer<State>

  init(frame: ExecutionFrame, code: CompiledCode) {
    unsafe self.frame = frame
    memory = RunArea.reserve()
    area = RunArea(in: memory)
    header = unsafe NativeHeader(area.base)
    unsafe header.frame = Unmanaged.passUnretained(frame)
    // SAFETY: this memory belongs to the machine and is freed with it.
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
    unsafe header.code = .passUnretained(code)
  }

  deinit {
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// What changes while programs run, in memory of its own, as ``InterpreterMachine`` has it.
  @safe
  private struct State {
    var tailCalls = TailCalls<CompiledCode>()
    /// The helpers that wait for a callback, innermost last.
    var walks: [(map: UInt64, walk: ElementWalk)] = []
  }

  /// Gives back what a run kept: the programs it called.
  @inline(__always)
  func finish() {
    if header.keepsSomething { release() }
  }

  @inline(never)
  private func release() {
    unsafe state.pointee.tailCalls.end()
    unsafe state.pointee.walks.removeAll()
    header.keepsSomething = false
  }

  /// The programs of the run: the one started or last called, then those that tail calls left for it, the last one first.
  var codes: [CompiledCode] {
    // SAFETY: the program that was started is alive, and so are those that tail calls lead to.
    unsafe [header.code.takeUnretainedValue()]
      + state.pointee.tailCalls.left.reversed().map { unsafe $0.takeUnretainedValue() }
  }

  /// Where elements are that callbacks run on, innermost last.
  var walks: [(map: UInt64, walk: ElementWalk)] {
    get { unsafe state.pointee.walks }
    _modify { yield unsafe &state.pointee.walks }
  }

  // MARK: Tail calls

  /// The entry of the program in a slot of a program array, whose registers are left in the header; 0 where there is none, or
  /// the run may make no more tail calls.
  @unsafe
  func tailCall(_ map: UInt64, index: UInt32, _ header: NativeHeader) -> UInt64 {
    guard area.hasRoom(for: header.framePointer),
      let target = unsafe state.pointee.tailCalls.target(map, index, worker: frame.worker)
    else { return 0 }
    header.keepsSomething = true
    switch target {
    case .checked: return 0
    case .bound(let code):
      // It runs to its end here, and returns for the program that called it.
      let outcome = unsafe code.run(in: frame, budget: nil) { unsafe $0.start(code, in: frame) }
      unsafe frame.answer(with: self)
      header.setArguments(outcome.returnValue, 0)
      return NativeCalls.interpreted.address
    case .compiled(let code):
      unsafe state.pointee.tailCalls.leave(header.code)
      unsafe header.code = .passUnretained(code)
      unsafe precondition(
        frame.worker < code.workerLimit, "every map of a program has a slot for its worker")
      let (r1, r2) = unsafe frame.nativeArguments
      header.setArguments(r1, r2)
      return UInt64(code.installed.address)
    }
  }
}
