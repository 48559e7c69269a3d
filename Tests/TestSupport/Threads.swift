import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Runs `body` on so many threads of their own at once, with the number of each, and waits for all.
///
/// Tasks would do where nobody waits for another: there are no more threads for those than processors.
public func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
  guard count > 0 else { return }
  await withCheckedContinuation { done in
    let left = Countdown(count)
    for index in 0..<count {
      let work = ThreadWork {
        body(index)
        if left.isLast() { done.resume() }
      }
      // SAFETY: the thread takes over the reference it is given.
      let argument = unsafe Unmanaged.passRetained(work).toOpaque()
      #if canImport(Darwin)
      var thread: pthread_t?
      #else
      var thread = pthread_t()
      #endif
      let result = unsafe pthread_create(
        &thread, nil,
        { argument in
          #if canImport(Darwin)
          unsafe Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().run()
          #else
          guard let argument = unsafe argument else { return nil }
          unsafe Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().run()
          #endif
          return nil
        }, argument)
      precondition(result == 0, "a thread can be made")
      #if canImport(Darwin)
      if let thread = unsafe thread { unsafe pthread_detach(thread) }
      #else
      pthread_detach(thread)
      #endif
    }
  }
}

private final class Countdown: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) { left = Atomic(count) }

  func isLast() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

private final class ThreadWork: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
