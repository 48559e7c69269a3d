import Synchronization

/// The events that programs on one worker sent through a `perf_event_array`, until the host takes them.
final class EventBuffer: Sendable {
  private let state = Mutex(State())
  private let capacity: Int

  private struct State {
    var isOpen = true
    var events: [[UInt8]] = []
    /// The bytes the events would take of a kernel's buffer.
    var used = 0
    var lost = 0
  }

  init(capacity: Int) { self.capacity = capacity }

  /// Adds an event made of two pieces, as one record of the kernel's: a header of 8 bytes, a size of 4, the data, and
  /// padding to 8.
  ///
  /// SAFETY: the pieces are readable.
  @unsafe
  func append(_ data: UnsafeRawBufferPointer, _ context: UnsafeRawBufferPointer?) -> MapErrno? {
    let length = unsafe data.count + (context?.count ?? 0)
    let needed = (8 + 4 + length).roundedUpTo8
    return state.withLock { state in
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
  }

  func take() -> [[UInt8]] {
    state.withLock { state in
      let events = state.events
      state.events = []
      state.used = 0
      return events
    }
  }

  var lost: Int { state.withLock { $0.lost } }

  /// Whether programs can send events; what was sent stays.
  var isOpen: Bool {
    get { state.withLock { $0.isOpen } }
    set { state.withLock { $0.isOpen = newValue } }
  }
}
