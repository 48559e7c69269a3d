import BPFISA
import BPFPlatform

// Helpers that call a function of the program. The interpreter's loop enters the function as it does a local call, and
// asks at the function's end whether to go on: there is no second loop, and one budget counts everything.
extension CheckedMachine {
  /// Linux's `BPF_MAX_LOOPS`: the most iterations of one `bpf_loop`.
  static let maximumLoops: UInt32 = 8 << 20

  /// A helper that waits for its callback.
  @safe
  struct Callback {
    let helper: HelperID
    /// The function's first instruction.
    let entry: UnsafeMutablePointer<DecodedInstruction>
    /// The depth of the function that called the helper.
    let depth: Int
    /// What the program passes through to the callback.
    let context: UInt64
    var work: Work

    /// What is left to do.
    enum Work {
      /// `bpf_loop`: the index of the invocation, and how many there are.
      case loop(index: UInt32, count: UInt32)
      /// `bpf_for_each_map_elem`: the region of the map, where the walk is, and how many elements it saw.
      case elements(map: Int, walk: ElementWalk, count: UInt64)
      /// `bpf_user_ringbuf_drain`: the region of the map, how many samples the callback was given, and the last one's region.
      case samples(map: Int, flags: UInt64, count: UInt64, sample: Int)
    }
  }

  /// The registers that a helper's callback is given, and its frame pointer; all for what calls none.
  static func callbackRegisters(_ helper: HelperID) -> UInt16 {
    switch helper {
    case .loop, .userRingBufferDrain: 0b100_0000_0110
    case .forEachMapElement: 0b100_0001_1110
    case .timerSetCallback, .findVMA: 0b100_0000_1110
    default: .max
    }
  }

  /// The instruction the innermost callback begins with.
  var callbackEntry: UnsafeMutablePointer<DecodedInstruction> {
    guard let callback = callbacks.last else {
      preconditionFailure("a callback is entered while its helper waits for it")
    }
    return unsafe callback.entry
  }

  // MARK: bpf_loop

  func loop(count: UInt32, entry: Int, context: UInt64, flags: UInt64) -> CallResult {
    guard flags == 0 else { return finish(KernelError.invalidArgument.result) }
    guard count <= Self.maximumLoops else { return finish(KernelError.tooBig.result) }
    guard count > 0 else { return finish(0) }
    unsafe callbacks.append(
      Callback(
        helper: .loop, entry: code.instructions + entry, depth: depth, context: context,
        work: .loop(index: 0, count: count)))
    enterLoop(0, context)
    return .callback
  }

  private func enterLoop(_ index: UInt32, _ context: UInt64) {
    unsafe registers[1] = UInt64(index)
    unsafe registers[2] = context
    initialized = Self.callbackRegisters(.loop)
  }

  // MARK: bpf_for_each_map_elem

  func forEachElement(ofMap map: Int, entry: Int, context: UInt64, flags: UInt64) -> CallResult {
    guard flags == 0 else { return finish(KernelError.invalidArgument.result) }
    unsafe callbacks.append(
      Callback(
        helper: .forEachMapElement, entry: code.instructions + entry, depth: depth,
        context: context, work: .elements(map: map, walk: ElementWalk(), count: 0)))
    switch enterNextElement() {
    case .entered: return .callback
    case .exhausted: return .failed
    case .end:
      callbacks.removeLast()
      return finish(0)
    }
  }

  private enum ElementStep {
    case entered
    /// There is no more element.
    case end
    /// The run's budget does not last until the next element.
    case exhausted
  }

  /// Gives the innermost callback the next element of its map.
  private func enterNextElement() -> ElementStep {
    let last = callbacks.count - 1
    guard case .elements(let number, var walk, let count) = callbacks[last].work else {
      return .end
    }
    walk.bucketsLeft = bucketsLeft
    // SAFETY: the region's map lives as long as the run.
    let element = unsafe Unmanaged<Map>.fromOpaque(regions[number].base)
      ._withUnsafeGuaranteedRef { unsafe $0.nextElement(of: &walk, worker: frame.worker) }
    bucketsLeft = walk.bucketsLeft
    guard let element = unsafe element else { return bucketsLeft < 0 ? .exhausted : .end }
    let argument = RegionNumber.firstArgument + callbacks[last].depth
    if let key = unsafe element.key {
      let size = unsafe regions[number].stride
      unsafe regions[argument] = Region(
        base: UnsafeMutableRawPointer(mutating: key), readable: size, kind: .mapKey,
        valueSize: size)
    } else {
      // An array's key is its index, kept where the callback's frame begins.
      let place = unsafe argumentWords(callbacks[last].depth)
      unsafe place.pointee = UInt64(walk.index)
      unsafe regions[argument] = Region(
        base: UnsafeMutableRawPointer(place), readable: 4, kind: .mapKey, valueSize: 4)
    }
    let base = unsafe regions[number + 1].base
    unsafe registers[1] = GuestAddress.make(region: number, offset: 0)
    unsafe registers[2] = GuestAddress.make(region: argument, offset: 0)
    unsafe registers[3] = GuestAddress.make(
      region: number + 1, offset: UInt64(element.value - base))
    unsafe registers[4] = callbacks[last].context
    initialized = Self.callbackRegisters(.forEachMapElement)
    callbacks[last].work = .elements(map: number, walk: walk, count: count + 1)
    return .entered
  }

  // MARK: The end of a callback

  enum CallbackEnd {
    /// The function that ended was no callback.
    case none
    /// With ``CheckedMachine/failure`` set.
    case failed
    /// The callback is to run again.
    case again
    /// The helper is done, and r0 its result.
    case finished
  }

  /// Goes on after a function ended whose caller is at a depth.
  func endCallback(above depth: Int) -> CallbackEnd {
    guard let callback = callbacks.last, callback.depth == depth else { return .none }
    guard initialized & 1 != 0 else {
      failure = .uninitializedRegister(.r0)
      return .failed
    }
    let answer = unsafe registers[0]
    guard answer <= 1 else {
      failure = .callbackResult(callback.helper, answer)
      return .failed
    }
    switch callback.work {
    case .loop(let index, let count):
      let next = index + 1
      if answer == 0, next < count {
        callbacks[callbacks.count - 1].work = .loop(index: next, count: count)
        enterLoop(next, callback.context)
        return .again
      }
      unsafe registers[0] = UInt64(next)
    case .elements(_, _, let count):
      if answer == 0 {
        switch enterNextElement() {
        case .entered: return .again
        case .exhausted: return .failed
        case .end: break
        }
      }
      unsafe registers[0] = count
      unsafe regions[RegionNumber.firstArgument + depth] = .empty(.none)
    case .samples(let map, let flags, let count, let sample):
      let end = endSample(map: map, flags: flags, count: count, sample: sample, isLast: answer == 1)
      guard case .finished = end else { return end }
    }
    callbacks.removeLast()
    return .finished
  }

  /// Ends a helper without calling the program.
  func finish(_ result: UInt64) -> CallResult {
    unsafe registers[0] = result
    initialized = initialized & ~0b11_1110 | 1
    return .returned
  }
}
