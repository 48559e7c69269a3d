import Synchronization

/// The events that programs on one worker sent through a `perf_event_array`, until the host takes them.
final class EventBuffer: Sendable {
  private let state = Mutex(State())
  private let capacity: Int
  /// The host's tasks that wait for events, of all buffers of the map.
  let wakeUp: ConsumerWakeUp

  private struct State {
    var isOpen = true
    var events: [[UInt8]] = []
    /// How many of ``events``, from the front, are taken.
    var taken = 0
    /// The bytes the events would take of a kernel's buffer.
    var used = 0
    var lost = 0
  }

  init(capacity: Int, wakeUp: ConsumerWakeUp) {
    self.capacity = capacity
    self.wakeUp = wakeUp
  }

  /// The bytes an event takes of a kernel's buffer: a header of 8 bytes, a size of 4, the data, and padding to 8.
  private static func span(_ length: Int) -> Int { (8 + 4 + length).roundedUpTo8 }

  /// Adds an event made of two pieces, and wakes the host if it waits.
  ///
  /// SAFETY: the pieces are readable.
  @unsafe
  func append(_ data: UnsafeRawBufferPointer, _ context: UnsafeRawBufferPointer?) -> MapErrno? {
    let length = unsafe data.count + (context?.count ?? 0)
    let needed = Self.span(length)
    let refusal = state.withLock { state -> MapErrno? in
      guard state.isOpen else { return .noEntry }
      guard needed <= capacity - state.used else {
        state.lost += 1
        return .noSpace
      }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(length)
      unsafe bytes.append(contentsOf: data)
      if let context = unsafe context { unsafe bytes.append(contentsOf: context) }
      state.events.append(bytes)
      state.used += needed
      return nil
    }
    // The lock orders this after the host's look into the buffer, or the event before it.
    if refusal == nil, wakeUp.isAwaited { wakeUp.wake() }
    return refusal
  }

  func take() -> [[UInt8]] {
    state.withLock { state in
      let events = Array(state.events.dropFirst(state.taken))
      state.events = []
      state.taken = 0
      state.used = 0
      return events
    }
  }

  /// Takes the oldest event.
  func takeFirst() -> [UInt8]? {
    state.withLock { state in
      guard state.taken < state.events.count else { return nil }
      let event = state.events[state.taken]
      state.events[state.taken] = []
      state.taken += 1
      state.used -= Self.span(event.count)
      // The places of taken events go once they are as many as those that are left.
      if 2 * state.taken > state.events.count {
        state.events.removeFirst(state.taken)
        state.taken = 0
      }
      return event
    }
  }

  var isEmpty: Bool { state.withLock { $0.taken == $0.events.count } }

  var lost: Int { state.withLock { $0.lost } }

  /// Whether programs can send events; what was sent stays.
  var isOpen: Bool {
    get { state.withLock { $0.isOpen } }
    set { state.withLock { $0.isOpen = newValue } }
  }
}
