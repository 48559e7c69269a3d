import Synchronization

/// The memory of a `ringbuf`: records of any program in the order in which they were reserved
/// (Documentation/bpf/ringbuf.rst of the kernel describes the algorithm).
///
/// A record is a header of 8 bytes and its data, padded to 8 bytes. The kernel maps its ring twice in a row so that a record
/// is contiguous across the end; here the ring is followed by as many bytes again, into which such a record
/// reaches. Its bytes there belong to no other record, since those at the ring's start stay free for it.
///
/// Positions count bytes ever produced or consumed.
@safe
final class RingBuffer: @unchecked Sendable {
  // `@unchecked`: positions and headers are atomic, and a record's bytes have one owner at a time: the program that
  // reserved it, then the host.
  private let memory: MappedMemory
  private let mask: UInt64
  private let shared: UnsafeMutablePointer<Shared>
  /// What headers prove their origin with.
  private let secret: UInt64

  private struct Shared: ~Copyable {
    /// Of the oldest record that is not submitted yet.
    let pending = Mutex<UInt64>(0)
    let producer = Atomic<UInt64>(0)
    let consumer = Atomic<UInt64>(0)
    let consuming = Mutex(())
  }

  static let headerSize = 8
  private static let busy: UInt32 = 1 << 31
  private static let discarded: UInt32 = 1 << 30
  /// The largest record: a quarter of what a length word holds.
  private static let maximumRecord = UInt64(UInt32.max / 4)

  /// - Parameter size: a power of two, and a multiple of the page size.
  init(size: Int, limits: MapLimits) throws(MapMemoryRefusal) {
    var plan = MemoryLayoutPlan()
    _ = plan.add(size, stride: 2)
    memory = try MappedMemory(plan, limits: limits)
    mask = UInt64(size) - 1
    secret = UInt64.random(in: .min ... .max)
    unsafe shared = .allocate(capacity: 1)
    unsafe shared.initialize(to: Shared())
  }

  deinit {
    unsafe shared.deinitialize(count: 1)
    unsafe shared.deallocate()
  }

  /// The bytes of the ring.
  var size: Int { Int(mask) + 1 }

  /// All memory a record can lie in: the ring, and as much again.
  var region: (base: UnsafeMutableRawPointer, size: Int) { unsafe (memory.base, 2 * size) }

  // SAFETY (whole type): positions are masked to the ring and multiples of 8, so that a header lies in the memory.

  @unsafe
  @inline(__always)
  private func header(_ position: UInt64) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (memory.base + Int(position & mask)).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// What the second word of the header at a position holds, hard to guess for a program.
  @inline(__always)
  private func proof(_ position: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: ((position ^ secret) &* 0x9e37_79b9_7f4a_7c15) >> 32)
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
    let consumed = unsafe shared.pointee.consumer.load(ordering: .acquiring)
    let position = unsafe shared.pointee.pending.withLock { pending -> UInt64? in
      let start = unsafe shared.pointee.producer.load(ordering: .relaxed)
      while pending < start {
        let word = unsafe header(pending).pointee.load(ordering: .acquiring)
        if word & Self.busy != 0 { break }
        pending += Self.span(word)
      }
      let end = start + span
      // The ring spans from the oldest record that is not consumed, and from the oldest not submitted.
      guard end - consumed <= mask, end - pending <= mask else { return nil }
      unsafe header(start).pointee.store(length | Self.busy, ordering: .relaxed)
      unsafe (header(start) + 1).pointee.store(proof(start), ordering: .relaxed)
      unsafe shared.pointee.producer.store(end, ordering: .releasing)
      return start
    }
    guard let position else { return nil }
    return unsafe memory.base + (Int(position & mask) + Self.headerSize)
  }

  /// Ends a reservation: the host sees the record, or skips it.
  @unsafe
  @inline(__always)
  static func release(_ record: UnsafeMutableRawPointer, isDiscarded: Bool) {
    let header = unsafe (record - headerSize).assumingMemoryBound(to: Atomic<UInt32>.self)
    let length = unsafe header.pointee.load(ordering: .relaxed) & ~busy
    unsafe header.pointee.store(isDiscarded ? length | discarded : length, ordering: .releasing)
  }

  /// The length of the record that begins at an address, if it is reserved and not released yet.
  @unsafe
  func reservedCount(at address: UnsafeRawPointer) -> Int? {
    let distance = unsafe Int(bitPattern: address) - Int(bitPattern: memory.base) - Self.headerSize
    guard distance >= 0, distance < size, distance % 8 == 0 else { return nil }
    let consumed = unsafe shared.pointee.consumer.load(ordering: .acquiring)
    let produced = unsafe shared.pointee.producer.load(ordering: .acquiring)
    let position = consumed + ((UInt64(distance) &- consumed) & mask)
    guard position < produced,
      unsafe (header(position) + 1).pointee.load(ordering: .relaxed) == proof(position)
    else { return nil }
    let word = unsafe header(position).pointee.load(ordering: .relaxed)
    return word & Self.busy == 0 ? nil : Int(word & ~Self.busy)
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
          let start = unsafe memory.base + (Int(position & mask) + Self.headerSize)
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
