public import BPFPlatform

extension ExecutionFrame {
  /// The helpers this runtime runs. Programs that call another one are told its name.
  public static let implementedHelpers = Set<HelperID>([
    .tailCall, .mapLookupElement, .mapUpdateElement, .mapDeleteElement, .mapLookupPerCPUElement,
    .ktimeGetNanoseconds, .ktimeGetBootNanoseconds, .ktimeGetCoarseNanoseconds,
    .ktimeGetTAINanoseconds, .jiffies64, .getRandomU32, .getProcessorID, .getNUMANodeID,
    .getCurrentPIDTGID, .getCurrentUIDGID, .getCurrentComm, .tracePrintk, .traceVprintk,
    .stringCompare, .stringToLong, .stringToUnsignedLong, .perfEventOutput, .ringBufferOutput,
    .ringBufferReserve, .ringBufferSubmit, .ringBufferDiscard, .ringBufferQuery, .redirect,
    .redirectMap, .checksumDifference, .xdpAdjustHead, .xdpAdjustMetadata, .xdpAdjustTail,
    .xdpGetBufferLength, .xdpLoadBytes, .xdpStoreBytes, .skbLoadBytes, .skbLoadBytesRelative,
    .skbStoreBytes, .skbPullData, .l3ChecksumReplace, .l4ChecksumReplace, .loop,
    .forEachMapElement, .userRingBufferDrain,
  ]).union(packetHelpers).union(memoryHelpers)

  /// Queues, locks, timers, dynptrs, call stacks, the task, texts, and what reads memory by address.
  private static let memoryHelpers: Set<HelperID> = [
    .spinLock, .spinUnlock, .snprintf, .probeRead, .probeReadString, .probeReadUser,
    .probeReadKernel, .probeReadUserString, .probeReadKernelString, .copyFromUser,
    .dynptrFromMemory, .dynptrRead, .dynptrWrite, .dynptrData, .ringBufferReserveDynptr,
    .ringBufferSubmitDynptr, .ringBufferDiscardDynptr, .timerInit, .timerSetCallback, .timerStart,
    .timerCancel, .mapPushElement, .mapPopElement, .mapPeekElement, .getStack, .getStackID,
    .getCurrentTask, .currentTaskUnderCgroup, .getCurrentCgroupID, .getCurrentAncestorCgroupID,
    .getNamespaceCurrentPIDTGID, .seqPrintf, .seqWrite,
  ]

  /// Those of ``implementedHelpers`` that choose the instruction to go on with, or keep a function of the program: an
  /// engine does them itself.
  static let controlFlowHelpers: Set<HelperID> = [
    .tailCall, .loop, .forEachMapElement, .userRingBufferDrain, .timerInit, .timerSetCallback,
    .timerStart, .timerCancel,
  ]

  /// Runs one of ``implementedHelpers``, all but those that are control flow (`bpf_tail_call`, `bpf_loop` and its kin).
  ///
  /// One body serves every engine. What the arguments must be follows from ``HelperPrototype/ArgumentKind``:
  /// - memory, map keys and values, records and outputs: host addresses of memory the program may use so, as large as the
  ///   prototype says;
  /// - a map: the bits of an unretained reference to the ``Map``, of a kind the prototype accepts;
  /// - the context: ignored, since this frame has it;
  /// - a constant string, and addresses among the arguments of a format string: addresses of the *program*, read through
  ///   ``memoryReader``;
  /// - everything else: the register's value, of which a helper takes as many low bits as the kernel's does.
  ///
  /// - Returns: r0 after the call: a host address where ``HelperPrototype/result`` is one.
  @unsafe
  public func callHelper(
    _ id: HelperID, _ a1: UInt64, _ a2: UInt64, _ a3: UInt64, _ a4: UInt64, _ a5: UInt64
  ) -> UInt64 {
    // The most frequent ones, so that they pay nothing for the others' variables: each is jumped to, and a lookup in an
    // array is done here, without a stack frame.
    switch id {
    case .mapLookupElement: unsafe mapLookup(a1, key: a2)
    case .mapUpdateElement: unsafe mapUpdate(a1, key: a2, value: a3, flags: a4)
    case .mapDeleteElement: unsafe mapDelete(a1, key: a2)
    case .ringBufferReserve: unsafe ringBufferReserve(a1, size: a2, flags: a3)
    case .ringBufferSubmit: unsafe ringBufferSubmit(a1, flags: a2)
    default: unsafe callOtherHelper(id, a1, a2, a3, a4, a5)
    }
  }

