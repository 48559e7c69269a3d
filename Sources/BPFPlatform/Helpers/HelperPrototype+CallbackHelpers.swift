extension HelperPrototype {
  /// Helpers that call a function of the program, timers, and locks.
  static let callbackHelpers: [HelperPrototype] = [
    entry(
      .spinLock, [.spinLock], .void,
      in: .programs),
    entry(
      .spinUnlock, [.spinLock], .void,
      in: .programs),
    entry(
      .forEachMapElement, [.map, .function, .stackOrNull, .anything], .integer,
      in: .programs),
    entry(
      .timerInit, [.timer, .map, .anything], .integer, .needsGPL,
      in: .programs),
    entry(
      .timerSetCallback, [.timer, .function], .integer, .needsGPL,
      in: .programs),
    entry(
      .timerStart, [.timer, .anything, .anything], .integer, .needsGPL,
      in: .programs),
    entry(
      .timerCancel, [.timer], .integer, .needsGPL,
      in: .programs),
    entry(
      .findVMA, [.kernelObject, .anything, .function, .stackOrNull, .anything], .integer,
      in: .kernelPrograms),
    entry(
      .loop, [.anything, .function, .stackOrNull, .anything], .integer,
      in: .programs),
    entry(
      .userRingBufferDrain, [.map, .function, .stackOrNull, .anything], .integer,
      in: .programs),
  ]
}
