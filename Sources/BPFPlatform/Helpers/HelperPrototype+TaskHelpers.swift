extension HelperPrototype {
  /// Time, chance and the processor.
  static let timeHelpers: [HelperPrototype] = [
    entry(.ktimeGetNanoseconds, [], .integer),
    entry(.getRandomU32, [], .integer),
    entry(
      .getProcessorID, [], .integer,
      in: .programs),
    entry(
      .getNUMANodeID, [], .integer,
      in: .programs),
    entry(
      .jiffies64, [], .integer,
      in: .programs),
    entry(.ktimeGetBootNanoseconds, [], .integer),
    entry(
      .ktimeGetCoarseNanoseconds, [], .integer,
      in: .programs.subtracting([
        .kprobe, .tracepoint, .perfEvent, .cgroupDevice, .rawTracepoint, .rawTracepointWritable,
        .cgroupSockopt, .tracing, .lsm, .syscall, .netfilter,
      ])),
    entry(
      .ktimeGetTAINanoseconds, [], .integer,
      in: .programs),
  ]

  /// The task the program runs for.
  static let taskHelpers: [HelperPrototype] = [
    entry(
      .getCurrentPIDTGID, [], .integer,
      in: .programs),
    entry(
      .getCurrentUIDGID, [], .integer,
      in: .programs),
    entry(
      .getCurrentComm, [.uninitializedMemory, .size], .integer,
      in: .programs),
    entry(
      .getCurrentTask, [], .integer, .needsGPL,
      in: .programs),
    entry(
      .currentTaskUnderCgroup, [.map, .anything], .integer,
      in: .kernelPrograms),
    entry(
      .getCurrentCgroupID, [], .integer,
      in: .kernelPrograms),
    entry(
      .sendSignal, [.anything], .integer,
      in: .kernelPrograms),
    entry(
      .sendSignalThread, [.anything], .integer,
      in: .kernelPrograms),
    entry(
      .getNamespaceCurrentPIDTGID, [.anything, .anything, .uninitializedMemory, .size], .integer,
      in: .programs),
    entry(
      .getCurrentAncestorCgroupID, [.anything], .integer,
      in: .kernelPrograms),
    entry(
      .getCurrentTaskBTF, [], .kernelObject, .needsGPL,
      in: .kernelPrograms),
    entry(
      .taskPTRegisters, [.kernelObject], .kernelObject, .needsGPL,
      in: .kernelPrograms),
  ]
}
