import BPFPlatform

// Helpers that call functions of the program, or keep them. What they do with what a verifier refuses does not matter here.
extension NativeMachine {
  /// What the program can reach by address.
  private var reachable: ReachableMemory {
    unsafe ReachableMemory(
      frame: frame, area: area, framePointer: header.framePointer, maps: codes.flatMap(\.maps),
      walks: walks)
  }

  /// The bytes at an address that may be read, up to a limit: fewer where what they are part of ends, nil where none may be.
  func readableBytes(_ address: UInt64, limit: Int) -> [UInt8]? {
    reachable.readableBytes(address, limit: limit)
  }

  /// Leaves in the frame of the callback where its helper was called.
  @unsafe
  func record(_ header: NativeHeader) {
    let callee = header.framePointer &+ UInt64(RunArea.frameStride)
    guard let record = unsafe hostPointer(callee) else { return }
    // SAFETY: a function that waits for a callback has one frame more.
    unsafe record.storeBytes(of: header.callSite, as: UInt64.self)
  }

  /// `bpf_for_each_map_elem`.
  @unsafe
  func forEachElement(
    of map: UInt64, context: UInt64, _ header: NativeHeader, _ callback: NativeCallback
  ) -> UInt64 {
    guard let bits = unsafe hostPointer(map) else { return KernelError.invalidArgument.result }
    let framePointer = header.framePointer
    unsafe record(header)
    let depth = walks.count
    var walk = ElementWalk()
    walks.append((map, walk))
    header.keepsSomething = true
    defer { walks.removeLast(walks.count - depth) }
    var count: UInt64 = 0
    while true {
      walk.bucketsLeft = .max
      // SAFETY: the program's maps live as long as the run.
      let element = unsafe Unmanaged<Map>.fromOpaque(bits)
        ._withUnsafeGuaranteedRef { unsafe $0.nextElement(of: &walk, worker: frame.worker) }
      guard let element = unsafe element else { return count }
      walks[depth].walk = walk
      count += 1
      let key =
        if let key = unsafe element.key {
          UInt64(UInt(bitPattern: key))
        } else {
          unsafe keepArgument((UInt64(walk.index), 0), above: framePointer)
        }
      let value = unsafe UInt64(UInt(bitPattern: element.value))
      if callback(map, key, value, context) != 0 { return count }
    }
  }

  /// Keeps what a callback is given in the frame it may take; its address.
  @unsafe
  private func keepArgument(_ words: (UInt64, UInt64), above framePointer: UInt64) -> UInt64 {
    let callee = framePointer &+ UInt64(RunArea.frameStride)
    unsafe FrameRecord.of(callee).pointee.argument = words
    return unsafe callee &+ UInt64(FrameRecord.argumentOffset)
  }

  /// `bpf_user_ringbuf_drain`.
  @unsafe
  func drainSamples(
    of ring: UserRing, context: UInt64, flags: UInt64, _ header: NativeHeader,
    _ callback: NativeCallback
  ) -> UInt64 {
    guard ring.beginDraining() else { return KernelError.busy.result }
    let framePointer = header.framePointer
    unsafe record(header)
    var count: UInt64 = 0
    while count < UserRing.maximumSamples, let sample = unsafe ring.oldest() {
      count += 1
      let size = unsafe sample.count
      // SAFETY: the ring keeps the sample where it is until it is dropped.
      let dynptr = unsafe Dynptr(data: sample.start, count: size)
      let words = unsafe unsafeBitCast(dynptr, to: (UInt64, UInt64).self)
      let isLast = unsafe callback(keepArgument(words, above: framePointer), context) != 0
      ring.dropOldest(count: size)
      if isLast { break }
    }
    ring.endDraining(samples: count, flags: flags)
    return count
  }

  /// The helpers of timers.
  @unsafe
  func callTimer(_ helper: HelperID, _ r1: UInt64, _ r2: UInt64, _ r3: UInt64) -> UInt64 {
    switch helper {
    case .timerInit: return unsafe frame.initializeTimer(r1, r2, flags: r3)
    case .timerStart:
      return unsafe frame.startTimer(r1, reachable.map(ofTimerAt: r1), after: r2, flags: r3)
    case .timerCancel: return unsafe frame.cancelTimer(r1, reachable.map(ofTimerAt: r1))
    case .timerSetCallback:
      for code in codes {
        guard let slot = code.functionSlot(ofEntry: r2) else { continue }
        return unsafe frame.setTimerFunction(
          r1, reachable.map(ofTimerAt: r1), TimerTable.Function(code: .compiled(code), slot: slot))
      }
      return KernelError.invalidArgument.result
    default: preconditionFailure("the helpers of timers are these four")
    }
  }

  /// The calls that the running instruction is in, innermost first.
  var callStack: [UInt64] {
    // SAFETY: the functions that wait left in their callees' frames where they called.
    var sites = [header.callSite]
    for depth in stride(from: area.depth(header.framePointer), to: 0, by: -1) {
      guard let record = unsafe hostPointer(area.framePointer(depth)) else { continue }
      sites.append(unsafe record.load(as: UInt64.self))
    }
    let codes = codes
    return sites.map { site in
      let base = site & ~StackAddress.slotMask
      guard let code = codes.first(where: { $0.stackBase == base }) else { return site }
      return base | UInt64(code.sourceSlot(of: Int(site & StackAddress.slotMask)))
    }
  }
}
