import BPFISA
import BPFPlatform

/// Runs programs as they are, without any proof that they are safe: the reference semantics.
///
/// Every access is checked against the regions the program has, every register and stack byte it reads must hold
/// something, and a step budget ends what does not end by itself. RFC 9669 gives the meaning of each instruction.
enum CheckedInterpreter {
  /// Runs the machine's program from a slot, which begins it or a function of it.
  ///
  /// - Returns: r0 and how many instructions were executed; or the fault.
  static func run(
    _ machine: CheckedMachine, from slot: Int = 0, budget: Int
  ) -> (value: UInt64, executed: Int, fault: Fault?) {
    var state = unsafe State(
      next: unsafe machine.code.instructions + slot, remaining: budget,
      initialized: machine.initialized,
      mayGotoLeft: CheckedMachine.mayGotoLimit)
    machine.bucketsLeft = budget
    var ending = Ending.needsWatching
    if unsafe machine.frame.observer != nil {
      ending = execute(machine, &state, watching: EachInstructionAloud.self)
    } else if machine.code.readsOnlyWhatItWrote {
      state.initialized = .max
      ending = execute(machine, &state, watching: Nothing.self)
      state.initialized = .max
    }
    if case .needsWatching = ending {
      ending = execute(machine, &state, watching: EachInstruction.self)
    }
    let executed = budget - state.remaining
    let slot = unsafe machine.code.slot(before: state.next)
    switch ending {
    case .exited where unsafe machine.heldLock != nil:
      return (0, executed, machine.code.fault(.lockHeldAtExit, at: slot))
    case .exited where machine.liveRecords > 0:
      return (0, executed, machine.code.fault(.unreleasedRecords(machine.liveRecords), at: slot))
    case .exited: return unsafe (machine.registers[0], executed, nil)
    case .faulted(let kind): return (0, executed, machine.code.fault(kind, at: slot))
    case .failed, .needsWatching:
      let kind = machine.failure ?? .budgetExhausted(budget)
      return (0, executed, machine.code.fault(kind, at: slot))
    }
  }

  /// What the loop carries from one instruction to the next.
  @safe
  private struct State {
    var next: UnsafeMutablePointer<DecodedInstruction>
    /// The instructions that may still be executed.
    var remaining: Int
    /// The registers that hold something, a bit each.
    var initialized: UInt16
    var mayGotoLeft: Int
  }

  private enum Ending {
    case exited
    case faulted(Fault.Kind)
    /// With the reason in ``CheckedMachine/failure``; without one, the budget is used up.
    case failed
    /// The budget comes near its end: each instruction is to be counted from here on.
    case needsWatching
  }

  /// What the loop looks at before each instruction. Where a program is known to write registers before it reads
  /// them, and its budget is far from used up, there is nothing to look at: instructions are counted at taken
  /// branches, and the loop takes a third less time (benchmark `micro`).
  private protocol Watching {
    static var isOn: Bool { get }
    /// Whether the frame's observer is told.
    static var isAloud: Bool { get }
  }

  private enum EachInstructionAloud: Watching {
    static var isOn: Bool { true }
    static var isAloud: Bool { true }
  }

  private enum EachInstruction: Watching {
    static var isOn: Bool { true }
    static var isAloud: Bool { false }
  }

  private enum Nothing: Watching {
    static var isOn: Bool { false }
    static var isAloud: Bool { false }
  }

