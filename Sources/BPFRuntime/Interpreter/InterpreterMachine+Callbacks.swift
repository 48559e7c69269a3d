import BPFISA
import BPFPlatform

// Helpers that choose the instruction to go on with. A callback runs in the interpreter's loop as a local call does: it
// returns to an instruction of the machine's, at which the helper goes on. What the helpers do with what a verifier refuses
// does not matter here.
extension InterpreterMachine {
  /// A helper that waits for its callback.
  @safe
  struct Callback {
    /// The function's first instruction.
    let entry: Next
    /// The instruction after the helper's call.
    let next: Next
    /// What the program passes through to the callback.
    let context: UInt64
    var work: Work

    /// What is left to do.
    enum Work {
      /// `bpf_loop`: the index of the invocation, and how many there are.
      case loop(index: UInt32, count: UInt32)
      /// `bpf_for_each_map_elem`: the bits of the map, where the walk is, and how many elements it saw.
      case elements(map: UInt64, walk: ElementWalk, count: UInt64)
      /// `bpf_user_ringbuf_drain`: the ring, how many samples the callback was given, and the last one's size.
      case samples(UserRing, flags: UInt64, count: UInt64, size: Int)
    }
  }

  /// Does a helper that is control flow; the instruction to go on with.
  @unsafe
  @inline(never)
  func callControlFlow(_ helper: HelperID, _ next: Next) -> Next {
    unsafe self.next = next
    let r = registers
    switch helper {
    case .tailCall: return unsafe tailCall(next)
    case .loop: return unsafe loop(next)
    case .forEachMapElement: return unsafe forEachElement(next)
    case .userRingBufferDrain: return unsafe drainSamples(next)
    case .timerInit:
      r[0] = unsafe frame.initializeTimer(r[1], r[2], flags: r[3])
    case .timerSetCallback:
      r[0] = unsafe setTimerFunction(r[1], entry: r[2])
    case .timerStart:
      r[0] = unsafe frame.startTimer(r[1], map(ofTimerAt: r[1]), after: r[2], flags: r[3])
    case .timerCancel:
      r[0] = unsafe frame.cancelTimer(r[1], map(ofTimerAt: r[1]))
    default: preconditionFailure("the engine's own helpers are those that change control flow")
    }
    return unsafe next
  }

  /// Ends a helper without calling the program.
  @unsafe
  private func finish(_ result: UInt64, _ next: Next) -> Next {
    registers[0] = result
    return unsafe next
  }

  @unsafe
  private func entry(_ address: UInt64) -> Next? {
    unsafe hostPointer(address)?.assumingMemoryBound(to: BoundInstruction.self)
  }

  /// Waits for a callback, whose arguments are in registers.
  @unsafe
  private func wait(_ callback: Callback) -> Next {
    callbacks.append(callback)
    keepsSomething = true
    return unsafe enter(callback.entry)
  }

  @unsafe
  private func enter(_ entry: Next) -> Next {
    unsafe enterFunction(returningTo: endOfCallback) ? entry : fail(.callDepthExceeded)
  }

  // MARK: bpf_loop

  @unsafe
  private func loop(_ next: Next) -> Next {
    let count = registers[low: 1]
    let context = registers[3]
    guard registers[4] == 0, let entry = unsafe entry(registers[2]) else {
      return unsafe finish(KernelError.invalidArgument.result, next)
    }
    guard count <= CheckedMachine.maximumLoops else {
      return unsafe finish(KernelError.tooBig.result, next)
    }
    guard count > 0 else { return unsafe finish(0, next) }
    registers[1] = 0
    registers[2] = context
    return unsafe wait(
      Callback(
        entry: entry, next: next, context: context, work: .loop(index: 0, count: count)))
  }

  // MARK: bpf_for_each_map_elem

  @unsafe
  private func forEachElement(_ next: Next) -> Next {
    guard registers[4] == 0, let entry = unsafe entry(registers[2]) else {
      return unsafe finish(KernelError.invalidArgument.result, next)
    }
    unsafe callbacks.append(
      Callback(
        entry: entry, next: next, context: registers[3],
        work: .elements(map: registers[1], walk: ElementWalk(), count: 0)))
    keepsSomething = true
    return unsafe enterNextElement()
  }

