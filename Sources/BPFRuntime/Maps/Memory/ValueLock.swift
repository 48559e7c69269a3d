import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The `struct bpf_spin_lock` in a map's value: a word of 4 bytes, 0 while nobody holds it.
///
/// Programs take it with `bpf_spin_lock`, hosts and programs alike with updates that ask for it (`BPF_F_LOCK`). Whoever
/// holds it calls nothing, so that it is given back within one program's budget.
enum ValueLock {
  /// Waits until the lock is free and takes it.
  ///
  /// SAFETY: the address is of a lock in a map's value, aligned to 4.
  @unsafe
  static func acquire(_ address: UnsafeMutableRawPointer) {
    let word = unsafe address.assumingMemoryBound(to: Atomic<UInt32>.self)
    var turns = 0
    while true {
      if unsafe word.pointee.compareExchange(
        expected: 0, desired: 1, successOrdering: .acquiring, failureOrdering: .relaxed
      ).exchanged {
        return
      }
      turns += 1
      // The holder may wait for this very processor.
      if turns >= 64 { sched_yield() }
    }
  }

  /// Runs `body` while the lock is held.
  ///
  /// SAFETY: as for ``acquire(_:)``.
  @unsafe
  static func withLock(_ address: UnsafeMutableRawPointer, _ body: () -> Void) {
    unsafe acquire(address)
    body()
    unsafe release(address)
  }

  /// Gives the lock back.
  ///
  /// SAFETY: as for ``acquire(_:)``, and the caller holds the lock.
  @unsafe
  static func release(_ address: UnsafeMutableRawPointer) {
    unsafe address.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.store(
      0, ordering: .releasing)
  }
}
