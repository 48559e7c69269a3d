import BPFISA
import BPFPlatform

/// Runs verified and rewritten programs: no access is checked and, unless a budget asks for it, nothing is counted.
///
/// RFC 9669 gives the meaning of each instruction. Division and modulo by zero, and overflow of signed division, are as it
/// defines them, whatever passes did before.
enum Interpreter {
  enum Ending {
    case exited
    /// More instructions were executed than the budget allows.
    case exhausted
    /// With the reason in ``InterpreterMachine/failure``.
    case failed
    /// The program ran off its end.
    case leftProgram
  }

  /// Runs from an instruction on until the outermost function returns. Where it ended early, ``InterpreterMachine/next``
  /// follows the instruction at fault.
  ///
  /// - Parameter remaining: the instructions that may be executed; what is left of them, below 0 if it was too few.
  static func run(
    _ machine: InterpreterMachine, from start: InterpreterMachine.Next, remaining: inout Int
  ) -> Ending {
    unsafe execute(machine, start, &remaining, counting: AtBranches.self)
  }

  /// Runs from an instruction on, without counting any.
  static func run(_ machine: InterpreterMachine, from start: InterpreterMachine.Next) -> Ending {
    var remaining = 0
    return unsafe execute(machine, start, &remaining, counting: Nothing.self)
  }

  /// Whether the loop counts. It does so where a straight line ends, so that the line itself costs nothing.
  private protocol Counting {
    static var isOn: Bool { get }
  }

  private enum AtBranches: Counting {
    static var isOn: Bool { true }
  }

  private enum Nothing: Counting {
    static var isOn: Bool { false }
  }