  /// Gives the innermost callback the next element of its map, or ends its helper.
  @unsafe
  private func enterNextElement() -> Next {
    let last = callbacks.count - 1
    let callback = callbacks[last]
    guard case .elements(let map, var walk, let count) = callback.work,
      let bits = unsafe hostPointer(map)
    else { preconditionFailure("a walk over elements waits for its callback") }
    walk.bucketsLeft = bucketsLeft
    // SAFETY: the program's maps live as long as the run.
    let element = unsafe Unmanaged<Map>.fromOpaque(bits)
      ._withUnsafeGuaranteedRef { unsafe $0.nextElement(of: &walk, worker: frame.worker) }
    bucketsLeft = walk.bucketsLeft
    guard let element = unsafe element else {
      if bucketsLeft < 0 { return unsafe fail(.budgetExhausted(budget)) }
      return unsafe finishCallback(count)
    }
    unsafe callbacks[last].work = .elements(map: map, walk: walk, count: count + 1)
    let entered = unsafe enter(callback.entry)
    registers[1] = map
    if let key = unsafe element.key {
      registers[2] = UInt64(UInt(bitPattern: key))
    } else {
      registers[2] = unsafe keepArgument((UInt64(walk.index), 0))
    }
    registers[3] = unsafe UInt64(UInt(bitPattern: element.value))
    registers[4] = callback.context
    return unsafe entered
  }

  /// Keeps what the running callback is given; its address.
  @unsafe
  private func keepArgument(_ words: (UInt64, UInt64)) -> UInt64 {
    unsafe FrameRecord.of(registers[10]).pointee.argument = words
    return unsafe registers[10] &+ UInt64(FrameRecord.argumentOffset)
  }

  // MARK: bpf_user_ringbuf_drain

  @unsafe
  private func drainSamples(_ next: Next) -> Next {
    let flags = registers[4]
    guard UserRing.allows(flags: flags), let bits = unsafe hostPointer(registers[1]),
      let entry = unsafe entry(registers[2]),
      let ring = unsafe Unmanaged<Map>.fromOpaque(bits)
        ._withUnsafeGuaranteedRef({ $0.sampleRing })
    else { return unsafe finish(KernelError.invalidArgument.result, next) }
    guard ring.beginDraining() else { return unsafe finish(KernelError.busy.result, next) }
    unsafe callbacks.append(
      Callback(
        entry: entry, next: next, context: registers[3],
        work: .samples(ring, flags: flags, count: 0, size: 0)))
    keepsSomething = true
    return unsafe enterNextSample()
  }

  /// Gives the innermost callback the next sample, or ends its helper.
  @unsafe
  private func enterNextSample() -> Next {
    let last = callbacks.count - 1
    let callback = callbacks[last]
    guard case .samples(let ring, let flags, let count, _) = callback.work else {
      preconditionFailure("a drain of samples waits for its callback")
    }
    guard count < UserRing.maximumSamples, let sample = unsafe ring.oldest() else {
      ring.endDraining(samples: count, flags: flags)
      return unsafe finishCallback(count)
    }
    unsafe callbacks[last].work = .samples(
      ring, flags: flags, count: count + 1, size: sample.count)
    let entered = unsafe enter(callback.entry)
    // SAFETY: the ring keeps the sample where it is until it is dropped.
    let dynptr = unsafe Dynptr(data: sample.start, count: sample.count)
    registers[1] = unsafe keepArgument(unsafeBitCast(dynptr, to: (UInt64, UInt64).self))
    registers[2] = callback.context
    return unsafe entered
  }

  /// Lets others drain the rings that the run was draining when it was ended. The samples it was at stay there.
  func abandonDrains() {
    for callback in callbacks {
      if case .samples(let ring, _, _, _) = callback.work { ring.endDraining() }
    }
  }

  // MARK: The end of a callback

  /// Goes on with the helper whose callback returned.
  @unsafe
  @inline(never)
  func endCallback() -> Next {
    let last = callbacks.count - 1
    let callback = callbacks[last]
    unsafe next = callback.next
    let isLast = registers[0] != 0
    switch callback.work {
    case .loop(let index, let count):
      let following = index + 1
      guard !isLast, following < count else { return unsafe finishCallback(UInt64(following)) }
      unsafe callbacks[last].work = .loop(index: following, count: count)
      registers[1] = UInt64(following)
      registers[2] = callback.context
      return unsafe enter(callback.entry)
    case .elements(_, _, let count):
      return unsafe isLast ? finishCallback(count) : enterNextElement()
    case .samples(let ring, let flags, let count, let size):
      ring.dropOldest(count: size)
      guard isLast else { return unsafe enterNextSample() }
      ring.endDraining(samples: count, flags: flags)
      return unsafe finishCallback(count)
    }
  }

  /// Ends the innermost helper that waits; what its caller goes on with.
  @unsafe
  private func finishCallback(_ result: UInt64) -> Next {
    registers[0] = result
    return unsafe callbacks.removeLast().next
  }
}
