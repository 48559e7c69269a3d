import BPFPlatform

// SAFETY (whole file): maps are of the program, data is as large as the sizes beside it say, and records are reserved and
// not released yet: the engine checked all of it.

extension ExecutionFrame {
  /// Bits of the flags of `bpf_perf_event_output`.
  private enum EventFlags {
    /// The slot of the map, or all ones for the worker's own.
    static let index: UInt64 = 0xffff_ffff
    /// How many bytes of the packet to append.
    static let contextLength: UInt64 = 0xfffff << 32
  }

  /// `bpf_perf_event_output`: sends data, and for programs on packets as many bytes of the packet as the flags say.
  @unsafe
  func perfEventOutput(_ map: UInt64, flags: UInt64, data: UInt64, size: UInt64) -> UInt64 {
    let known =
      sendsPackets ? EventFlags.index | EventFlags.contextLength : EventFlags.index
    guard flags & ~known == 0 else { return KernelError.invalidArgument.result }
    let appended = Int((flags & EventFlags.contextLength) >> 32)
    guard appended <= packet.count, let base = unsafe packet.memory.baseAddress else {
      return KernelError.badAddress.result
    }
    let bytes = unsafe UnsafeRawBufferPointer(start: hostPointer(data), count: Int(size))
    let context = unsafe UnsafeRawBufferPointer(start: base + packet.start, count: appended)
    return unsafe withMap(map, or: KernelError.invalidArgument.result) { map in
      unsafe UInt64(
        bitPattern: map.outputEvent(
          flags: flags & EventFlags.index, worker: worker, data: bytes, context: context))
    }
  }

  /// Whether the context is a packet that events may carry a piece of.
  private var sendsPackets: Bool {
    switch type {
    case .xdp, .socketFilter, .schedCLS, .schedACT, .cgroupSKB, .lwtIn, .lwtOut, .lwtXmit,
      .lwtSeg6Local, .skSKB:
      true
    case .unspecified, .kprobe, .tracepoint, .perfEvent, .cgroupSock, .sockOps, .cgroupDevice,
      .skMsg, .rawTracepoint, .cgroupSockAddr, .lircMode2, .skReuseport, .flowDissector,
      .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .tracing, .structOps, .ext, .lsm,
      .skLookup, .syscall, .netfilter, .raw, .seccomp, .hostDefined:
      false
    }
  }

  @unsafe
  func ringBufferOutput(_ map: UInt64, data: UInt64, size: UInt64, flags: UInt64) -> UInt64 {
    let bytes = unsafe UnsafeRawBufferPointer(start: hostPointer(data), count: Int(size))
    return unsafe withMap(map, or: KernelError.invalidArgument.result) { map in
      unsafe UInt64(bitPattern: map.outputRecord(bytes, flags: flags))
    }
  }

  @unsafe
  @inline(never)
  func ringBufferReserve(_ map: UInt64, size: UInt64, flags: UInt64) -> UInt64 {
    unsafe withMap(map, or: 0) { map in
      unsafe programBits(map.reserveRecord(count: size, flags: flags))
    }
  }

  @unsafe
  @inline(never)
  func ringBufferSubmit(_ record: UInt64, flags: UInt64) -> UInt64 {
    if let record = unsafe hostPointer(record) { unsafe Map.submitRecord(record, flags: flags) }
    return 0
  }

  @unsafe
  func ringBufferDiscard(_ record: UInt64, flags: UInt64) -> UInt64 {
    if let record = unsafe hostPointer(record) { unsafe Map.discardRecord(record, flags: flags) }
    return 0
  }

  @unsafe
  func ringBufferQuery(_ map: UInt64, _ what: UInt64) -> UInt64 {
    unsafe withMap(map, or: 0) { map in map.queryRing(what) }
  }
}
