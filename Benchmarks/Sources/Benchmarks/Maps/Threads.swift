import Glibc
import Synchronization

/// Runs `body` on so many threads at once: the nanoseconds from when all are ready until all are done.
func elapsedOnThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Double {
  let work = ThreadedWork(count: count, body)
  let threads = (0..<count).map { index -> pthread_t in
    var thread = pthread_t()
    let box = ThreadedWork.Share(work: work, index: index)
    // SAFETY: the thread takes over the reference it is given.
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let share = unsafe Unmanaged<ThreadedWork.Share>.fromOpaque(argument).takeRetainedValue()
        share.work.run(share.index)
        return nil
      }, Unmanaged.passRetained(box).toOpaque())
    precondition(result == 0, "a thread can be made")
    return thread
  }
  while work.ready.load(ordering: .acquiring) < count {}
  let start = ContinuousClock().now
  work.go.store(true, ordering: .releasing)
  for thread in threads { pthread_join(thread, nil) }
  return (ContinuousClock().now - start) / .nanoseconds(1)
}

private final class ThreadedWork: Sendable {
  let ready = Atomic(0)
  let go = Atomic(false)
  private let body: @Sendable (Int) -> Void

  init(count: Int, _ body: @escaping @Sendable (Int) -> Void) { self.body = body }

  func run(_ index: Int) {
    ready.add(1, ordering: .acquiringAndReleasing)
    while !go.load(ordering: .acquiring) {}
    body(index)
  }

  final class Share: Sendable {
    let work: ThreadedWork
    let index: Int

    init(work: ThreadedWork, index: Int) { (self.work, self.index) = (work, index) }
  }
}
