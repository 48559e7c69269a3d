import BPFPlatform

/// Ring buffers: what programs do through helpers, and how the host takes records.
extension Map {
  /// `bpf_ringbuf_reserve`: a record of `count` bytes, or nil where there is no room, `flags` are not 0, or the map is no
  /// ring buffer.
  @unsafe
  func reserveRecord(count: UInt64, flags: UInt64) -> UnsafeMutableRawPointer? {
    guard case .ring(let ring) = unsafe path, flags == 0 else { return nil }
    return unsafe ring._withUnsafeGuaranteedRef { unsafe $0.reserve(count) }
  }

  /// `bpf_ringbuf_submit`: hands a reserved record to the host, and wakes it as the flags say.
  ///
  /// SAFETY: the record was reserved and not submitted or discarded since (``recordSize(at:)``).
  @unsafe
  static func submitRecord(_ record: UnsafeMutableRawPointer, flags: UInt64 = 0) {
    unsafe RingBuffer.release(record, isDiscarded: false, flags: flags)
  }

  /// `bpf_ringbuf_discard`: as ``submitRecord(_:)``, but the host skips the record.
  @unsafe
  static func discardRecord(_ record: UnsafeMutableRawPointer, flags: UInt64 = 0) {
    unsafe RingBuffer.release(record, isDiscarded: true, flags: flags)
  }

  /// `bpf_ringbuf_output`: 0, `-EINVAL` for unknown flags, `-EAGAIN` where there is no room.
  @unsafe
  func outputRecord(_ data: UnsafeRawBufferPointer, flags: UInt64) -> Int64 {
    guard case .ring(let ring) = unsafe path else { return MapErrno.invalidArgument.result }
    // BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP.
    guard flags & ~3 == 0 else { return MapErrno.invalidArgument.result }
    let reserved = unsafe ring._withUnsafeGuaranteedRef { ring in
      unsafe ring.reserve(UInt64(data.count))
    }
    guard let record = unsafe reserved else {
      return MapErrno.tryAgain.result
    }
    unsafe UnsafeMutableRawBufferPointer(start: record, count: data.count).copyMemory(from: data)
    unsafe RingBuffer.release(record, isDiscarded: false, flags: flags)
    return 0
  }

  /// `bpf_ringbuf_query`: 0 what is not consumed, 1 the ring's size, 2 and 3 the consumer's and the producer's position,
  /// all in bytes; 0 for anything else.
  func queryRing(_ what: UInt64) -> UInt64 {
    guard case .ring(let ring) = storage else { return 0 }
    return ring.query(what)
  }

  /// The size of the record that begins at an address, if it is reserved and neither submitted nor discarded.
  @unsafe
  func recordSize(at address: UnsafeRawPointer) -> Int? {
    guard case .ring(let ring) = storage else { return nil }
    return unsafe ring.reservedCount(at: address)
  }

  /// The memory in which records lie, for bounds checks; nil for other kinds.
  var ringMemory: (base: UnsafeMutableRawPointer, size: Int)? {
    guard case .ring(let ring) = storage else { return nil }
    return unsafe ring.region
  }

  /// Takes all submitted records out of a ring buffer, in the order in which they were reserved.
  ///
  /// A record that is still reserved holds back those after it. Empty for other kinds.
  ///
  /// - Complexity: O(*n*), *n* the records' bytes.
  public func takeRecords() -> [[UInt8]] {
    var records: [[UInt8]] = []
    forEachRecord { record in
      unsafe records.append(record.withUnsafeBytes { unsafe [UInt8]($0) })
    }
    return records
  }

  /// Takes submitted records out of a ring buffer, in order, without copying them.
  ///
  /// - Parameters:
  ///   - limit: the most records to take.
  ///   - body: given each record's bytes while they are still in the ring; must not take records itself.
  public func forEachRecord(limit: Int = .max, _ body: (RawSpan) -> Void) {
    guard case .ring(let ring) = storage else { return }
    ring.consume(limit: limit, body)
  }

  /// How many records programs could not reserve or output since the map was made because the ring had no room.
  ///
  /// 0 for other kinds.
  public var lostRecords: Int {
    guard case .ring(let ring) = storage else { return 0 }
    return ring.lost
  }

  /// The records of a ring buffer, each taken out of it when the iterator comes to it.
  public var records: RingRecords { RingRecords(map: self) }
}

/// Records of a ring buffer in order; iterating consumes them.
public struct RingRecords: Sequence, IteratorProtocol {
  let map: Map

  /// The next submitted record; nil where there is none, or where the next is still reserved.
  public mutating func next() -> [UInt8]? {
    var record: [UInt8]?
    map.forEachRecord(limit: 1) { bytes in
      unsafe record = bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
    return record
  }
}
