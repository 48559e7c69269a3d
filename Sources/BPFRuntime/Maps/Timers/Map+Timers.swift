import BPFPlatform

/// One call of a timer's callback.
public struct TimerRun: Sendable {
  /// The name of the map whose element has the timer.
  public let map: String
  /// The element's key.
  public let key: [UInt8]
  /// What the callback did.
  public let outcome: Outcome
}

extension Map {
  /// The time in nanoseconds at which a timer in the map's values may be due next, or nil where none is started.
  ///
  /// By the clock the program chose for it, the monotonic one as a rule. A timer that was cancelled, put off or deleted
  /// meanwhile may make this earlier than it is.
  ///
  /// - Complexity: O(1).
  public var nextTimerDeadline: UInt64? { state.timers.nextDeadline }

  /// Calls the callbacks of all timers (`bpf_timer_start`) that are due, in the order of their times, on this thread.
  ///
  /// The runtime has no thread of its own: a host calls this when it sees fit, as often as it wants timers to be precise. A
  /// timer that its callback starts again is called again at the next call, however short its time.
  ///
  /// - Parameters:
  ///   - clock: the clocks that say what is due, and that callbacks read.
  ///   - worker: the slot of per-CPU maps that callbacks use.
  ///   - budget: the number of instructions after which a callback is ended with a fault.
  /// - Complexity: O(*n* log *n*), *n* the timers that are due, and what their callbacks do.
  public func runDueTimers(
    clock: HostClock = .system, worker: Int = 0, budget: Int = LoadedProgram.defaultBudget
  ) -> [TimerRun] {
    var frames: [ExecutionFrame] = []
    var runs: [TimerRun] = []
    for bits in state.timers.dueTimers(clock) {
      guard let address = unsafe UnsafeMutableRawPointer(bitPattern: bits),
        let element = unsafe element(ofTimerAt: address)
      else { continue }
      // SAFETY: the table has addresses of timers in this map's values.
      let function = unsafe state.timers.takeDue(address, clock) {
        unsafe element.key.withUnsafeBytes { key in
          guard let key = key.baseAddress else { return false }
          return unsafe present(key) == element.value
        }
      }
      guard let function else { continue }
      let known = frames.first { function.code.fits($0) }
      let frame = known ?? function.code.makeFrame(worker: worker)
      if known == nil { frames.append(frame) }
      frame.clock = clock
      frame.runningTimer = bits
      let outcome = unsafe function.code.runTimer(
        at: function.slot, of: self, key: element.key, value: element.value, in: frame,
        budget: budget)
      frame.runningTimer = 0
      unsafe runs.append(TimerRun(map: spec.name, key: element.key, outcome: outcome))
    }
    return runs
  }

  /// Ends all timers in the map's values. They keep the programs of their callbacks alive, and those their maps: a host
  /// that runs programs without an ``Engine`` calls this when it is done.
  public func cancelTimers() { state.timers.removeAll() }

  /// The value of a key, without marking it as used.
  @unsafe
  private func present(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    unsafe lookup(key, worker: 0)
  }

  /// The key and the value that a timer is in.
  @unsafe
  private func element(
    ofTimerAt address: UnsafeMutableRawPointer
  ) -> (key: [UInt8], value: UnsafeMutableRawPointer)? {
    guard let memory = valueMemory,
      let field = spec.specialFields.first(where: { $0.kind == .timer })
    else { return nil }
    let value = unsafe address - field.offset
    let distance = unsafe value - memory.base
    guard distance >= 0, distance % memory.stride == 0 else { return nil }
    let index = distance / memory.stride
    guard index < memory.count else { return nil }
    switch storage {
    case .array: return unsafe (Self.bytes(of: UInt32(truncatingIfNeeded: index)), value)
    case .hash(let table):
      let key = unsafe UnsafeRawBufferPointer(
        start: table.key(UInt32(truncatingIfNeeded: index)), count: spec.keySize)
      return unsafe ([UInt8](key), value)
    default: return nil
    }
  }
}