  private static func execute<Count: Counting>(
    _ machine: InterpreterMachine, _ start: InterpreterMachine.Next, _ remaining: inout Int,
    counting: Count.Type
  ) -> Ending {
    // SAFETY: the program was proved to access only memory it has, by the addresses it has it at, and to call functions no
    // deeper than the machine has frames for, which is checked still as tail calls add to it. Branches were found to lead to
    // instructions when the program was bound, and one instruction past the last catches what runs off the end.
    let r = machine.registers
    let frame = unsafe machine.frame
    var next = unsafe start
    var left = remaining
    // Where the straight line began that is not counted yet.
    var line = unsafe start
    var ending = Ending.exited

    run: while true {
      var distance = 0
      taken: do {
        let instruction = unsafe next.pointee
        unsafe next += 1
        let d = instruction.destination
        let s = instruction.source
        let k = instruction.immediate
        distance = Int(instruction.offset)

        switch instruction.opcode {
        case .add64K: r[d] = r[d] &+ k
        case .sub64K: r[d] = r[d] &- k
        case .mul64K: r[d] = r[d] &* k
        case .div64K: r[d] = quotient(r[d], k)
        case .sdiv64K: r[d] = signedQuotient(r[d], k)
        case .or64K: r[d] = r[d] | k
        case .and64K: r[d] = r[d] & k
        case .lsh64K: r[d] = r[d] &<< k
        case .rsh64K: r[d] = r[d] &>> k
        case .mod64K: r[d] = remainder(r[d], k)
        case .smod64K: r[d] = signedRemainder(r[d], k)
        case .xor64K: r[d] = r[d] ^ k
        case .mov64K: r[d] = k
        case .arsh64K: r[signed: d] = r[signed: d] &>> signed(k)
        case .add64X: r[d] = r[d] &+ r[s]
        case .sub64X: r[d] = r[d] &- r[s]
        case .mul64X: r[d] = r[d] &* r[s]
        case .div64X: r[d] = quotient(r[d], r[s])
        case .sdiv64X: r[d] = signedQuotient(r[d], r[s])
        case .or64X: r[d] = r[d] | r[s]
        case .and64X: r[d] = r[d] & r[s]
        case .lsh64X: r[d] = r[d] &<< r[s]
        case .rsh64X: r[d] = r[d] &>> r[s]
        case .mod64X: r[d] = remainder(r[d], r[s])
        case .smod64X: r[d] = signedRemainder(r[d], r[s])
        case .xor64X: r[d] = r[d] ^ r[s]
        case .mov64X: r[d] = r[s]
        case .arsh64X: r[signed: d] = r[signed: d] &>> r[signed: s]
        case .add32K: r[low: d] = r[low: d] &+ low(k)
        case .sub32K: r[low: d] = r[low: d] &- low(k)
        case .mul32K: r[low: d] = r[low: d] &* low(k)
        case .div32K: r[low: d] = quotient(r[low: d], low(k))
        case .sdiv32K: r[low: d] = signedQuotient(r[low: d], low(k))
        case .or32K: r[low: d] = r[low: d] | low(k)
        case .and32K: r[low: d] = r[low: d] & low(k)
        case .lsh32K: r[low: d] = r[low: d] &<< low(k)
        case .rsh32K: r[low: d] = r[low: d] &>> low(k)
        case .mod32K: r[low: d] = remainder(r[low: d], low(k))
        case .smod32K: r[low: d] = signedRemainder(r[low: d], low(k))
        case .xor32K: r[low: d] = r[low: d] ^ low(k)
        case .mov32K: r[low: d] = low(k)
        case .arsh32K: r[signedLow: d] = r[signedLow: d] &>> signed(low(k))
        case .add32X: r[low: d] = r[low: d] &+ r[low: s]
        case .sub32X: r[low: d] = r[low: d] &- r[low: s]
        case .mul32X: r[low: d] = r[low: d] &* r[low: s]
        case .div32X: r[low: d] = quotient(r[low: d], r[low: s])
        case .sdiv32X: r[low: d] = signedQuotient(r[low: d], r[low: s])
        case .or32X: r[low: d] = r[low: d] | r[low: s]
        case .and32X: r[low: d] = r[low: d] & r[low: s]
        case .lsh32X: r[low: d] = r[low: d] &<< r[low: s]
        case .rsh32X: r[low: d] = r[low: d] &>> r[low: s]
        case .mod32X: r[low: d] = remainder(r[low: d], r[low: s])
        case .smod32X: r[low: d] = signedRemainder(r[low: d], r[low: s])
        case .xor32X: r[low: d] = r[low: d] ^ r[low: s]
        case .mov32X: r[low: d] = r[low: s]
        case .arsh32X: r[signedLow: d] = r[signedLow: d] &>> r[signedLow: s]

        case .neg64: r[d] = 0 &- r[d]
        case .neg32: r[low: d] = 0 &- r[low: d]
        case .movsx64from8: r[signed: d] = Int64(Int8(truncatingIfNeeded: r[s]))
        case .movsx64from16: r[signed: d] = Int64(Int16(truncatingIfNeeded: r[s]))
        case .movsx64from32: r[signed: d] = Int64(r[signedLow: s])
        case .movsx32from8: r[signedLow: d] = Int32(Int8(truncatingIfNeeded: r[s]))
        case .movsx32from16: r[signedLow: d] = Int32(Int16(truncatingIfNeeded: r[s]))
        case .le16: r[d] = r[d] & 0xffff
        case .le32: r[d] = r[d] & 0xffff_ffff
        case .nothing: break
        case .swap16: r[d] = UInt64(UInt16(truncatingIfNeeded: r[d]).byteSwapped)
        case .swap32: r[low: d] = r[low: d].byteSwapped
        case .swap64: r[d] = r[d].byteSwapped
        case .loadWide:
          r[d] = k
          unsafe next += 1
          // One instruction of two slots.
          if Count.isOn { left &+= 1 }

        case .ldx8: r[d] = UInt64(unsafe load(UInt8.self, r[s], distance))
        case .ldx16: r[d] = UInt64(unsafe load(UInt16.self, r[s], distance))
        case .ldx32: r[d] = UInt64(unsafe load(UInt32.self, r[s], distance))
        case .ldx64: r[d] = unsafe load(UInt64.self, r[s], distance)
        case .ldsx8: r[signed: d] = Int64(unsafe load(Int8.self, r[s], distance))
        case .ldsx16: r[signed: d] = Int64(unsafe load(Int16.self, r[s], distance))
        case .ldsx32: r[signed: d] = Int64(unsafe load(Int32.self, r[s], distance))
        case .stx8: unsafe store(UInt8(truncatingIfNeeded: r[s]), r[d], distance)
        case .stx16: unsafe store(UInt16(truncatingIfNeeded: r[s]), r[d], distance)
        case .stx32: unsafe store(r[low: s], r[d], distance)
        case .stx64: unsafe store(r[s], r[d], distance)
        case .st8: unsafe store(UInt8(truncatingIfNeeded: k), r[d], distance)
        case .st16: unsafe store(UInt16(truncatingIfNeeded: k), r[d], distance)
        case .st32: unsafe store(low(k), r[d], distance)
        case .st64: unsafe store(k, r[d], distance)
        case .atomicAdd32: unsafe AtomicAccess.add(r[low: s], to: address(r[d], distance))
        case .atomicAdd64: unsafe AtomicAccess.add(r[s], to: address(r[d], distance))
        case .atomic32: unsafe modify(address(r[d], distance), size: 4, k, r, s)
        case .atomic64: unsafe modify(address(r[d], distance), size: 8, k, r, s)
        case .loadAcquire: unsafe r[d] = AtomicAccess.load(address(r[s], distance), size: Int(k))
        case .storeRelease: unsafe AtomicAccess.store(r[s], address(r[d], distance), size: Int(k))

        case .jeq64K: if r[d] == k { break taken }
        case .jgt64K: if r[d] > k { break taken }
        case .jge64K: if r[d] >= k { break taken }
        case .jset64K: if r[d] & k != 0 { break taken }
        case .jne64K: if r[d] != k { break taken }
        case .jsgt64K: if r[signed: d] > signed(k) { break taken }
        case .jsge64K: if r[signed: d] >= signed(k) { break taken }
        case .jlt64K: if r[d] < k { break taken }
        case .jle64K: if r[d] <= k { break taken }
        case .jslt64K: if r[signed: d] < signed(k) { break taken }
        case .jsle64K: if r[signed: d] <= signed(k) { break taken }
        case .jeq64X: if r[d] == r[s] { break taken }
        case .jgt64X: if r[d] > r[s] { break taken }
        case .jge64X: if r[d] >= r[s] { break taken }
        case .jset64X: if r[d] & r[s] != 0 { break taken }
        case .jne64X: if r[d] != r[s] { break taken }
        case .jsgt64X: if r[signed: d] > r[signed: s] { break taken }
        case .jsge64X: if r[signed: d] >= r[signed: s] { break taken }
        case .jlt64X: if r[d] < r[s] { break taken }
        case .jle64X: if r[d] <= r[s] { break taken }
        case .jslt64X: if r[signed: d] < r[signed: s] { break taken }
        case .jsle64X: if r[signed: d] <= r[signed: s] { break taken }
        case .jeq32K: if r[low: d] == low(k) { break taken }
        case .jgt32K: if r[low: d] > low(k) { break taken }
        case .jge32K: if r[low: d] >= low(k) { break taken }
        case .jset32K: if r[low: d] & low(k) != 0 { break taken }
        case .jne32K: if r[low: d] != low(k) { break taken }
        case .jsgt32K: if r[signedLow: d] > signed(low(k)) { break taken }
        case .jsge32K: if r[signedLow: d] >= signed(low(k)) { break taken }
        case .jlt32K: if r[low: d] < low(k) { break taken }
        case .jle32K: if r[low: d] <= low(k) { break taken }
        case .jslt32K: if r[signedLow: d] < signed(low(k)) { break taken }
        case .jsle32K: if r[signedLow: d] <= signed(low(k)) { break taken }
        case .jeq32X: if r[low: d] == r[low: s] { break taken }
        case .jgt32X: if r[low: d] > r[low: s] { break taken }
        case .jge32X: if r[low: d] >= r[low: s] { break taken }
        case .jset32X: if r[low: d] & r[low: s] != 0 { break taken }
        case .jne32X: if r[low: d] != r[low: s] { break taken }
        case .jsgt32X: if r[signedLow: d] > r[signedLow: s] { break taken }
        case .jsge32X: if r[signedLow: d] >= r[signedLow: s] { break taken }
        case .jlt32X: if r[low: d] < r[low: s] { break taken }
        case .jle32X: if r[low: d] <= r[low: s] { break taken }
        case .jslt32X: if r[signedLow: d] < r[signedLow: s] { break taken }
        case .jsle32X: if r[signedLow: d] <= r[signedLow: s] { break taken }
        case .jump: break taken

        case .callHelper:
          unsafe machine.next = next
          let helper = HelperID(rawValue: Int32(truncatingIfNeeded: k))
          unsafe r[0] = frame.callHelper(helper, r[1], r[2], r[3], r[4], r[5])
        case .callHashLookup: unsafe r[0] = frame.hashLookup(r[1], key: r[2])
        case .callPrefixLookup: unsafe r[0] = frame.prefixLookup(r[1], key: r[2])
        case .callFunction:
          let function = unsafe unsafeBitCast(UInt(k), to: HostHelper.Function.self)
          r[0] = function(r[1], r[2], r[3], r[4], r[5])
        case .callHost:
          unsafe machine.next = next
          unsafe r[0] = callHost(k, frame, r)
        case .callControlFlow:
          if Count.isOn { unsafe left &-= next - line }
          unsafe next = machine.callControlFlow(
            HelperID(rawValue: Int32(truncatingIfNeeded: k)), next)
          if Count.isOn { unsafe line = next }
        case .callLocal:
          if unsafe machine.enterFunction(returningTo: next) { break taken }
          unsafe machine.next = next
          unsafe next = machine.fail(.callDepthExceeded)
        case .exit:
          if Count.isOn {
            unsafe left &-= next - line
            if left < 0 {
              ending = .exhausted
              break run
            }
          }
          unsafe next = machine.leaveFunction()
          if Count.isOn { unsafe line = next }

        case .end: return finished(.exited, left, &remaining)
        case .endOfCallback:
          unsafe next = machine.endCallback()
          if Count.isOn { unsafe line = next }
        case .fault: return finished(.failed, left, &remaining)
        case .secondSlot, .endOfProgram:
          ending = .leftProgram
          break run
        }
        continue run
      }

      // A taken branch.
      if Count.isOn {
        unsafe left &-= next - line
        if left < 0 {
          ending = .exhausted
          break run
        }
      }
      unsafe next = moved(next, distance)
      if Count.isOn { unsafe line = next }
    }
    unsafe machine.next = next
    remaining = left
    return ending
  }

