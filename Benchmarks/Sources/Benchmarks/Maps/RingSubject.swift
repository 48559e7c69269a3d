import BPFKit

/// A ring buffer that is emptied outside of what is timed.
struct RingSubject {
  private let map: Map
  private let frame = ExecutionFrame(type: .xdp, layout: nil)
  private let records = 50_000

  init() throws {
    map = try Map(
      MapSpec(name: "events", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4 << 20))
  }

  private func time(_ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<30 {
      let start = clock.now
      for _ in 0..<records { body() }
      best = min(best, (clock.now - start) / .nanoseconds(records))
      var taken = 0
      map.forEachRecord { _ in taken += 1 }
      precondition(taken == records, "every record came through")
    }
    return best
  }

  func reserveTime() -> Double {
    let bits = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque()))
    return time {
      let record = unsafe frame.callHelper(.ringBufferReserve, bits, 64, 0, 0, 0)
      // SAFETY: a record of 64 bytes was reserved.
      unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(record))?.pointee = record
      _ = unsafe frame.callHelper(.ringBufferSubmit, record, 0, 0, 0, 0)
    }
  }

  func outputTime() -> Double {
    let bits = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque()))
    let data = [UInt64](repeating: 1, count: 8)
    // SAFETY: the data has 64 bytes.
    return unsafe data.withUnsafeBytes { data in
      let start = UInt64(UInt(bitPattern: data.baseAddress))
      return time { _ = unsafe frame.callHelper(.ringBufferOutput, bits, start, 64, 0, 0) }
    }
  }
}
