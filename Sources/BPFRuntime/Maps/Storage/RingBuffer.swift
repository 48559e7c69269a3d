import Synchronization

/// The memory of a `ringbuf`: records of any program in the order in which they were reserved
/// (Documentation/bpf/ringbuf.rst of the kernel describes the algorithm).
///
/// A record is a header of 8 bytes and its data, padded to 8 bytes. The kernel maps its ring twice in a row so that a record
/// is contiguous across the end; here the ring is followed by as many bytes again, into which such a record
/// reaches. Its bytes there belong to no other record, since those at the ring's start stay free for it.
///
/// A header holds the record's length and two flags, and where it lies in the ring: by that, as in the kernel, a record
/// leads to its ring, whose ``Control`` lies before the first record.
///
/// Positions count bytes ever produced or consumed.
@safe
final class RingBuffer: @unchecked Sendable {
  // `@unchecked`: positions and headers are atomic, and a record's bytes have one owner at a time: the program that
  // reserved it, then the host.
  private let memory: MappedMemory
  /// Where the first record lies.
  private let base: UnsafeMutableRawPointer
  private let mask: UInt64
  private let shared: UnsafeMutablePointer<Shared>
  /// The host's tasks that wait for records.
  let wakeUp = ConsumerWakeUp()

  /// Positions, those that programs and those that the host changes in lines of their own.
  private struct Shared: ~Copyable {
    /// Held while a record is reserved.
    let reserving = SpinLock()
    /// The oldest record that is not submitted yet.
    let pending = Atomic<UInt64>(0)
    let producer = Atomic<UInt64>(0)
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    let consumer = Atomic<UInt64>(0)
    let consuming = Mutex(())
    /// Reservations that failed for want of room.
    let lost = Atomic<Int>(0)
  }

  /// What a record leads to. It lives as long as the ring, whose parts it refers to.
  @unsafe
  private struct Control {
    let shared: UnsafeMutablePointer<Shared>
    let wakeUp: Unmanaged<ConsumerWakeUp>
    let mask: UInt64
    /// A page, so that the ring begins at one.
    static let size = 4096
  }

  static let headerSize = 8
  private static let busy: UInt32 = 1 << 31
  private static let discarded: UInt32 = 1 << 30
  /// The largest record: a quarter of what a length word holds.
  private static let maximumRecord = UInt64(UInt32.max / 4)

  /// - Parameter size: a power of two, and a multiple of the page size.
  init(size: Int, limits: MapLimits) throws(MapMemoryRefusal) {
    var plan = MemoryLayoutPlan()
    _ = unsafe plan.add(Control.size, stride: 1)
    _ = plan.add(size, stride: 2)
    memory = try MappedMemory(plan, limits: limits)
    mask = UInt64(size) - 1
    unsafe base = memory.base + Control.size
    unsafe shared = .allocate(capacity: 1)
    unsafe shared.initialize(to: Shared())
    let control = unsafe Control(
      shared: shared, wakeUp: .passUnretained(wakeUp), mask: mask)
    unsafe memory.base.initializeMemory(as: Control.self, to: control)
  }

  deinit {
    unsafe shared.deinitialize(count: 1)
    unsafe shared.deallocate()
  }

  /// The bytes of the ring.
  var size: Int { Int(mask) + 1 }

  /// All memory a record can lie in: the ring, and as much again.
  var region: (base: UnsafeMutableRawPointer, size: Int) { unsafe (base, 2 * size) }

  // SAFETY (whole type): positions are masked to the ring and multiples of 8, so that a header lies in the memory.