  private static func finished(_ ending: Ending, _ left: Int, _ remaining: inout Int) -> Ending {
    remaining = left
    return ending
  }

  @inline(never)
  @unsafe
  private static func callHost(_ helper: UInt64, _ frame: ExecutionFrame, _ r: RegisterFile)
    -> UInt64
  {
    // SAFETY: the program that the instruction is of keeps the helper.
    guard let bits = unsafe hostPointer(helper) else { return 0 }
    return unsafe Unmanaged<BoundHelper>.fromOpaque(bits)._withUnsafeGuaranteedRef {
      unsafe $0.helper.call(r[1], r[2], r[3], r[4], r[5], in: frame)
    }
  }

  // MARK: Memory

  @inline(__always)
  @unsafe
  private static func moved(
    _ next: InterpreterMachine.Next, _ distance: Int
  ) -> InterpreterMachine.Next {
    unsafe (UnsafeMutableRawPointer(next) + distance)
      .assumingMemoryBound(to: BoundInstruction.self)
  }

  @inline(__always)
  @unsafe
  private static func address(_ base: UInt64, _ displacement: Int) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(base) &+ UInt(bitPattern: displacement))
      .unsafelyUnwrapped
  }

  @inline(__always)
  @unsafe
  private static func load<Word: BitwiseCopyable>(
    _ type: Word.Type, _ base: UInt64, _ displacement: Int
  ) -> Word {
    unsafe address(base, displacement).loadUnaligned(as: type)
  }

  @inline(__always)
  @unsafe
  private static func store<Word: BitwiseCopyable>(
    _ value: Word, _ base: UInt64, _ displacement: Int
  ) {
    unsafe address(base, displacement).storeBytes(of: value, as: Word.self)
  }

  @inline(never)
  @unsafe
  private static func modify(
    _ pointer: UnsafeMutableRawPointer, size: Int, _ operation: UInt64, _ r: RegisterFile,
    _ source: UInt8
  ) {
    guard let operation = AtomicOperation(rawValue: UInt8(truncatingIfNeeded: operation)) else {
      preconditionFailure("an atomic instruction is bound with its operation")
    }
    unsafe AtomicAccess.modify(
      pointer, size: size, operation, source: r.address(source), r0: r.address(0))
  }
}