  @unsafe
  @inline(never)
  private func callOtherHelper(
    _ id: HelperID, _ a1: UInt64, _ a2: UInt64, _ a3: UInt64, _ a4: UInt64, _ a5: UInt64
  ) -> UInt64 {
    switch id {
    case .mapLookupPerCPUElement: unsafe mapLookup(a1, key: a2, processor: a3)
    case .packetLoad: unsafe loadPacket(at: a2, into: a3, size: a4)

    case .mapPushElement: unsafe mapPush(a1, value: a2, flags: a3)
    case .mapPopElement: unsafe mapPop(a1, into: a2)
    case .mapPeekElement: unsafe mapPeek(a1, into: a2)

    case .ktimeGetNanoseconds: clock.nanoseconds(.monotonic)
    case .ktimeGetBootNanoseconds: clock.nanoseconds(.boot)
    case .ktimeGetCoarseNanoseconds: clock.nanoseconds(.coarse)
    case .ktimeGetTAINanoseconds: clock.nanoseconds(.atomicTime)
    case .jiffies64: clock.ticks

    case .getRandomU32: nextRandom()
    case .getProcessorID: UInt64(worker)
    case .getNUMANodeID: 0
    case .getCurrentPIDTGID: currentThreadAndProcess()
    case .getCurrentUIDGID: currentUserAndGroup()
    case .getCurrentTask: taskAddress
    case .currentTaskUnderCgroup: unsafe currentTaskUnderCgroup(a1, index: a2)
    case .getCurrentCgroupID: cgroupIDs.last ?? 0
    case .getCurrentAncestorCgroupID: ancestorCgroupID(at: a1)
    case .getNamespaceCurrentPIDTGID:
      unsafe currentThreadAndProcess(device: a1, inode: a2, into: a3, size: a4)
    case .getStack: unsafe getStack(into: a2, size: a3, flags: a4)
    case .getStackID: unsafe getStackID(a2, flags: a3)
    case .getCurrentComm: unsafe currentName(into: a1, size: a2)

    case .tracePrintk: unsafe tracePrint(format: a1, size: a2, a3, a4, a5)
    case .traceVprintk:
      unsafe tracePrint(format: a1, size: a2, arguments: a3, argumentsSize: a4)
    case .snprintf:
      unsafe formatString(into: a1, size: a2, format: a3, arguments: a4, argumentsSize: a5)
    case .seqPrintf:
      unsafe sequencePrint(format: a2, size: a3, arguments: a4, argumentsSize: a5)
    case .seqWrite: unsafe sequenceWrite(a2, size: a3)
    case .stringCompare: unsafe compareString(a1, size: a2, to: a3)
    case .stringToLong: unsafe parseSigned(a1, size: a2, flags: a3, into: a4)
    case .stringToUnsignedLong: unsafe parseUnsigned(a1, size: a2, flags: a3, into: a4)

    case .perfEventOutput: unsafe perfEventOutput(a2, flags: a3, data: a4, size: a5)
    case .ringBufferOutput: unsafe ringBufferOutput(a1, data: a2, size: a3, flags: a4)
    case .ringBufferDiscard: unsafe ringBufferDiscard(a1, flags: a2)
    case .ringBufferQuery: unsafe ringBufferQuery(a1, a2)

    case .ringBufferReserveDynptr:
      unsafe reserveDynptr(a1, size: a2, flags: a3, into: a4)
    case .ringBufferSubmitDynptr: unsafe releaseDynptr(a1, flags: a2, isDiscarded: false)
    case .ringBufferDiscardDynptr: unsafe releaseDynptr(a1, flags: a2, isDiscarded: true)
    case .dynptrFromMemory: unsafe makeDynptr(of: a1, size: a2, flags: a3, into: a4)
    case .dynptrRead: unsafe readDynptr(into: a1, size: a2, from: a3, at: a4, flags: a5)
    case .dynptrWrite: unsafe writeDynptr(a1, at: a2, from: a3, size: a4, flags: a5)
    case .dynptrData: unsafe dynptrData(a1, at: a2, size: a3)

    case .spinLock: unsafe lockValue(a1)
    case .spinUnlock: unsafe unlockValue(a1)

    case .probeRead: unsafe probeRead(into: a1, size: a2, from: a3, .either)
    case .probeReadUser, .copyFromUser: unsafe probeRead(into: a1, size: a2, from: a3, .user)
    case .probeReadKernel: unsafe probeRead(into: a1, size: a2, from: a3, .kernel)
    case .probeReadString: unsafe probeReadString(into: a1, size: a2, from: a3, .either)
    case .probeReadUserString: unsafe probeReadString(into: a1, size: a2, from: a3, .user)
    case .probeReadKernelString: unsafe probeReadString(into: a1, size: a2, from: a3, .kernel)

    case .redirect: redirect(to: a1, flags: a2)
    case .redirectMap: unsafe redirect(through: a1, index: a2, flags: a3)
    case .checksumDifference:
      unsafe checksumDifference(from: a1, size: a2, to: a3, size: a4, seed: a5)

    case .xdpAdjustHead: xdpAdjustHead(by: a2)
    case .xdpAdjustMetadata: xdpAdjustMetadata(by: a2)
    case .xdpAdjustTail: xdpAdjustTail(by: a2)
    case .xdpGetBufferLength: UInt64(packet.count)
    case .xdpLoadBytes: unsafe xdpLoadBytes(at: a2, into: a3, size: a4)
    case .xdpStoreBytes: unsafe xdpStoreBytes(at: a2, from: a3, size: a4)

    case .skbLoadBytes: unsafe skbLoadBytes(at: a2, into: a3, size: a4)
    case .skbLoadBytesRelative: unsafe skbLoadBytes(at: a2, into: a3, size: a4, header: a5)
    case .skbStoreBytes: unsafe skbStoreBytes(at: a2, from: a3, size: a4, flags: a5)
    case .skbPullData: skbPullData(a2)
    case .l3ChecksumReplace: unsafe l3ChecksumReplace(at: a2, from: a3, to: a4, flags: a5)
    case .l4ChecksumReplace: unsafe l4ChecksumReplace(at: a2, from: a3, to: a4, flags: a5)
    default: unsafe callPacketHelper(id, a1, a2, a3, a4, a5)
    }
  }
}

/// The host address an engine passes as an argument, or nil for null.
@unsafe
@inline(__always)
func hostPointer(_ bits: UInt64) -> UnsafeMutableRawPointer? {
  unsafe UnsafeMutableRawPointer(bitPattern: UInt(bits))
}

/// The address, as a helper returns it.
@unsafe
@inline(__always)
func programBits(_ pointer: UnsafeMutableRawPointer?) -> UInt64 {
  UInt64(UInt(bitPattern: pointer))
}

/// A helper's 32-bit result, sign-extended as the kernel's calling convention has it.
@inline(__always)
func signExtended(_ value: Int32) -> UInt64 { UInt64(bitPattern: Int64(value)) }
