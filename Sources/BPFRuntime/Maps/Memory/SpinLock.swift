import CBPFShims
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A lock of 4 bytes for a few instructions at a time; all zeros where it is free.
///
/// A `Mutex` costs a second atomic operation when it is given back, which is a quarter of an update's time.
struct SpinLock: ~Copyable {
  private let word = Atomic<UInt32>(0)

  @inline(__always)
  func tryLock() -> Bool {
    word.compareExchange(
      expected: 0, desired: 1, successOrdering: .acquiring, failureOrdering: .relaxed
    ).exchanged
  }

  @inline(__always)
  func lock() {
    if !tryLock() { wait() }
  }

  @inline(never)
  private func wait() {
    var turns = 0
    repeat { waitTurn(&turns) } while word.load(ordering: .relaxed) != 0 || !tryLock()
  }

  @inline(__always)
  func unlock() { word.store(0, ordering: .releasing) }
}

/// Waits a moment for another thread; after many moments lets others run.
func waitTurn(_ turns: inout Int) {
  turns += 1
  if turns < 64 {
    bpfkit_relax()
  } else {
    sched_yield()
  }
}

// SAFETY: callers give addresses, aligned to 8, of at least 8 bytes.

/// A word that other threads may write at the same time.
@unsafe
@inline(__always)
func loadShared(_ base: UnsafeMutableRawPointer, _ offset: Int) -> UInt64 {
  unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(
    ordering: .relaxed)
}

@unsafe
@inline(__always)
func storeShared(_ base: UnsafeMutableRawPointer, _ offset: Int, _ word: UInt64) {
  unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(
    word, ordering: .relaxed)
}