  private static func execute<Watch: Watching>(
    _ machine: CheckedMachine, _ state: inout State, watching: Watch.Type
  ) -> Ending {
    // SAFETY: registers have 16 elements and a decoded register is a nibble. `next` points into the decoded
    // instructions: branches that leave the program are replaced when it is decoded, and one instruction past
    // the last catches falling off the end. Addresses are compared with their region before memory is touched.
    let r = unsafe machine.registers
    // No straight line is longer than the program: with more than this left, none uses the budget up.
    let margin = Watch.isOn ? 0 : machine.code.program.slots.count + 1
    var next = unsafe state.next
    var regions = unsafe machine.regions
    var regionCount = machine.regionCount
    var initialized = state.initialized
    var mayGotoLeft = state.mayGotoLeft
    var remaining = state.remaining
    let callFrames = unsafe machine.callFrames
    var code = unsafe Unmanaged.passUnretained(machine.code)
    var depth = machine.depth
    // Whether a function below the running one may be another program's, or wait for a callback.
    var hasSpecialFrames = !machine.callbacks.isEmpty
    // Where the straight line began that is not counted yet.
    var lineStart = unsafe next
    var ending = Ending.failed
    if remaining < margin { return .needsWatching }

    run: while true {
      var offset = 0
      taken: do {
        let instruction = unsafe next.pointee
        unsafe next += 1
        if Watch.isOn {
          remaining &-= 1
          if remaining < 0 {
            remaining = 0
            break run
          }
          if instruction.reads & ~initialized != 0 {
            ending = .faulted(uninitialized(instruction.reads & ~initialized))
            break run
          }
          if Watch.isAloud {
            machine.depth = depth
            unsafe machine.frame.observer?(machine, machine.code.slot(before: next))
          }
          initialized |= instruction.writes
        }
        let destination = Int(truncatingIfNeeded: instruction.destination)
        let source = Int(truncatingIfNeeded: instruction.source)
        let constant = UInt64(bitPattern: Int64(instruction.immediate))
        offset = Int(truncatingIfNeeded: instruction.offset)
        let displacement = UInt64(bitPattern: Int64(instruction.offset))

        switch instruction.opcode {
        case .add64K: unsafe r[destination] = r[destination] &+ constant
        case .sub64K: unsafe r[destination] = r[destination] &- constant
        case .mul64K: unsafe r[destination] = r[destination] &* constant
        case .div64K: unsafe r[destination] = quotient(r[destination], constant)
        case .sdiv64K: unsafe r[destination] = signedQuotient(r[destination], constant)
        case .or64K: unsafe r[destination] = r[destination] | constant
        case .and64K: unsafe r[destination] = r[destination] & constant
        case .lsh64K: unsafe r[destination] = r[destination] &<< constant
        case .rsh64K: unsafe r[destination] = r[destination] &>> constant
        case .mod64K: unsafe r[destination] = remainder(r[destination], constant)
        case .smod64K: unsafe r[destination] = signedRemainder(r[destination], constant)
        case .xor64K: unsafe r[destination] = r[destination] ^ constant
        case .mov64K: unsafe r[destination] = constant
        case .arsh64K:
          unsafe r[destination] = UInt64(
            bitPattern: Int64(bitPattern: r[destination]) &>> Int64(bitPattern: constant))
        case .add64X: unsafe r[destination] = r[destination] &+ r[source]
        case .sub64X: unsafe r[destination] = r[destination] &- r[source]
        case .mul64X: unsafe r[destination] = r[destination] &* r[source]
        case .div64X: unsafe r[destination] = quotient(r[destination], r[source])
        case .sdiv64X: unsafe r[destination] = signedQuotient(r[destination], r[source])
        case .or64X: unsafe r[destination] = r[destination] | r[source]
        case .and64X: unsafe r[destination] = r[destination] & r[source]
        case .lsh64X: unsafe r[destination] = r[destination] &<< r[source]
        case .rsh64X: unsafe r[destination] = r[destination] &>> r[source]
        case .mod64X: unsafe r[destination] = remainder(r[destination], r[source])
        case .smod64X: unsafe r[destination] = signedRemainder(r[destination], r[source])
        case .xor64X: unsafe r[destination] = r[destination] ^ r[source]
        case .mov64X: unsafe r[destination] = r[source]
        case .arsh64X:
          unsafe r[destination] = UInt64(
            bitPattern: Int64(bitPattern: r[destination]) &>> Int64(bitPattern: r[source]))
        case .add32K: unsafe r[destination] = UInt64(low(r[destination]) &+ low(constant))
        case .sub32K: unsafe r[destination] = UInt64(low(r[destination]) &- low(constant))
        case .mul32K: unsafe r[destination] = UInt64(low(r[destination]) &* low(constant))
        case .div32K: unsafe r[destination] = UInt64(quotient(low(r[destination]), low(constant)))
        case .sdiv32K:
          unsafe r[destination] = UInt64(signedQuotient(low(r[destination]), low(constant)))
        case .or32K: unsafe r[destination] = UInt64(low(r[destination]) | low(constant))
        case .and32K: unsafe r[destination] = UInt64(low(r[destination]) & low(constant))
        case .lsh32K: unsafe r[destination] = UInt64(low(r[destination]) &<< low(constant))
        case .rsh32K: unsafe r[destination] = UInt64(low(r[destination]) &>> low(constant))
        case .mod32K: unsafe r[destination] = UInt64(remainder(low(r[destination]), low(constant)))
        case .smod32K:
          unsafe r[destination] = UInt64(signedRemainder(low(r[destination]), low(constant)))
        case .xor32K: unsafe r[destination] = UInt64(low(r[destination]) ^ low(constant))
        case .mov32K: unsafe r[destination] = UInt64(low(constant))
        case .arsh32K:
          unsafe r[destination] = UInt64(
            UInt32(
              bitPattern: Int32(bitPattern: low(r[destination]))
                &>> Int32(bitPattern: low(constant)))
          )
        case .add32X: unsafe r[destination] = UInt64(low(r[destination]) &+ low(r[source]))
        case .sub32X: unsafe r[destination] = UInt64(low(r[destination]) &- low(r[source]))
        case .mul32X: unsafe r[destination] = UInt64(low(r[destination]) &* low(r[source]))
        case .div32X: unsafe r[destination] = UInt64(quotient(low(r[destination]), low(r[source])))
        case .sdiv32X:
          unsafe r[destination] = UInt64(signedQuotient(low(r[destination]), low(r[source])))
        case .or32X: unsafe r[destination] = UInt64(low(r[destination]) | low(r[source]))
        case .and32X: unsafe r[destination] = UInt64(low(r[destination]) & low(r[source]))
        case .lsh32X: unsafe r[destination] = UInt64(low(r[destination]) &<< low(r[source]))
        case .rsh32X: unsafe r[destination] = UInt64(low(r[destination]) &>> low(r[source]))
        case .mod32X: unsafe r[destination] = UInt64(remainder(low(r[destination]), low(r[source])))
        case .smod32X:
          unsafe r[destination] = UInt64(signedRemainder(low(r[destination]), low(r[source])))
        case .xor32X: unsafe r[destination] = UInt64(low(r[destination]) ^ low(r[source]))
        case .mov32X: unsafe r[destination] = UInt64(low(r[source]))
        case .arsh32X:
          unsafe r[destination] = UInt64(
            UInt32(
              bitPattern: Int32(bitPattern: low(r[destination]))
                &>> Int32(bitPattern: low(r[source]))
            ))

        case .neg64: unsafe r[destination] = 0 &- r[destination]
        case .neg32: unsafe r[destination] = UInt64(0 &- low(r[destination]))
        case .movsx64from8:
          unsafe r[destination] = UInt64(
            bitPattern: Int64(Int8(truncatingIfNeeded: r[source])))
        case .movsx64from16:
          unsafe r[destination] = UInt64(
            bitPattern: Int64(Int16(truncatingIfNeeded: r[source])))
        case .movsx64from32:
          unsafe r[destination] = UInt64(
            bitPattern: Int64(Int32(truncatingIfNeeded: r[source])))
        case .movsx32from8:
          unsafe r[destination] = UInt64(
            UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: r[source]))))
        case .movsx32from16:
          unsafe r[destination] = UInt64(
            UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: r[source]))))
        case .le16: unsafe r[destination] &= 0xffff
        case .le32: unsafe r[destination] &= 0xffff_ffff
        case .le64: break
        case .swap16:
          unsafe r[destination] = UInt64(UInt16(truncatingIfNeeded: r[destination]).byteSwapped)
        case .swap32: unsafe r[destination] = UInt64(low(r[destination]).byteSwapped)
        case .swap64: unsafe r[destination] = r[destination].byteSwapped
        case .loadWide:
          let upper = unsafe UInt64(UInt32(bitPattern: next.pointee.immediate))
          unsafe r[destination] = UInt64(low(constant)) | upper << 32
          unsafe next += 1
          // One instruction of two slots.
          if !Watch.isOn { remaining &+= 1 }

        case .ldx8:
          guard
            let value = unsafe load(
              UInt8.self, r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = UInt64(value)
        case .ldx16:
          guard
            let value = unsafe load(
              UInt16.self, r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = UInt64(value)
        case .ldx32:
          guard
            let value = unsafe loadWord(
              r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = value
        case .ldx64:
          guard
            let value = unsafe load(
              UInt64.self, r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = value
        case .ldsx8:
          guard
            let value = unsafe load(
              Int8.self, r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = UInt64(bitPattern: Int64(value))
        case .ldsx16:
          guard
            let value = unsafe load(
              Int16.self, r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = UInt64(bitPattern: Int64(value))
        case .ldsx32:
          guard
            let value = unsafe load(
              Int32.self, r[source] &+ displacement, machine, regions, regionCount)
          else { break run }
          unsafe r[destination] = UInt64(bitPattern: Int64(value))

        case .stx8:
          guard
            unsafe store(
              UInt8(truncatingIfNeeded: r[source]), r[destination] &+ displacement, machine,
              regions,
              regionCount)
          else { break run }
        case .stx16:
          guard
            unsafe store(
              UInt16(truncatingIfNeeded: r[source]), r[destination] &+ displacement, machine,
              regions,
              regionCount)
          else { break run }
        case .stx32:
          guard
            unsafe store(
              low(r[source]), r[destination] &+ displacement, machine, regions, regionCount)
          else { break run }
        case .stx64:
          guard
            unsafe store(r[source], r[destination] &+ displacement, machine, regions, regionCount)
          else { break run }
        case .st8:
          guard
            unsafe store(
              UInt8(truncatingIfNeeded: constant), r[destination] &+ displacement, machine, regions,
              regionCount)
          else { break run }
        case .st16:
          guard
            unsafe store(
              UInt16(truncatingIfNeeded: constant), r[destination] &+ displacement, machine,
              regions,
              regionCount)
          else { break run }
        case .st32:
          guard
            unsafe store(
              low(constant), r[destination] &+ displacement, machine, regions, regionCount)
          else { break run }
        case .st64:
          guard
            unsafe store(constant, r[destination] &+ displacement, machine, regions, regionCount)
          else { break run }

        case .atomic32, .atomic64, .loadAcquire, .storeRelease:
          guard machine.executeAtomic(instruction) else { break run }

        case .jeq64K: if unsafe r[destination] == constant { break taken }
        case .jgt64K: if unsafe r[destination] > constant { break taken }
        case .jge64K: if unsafe r[destination] >= constant { break taken }
        case .jset64K: if unsafe r[destination] & constant != 0 { break taken }
        case .jne64K: if unsafe r[destination] != constant { break taken }
        case .jsgt64K: if unsafe signed(r[destination]) > signed(constant) { break taken }
        case .jsge64K: if unsafe signed(r[destination]) >= signed(constant) { break taken }
        case .jlt64K: if unsafe r[destination] < constant { break taken }
        case .jle64K: if unsafe r[destination] <= constant { break taken }
        case .jslt64K: if unsafe signed(r[destination]) < signed(constant) { break taken }
        case .jsle64K: if unsafe signed(r[destination]) <= signed(constant) { break taken }
        case .jeq64X: if unsafe r[destination] == r[source] { break taken }
        case .jgt64X: if unsafe r[destination] > r[source] { break taken }
        case .jge64X: if unsafe r[destination] >= r[source] { break taken }
        case .jset64X: if unsafe r[destination] & r[source] != 0 { break taken }
        case .jne64X: if unsafe r[destination] != r[source] { break taken }
        case .jsgt64X: if unsafe signed(r[destination]) > signed(r[source]) { break taken }
        case .jsge64X: if unsafe signed(r[destination]) >= signed(r[source]) { break taken }
        case .jlt64X: if unsafe r[destination] < r[source] { break taken }
        case .jle64X: if unsafe r[destination] <= r[source] { break taken }
        case .jslt64X: if unsafe signed(r[destination]) < signed(r[source]) { break taken }
        case .jsle64X: if unsafe signed(r[destination]) <= signed(r[source]) { break taken }
        case .jeq32K: if unsafe low(r[destination]) == low(constant) { break taken }
        case .jgt32K: if unsafe low(r[destination]) > low(constant) { break taken }
        case .jge32K: if unsafe low(r[destination]) >= low(constant) { break taken }
        case .jset32K: if unsafe low(r[destination]) & low(constant) != 0 { break taken }
        case .jne32K: if unsafe low(r[destination]) != low(constant) { break taken }
        case .jsgt32K:
          if unsafe signed(low(r[destination])) > signed(low(constant)) { break taken }
        case .jsge32K:
          if unsafe signed(low(r[destination])) >= signed(low(constant)) { break taken }
        case .jlt32K: if unsafe low(r[destination]) < low(constant) { break taken }
        case .jle32K: if unsafe low(r[destination]) <= low(constant) { break taken }
        case .jslt32K:
          if unsafe signed(low(r[destination])) < signed(low(constant)) { break taken }
        case .jsle32K:
          if unsafe signed(low(r[destination])) <= signed(low(constant)) { break taken }
        case .jeq32X: if unsafe low(r[destination]) == low(r[source]) { break taken }
        case .jgt32X: if unsafe low(r[destination]) > low(r[source]) { break taken }
        case .jge32X: if unsafe low(r[destination]) >= low(r[source]) { break taken }
        case .jset32X: if unsafe low(r[destination]) & low(r[source]) != 0 { break taken }
        case .jne32X: if unsafe low(r[destination]) != low(r[source]) { break taken }
        case .jsgt32X:
          if unsafe signed(low(r[destination])) > signed(low(r[source])) { break taken }
        case .jsge32X:
          if unsafe signed(low(r[destination])) >= signed(low(r[source])) { break taken }
        case .jlt32X: if unsafe low(r[destination]) < low(r[source]) { break taken }
        case .jle32X: if unsafe low(r[destination]) <= low(r[source]) { break taken }
        case .jslt32X:
          if unsafe signed(low(r[destination])) < signed(low(r[source])) { break taken }
        case .jsle32X:
          if unsafe signed(low(r[destination])) <= signed(low(r[source])) { break taken }

        case .ja: break taken
        case .jal:
          offset = Int(truncatingIfNeeded: instruction.immediate)
          break taken
        case .mayGoto:
          if mayGotoLeft == 0 { break taken } else { mayGotoLeft &-= 1 }

        case .callHelper, .callRegister:
          let number =
            instruction.opcode == .callHelper
            ? instruction.immediate : unsafe Int32(truncatingIfNeeded: r[destination])
          machine.initialized = Watch.isOn ? initialized : .max
          machine.depth = depth
          unsafe machine.next = next
          switch machine.callHelper(number) {
          case .returned: break
          case .failed: break run
          case .replaced:
            // Programs with tail calls are watched, so that no straight line is left uncounted.
            mayGotoLeft = CheckedMachine.mayGotoLimit
            hasSpecialFrames = true
            unsafe code = Unmanaged.passUnretained(machine.code)
            unsafe next = machine.code.instructions
          case .callback:
            guard depth + 1 < CheckedMachine.maximumFrames else {
              ending = .faulted(.callDepthExceeded)
              break run
            }
            hasSpecialFrames = true
            unsafe callFrames[depth] = CheckedMachine.CallFrame(
              code: code, next: next, saved: (r[6], r[7], r[8], r[9]), initialized: initialized,
              mayGotoLeft: mayGotoLeft)
            depth += 1
            unsafe CheckedMachine.enterStack(depth, regions, r)
            mayGotoLeft = CheckedMachine.mayGotoLimit
            initialized = machine.initialized
            unsafe regions = machine.regions
            regionCount = machine.regionCount
            if !Watch.isOn { unsafe remaining &-= next - lineStart }
            unsafe next = machine.callbackEntry
            unsafe lineStart = next
            if !Watch.isOn, remaining < margin {
              ending = .needsWatching
              break run
            }
            continue run
          }
          initialized = machine.initialized
          unsafe regions = machine.regions
          regionCount = machine.regionCount

        case .callLocal:
          guard depth + 1 < CheckedMachine.maximumFrames else {
            ending = .faulted(.callDepthExceeded)
            break run
          }
          unsafe callFrames[depth] = CheckedMachine.CallFrame(
            code: code, next: next, saved: (r[6], r[7], r[8], r[9]), initialized: initialized,
            mayGotoLeft: mayGotoLeft)
          depth += 1
          unsafe CheckedMachine.enterStack(depth, regions, r)
          mayGotoLeft = CheckedMachine.mayGotoLimit
          // The callee sees its arguments and its own frame pointer.
          initialized &= 0b100_0011_1110
          offset = Int(truncatingIfNeeded: instruction.immediate)
          break taken

        case .loadPacket, .exit:
          if instruction.opcode == .loadPacket {
            switch machine.loadPacket(instruction, isIndirect: offset != 0) {
            case .failed: break run
            case .value(let value):
              unsafe r[0] = value
              initialized &= ~0b11_1110
              continue run
            case .outside:
              // The function ends with 0 (RFC 9669 section 5.5).
              unsafe r[0] = 0
              initialized |= 1
            }
          }
          if depth == 0 {
            ending =
              Watch.isOn && initialized & 1 == 0 ? .faulted(.uninitializedRegister(.r0)) : .exited
            break run
          }
          if hasSpecialFrames {
            machine.initialized = Watch.isOn ? initialized : .max
            switch machine.endCallback(above: depth - 1) {
            case .none: break
            case .failed: break run
            case .finished: initialized |= 1
            case .again:
              unsafe CheckedMachine.enterStack(depth, regions, r)
              mayGotoLeft = CheckedMachine.mayGotoLimit
              initialized = machine.initialized
              if !Watch.isOn { unsafe remaining &-= next - lineStart }
              unsafe next = machine.callbackEntry
              unsafe lineStart = next
              if !Watch.isOn, remaining < margin {
                ending = .needsWatching
                break run
              }
              continue run
            }
          }
          // Back to the function that called, which has its own r6 to r10, and r0 if it was left a value.
          unsafe regions[CheckedMachine.RegionNumber.firstStack + depth].stackBytes = 0
          depth -= 1
          let caller = unsafe callFrames[depth]
          unsafe (r[6], r[7], r[8], r[9]) = caller.saved
          unsafe r[10] = CheckedMachine.framePointer(depth)
          if hasSpecialFrames {
            unsafe code = caller.code
            machine.switchCode(to: unsafe code.takeUnretainedValue())
            unsafe regions = machine.regions
            regionCount = machine.regionCount
          }
          if !Watch.isOn { unsafe remaining &-= next - lineStart }
          unsafe next = caller.next
          unsafe lineStart = next
          mayGotoLeft = caller.mayGotoLeft
          initialized = caller.initialized & 0b111_1100_0000 | initialized & 1

        case .strayBranch:
          if let target = machine.strayTarget(at: unsafe machine.code.slot(before: next)) {
            ending = .faulted(.programCounterOutOfRange(target))
            break run
          }
        case .secondSlot:
          ending = .faulted(.jumpIntoWideImmediate(unsafe machine.code.slot(before: next)))
          break run
        case .endOfProgram:
          ending = .faulted(.programCounterOutOfRange(unsafe machine.code.slot(before: next)))
          // It is no instruction of the program.
          remaining &+= 1
          break run
        case .writesFramePointer:
          ending = .faulted(.writeToFramePointer)
          break run
        case .unsupported:
          ending = .faulted(
            .unsupportedInstruction(
              machine.code.text(at: unsafe machine.code.slot(before: next))))
          break run
        }
        continue run
      }

      // A taken branch.
      if Watch.isOn {
        unsafe next += offset
      } else {
        unsafe remaining &-= next - lineStart
        unsafe next += offset
        unsafe lineStart = next
        if remaining < margin {
          ending = .needsWatching
          break run
        }
      }
    }
    if !Watch.isOn { unsafe remaining &-= next - lineStart }
    machine.depth = depth
    unsafe state.next = next
    state.remaining = remaining
    state.initialized = initialized
    state.mayGotoLeft = mayGotoLeft
    return ending
  }

  private static func uninitialized(_ missing: UInt16) -> Fault.Kind {
    .uninitializedRegister(Register(rawValue: UInt8(missing.trailingZeroBitCount)) ?? .r11)
  }
}
