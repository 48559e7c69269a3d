import Synchronization

/// The `struct bpf_timer`s in a map's values.
///
/// A value's timer holds a number that only helpers write. It is this table's as long as the value holds the number: who
/// puts another value in its place, or deletes the element, ends it, as in the kernel.
///
/// SAFETY (whole type): timers are given by their address in a value of the map, which has at least 8 bytes aligned to 8
/// and lives as long as the map.
final class TimerTable: Sendable {
  private let state = Mutex(State())

  private struct State {
    var timers: [UInt: MapTimer] = [:]
    /// When timers may be due, the earliest first; some of it is out of date.
    var queue = DeadlineQueue()
    var lastNumber: UInt64 = 0

    /// Makes the queue anew where most of it is out of date.
    mutating func compact() {
      guard queue.count > 2 * timers.count + 64 else { return }
      queue = DeadlineQueue()
      for (address, timer) in timers {
        timers[address]?.queued = timer.deadline
        if let deadline = timer.deadline { queue.insert(deadline, address) }
      }
    }
  }

  /// A function of a program that a timer calls.
  struct Function {
    let code: LoadedCode
    let slot: Int
  }

  struct MapTimer {
    let number: UInt64
    let clock: HostClock.Kind
    var function: Function?
    /// When it is to be called, in nanoseconds of its clock; nil while it is not started.
    var deadline: UInt64?
    /// The earliest entry for it in the queue, or nil.
    var queued: UInt64?
  }

  /// Whether the value there still holds the timer's number.
  @unsafe
  private static func holds(_ timer: MapTimer, _ address: UnsafeMutableRawPointer) -> Bool {
    unsafe cell(address).pointee.load(ordering: .relaxed) == timer.number
  }

  @unsafe
  private static func cell(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<
    Atomic<UInt64>
  > {
    unsafe address.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Changes a timer; nil where none was made there.
  @unsafe
  private func change<Result: Sendable>(
    _ address: UnsafeMutableRawPointer,
    _ body: (inout MapTimer, inout DeadlineQueue) throws(KernelError) -> Result
  ) throws(KernelError) -> Result {
    let key = UInt(bitPattern: address)
    return try state.withLock { (state) throws(KernelError) -> Result in
      guard var timer = state.timers[key], unsafe Self.holds(timer, address) else {
        state.timers[key] = nil
        throw .invalidArgument
      }
      defer { state.timers[key] = timer }
      return try body(&timer, &state.queue)
    }
  }

  // MARK: Helpers

  /// `bpf_timer_init`.
  @unsafe
  func make(_ address: UnsafeMutableRawPointer, clock: HostClock.Kind) throws(KernelError) {
    let key = UInt(bitPattern: address)
    try state.withLock { (state) throws(KernelError) in
      if let timer = state.timers[key], unsafe Self.holds(timer, address) { throw .busy }
      state.lastNumber += 1
      state.timers[key] = MapTimer(number: state.lastNumber, clock: clock)
      unsafe Self.cell(address).pointee.store(state.lastNumber, ordering: .relaxed)
    }
  }

  /// `bpf_timer_set_callback`.
  @unsafe
  func setFunction(
    _ function: Function, of address: UnsafeMutableRawPointer
  ) throws(KernelError) {
    unsafe try change(address) { timer, _ in timer.function = function }
  }

  /// `bpf_timer_start`.
  ///
  /// - Parameter isAbsolute: whether `nanoseconds` is a time of the timer's clock, and not counted from now.
  @unsafe
  func start(
    _ address: UnsafeMutableRawPointer, _ nanoseconds: UInt64, isAbsolute: Bool, now: HostClock
  ) throws(KernelError) {
    unsafe try change(address) { (timer, queue) throws(KernelError) in
      guard timer.function != nil else { throw .invalidArgument }
      var deadline = nanoseconds
      if !isAbsolute {
        let (sum, overflow) = now.nanoseconds(timer.clock).addingReportingOverflow(nanoseconds)
        deadline = overflow ? .max : sum
      }
      timer.deadline = deadline
      if timer.queued.map({ deadline < $0 }) ?? true {
        queue.insert(deadline, UInt(bitPattern: address))
        timer.queued = deadline
      }
    }
    state.withLock { $0.compact() }
  }

  /// `bpf_timer_cancel`: whether the timer was started. It has to be given a function anew.
  @unsafe
  func cancel(_ address: UnsafeMutableRawPointer) throws(KernelError) -> Bool {
    unsafe try change(address) { timer, _ in
      timer.function = nil
      defer { timer.deadline = nil }
      return timer.deadline != nil
    }
  }

  // MARK: The host

  /// The time at which the next timer may be due, or nil where none is started.
  var nextDeadline: UInt64? { state.withLock { $0.queue.first?.deadline } }

  /// Ends all timers.
  func removeAll() {
    let removed = state.withLock { state in
      defer {
        state.timers = [:]
        state.queue = DeadlineQueue()
      }
      return state.timers
    }
    // Programs go after the lock is free.
    _ = consume removed
  }

  /// The addresses of all timers that are due, those due first at the front.
  func dueTimers(_ now: HostClock) -> [UInt] {
    state.withLock { state in
      var due: [(deadline: UInt64, address: UInt)] = []
      var seen: Set<UInt> = []
      var later: [(deadline: UInt64, address: UInt)] = []
      // Clocks differ: an entry is looked at when the clock that is ahead of all others has reached it.
      let latest = HostClock.Kind.ofTimers.map(now.nanoseconds).max() ?? 0
      while let first = state.queue.first, first.deadline <= latest {
        state.queue.removeFirst()
        guard var timer = state.timers[first.address] else { continue }
        if timer.queued == first.deadline { timer.queued = nil }
        defer { state.timers[first.address] = timer }
        guard let deadline = timer.deadline, !seen.contains(first.address) else { continue }
        if deadline <= now.nanoseconds(timer.clock) {
          due.append((deadline, first.address))
          seen.insert(first.address)
        } else if timer.queued == nil {
          later.append((deadline, first.address))
          timer.queued = deadline
        }
      }
      for entry in later { state.queue.insert(entry.deadline, entry.address) }
      // What is due stays queued until it is taken, lest a callback that is never run loses it.
      for entry in due {
        state.queue.insert(entry.deadline, entry.address)
        state.timers[entry.address]?.queued = entry.deadline
      }
      return due.sorted { $0.deadline < $1.deadline }.map(\.address)
    }
  }

  /// Takes a timer that is still due, which is then not started any more; its function.
  ///
  /// - Parameter isLive: whether the element of the value is still in its map.
  @unsafe
  func takeDue(
    _ address: UnsafeMutableRawPointer, _ now: HostClock, isLive: () -> Bool
  ) -> Function? {
    let key = UInt(bitPattern: address)
    return state.withLock { state in
      guard var timer = state.timers[key] else { return nil }
      guard unsafe Self.holds(timer, address), isLive() else {
        state.timers[key] = nil
        return nil
      }
      guard let deadline = timer.deadline, deadline <= now.nanoseconds(timer.clock) else {
        return nil
      }
      timer.deadline = nil
      state.timers[key] = timer
      return timer.function
    }
  }
}
