import BPFPlatform
import BPFRewriter

// What helpers ask of the engine besides memory whose address they are given: memory by address, call stacks, and which map
// a timer is of. None of it is on the way of programs that do not ask.
extension InterpreterMachine {
  /// What the program can reach by address.
  private var reachable: ReachableMemory {
    let walks = callbacks.compactMap { callback -> (UInt64, ElementWalk)? in
      guard case .elements(let map, let walk, _) = callback.work else { return nil }
      return (map, walk)
    }
    return unsafe ReachableMemory(
      frame: frame, area: area, framePointer: registers[10], maps: code.maps, walks: walks)
  }

  /// The bytes at an address that may be read, up to a limit: fewer where what they are part of ends, nil where none may be.
  func readableBytes(_ address: UInt64, limit: Int) -> [UInt8]? {
    reachable.readableBytes(address, limit: limit)
  }

  // MARK: Timers

  /// The bits of the map in whose values a timer lies; 0 where there is none.
  func map(ofTimerAt timer: UInt64) -> UInt64 { reachable.map(ofTimerAt: timer) }

  /// `bpf_timer_set_callback`.
  @unsafe
  func setTimerFunction(_ timer: UInt64, entry: UInt64) -> UInt64 {
    let code = code
    guard let entry = unsafe hostPointer(entry)?.assumingMemoryBound(to: BoundInstruction.self),
      unsafe code.contains(entry)
    else { return KernelError.invalidArgument.result }
    let function = unsafe TimerTable.Function(
      code: .bound(code), slot: entry - code.instructions)
    return unsafe frame.setTimerFunction(timer, map(ofTimerAt: timer), function)
  }

  /// Makes the machine ready to run a timer's callback on an element of a map.
  ///
  /// SAFETY: the key's bytes stay where they are until the run ends; the value is one of the map's.
  @unsafe
  func startTimer(
    _ code: InterpreterCode, map: Map, key: UnsafeRawBufferPointer, value: UnsafeMutableRawPointer
  ) {
    unsafe start(code, in: frame)
    registers[1] = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque()))
    registers[2] = UInt64(UInt(bitPattern: key.baseAddress))
    registers[3] = UInt64(UInt(bitPattern: value))
  }

  // MARK: Call stacks

  /// The calls that the running instruction is in, innermost first.
  var callStack: [UInt64] {
    // SAFETY: the functions that wait have records that lead to instructions of the run's programs.
    var returns = unsafe [next]
    var waiting = callbacks
    for depth in stride(from: area.depth(registers[10]), to: 0, by: -1) {
      var next = unsafe area.record(depth).pointee.next
      if unsafe next == endOfCallback, let callback = waiting.popLast() {
        unsafe next = callback.next
      }
      unsafe returns.append(next)
    }
    let codes = codes
    return unsafe returns.map { next in
      unsafe codes.first { unsafe $0.contains(next - 1) }?.stackAddress(before: next) ?? 0
    }
  }
}

extension InterpreterCode {
  @unsafe
  fileprivate func stackAddress(before next: UnsafeMutablePointer<BoundInstruction>) -> UInt64 {
    stackBase | UInt64(truncatingIfNeeded: unsafe sourceSlot(before: next)) & StackAddress.slotMask
  }
}
