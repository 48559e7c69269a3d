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
  /// - Parameter remaining: the instructions that may be executed, at most ``maximumBudget``; what is left of them, below 0 if
  ///   it was too few.
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

  /// The largest budget: as many instructions take centuries.
  static let maximumBudget = 1 << 58

  private static let slotSize = MemoryLayout<BoundInstruction>.stride

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
    // The frame is alive for as long as its machine runs.
    let frame = unsafe Unmanaged.passUnretained(machine.frame)
    var next = unsafe start
    // Where the budget would end if the program ran straight on: it moves along with each branch, so that what is left of the
    // budget is the way from here to there.
    var limit = unsafe position(start) &+ remaining &* slotSize
    var ending = Ending.exited

    run: while true {
      let i = unsafe Fetched(next)
      unsafe next += 1
      taken: do {
        let d = i.d

        switch i.opcode {
        case .add64K: r[d] = r[d] &+ i.k
        case .sub64K: r[d] = r[d] &- i.k
        case .mul64K: r[d] = r[d] &* i.k
        case .div64K: r[d] = quotient(r[d], i.k)
        case .sdiv64K: r[d] = signedQuotient(r[d], i.k)
        case .or64K: r[d] = r[d] | i.k
        case .and64K: r[d] = r[d] & i.k
        case .lsh64K: r[d] = r[d] &<< i.k
        case .rsh64K: r[d] = r[d] &>> i.k
        case .mod64K: r[d] = remainder(r[d], i.k)
        case .smod64K: r[d] = signedRemainder(r[d], i.k)
        case .xor64K: r[d] = r[d] ^ i.k
        case .mov64K: r[d] = i.k
        case .arsh64K: r[signed: d] = r[signed: d] &>> signed(i.k)
        case .add64X: r[d] = r[d] &+ r[i.s]
        case .sub64X: r[d] = r[d] &- r[i.s]
        case .mul64X: r[d] = r[d] &* r[i.s]
        case .div64X: r[d] = quotient(r[d], r[i.s])
        case .sdiv64X: r[d] = signedQuotient(r[d], r[i.s])
        case .or64X: r[d] = r[d] | r[i.s]
        case .and64X: r[d] = r[d] & r[i.s]
        case .lsh64X: r[d] = r[d] &<< r[i.s]
        case .rsh64X: r[d] = r[d] &>> r[i.s]
        case .mod64X: r[d] = remainder(r[d], r[i.s])
        case .smod64X: r[d] = signedRemainder(r[d], r[i.s])
        case .xor64X: r[d] = r[d] ^ r[i.s]
        case .mov64X: r[d] = r[i.s]
        case .arsh64X: r[signed: d] = r[signed: d] &>> r[signed: i.s]
        case .add32K: r[low: d] = r[low: d] &+ low(i.k)
        case .sub32K: r[low: d] = r[low: d] &- low(i.k)
        case .mul32K: r[low: d] = r[low: d] &* low(i.k)
        case .div32K: r[low: d] = quotient(r[low: d], low(i.k))
        case .sdiv32K: r[low: d] = signedQuotient(r[low: d], low(i.k))
        case .or32K: r[low: d] = r[low: d] | low(i.k)
        case .and32K: r[low: d] = r[low: d] & low(i.k)
        case .lsh32K: r[low: d] = r[low: d] &<< low(i.k)
        case .rsh32K: r[low: d] = r[low: d] &>> low(i.k)
        case .mod32K: r[low: d] = remainder(r[low: d], low(i.k))
        case .smod32K: r[low: d] = signedRemainder(r[low: d], low(i.k))
        case .xor32K: r[low: d] = r[low: d] ^ low(i.k)
        case .mov32K: r[low: d] = low(i.k)
        case .arsh32K: r[signedLow: d] = r[signedLow: d] &>> signed(low(i.k))
        case .add32X: r[low: d] = r[low: d] &+ r[low: i.s]
        case .sub32X: r[low: d] = r[low: d] &- r[low: i.s]
        case .mul32X: r[low: d] = r[low: d] &* r[low: i.s]
        case .div32X: r[low: d] = quotient(r[low: d], r[low: i.s])
        case .sdiv32X: r[low: d] = signedQuotient(r[low: d], r[low: i.s])
        case .or32X: r[low: d] = r[low: d] | r[low: i.s]
        case .and32X: r[low: d] = r[low: d] & r[low: i.s]
        case .lsh32X: r[low: d] = r[low: d] &<< r[low: i.s]
        case .rsh32X: r[low: d] = r[low: d] &>> r[low: i.s]
        case .mod32X: r[low: d] = remainder(r[low: d], r[low: i.s])
        case .smod32X: r[low: d] = signedRemainder(r[low: d], r[low: i.s])
        case .xor32X: r[low: d] = r[low: d] ^ r[low: i.s]
        case .mov32X: r[low: d] = r[low: i.s]
        case .arsh32X: r[signedLow: d] = r[signedLow: d] &>> r[signedLow: i.s]

        case .neg64: r[d] = 0 &- r[d]
        case .neg32: r[low: d] = 0 &- r[low: d]
        case .movsx64from8: r[signed: d] = Int64(Int8(truncatingIfNeeded: r[i.s]))
        case .movsx64from16: r[signed: d] = Int64(Int16(truncatingIfNeeded: r[i.s]))
        case .movsx64from32: r[signed: d] = Int64(r[signedLow: i.s])
        case .movsx32from8: r[signedLow: d] = Int32(Int8(truncatingIfNeeded: r[i.s]))
        case .movsx32from16: r[signedLow: d] = Int32(Int16(truncatingIfNeeded: r[i.s]))
        case .le16: r[d] = r[d] & 0xffff
        case .le32: r[d] = r[d] & 0xffff_ffff
        case .nothing: break
        case .swap16: r[d] = UInt64(UInt16(truncatingIfNeeded: r[d]).byteSwapped)
        case .swap32: r[low: d] = r[low: d].byteSwapped
        case .swap64: r[d] = r[d].byteSwapped
        case .loadWide:
          r[d] = i.k
          unsafe next += 1
          // One instruction of two slots.
          if Count.isOn { limit &+= slotSize }

        case .ldx8: r[d] = UInt64(unsafe load(UInt8.self, r[i.s], i.offset))
        case .ldx16: r[d] = UInt64(unsafe load(UInt16.self, r[i.s], i.offset))
        case .ldx32: r[d] = UInt64(unsafe load(UInt32.self, r[i.s], i.offset))
        case .ldx64: r[d] = unsafe load(UInt64.self, r[i.s], i.offset)
        case .ldsx8: r[signed: d] = Int64(unsafe load(Int8.self, r[i.s], i.offset))
        case .ldsx16: r[signed: d] = Int64(unsafe load(Int16.self, r[i.s], i.offset))
        case .ldsx32: r[signed: d] = Int64(unsafe load(Int32.self, r[i.s], i.offset))
        case .stx8: unsafe store(UInt8(truncatingIfNeeded: r[i.s]), r[d], i.offset)
        case .stx16: unsafe store(UInt16(truncatingIfNeeded: r[i.s]), r[d], i.offset)
        case .stx32: unsafe store(r[low: i.s], r[d], i.offset)
        case .stx64: unsafe store(r[i.s], r[d], i.offset)
        case .st8: unsafe store(UInt8(truncatingIfNeeded: i.k), r[d], i.offset)
        case .st16: unsafe store(UInt16(truncatingIfNeeded: i.k), r[d], i.offset)
        case .st32: unsafe store(low(i.k), r[d], i.offset)
        case .st64: unsafe store(i.k, r[d], i.offset)
        case .atomicAdd32: unsafe AtomicAccess.add(r[low: i.s], to: address(r[d], i.offset))
        case .atomicAdd64: unsafe AtomicAccess.add(r[i.s], to: address(r[d], i.offset))
        case .atomic32: unsafe modify(address(r[d], i.offset), size: 4, i.k, r, i.s)
        case .atomic64: unsafe modify(address(r[d], i.offset), size: 8, i.k, r, i.s)
        case .loadAcquire:
          unsafe r[d] = AtomicAccess.load(address(r[i.s], i.offset), size: Int(i.k))
        case .storeRelease:
          unsafe AtomicAccess.store(r[i.s], address(r[d], i.offset), size: Int(i.k))

        case .jeq64K: if r[d] == i.k { break taken }
        case .jgt64K: if r[d] > i.k { break taken }
        case .jge64K: if r[d] >= i.k { break taken }
        case .jset64K: if r[d] & i.k != 0 { break taken }
        case .jne64K: if r[d] != i.k { break taken }
        case .jsgt64K: if r[signed: d] > signed(i.k) { break taken }
        case .jsge64K: if r[signed: d] >= signed(i.k) { break taken }
        case .jlt64K: if r[d] < i.k { break taken }
        case .jle64K: if r[d] <= i.k { break taken }
        case .jslt64K: if r[signed: d] < signed(i.k) { break taken }
        case .jsle64K: if r[signed: d] <= signed(i.k) { break taken }
        case .jeq64X: if r[d] == r[i.s] { break taken }
        case .jgt64X: if r[d] > r[i.s] { break taken }
        case .jge64X: if r[d] >= r[i.s] { break taken }
        case .jset64X: if r[d] & r[i.s] != 0 { break taken }
        case .jne64X: if r[d] != r[i.s] { break taken }
        case .jsgt64X: if r[signed: d] > r[signed: i.s] { break taken }
        case .jsge64X: if r[signed: d] >= r[signed: i.s] { break taken }
        case .jlt64X: if r[d] < r[i.s] { break taken }
        case .jle64X: if r[d] <= r[i.s] { break taken }
        case .jslt64X: if r[signed: d] < r[signed: i.s] { break taken }
        case .jsle64X: if r[signed: d] <= r[signed: i.s] { break taken }
        case .jeq32K: if r[low: d] == low(i.k) { break taken }
        case .jgt32K: if r[low: d] > low(i.k) { break taken }
        case .jge32K: if r[low: d] >= low(i.k) { break taken }
        case .jset32K: if r[low: d] & low(i.k) != 0 { break taken }
        case .jne32K: if r[low: d] != low(i.k) { break taken }
        case .jsgt32K: if r[signedLow: d] > signed(low(i.k)) { break taken }
        case .jsge32K: if r[signedLow: d] >= signed(low(i.k)) { break taken }
        case .jlt32K: if r[low: d] < low(i.k) { break taken }
        case .jle32K: if r[low: d] <= low(i.k) { break taken }
        case .jslt32K: if r[signedLow: d] < signed(low(i.k)) { break taken }
        case .jsle32K: if r[signedLow: d] <= signed(low(i.k)) { break taken }
        case .jeq32X: if r[low: d] == r[low: i.s] { break taken }
        case .jgt32X: if r[low: d] > r[low: i.s] { break taken }
        case .jge32X: if r[low: d] >= r[low: i.s] { break taken }
        case .jset32X: if r[low: d] & r[low: i.s] != 0 { break taken }
        case .jne32X: if r[low: d] != r[low: i.s] { break taken }
        case .jsgt32X: if r[signedLow: d] > r[signedLow: i.s] { break taken }
        case .jsge32X: if r[signedLow: d] >= r[signedLow: i.s] { break taken }
        case .jlt32X: if r[low: d] < r[low: i.s] { break taken }
        case .jle32X: if r[low: d] <= r[low: i.s] { break taken }
        case .jslt32X: if r[signedLow: d] < r[signedLow: i.s] { break taken }
        case .jsle32X: if r[signedLow: d] <= r[signedLow: i.s] { break taken }
        case .jump: break taken

        case .movAdd64K: r[d] = unsafe passing(&next, r[i.s] &+ i.k)
        case .movSub64K: r[d] = unsafe passing(&next, r[i.s] &- i.k)
        case .movMul64K: r[d] = unsafe passing(&next, r[i.s] &* i.k)
        case .movOr64K: r[d] = unsafe passing(&next, r[i.s] | i.k)
        case .movAnd64K: r[d] = unsafe passing(&next, r[i.s] & i.k)
        case .movLsh64K: r[d] = unsafe passing(&next, r[i.s] &<< i.k)
        case .movRsh64K: r[d] = unsafe passing(&next, r[i.s] &>> i.k)
        case .movXor64K: r[d] = unsafe passing(&next, r[i.s] ^ i.k)
        case .movArsh64K: r[signed: d] = unsafe passing(&next, r[signed: i.s] &>> signed(i.k))
        case .movAdd64X: r[d] = unsafe passing(&next, r[i.s] &+ r[i.o])
        case .movSub64X: r[d] = unsafe passing(&next, r[i.s] &- r[i.o])
        case .movMul64X: r[d] = unsafe passing(&next, r[i.s] &* r[i.o])
        case .movOr64X: r[d] = unsafe passing(&next, r[i.s] | r[i.o])
        case .movAnd64X: r[d] = unsafe passing(&next, r[i.s] & r[i.o])
        case .movLsh64X: r[d] = unsafe passing(&next, r[i.s] &<< r[i.o])
        case .movRsh64X: r[d] = unsafe passing(&next, r[i.s] &>> r[i.o])
        case .movXor64X: r[d] = unsafe passing(&next, r[i.s] ^ r[i.o])
        case .movArsh64X: r[signed: d] = unsafe passing(&next, r[signed: i.s] &>> r[signed: i.o])
        case .movAdd32K: r[low: d] = unsafe passing(&next, r[low: i.s] &+ low(i.k))
        case .movSub32K: r[low: d] = unsafe passing(&next, r[low: i.s] &- low(i.k))
        case .movMul32K: r[low: d] = unsafe passing(&next, r[low: i.s] &* low(i.k))
        case .movOr32K: r[low: d] = unsafe passing(&next, r[low: i.s] | low(i.k))
        case .movAnd32K: r[low: d] = unsafe passing(&next, r[low: i.s] & low(i.k))
        case .movLsh32K: r[low: d] = unsafe passing(&next, r[low: i.s] &<< low(i.k))
        case .movRsh32K: r[low: d] = unsafe passing(&next, r[low: i.s] &>> low(i.k))
        case .movXor32K: r[low: d] = unsafe passing(&next, r[low: i.s] ^ low(i.k))
        case .movArsh32K:
          r[signedLow: d] = unsafe passing(&next, r[signedLow: i.s] &>> signed(low(i.k)))
        case .movAdd32X: r[low: d] = unsafe passing(&next, r[low: i.s] &+ r[low: i.o])
        case .movSub32X: r[low: d] = unsafe passing(&next, r[low: i.s] &- r[low: i.o])
        case .movMul32X: r[low: d] = unsafe passing(&next, r[low: i.s] &* r[low: i.o])
        case .movOr32X: r[low: d] = unsafe passing(&next, r[low: i.s] | r[low: i.o])
        case .movAnd32X: r[low: d] = unsafe passing(&next, r[low: i.s] & r[low: i.o])
        case .movLsh32X: r[low: d] = unsafe passing(&next, r[low: i.s] &<< r[low: i.o])
        case .movRsh32X: r[low: d] = unsafe passing(&next, r[low: i.s] &>> r[low: i.o])
        case .movXor32X: r[low: d] = unsafe passing(&next, r[low: i.s] ^ r[low: i.o])
        case .movArsh32X:
          r[signedLow: d] = unsafe passing(&next, r[signedLow: i.s] &>> r[signedLow: i.o])
        case .addJgt64K: if unsafe passing(&next, r.increase(d, i.k)) > high(i.k) { break taken }
        case .addJne64K: if unsafe passing(&next, r.increase(d, i.k)) != high(i.k) { break taken }
        case .addJlt64K: if unsafe passing(&next, r.increase(d, i.k)) < high(i.k) { break taken }
        case .addJslt64K:
          if signed(unsafe passing(&next, r.increase(d, i.k))) < signed(high(i.k)) { break taken }
        case .addJgt64X: if unsafe passing(&next, r.increase(d, i.k)) > r[i.s] { break taken }
        case .addJne64X: if unsafe passing(&next, r.increase(d, i.k)) != r[i.s] { break taken }
        case .addJlt64X: if unsafe passing(&next, r.increase(d, i.k)) < r[i.s] { break taken }
        case .addJslt64X:
          if signed(unsafe passing(&next, r.increase(d, i.k))) < signed(r[i.s]) { break taken }
        case .addJgt32K:
          if unsafe passing(&next, r.increaseLow(d, i.k)) > low(high(i.k)) { break taken }
        case .addJne32K:
          if unsafe passing(&next, r.increaseLow(d, i.k)) != low(high(i.k)) { break taken }
        case .addJlt32K:
          if unsafe passing(&next, r.increaseLow(d, i.k)) < low(high(i.k)) { break taken }
        case .addJslt32K:
          if signed(unsafe passing(&next, r.increaseLow(d, i.k))) < signed(low(high(i.k))) {
            break taken
          }
        case .addJgt32X:
          if unsafe passing(&next, r.increaseLow(d, i.k)) > r[low: i.s] { break taken }
        case .addJne32X:
          if unsafe passing(&next, r.increaseLow(d, i.k)) != r[low: i.s] { break taken }
        case .addJlt32X:
          if unsafe passing(&next, r.increaseLow(d, i.k)) < r[low: i.s] { break taken }
        case .addJslt32X:
          if signed(unsafe passing(&next, r.increaseLow(d, i.k))) < signed(r[low: i.s]) {
            break taken
          }
        case .ldx8jeq:
          r[d] = UInt64(unsafe load(UInt8.self, r[i.s], Int(signed(high(i.k)))))
          if unsafe passing(&next, r[low: d]) == low(i.k) { break taken }
        case .ldx8jne:
          r[d] = UInt64(unsafe load(UInt8.self, r[i.s], Int(signed(high(i.k)))))
          if unsafe passing(&next, r[low: d]) != low(i.k) { break taken }
        case .ldx16jeq:
          r[d] = UInt64(unsafe load(UInt16.self, r[i.s], Int(signed(high(i.k)))))
          if unsafe passing(&next, r[low: d]) == low(i.k) { break taken }
        case .ldx16jne:
          r[d] = UInt64(unsafe load(UInt16.self, r[i.s], Int(signed(high(i.k)))))
          if unsafe passing(&next, r[low: d]) != low(i.k) { break taken }
        case .ldx32jeq:
          r[d] = UInt64(unsafe load(UInt32.self, r[i.s], Int(signed(high(i.k)))))
          if unsafe passing(&next, r[low: d]) == low(i.k) { break taken }
        case .ldx32jne:
          r[d] = UInt64(unsafe load(UInt32.self, r[i.s], Int(signed(high(i.k)))))
          if unsafe passing(&next, r[low: d]) != low(i.k) { break taken }
        case .movMov64:
          r[d] = r[i.s]
          r[i.o] = unsafe passing(&next, r[UInt8(truncatingIfNeeded: i.k)])
        case .lshRsh64: r[d] = unsafe passing(&next, (r[d] &<< i.k) &>> high(i.k))
        case .lshArsh64:
          r[signed: d] = unsafe passing(&next, signed(r[d] &<< i.k) &>> signed(high(i.k)))
        case .ldx8indexed:
          r[d] = UInt64(unsafe load(UInt8.self, r[i.s] &+ r[i.o], i.offset))
          unsafe next = moved(next, Int(i.k))
        case .ldx16indexed:
          r[d] = UInt64(unsafe load(UInt16.self, r[i.s] &+ r[i.o], i.offset))
          unsafe next = moved(next, Int(i.k))
        case .ldx32indexed:
          r[d] = UInt64(unsafe load(UInt32.self, r[i.s] &+ r[i.o], i.offset))
          unsafe next = moved(next, Int(i.k))
        case .ldx64indexed:
          r[d] = unsafe load(UInt64.self, r[i.s] &+ r[i.o], i.offset)
          unsafe next = moved(next, Int(i.k))

        case .callHelper:
          unsafe machine.next = next
          let helper = HelperID(rawValue: Int32(truncatingIfNeeded: i.k))
          unsafe r[0] = frame._withUnsafeGuaranteedRef {
            unsafe $0.callHelper(helper, r[1], r[2], r[3], r[4], r[5])
          }
        case .callHashLookup:
          unsafe r[0] = frame._withUnsafeGuaranteedRef { unsafe $0.hashLookup(r[1], key: r[2]) }
        case .callPrefixLookup:
          unsafe r[0] = frame._withUnsafeGuaranteedRef {
            unsafe $0.prefixLookup(r[1], key: r[2])
          }
        case .callFunction:
          let function = unsafe unsafeBitCast(UInt(i.k), to: HostHelper.Function.self)
          r[0] = function(r[1], r[2], r[3], r[4], r[5])
        case .callHost:
          unsafe machine.next = next
          unsafe r[0] = frame._withUnsafeGuaranteedRef { unsafe callHost(i.k, $0, r) }
        case .callControlFlow:
          let before = unsafe position(next)
          unsafe next = machine.callControlFlow(
            HelperID(rawValue: Int32(truncatingIfNeeded: i.k)), next)
          if Count.isOn { unsafe limit &+= position(next) &- before }
        case .callLocal:
          if unsafe machine.enterFunction(returningTo: next) { break taken }
          unsafe machine.next = next
          ending = .failed
          unsafe _ = machine.fail(.callDepthExceeded)
          break run
        case .exit:
          let before = unsafe position(next)
          if Count.isOn, limit < before {
            ending = .exhausted
            break run
          }
          unsafe next = machine.leaveFunction()
          if Count.isOn { unsafe limit &+= position(next) &- before }

        // The landings are no instructions of the program's, and so not counted.
        case .end:
          if Count.isOn { unsafe remaining = (limit &+ slotSize &- position(next)) / slotSize }
          return .exited
        case .fault:
          if Count.isOn { unsafe remaining = (limit &+ slotSize &- position(next)) / slotSize }
          return .failed
        case .endOfCallback:
          let before = unsafe position(next) &- slotSize
          unsafe next = machine.endCallback()
          if Count.isOn { unsafe limit &+= position(next) &- before }
        case .secondSlot, .endOfProgram:
          ending = .leftProgram
          break run
        }
        continue run
      }

      // A taken branch.
      if Count.isOn {
        if unsafe limit < position(next) {
          ending = .exhausted
          break run
        }
        limit &+= i.offset
      }
      unsafe next = moved(next, i.offset)
    }
    unsafe machine.next = next
    if Count.isOn { unsafe remaining = (limit &- position(next)) / slotSize }
    return ending
  }
}
