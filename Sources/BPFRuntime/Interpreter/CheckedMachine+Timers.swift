import BPFPlatform

// Timers: the helpers take them with the map their value is of, which the address says; and their callbacks are runs of
// their own.
extension CheckedMachine {
  /// Runs a helper on a timer, whose map it is told by the timer's region.
  func runTimerHelper(
    _ id: HelperID, _ arguments: (UInt64, UInt64, UInt64, UInt64, UInt64), map: Int
  ) -> CallResult {
    let number = unsafe Int(truncatingIfNeeded: registers[1] >> GuestAddress.offsetBits)
    // SAFETY: the first argument was found to be in the values of the map whose region comes before.
    let reference = unsafe UInt64(UInt(bitPattern: regions[number - 1].base))
    let timer = arguments.0
    let result: UInt64
    switch id {
    case .timerInit:
      guard map == number - 1 else {
        failure = .invalidArgument(id, argument: 2, expected: .map)
        return .failed
      }
      result = unsafe frame.initializeTimer(timer, reference, flags: arguments.2)
    case .timerSetCallback:
      result = unsafe frame.setTimerFunction(
        timer, reference, TimerTable.Function(code: .checked(code), slot: Int(arguments.1)))
    case .timerStart:
      result = unsafe frame.startTimer(
        timer, reference, after: arguments.1, flags: arguments.2)
    case .timerCancel: result = unsafe frame.cancelTimer(timer, reference)
    default: preconditionFailure("the helpers on timers are four")
    }
    return finish(result)
  }

  /// Makes the machine ready to run a timer's callback on an element of a map.
  ///
  /// SAFETY: the key's bytes stay where they are until the run ends; the value is one of the map's.
  @unsafe
  func startTimer(
    _ code: CheckedCode, map: Map, key: UnsafeRawBufferPointer, value: UnsafeMutableRawPointer
  ) {
    start(code)
    let number: Int
    if let index = code.maps.firstIndex(where: { $0 === map }) {
      number = RegionNumber.map(index)
    } else {
      let reference = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque()))
      number = Int(guestAddress(ofInnerMap: reference) >> GuestAddress.offsetBits)
    }
    let argument = makeRegion() ?? 0
    if let base = key.baseAddress {
      unsafe regions[argument] = Region(
        base: UnsafeMutableRawPointer(mutating: base), readable: UInt64(key.count), kind: .mapKey,
        valueSize: UInt64(key.count))
    }
    let base = unsafe regions[number + 1].base
    unsafe registers[1] = GuestAddress.make(region: number, offset: 0)
    unsafe registers[2] = GuestAddress.make(region: argument, offset: 0)
    unsafe registers[3] = GuestAddress.make(region: number + 1, offset: UInt64(value - base))
    initialized = Self.callbackRegisters(.timerSetCallback)
  }
}
