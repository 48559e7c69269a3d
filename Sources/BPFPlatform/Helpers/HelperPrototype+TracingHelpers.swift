extension HelperPrototype {
  /// Memory of the kernel and of processes.
  static let memoryHelpers: [HelperPrototype] = [
    entry(
      .probeRead, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .tracingPrograms.union([.raw])),
    entry(
      .probeWriteUser, [.anything, .memory, .size], .integer, .needsGPL,
      in: .tracingPrograms),
    entry(
      .probeReadString, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .tracingPrograms.union([.raw])),
    entry(
      .probeReadUser, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .programs),
    entry(
      .probeReadKernel, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .programs),
    entry(
      .probeReadUserString, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .programs),
    entry(
      .probeReadKernelString, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .programs),
    entry(
      .copyFromUser, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .maySleep,
      in: .kernelPrograms),
    entry(
      .perCPUPointer, [.perCPUKernelObject, .anything], .perCPUObjectOrNull,
      in: .kernelPrograms),
    entry(
      .thisCPUPointer, [.perCPUKernelObject], .perCPUObject,
      in: .kernelPrograms),
    entry(
      .copyFromUserTask, [.uninitializedMemory, .sizeOrZero, .anything, .kernelObject, .anything],
      .integer, [.needsGPL, .maySleep],
      in: .kernelPrograms),
  ]

  /// What is traced: its stack, arguments and results.
  static let tracingHelpers: [HelperPrototype] = [
    entry(
      .getStackID, [.context, .map, .anything], .integer, .needsGPL,
      in: .tracingPrograms.union([.raw]),
      otherwise: .init(in: [.perfEvent], [.context, .map, .anything], needsGPL: false)),
    entry(
      .overrideReturn, [.context, .anything], .integer, .needsGPL,
      in: [.kprobe]),
    entry(
      .getStack, [.context, .uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .tracingPrograms.union([.raw])),
    entry(
      .readBranchRecords, [.context, .writableMemoryOrNull, .sizeOrZero, .anything], .integer,
      .needsGPL,
      in: [.perfEvent]),
    entry(
      .getTaskStack, [.kernelObject, .uninitializedMemory, .sizeOrZero, .anything], .integer,
      in: .kernelPrograms),
    entry(
      .getFunctionIP, [.context], .integer, .needsGPL,
      in: .tracingPrograms),
    entry(
      .getAttachCookie, [.context], .integer,
      in: [
        .kprobe, .tracepoint, .perfEvent, .rawTracepoint, .rawTracepointWritable, .tracing, .lsm,
      ]),
    entry(
      .getBranchSnapshot, [.uninitializedMemory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: .kernelPrograms),
    entry(
      .getFunctionArgument, [.context, .anything, .output(size: 8)], .integer,
      in: [.tracing, .lsm]),
    entry(
      .getFunctionReturn, [.context, .output(size: 8)], .integer,
      in: [.tracing, .lsm]),
    entry(
      .getFunctionArgumentCount, [.context], .integer,
      in: [.tracing, .lsm]),
  ]

  /// Files, programs about to start, and what loads other programs.
  static let securityHelpers: [HelperPrototype] = [
    entry(
      .dPath, [.kernelObject, .writableMemory, .sizeOrZero], .integer,
      in: .typedTracing),
    entry(
      .bprmOptionsSet, [.kernelObject, .anything], .integer,
      in: [.lsm]),
    entry(
      .imaInodeHash, [.kernelObject, .uninitializedMemory, .size], .integer, .maySleep,
      in: [.lsm]),
    entry(
      .sysBPF, [.anything, .memory, .size], .integer,
      in: [.syscall]),
    entry(
      .btfFindByNameKind, [.memory, .size, .anything, .anything], .integer,
      in: [.syscall]),
    entry(
      .sysClose, [.anything], .integer,
      in: [.syscall]),
    entry(
      .kallsymsLookupName, [.memory, .sizeOrZero, .anything, .output(size: 8)], .integer,
      in: [.syscall]),
    entry(
      .imaFileHash, [.kernelObject, .uninitializedMemory, .size], .integer, .maySleep,
      in: [.lsm]),
  ]

  /// Infrared receivers.
  static let infraredHelpers: [HelperPrototype] = [
    entry(
      .rcRepeat, [.context], .integer, .needsGPL,
      in: [.lircMode2]),
    entry(
      .rcKeydown, [.context, .anything, .anything, .anything], .integer, .needsGPL,
      in: [.lircMode2]),
    entry(
      .rcPointerRelative, [.context, .anything, .anything], .integer, .needsGPL,
      in: [.lircMode2]),
  ]
}
