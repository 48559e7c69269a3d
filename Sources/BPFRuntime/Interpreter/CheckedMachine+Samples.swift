import BPFISA
import BPFPlatform

// bpf_user_ringbuf_drain: its callback is given a dynptr of each of the host's samples.
extension CheckedMachine {
  func drainSamples(ofMap map: Int, entry: Int, context: UInt64, flags: UInt64) -> CallResult {
    guard UserRing.allows(flags: flags), let ring = sampleRing(map) else {
      return finish(KernelError.invalidArgument.result)
    }
    guard ring.beginDraining() else { return finish(KernelError.busy.result) }
    unsafe callbacks.append(
      Callback(
        helper: .userRingBufferDrain, entry: code.instructions + entry, depth: depth,
        context: context, work: .samples(map: map, flags: flags, count: 0, sample: 0)))
    switch enterNextSample() {
    case .again: return .callback
    case .finished:
      ring.endDraining(samples: 0, flags: flags)
      callbacks.removeLast()
      return finish(0)
    case .none, .failed: return .failed
    }
  }

  private func sampleRing(_ map: Int) -> UserRing? { self.map(at: map)?.sampleRing }

  /// Gives the innermost callback the next sample; `finished` after the last.
  private func enterNextSample() -> CallbackEnd {
    let last = callbacks.count - 1
    guard case .samples(let map, let flags, let count, _) = callbacks[last].work,
      count < UserRing.maximumSamples, let sample = unsafe sampleRing(map)?.oldest()
    else { return .finished }
    guard let number = makeRegion() else {
      failure = .tooManyRecords(RegionNumber.firstArgument - RegionNumber.firstDynamic)
      return .failed
    }
    // SAFETY: the ring keeps the sample where it is until it is dropped, and the run keeps the map. The dynptr has the two words
    // of its depth.
    let size = unsafe UInt64(sample.count)
    unsafe regions[number] = Region(
      base: sample.start, readable: size, writable: size, kind: .sample, valueSize: size)
    var dynptr = unsafe Dynptr(data: sample.start, count: sample.count)
    dynptr.region = UInt32(truncatingIfNeeded: number)
    let place = unsafe UnsafeMutableRawPointer(argumentWords(callbacks[last].depth))
    unsafe place.storeBytes(of: dynptr, as: Dynptr.self)
    let argument = RegionNumber.firstArgument + callbacks[last].depth
    unsafe regions[argument] = Region(base: place, kind: .dynptr)
    unsafe registers[1] = GuestAddress.make(region: argument, offset: 0)
    unsafe registers[2] = callbacks[last].context
    initialized = Self.callbackRegisters(.userRingBufferDrain)
    callbacks[last].work = .samples(map: map, flags: flags, count: count + 1, sample: number)
    return .again
  }

  /// Goes on after the callback of a sample, which the ring drops: the program's pointers into it are no good any more.
  func endSample(
    map: Int, flags: UInt64, count: UInt64, sample: Int, isLast: Bool
  ) -> CallbackEnd {
    guard let ring = sampleRing(map) else {
      preconditionFailure("a map whose samples are drained is a user_ringbuf")
    }
    unsafe ring.dropOldest(count: Int(regions[sample].valueSize))
    unsafe regions[sample] = .empty(.none)
    retired.append(sample)
    if !isLast {
      let next = enterNextSample()
      guard case .finished = next else { return next }
    }
    ring.endDraining(samples: count, flags: flags)
    unsafe registers[0] = count
    unsafe regions[RegionNumber.firstArgument + depth] = .empty(.none)
    return .finished
  }

  /// Lets others drain the rings that the run was draining when it was ended. The samples it was at stay there.
  func abandonDrains() {
    for callback in callbacks {
      if case .samples(let map, _, _, _) = callback.work { sampleRing(map)?.endDraining() }
    }
  }
}
