import BPFPlatform

/// An event a program sent through a `perf_event_array`.
public struct MapEvent: Hashable, Sendable {
  /// The worker the program ran on.
  public let worker: Int
  /// What the program sent, without the padding that the kernel adds.
  public let bytes: [UInt8]
}

/// Perf event arrays.
///
/// The slot of every worker that the map has room for begins with a buffer open, as `perf_buffer__new` of libbpf leaves it.
extension Map {
  /// The index that stands for the worker's own slot (`BPF_F_CURRENT_CPU`), and the bits of the index.
  static let currentWorkerIndex: UInt64 = 0xffff_ffff

  /// `bpf_perf_event_output`: sends an event made of two pieces.
  ///
  /// - Parameter flags: the index in the low 32 bits; the helper has checked the others.
  /// - Returns: 0; `-E2BIG` beyond the map's entries; `-ENOENT` where the slot has no buffer; `-EOPNOTSUPP` for another
  ///   worker's slot; `-ENOSPC` where the buffer is full: the event is counted as lost.
  @unsafe
  func outputEvent(
    flags: UInt64, worker: Int, data: UnsafeRawBufferPointer,
    context: UnsafeRawBufferPointer? = nil
  ) -> Int64 {
    guard case .events(let buffers) = storage else { return MapErrno.invalidArgument.result }
    let wanted = flags & Self.currentWorkerIndex
    let index = wanted == Self.currentWorkerIndex ? worker : Int(wanted)
    guard index < spec.maxEntries else { return MapErrno.tooBig.result }
    guard buffers.indices.contains(index), buffers[index].isOpen else {
      return MapErrno.noEntry.result
    }
    guard index == worker else { return MapErrno.notSupportedByOperation.result }
    return unsafe buffers[index].append(data, context)?.result ?? 0
  }

  /// Takes all events out of a perf event array: each worker's in the order in which they were sent.
  ///
  /// Empty for other kinds.
  public func takeEvents() -> [MapEvent] {
    guard case .events(let buffers) = storage else { return [] }
    return buffers.enumerated().flatMap { worker, buffer in
      buffer.take().map { MapEvent(worker: worker, bytes: $0) }
    }
  }

  /// How many events of a worker, or of all, were lost since the map was made because the buffer was full.
  public func lostEvents(worker: Int? = nil) -> Int {
    guard case .events(let buffers) = storage else { return 0 }
    if let worker { return buffers.indices.contains(worker) ? buffers[worker].lost : 0 }
    return buffers.reduce(0) { $0 + $1.lost }
  }

  /// Opens or closes a worker's event buffer. Where it is closed, programs get `-ENOENT`.
  ///
  /// - Throws: ``MapError``: `ENOTSUPP` for other kinds, `E2BIG` where no worker has such a slot.
  public func setEventBuffer(open isOpen: Bool, worker: Int) throws(MapError) {
    guard case .events(let buffers) = storage else {
      throw error(.notSupported, "only a perf_event_array has event buffers")
    }
    guard worker < spec.maxEntries, buffers.indices.contains(worker) else {
      throw error(.tooBig, "there is no slot for worker \(worker)")
    }
    buffers[worker].isOpen = isOpen
  }
}
