import BPFPlatform

// SAFETY (whole file): a timer argument is the host's address of a timer in a value of the map whose reference is beside
// it, which the engine checked.

extension ExecutionFrame {
  /// Flags of `bpf_timer_start`.
  private enum TimerFlags {
    static let absolute: UInt64 = 1
    /// Where a timer runs is the host's choice.
    static let pinned: UInt64 = 2
  }

  /// `bpf_timer_init`. The low four bits of the flags choose the clock, and there are no others.
  @unsafe
  func initializeTimer(_ timer: UInt64, _ map: UInt64, flags: UInt64) -> UInt64 {
    guard let clock = HostClock.Kind(timerClock: flags) else {
      return KernelError.invalidArgument.result
    }
    return unsafe withTimer(timer, map) { (timers, address) throws(KernelError) in
      unsafe try timers.make(address, clock: clock)
      return 0
    }
  }

  /// `bpf_timer_start`.
  @unsafe
  func startTimer(_ timer: UInt64, _ map: UInt64, after nanoseconds: UInt64, flags: UInt64)
    -> UInt64
  {
    guard flags & ~(TimerFlags.absolute | TimerFlags.pinned) == 0 else {
      return KernelError.invalidArgument.result
    }
    return unsafe withTimer(timer, map) { (timers, address) throws(KernelError) in
      unsafe try timers.start(
        address, nanoseconds, isAbsolute: flags & TimerFlags.absolute != 0, now: clock)
      return 0
    }
  }

  /// `bpf_timer_set_callback`.
  @unsafe
  func setTimerFunction(_ timer: UInt64, _ map: UInt64, _ function: TimerTable.Function) -> UInt64 {
    unsafe withTimer(timer, map) { (timers, address) throws(KernelError) in
      unsafe try timers.setFunction(function, of: address)
      return 0
    }
  }

  /// `bpf_timer_cancel`: 1 for a timer that was started, 0 for one that was not.
  @unsafe
  func cancelTimer(_ timer: UInt64, _ map: UInt64) -> UInt64 {
    let isOwn = runningTimer != 0 && UInt64(runningTimer) == timer
    return unsafe withTimer(timer, map) { (timers, address) throws(KernelError) in
      if isOwn { throw .deadlock }
      return unsafe try timers.cancel(address) ? 1 : 0
    }
  }

  @unsafe
  private func withTimer(
    _ timer: UInt64, _ map: UInt64,
    _ body: (TimerTable, UnsafeMutableRawPointer) throws(KernelError) -> UInt64
  ) -> UInt64 {
    guard let address = unsafe hostPointer(timer) else { return KernelError.invalidArgument.result }
    return unsafe withMap(map, or: KernelError.invalidArgument.result) { map in
      do throws(KernelError) {
        return unsafe try body(map.state.timers, address)
      } catch {
        return error.result
      }
    }
  }
}
