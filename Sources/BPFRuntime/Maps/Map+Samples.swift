import BPFPlatform

/// User ring buffers: how the host gives samples to programs, which take them with `bpf_user_ringbuf_drain`.
extension Map {
  /// Adds a sample to a `user_ringbuf`, behind those that are not drained.
  ///
  /// A sample takes 8 bytes of the ring more than it has, rounded up to 8.
  ///
  /// - Complexity: O(*n*), *n* the sample's bytes.
  /// - Throws: ``MapError``: `E2BIG` for a sample that would not fit an empty ring, or of 16 MiB and more, which no dynptr
  ///   holds; `ENOSPC` where there is no room before a program drains samples; `EPERM` where the host may not write; `ENOTSUPP`
  ///   for other kinds.
  public func submitSample(_ sample: [UInt8]) throws(MapError) {
    let ring = try hostSampleRing()
    switch ring.submit(sample) {
    case nil: return
    case .noSpace?:
      throw error(.noSpace, "it has no room for a sample of \(sample.count) bytes now")
    case let number?:
      throw error(number, "a sample of \(sample.count) bytes is more than it can ever hold")
    }
  }

  /// Adds a sample to a `user_ringbuf`; waits for a program to make room where there is none.
  ///
  /// As in the kernel, a program that drains with `BPF_RB_NO_WAKEUP` leaves the host waiting.
  ///
  /// - Throws: as ``submitSample(_:)``; `ENOSPC` only where the task is cancelled.
  public func submitSampleWhenRoom(_ sample: [UInt8]) async throws(MapError) {
    let ring = try hostSampleRing()
    while !Task.isCancelled {
      switch ring.submit(sample) {
      case .noSpace?: await ring.wakeUp.wait { ring.hasRoom(sample.count) }
      case nil: return
      case .some: return try submitSample(sample)
      }
    }
    try submitSample(sample)
  }

  private func hostSampleRing() throws(MapError) -> UserRing {
    guard let ring = sampleRing else {
      throw error(.notSupported, "only a user_ringbuf takes samples")
    }
    try checkWritable()
    return ring
  }

  /// Where samples of the host are kept; nil for other kinds.
  var sampleRing: UserRing? {
    guard case .special(let ring as UserRing) = storage else { return nil }
    return ring
  }
}