  @unsafe
  @inline(__always)
  private func header(_ position: UInt64) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + Int(position & mask)).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// What the second word of the header at a position holds: where the header lies in the ring, in 8 bytes.
  @inline(__always)
  private func place(_ position: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: (position & mask) >> 3)
  }

  @inline(__always)
  private static func span(_ length: UInt32) -> UInt64 {
    (UInt64(length & ~(busy | discarded)) + UInt64(headerSize) + 7) & ~7
  }

  /// Reserves a record; nil where it is too long or the ring has no room.
  @unsafe
  @inline(__always)
  func reserve(_ count: UInt64) -> UnsafeMutableRawPointer? {
    guard count <= Self.maximumRecord else { return nil }
    let length = UInt32(truncatingIfNeeded: count)
    let span = Self.span(length)
    guard span <= mask + 1 else { return nil }
    unsafe shared.pointee.reserving.lock()
    let consumed = unsafe shared.pointee.consumer.load(ordering: .acquiring)
    let start = unsafe shared.pointee.producer.load(ordering: .relaxed)
    var pending = unsafe shared.pointee.pending.load(ordering: .relaxed)
    while pending < start {
      let word = unsafe header(pending).pointee.load(ordering: .acquiring)
      if word & Self.busy != 0 { break }
      pending &+= Self.span(word)
    }
    unsafe shared.pointee.pending.store(pending, ordering: .relaxed)
    let end = start &+ span
    // The ring spans from the oldest record that is not consumed, and from the oldest not submitted.
    guard end &- consumed <= mask, end &- pending <= mask else {
      unsafe shared.pointee.reserving.unlock()
      _ = unsafe shared.pointee.lost.wrappingAdd(1, ordering: .relaxed)
      return nil
    }
    unsafe header(start).pointee.store(length | Self.busy, ordering: .relaxed)
    unsafe (header(start) + 1).pointee.store(place(start), ordering: .relaxed)
    unsafe shared.pointee.producer.store(end, ordering: .releasing)
    unsafe shared.pointee.reserving.unlock()
    return unsafe base + (Int(truncatingIfNeeded: start & mask) &+ Self.headerSize)
  }

  /// How a record that ends wakes a consumer (`BPF_RB_NO_WAKEUP`, `BPF_RB_FORCE_WAKEUP`); 0 where it does if the
  /// consumer has come to it.
  enum WakeUpFlags {
    static let never: UInt64 = 1
    static let always: UInt64 = 2
  }

  /// Ends a reservation: the host sees the record, or skips it. Wakes the host if it waits for this record, or as the
  /// flags say.
  ///
  /// SAFETY: the record was reserved in a ring that lives, and not ended since.
  @unsafe
  @inline(__always)
  static func release(_ record: UnsafeMutableRawPointer, isDiscarded: Bool, flags: UInt64) {
    let header = unsafe (record - headerSize).assumingMemoryBound(to: Atomic<UInt32>.self)
    let length = unsafe header.pointee.load(ordering: .relaxed) & ~busy
    let place = unsafe (header + 1).pointee.load(ordering: .relaxed)
    // A full barrier: what follows is read after the record is visible (``ConsumerWakeUp/wait(until:)``).
    _ = unsafe header.pointee.exchange(
      isDiscarded ? length | discarded : length, ordering: .sequentiallyConsistent)
    let offset = UInt64(place) << 3
    // SAFETY: the header says how far behind the ring's first record it lies.
    let control = unsafe (record - headerSize - Int(offset) - Control.size)
      .assumingMemoryBound(to: Control.self)
    let isWanted =
      if flags & WakeUpFlags.always != 0 {
        true
      } else if flags & WakeUpFlags.never != 0 {
        false
      } else {
        unsafe control.pointee.shared.pointee.consumer.load(ordering: .relaxed)
          & control.pointee.mask == offset
      }
    guard isWanted else { return }
    unsafe control.pointee.wakeUp._withUnsafeGuaranteedRef { wakeUp in
      if wakeUp.isAwaited { wakeUp.wake() }
    }
  }

  /// The length of the record that begins at an address, if it is reserved and not released yet.
  @unsafe
  func reservedCount(at address: UnsafeRawPointer) -> Int? {
    let distance = unsafe Int(bitPattern: address) - Int(bitPattern: base) - Self.headerSize
    guard distance >= 0, distance < size, distance % 8 == 0 else { return nil }
    let consumed = unsafe shared.pointee.consumer.load(ordering: .acquiring)
    let produced = unsafe shared.pointee.producer.load(ordering: .acquiring)
    let position = consumed + ((UInt64(distance) &- consumed) & mask)
    guard position < produced,
      unsafe (header(position) + 1).pointee.load(ordering: .relaxed) == place(position)
    else { return nil }
    let word = unsafe header(position).pointee.load(ordering: .relaxed)
    return word & Self.busy == 0 ? nil : Int(word & ~Self.busy)
  }

  /// How many reservations failed since the ring was made because there was no room.
  var lost: Int { unsafe shared.pointee.lost.load(ordering: .relaxed) }

  /// Whether there is a record, or a discarded one, that the consumer has not passed.
  var isReady: Bool {
    unsafe shared.pointee.consuming.withLock { _ in
      let position = unsafe shared.pointee.consumer.load(ordering: .sequentiallyConsistent)
      guard unsafe position < shared.pointee.producer.load(ordering: .sequentiallyConsistent) else {
        return false
      }
      return unsafe header(position).pointee.load(ordering: .sequentiallyConsistent) & Self.busy
        == 0
    }
  }

  /// What `bpf_ringbuf_query` tells.
  func query(_ what: UInt64) -> UInt64 {
    let consumed = unsafe shared.pointee.consumer.load(ordering: .acquiring)
    let produced = unsafe shared.pointee.producer.load(ordering: .acquiring)
    return switch what {
    case 0: produced - consumed
    case 1: UInt64(size)
    case 2: consumed
    case 3: produced
    default: 0
    }
  }

  /// Hands over at most `limit` submitted records in order, up to the first that is still reserved.
  func consume(limit: Int, _ body: (RawSpan) -> Void) {
    unsafe shared.pointee.consuming.withLock { _ in
      var left = limit
      var position = unsafe shared.pointee.consumer.load(ordering: .relaxed)
      while left > 0, unsafe position < shared.pointee.producer.load(ordering: .acquiring) {
        let word = unsafe header(position).pointee.load(ordering: .acquiring)
        if word & Self.busy != 0 { break }
        if word & Self.discarded == 0 {
          let start = unsafe base + (Int(position & mask) + Self.headerSize)
          let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(word))
          unsafe body(bytes.bytes)
          left -= 1
        }
        position += Self.span(word)
        unsafe shared.pointee.consumer.store(position, ordering: .releasing)
      }
    }
  }
}
