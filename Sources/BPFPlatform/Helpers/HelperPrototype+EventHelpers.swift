extension HelperPrototype {
  /// Ring buffers and perf event arrays.
  static let eventHelpers: [HelperPrototype] = [
    entry(
      .perfEventRead, [.map, .anything], .integer, .needsGPL,
      in: .kernelPrograms),
    entry(
      .perfEventOutput, [.context, .map, .anything, .memory, .sizeOrZero], .integer, .needsGPL,
      in: .programs.subtracting([.skReuseport, .flowDissector, .structOps, .netfilter])),
    entry(
      .perfEventReadValue, [.map, .anything, .uninitializedMemory, .size], .integer, .needsGPL,
      in: .kernelPrograms),
    entry(
      .perfProgramReadValue, [.context, .uninitializedMemory, .size], .integer, .needsGPL,
      in: [.perfEvent]),
    entry(
      .skbOutput, [.kernelObject, .map, .anything, .memory, .sizeOrZero], .integer, .needsGPL,
      in: .typedTracing),
    entry(
      .xdpOutput, [.kernelObject, .map, .anything, .memory, .sizeOrZero], .integer, .needsGPL,
      in: .typedTracing),
    entry(
      .ringBufferOutput, [.map, .memory, .sizeOrZero, .anything], .integer,
      in: .programs),
    entry(
      .ringBufferReserve, [.map, .reservationSize, .anything], .reservedRecordOrNull, .acquires,
      in: .programs),
    entry(
      .ringBufferSubmit, [.reservedRecord, .anything], .void, releasing: 0,
      in: .programs),
    entry(
      .ringBufferDiscard, [.reservedRecord, .anything], .void, releasing: 0,
      in: .programs),
    entry(
      .ringBufferQuery, [.map, .anything], .integer,
      in: .programs),
    entry(
      .ringBufferReserveDynptr, [.map, .anything, .anything, .dynptr(.makesRecord)], .integer,
      .acquires,
      in: .programs),
    entry(
      .ringBufferSubmitDynptr, [.dynptr(.releasesRecord), .anything], .void, releasing: 0,
      in: .programs),
    entry(
      .ringBufferDiscardDynptr, [.dynptr(.releasesRecord), .anything], .void, releasing: 0,
      in: .programs),
  ]
}
