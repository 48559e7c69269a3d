import Synchronization

/// The memory of a `user_ringbuf`: samples that hosts submit, and one program at a time drains.
///
/// A sample takes the room it takes in the kernel: a header of 8 bytes and its data, padded to 8 bytes. The ring is followed by as
/// many bytes again, into which a sample at its end reaches. Positions count bytes ever produced or consumed.
@safe
final class UserRing: SpecialTable, @unchecked Sendable {
  // `@unchecked`: positions are atomic, hosts take turns, and a sample's bytes have one owner at a time: the host that
  // submits it, then the program that drains it.
  private let memory: MappedMemory
  private let size: Int
  /// Held while a host submits a sample.
  private let submitting = Mutex(())
  private let producer = Atomic<UInt64>(0)
  private let consumer = Atomic<UInt64>(0)
  /// Whether a program drains the ring.
  private let isBusy = Atomic(false)
  /// The hosts' tasks that wait for room.
  let wakeUp = ConsumerWakeUp()

  private static let headerSize = 8

  /// - Parameter size: a power of two, and a multiple of the page size.
  init(size: Int, limits: MapLimits) throws(MapMemoryRefusal) {
    var plan = MemoryLayoutPlan()
    _ = plan.add(size, stride: 2)
    memory = try MappedMemory(plan, limits: limits)
    self.size = size
  }

  // SAFETY (whole type): positions are masked to the ring, and no sample is longer than it, so that a sample lies in the memory.

  @unsafe
  private func address(_ position: UInt64) -> UnsafeMutableRawPointer {
    unsafe memory.base + Int(position & UInt64(size - 1))
  }

  /// The bytes that a sample takes, at most ``size``; nil where it never fits, or is longer than a dynptr says.
  private func span(_ count: Int) -> UInt64? {
    guard count <= min(size - Self.headerSize, Dynptr.maximumSize) else { return nil }
    return UInt64((count + Self.headerSize).roundedUpTo8)
  }

  // MARK: The host

  /// Adds a sample: `E2BIG` for one that never fits, `ENOSPC` where there is no room now.
  func submit(_ sample: [UInt8]) -> MapErrno? {
    guard let span = span(sample.count) else { return .tooBig }
    return submitting.withLock { _ in
      let start = producer.load(ordering: .relaxed)
      guard span <= UInt64(size) - (start &- consumer.load(ordering: .acquiring)) else {
        return .noSpace
      }
      let header = unsafe address(start)
      unsafe header.storeBytes(of: UInt64(sample.count), as: UInt64.self)
      unsafe sample.withUnsafeBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(start: header + Self.headerSize, count: bytes.count)
          .copyMemory(from: bytes)
      }
      producer.store(start &+ span, ordering: .releasing)
      return nil
    }
  }

  /// Whether there is room for a sample that fits the ring.
  func hasRoom(_ count: Int) -> Bool {
    guard let span = span(count) else { return true }
    let produced = producer.load(ordering: .sequentiallyConsistent)
    // The consumer never passes the producer, but it may have gone on since the load before.
    let consumed = consumer.load(ordering: .sequentiallyConsistent)
    return consumed >= produced || span <= UInt64(size) - (produced - consumed)
  }

  // MARK: Programs

  /// Makes the caller the one that drains the ring; false where another is.
  func beginDraining() -> Bool {
    isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing)
      .exchanged
  }

  /// Linux's `BPF_MAX_USER_RINGBUF_SAMPLES`: the most samples of one drain.
  static let maximumSamples: UInt64 = 128 << 10

  /// Whether a drain may have these flags: those about waking hosts.
  static func allows(flags: UInt64) -> Bool {
    flags & ~(RingBuffer.WakeUpFlags.never | RingBuffer.WakeUpFlags.always) == 0
  }

  /// Lets others drain the ring after so many samples, and wakes hosts that wait for room as the flags say.
  func endDraining(samples: UInt64, flags: UInt64) {
    endDraining()
    let isWanted =
      flags & RingBuffer.WakeUpFlags.always != 0
      || (flags & RingBuffer.WakeUpFlags.never == 0 && samples > 0)
    if isWanted, wakeUp.isAwaited { wakeUp.wake() }
  }

  /// All memory a sample can lie in.
  var region: (base: UnsafeMutableRawPointer, size: Int) { unsafe (memory.base, 2 * size) }

  func endDraining() { isBusy.store(false, ordering: .releasing) }

  /// The oldest sample, which stays there; nil where there is none. For the one that drains the ring.
  @unsafe
  func oldest() -> (start: UnsafeMutableRawPointer, count: Int)? {
    let position = consumer.load(ordering: .relaxed)
    guard position < producer.load(ordering: .acquiring) else { return nil }
    let header = unsafe address(position)
    // Programs cannot reach headers: this is what ``submit(_:)`` wrote.
    return unsafe (header + Self.headerSize, Int(header.load(as: UInt64.self)))
  }

  /// Gives the room of the oldest sample back. For the one that drains the ring.
  func dropOldest(count: Int) {
    guard let span = span(count) else { return }
    // A full barrier: what follows asks whether a host waits (``ConsumerWakeUp/wait(until:)``).
    _ = consumer.wrappingAdd(span, ordering: .sequentiallyConsistent)
  }

  func explanation(of number: MapErrno) -> String? { "a user_ringbuf has no entries" }
}
