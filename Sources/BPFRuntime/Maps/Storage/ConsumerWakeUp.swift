import Synchronization

/// Wakes the host's tasks that wait for records of a map.
///
/// Whoever adds a record asks ``isAwaited`` first, which costs one load; the list of tasks is locked only where some wait.
final class ConsumerWakeUp: Sendable {
  private let awaited = Atomic(false)
  private let waiting = Mutex(Waiting())

  private struct Waiting {
    var continuations: [(ticket: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    var nextTicket: UInt64 = 0
  }

  /// Whether a task waits. To be read after the record is visible: see ``wait(until:)``.
  @inline(__always)
  var isAwaited: Bool { awaited.load(ordering: .sequentiallyConsistent) }

  /// Wakes every task that waits.
  func wake() {
    let continuations = waiting.withLock { waiting in
      awaited.store(false, ordering: .relaxed)
      defer { waiting.continuations.removeAll() }
      return waiting.continuations
    }
    for waiter in continuations { waiter.continuation.resume() }
  }

  /// Waits for a wake-up, unless there is something already; returns at once where the task is cancelled.
  ///
  /// The task says that it waits, and looks once more, in this order; whoever adds a record makes it visible, and asks
  /// whether a task waits, in this order. With a full barrier between the two steps of each, one of them sees the other.
  func wait(until isReady: () -> Bool) async {
    let ticket = waiting.withLock { waiting in
      waiting.nextTicket += 1
      return waiting.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting.withLock { waiting in
          waiting.continuations.append((ticket, continuation))
          awaited.store(true, ordering: .sequentiallyConsistent)
        }
        if Task.isCancelled || isReady() { end(ticket) }
      }
    } onCancel: {
      end(ticket)
    }
  }

  /// Ends the wait of one task, if it waits still.
  private func end(_ ticket: UInt64) {
    let continuation = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
      guard let index = waiting.continuations.firstIndex(where: { $0.ticket == ticket }) else {
        return nil
      }
      defer { awaited.store(!waiting.continuations.isEmpty, ordering: .relaxed) }
      return waiting.continuations.remove(at: index).continuation
    }
    continuation?.resume()
  }
}
