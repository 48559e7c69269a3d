import BPFPlatform

/// What maps send to the host, as asynchronous sequences.
extension Map {
  /// The records of a ring buffer as they come, each taken out of it when the iterator comes to it.
  ///
  /// An iterator sleeps while there is no record, and is woken as a kernel's consumer is: by the record it has come to,
  /// unless that was submitted with `BPF_RB_NO_WAKEUP`, and by each with `BPF_RB_FORCE_WAKEUP`. The sequence ends when
  /// the task is cancelled; it never does of itself. Of several iterators each record goes to one. For other kinds of
  /// map it is empty.
  public var recordStream: RingRecordStream { RingRecordStream(map: self) }

  /// The events of a `perf_event_array` as they come, of each worker in the order in which they were sent, and how many
  /// were lost.
  ///
  /// An iterator is woken by every event, as with `wakeup_events` of 1. It ends as ``recordStream`` does.
  public var eventStream: MapEventStream { MapEventStream(map: self) }
}

/// The records of a ring buffer as they come. See ``Map/recordStream``.
public struct RingRecordStream: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = Never

  let map: Map

  public func makeAsyncIterator() -> Iterator { Iterator(map: map) }

  public struct Iterator: AsyncIteratorProtocol {
    let map: Map

    /// The next record; nil once the task is cancelled, and for a map that is no ring buffer.
    public mutating func next() async -> [UInt8]? {
      guard case .ring(let ring) = map.storage else { return nil }
      var records = map.records
      while !Task.isCancelled {
        if let record = records.next() { return record }
        await ring.wakeUp.wait { ring.isReady }
      }
      return nil
    }
  }
}

/// The events of a `perf_event_array` as they come. See ``Map/eventStream``.
public struct MapEventStream: AsyncSequence, Sendable {
  public typealias Failure = Never

  public enum Element: Hashable, Sendable {
    case event(MapEvent)
    /// So many events of a worker were lost since the last of this, because its buffer was full.
    case lost(worker: Int, count: Int)
  }

  let map: Map

  public func makeAsyncIterator() -> Iterator { Iterator(map: map) }

  public struct Iterator: AsyncIteratorProtocol {
    private let map: Map
    /// The worker whose buffer is looked at first, so that none has to wait for another that sends without end.
    private var worker = 0
    /// How many lost events of each worker were told.
    private var told: [Int]

    init(map: Map) {
      self.map = map
      told = []
    }

    /// The next event or count; nil once the task is cancelled, and for a map that is no `perf_event_array`.
    public mutating func next() async -> Element? {
      guard case .events(let buffers) = map.storage, let first = buffers.first else { return nil }
      if told.isEmpty { told = Array(repeating: 0, count: buffers.count) }
      while !Task.isCancelled {
        for _ in buffers.indices {
          let current = worker
          worker = (worker + 1) % buffers.count
          let lost = buffers[current].lost
          if lost > told[current] {
            defer { told[current] = lost }
            return .lost(worker: current, count: lost - told[current])
          }
          if let bytes = buffers[current].takeFirst() {
            return .event(MapEvent(worker: current, bytes: bytes))
          }
        }
        await first.wakeUp.wait { !buffers.allSatisfy(\.isEmpty) }
      }
      return nil
    }
  }
}
