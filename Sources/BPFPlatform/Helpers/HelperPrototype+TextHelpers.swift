extension HelperPrototype {
  /// Printing, formatting and parsing.
  static let textHelpers: [HelperPrototype] = [
    entry(
      .tracePrintk, [.memory, .size, .anythingOrNothing, .anythingOrNothing, .anythingOrNothing],
      .integer, .needsGPL),
    entry(
      .stringToLong, [.memory, .size, .anything, .output(size: 8)], .integer,
      in: .programs),
    entry(
      .stringToUnsignedLong, [.memory, .size, .anything, .output(size: 8)], .integer,
      in: .programs),
    entry(
      .seqPrintf, [.kernelObject, .memory, .size, .memoryOrNull, .sizeOrZero], .integer, .needsGPL,
      in: [.tracing]),
    entry(
      .seqWrite, [.kernelObject, .memory, .sizeOrZero], .integer, .needsGPL,
      in: [.tracing]),
    entry(
      .snprintfBTF, [.writableMemory, .size, .memory, .size, .anything], .integer,
      in: .kernelPrograms),
    entry(
      .seqPrintfBTF, [.kernelObject, .memory, .sizeOrZero, .anything], .integer, .needsGPL,
      in: [.tracing]),
    entry(
      .snprintf, [.writableMemoryOrNull, .sizeOrZero, .constantString, .memoryOrNull, .sizeOrZero],
      .integer, .needsGPL,
      in: .programs),
    entry(
      .traceVprintk, [.memory, .size, .memoryOrNull, .sizeOrZero], .integer, .needsGPL,
      in: .programs),
    entry(
      .stringCompare, [.memory, .size, .constantString], .integer,
      in: .programs),
  ]

  /// Memory by dynamic pointers.
  static let dynptrHelpers: [HelperPrototype] = [
    entry(
      .dynptrFromMemory, [.uninitializedMemory, .sizeOrZero, .anything, .dynptr(.makesLocal)],
      .integer,
      in: .programs),
    entry(
      .dynptrRead, [.uninitializedMemory, .sizeOrZero, .dynptr(.reads), .anything, .anything],
      .integer,
      in: .programs),
    entry(
      .dynptrWrite, [.dynptr(.writes), .anything, .memory, .sizeOrZero, .anything], .integer,
      in: .programs),
    entry(
      .dynptrData, [.dynptr(.reads), .anything, .reservationSize], .dynptrDataOrNull,
      in: .programs),
  ]
}
