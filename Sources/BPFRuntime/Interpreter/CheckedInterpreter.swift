import BPFISA
import BPFPlatform

/// Runs programs as they are, without any proof that they are safe: the reference semantics.
///
/// Every access is checked against the regions the program has, every register and stack byte it reads must hold
/// something, and a step budget ends what does not end by itself. RFC 9669 gives the meaning of each instruction.
enum CheckedInterpreter {
  /// Runs the machine's program from its first instruction.
  ///
  /// - Returns: r0 and how many instructions were executed; or the fault.
  static func run(
    _ machine: CheckedMachine, budget: Int
  ) -> (value: UInt64, executed: Int, fault: Fault?) {
    // SAFETY: registers have 16 elements and a decoded register is a nibble. `pc` indexes the decoded
    // instructions: branches that leave the program are replaced when it is decoded, and one instruction past
    // the last catches falling off the end. Addresses are compared with their region before memory is touched.
    let r = unsafe machine.registers
    var code = unsafe machine.code.instructions
    var regions = unsafe machine.regions
    var regionCount = machine.regionCount
    var initialized = machine.initialized
    var mayGotoLeft = CheckedMachine.mayGotoLimit
    var remaining = budget
    var pc = 0
    var kind: Fault.Kind?

    run: while true {
      let instruction = unsafe code[pc]
      if remaining <= 0 {
        kind = .budgetExhausted(budget)
        pc &+= 1
        break run
      }
      remaining &-= 1
      pc &+= 1
      if instruction.reads & ~initialized != 0 {
        kind = uninitialized(instruction.reads & ~initialized)
        break run
      }
      initialized |= instruction.writes
      let destination = Int(truncatingIfNeeded: instruction.destination)
      let source = Int(truncatingIfNeeded: instruction.source)
      let constant = UInt64(bitPattern: Int64(instruction.immediate))
      let offset = Int(truncatingIfNeeded: instruction.offset)
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
            bitPattern: Int32(bitPattern: low(r[destination])) &>> Int32(bitPattern: low(constant)))
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
            bitPattern: Int32(bitPattern: low(r[destination])) &>> Int32(bitPattern: low(r[source]))
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
        let upper = unsafe UInt64(UInt32(bitPattern: code[pc].immediate))
        unsafe r[destination] = UInt64(low(constant)) | upper << 32
        pc &+= 1

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
            UInt8(truncatingIfNeeded: r[source]), r[destination] &+ displacement, machine, regions,
            regionCount)
        else { break run }
      case .stx16:
        guard
          unsafe store(
            UInt16(truncatingIfNeeded: r[source]), r[destination] &+ displacement, machine, regions,
            regionCount)
        else { break run }
      case .stx32:
        guard
          unsafe store(
            low(r[source]), r[destination] &+ displacement, machine, regions, regionCount)
        else { break run }
      case .stx64:
        guard unsafe store(r[source], r[destination] &+ displacement, machine, regions, regionCount)
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
            UInt16(truncatingIfNeeded: constant), r[destination] &+ displacement, machine, regions,
            regionCount)
        else { break run }
      case .st32:
        guard
          unsafe store(low(constant), r[destination] &+ displacement, machine, regions, regionCount)
        else { break run }
      case .st64:
        guard unsafe store(constant, r[destination] &+ displacement, machine, regions, regionCount)
        else { break run }

      case .atomic32, .atomic64, .loadAcquire, .storeRelease:
        guard machine.executeAtomic(instruction) else { break run }

      case .jeq64K: if unsafe r[destination] == constant { pc &+= offset }
      case .jgt64K: if unsafe r[destination] > constant { pc &+= offset }
      case .jge64K: if unsafe r[destination] >= constant { pc &+= offset }
      case .jset64K: if unsafe r[destination] & constant != 0 { pc &+= offset }
      case .jne64K: if unsafe r[destination] != constant { pc &+= offset }
      case .jsgt64K: if unsafe signed(r[destination]) > signed(constant) { pc &+= offset }
      case .jsge64K: if unsafe signed(r[destination]) >= signed(constant) { pc &+= offset }
      case .jlt64K: if unsafe r[destination] < constant { pc &+= offset }
      case .jle64K: if unsafe r[destination] <= constant { pc &+= offset }
      case .jslt64K: if unsafe signed(r[destination]) < signed(constant) { pc &+= offset }
      case .jsle64K: if unsafe signed(r[destination]) <= signed(constant) { pc &+= offset }
      case .jeq64X: if unsafe r[destination] == r[source] { pc &+= offset }
      case .jgt64X: if unsafe r[destination] > r[source] { pc &+= offset }
      case .jge64X: if unsafe r[destination] >= r[source] { pc &+= offset }
      case .jset64X: if unsafe r[destination] & r[source] != 0 { pc &+= offset }
      case .jne64X: if unsafe r[destination] != r[source] { pc &+= offset }
      case .jsgt64X: if unsafe signed(r[destination]) > signed(r[source]) { pc &+= offset }
      case .jsge64X: if unsafe signed(r[destination]) >= signed(r[source]) { pc &+= offset }
      case .jlt64X: if unsafe r[destination] < r[source] { pc &+= offset }
      case .jle64X: if unsafe r[destination] <= r[source] { pc &+= offset }
      case .jslt64X: if unsafe signed(r[destination]) < signed(r[source]) { pc &+= offset }
      case .jsle64X: if unsafe signed(r[destination]) <= signed(r[source]) { pc &+= offset }
      case .jeq32K: if unsafe low(r[destination]) == low(constant) { pc &+= offset }
      case .jgt32K: if unsafe low(r[destination]) > low(constant) { pc &+= offset }
      case .jge32K: if unsafe low(r[destination]) >= low(constant) { pc &+= offset }
      case .jset32K: if unsafe low(r[destination]) & low(constant) != 0 { pc &+= offset }
      case .jne32K: if unsafe low(r[destination]) != low(constant) { pc &+= offset }
      case .jsgt32K: if unsafe signed(low(r[destination])) > signed(low(constant)) { pc &+= offset }
      case .jsge32K:
        if unsafe signed(low(r[destination])) >= signed(low(constant)) { pc &+= offset }
      case .jlt32K: if unsafe low(r[destination]) < low(constant) { pc &+= offset }
      case .jle32K: if unsafe low(r[destination]) <= low(constant) { pc &+= offset }
      case .jslt32K: if unsafe signed(low(r[destination])) < signed(low(constant)) { pc &+= offset }
      case .jsle32K:
        if unsafe signed(low(r[destination])) <= signed(low(constant)) { pc &+= offset }
      case .jeq32X: if unsafe low(r[destination]) == low(r[source]) { pc &+= offset }
      case .jgt32X: if unsafe low(r[destination]) > low(r[source]) { pc &+= offset }
      case .jge32X: if unsafe low(r[destination]) >= low(r[source]) { pc &+= offset }
      case .jset32X: if unsafe low(r[destination]) & low(r[source]) != 0 { pc &+= offset }
      case .jne32X: if unsafe low(r[destination]) != low(r[source]) { pc &+= offset }
      case .jsgt32X:
        if unsafe signed(low(r[destination])) > signed(low(r[source])) { pc &+= offset }
      case .jsge32X:
        if unsafe signed(low(r[destination])) >= signed(low(r[source])) { pc &+= offset }
      case .jlt32X: if unsafe low(r[destination]) < low(r[source]) { pc &+= offset }
      case .jle32X: if unsafe low(r[destination]) <= low(r[source]) { pc &+= offset }
      case .jslt32X:
        if unsafe signed(low(r[destination])) < signed(low(r[source])) { pc &+= offset }
      case .jsle32X:
        if unsafe signed(low(r[destination])) <= signed(low(r[source])) { pc &+= offset }

      case .ja: pc &+= offset
      case .jal: pc &+= Int(truncatingIfNeeded: instruction.immediate)
      case .mayGoto:
        if mayGotoLeft == 0 { pc &+= offset } else { mayGotoLeft &-= 1 }

      case .callHelper, .callRegister:
        let number =
          instruction.opcode == .callHelper
          ? instruction.immediate : unsafe Int32(truncatingIfNeeded: r[destination])
        machine.initialized = initialized
        switch machine.callHelper(number) {
        case .returned: break
        case .failed: break run
        case .replaced:
          pc = 0
          mayGotoLeft = CheckedMachine.mayGotoLimit
          unsafe code = machine.code.instructions
        }
        initialized = machine.initialized
        unsafe regions = machine.regions
        regionCount = machine.regionCount

      case .callLocal:
        let depth = machine.depth
        guard depth + 1 < CheckedMachine.maximumFrames else {
          kind = .callDepthExceeded
          break run
        }
        unsafe machine.callFrames[depth] = CheckedMachine.CallFrame(
          code: .passUnretained(machine.code), returnPC: pc, saved: (r[6], r[7], r[8], r[9]),
          initialized: initialized, mayGotoLeft: mayGotoLeft)
        machine.depth = depth + 1
        machine.enterStack()
        mayGotoLeft = CheckedMachine.mayGotoLimit
        // The callee sees its arguments and its own frame pointer.
        initialized &= 0b100_0011_1110
        pc &+= Int(truncatingIfNeeded: instruction.immediate)

      case .loadPacket:
        switch machine.loadPacket(instruction, isIndirect: offset != 0) {
        case .failed: break run
        case .value(let value):
          unsafe r[0] = value
          initialized &= ~0b11_1110
        case .outside:
          // The program ends with 0 (RFC 9669 section 5.5).
          unsafe r[0] = 0
          if machine.depth == 0 { return finish(machine, budget - remaining, pc) }
          initialized = unsafe leaveFunction(machine, returning: 1, &pc, &mayGotoLeft, &code)
          unsafe regions = machine.regions
          regionCount = machine.regionCount
        }

      case .exit:
        if machine.depth == 0 {
          guard initialized & 1 != 0 else {
            kind = .uninitializedRegister(.r0)
            break run
          }
          return finish(machine, budget - remaining, pc)
        }
        initialized = unsafe leaveFunction(
          machine, returning: initialized & 1, &pc, &mayGotoLeft, &code)
        unsafe regions = machine.regions
        regionCount = machine.regionCount

      case .strayBranch:
        machine.initialized = initialized
        if let target = machine.strayTarget(at: pc - 1) {
          kind = .programCounterOutOfRange(target)
          break run
        }
      case .secondSlot:
        kind = .jumpIntoWideImmediate(pc - 1)
        break run
      case .endOfProgram:
        kind = .programCounterOutOfRange(pc - 1)
        remaining &+= 1
        break run
      case .writesFramePointer:
        kind = .writeToFramePointer
        break run
      case .unsupported:
        kind = .unsupportedInstruction(machine.code.text(at: pc - 1))
        break run
      }
    }
    let reason = kind ?? machine.failure ?? .programCounterOutOfRange(pc - 1)
    return (0, budget - remaining, machine.code.fault(reason, at: pc - 1))
  }

  /// Ends a run whose r0 is its value.
  private static func finish(
    _ machine: CheckedMachine, _ executed: Int, _ pc: Int
  ) -> (value: UInt64, executed: Int, fault: Fault?) {
    if machine.liveRecords > 0 {
      let fault = machine.code.fault(.unreleasedRecords(machine.liveRecords), at: pc - 1)
      return (0, executed, fault)
    }
    return unsafe (machine.registers[0], executed, nil)
  }

  /// Goes back to the function that called the running one.
  ///
  /// - Returns: the registers that hold something there: its own r6 to r10, and r0 if the callee left it a value.
  private static func leaveFunction(
    _ machine: CheckedMachine, returning r0: UInt16, _ pc: inout Int, _ mayGotoLeft: inout Int,
    _ code: inout UnsafeMutablePointer<DecodedInstruction>
  ) -> UInt16 {
    machine.leaveStack()
    let caller = unsafe machine.callFrames[machine.depth]
    let r = unsafe machine.registers
    unsafe (r[6], r[7], r[8], r[9]) = caller.saved
    unsafe machine.switchCode(to: caller.code.takeUnretainedValue())
    unsafe code = machine.code.instructions
    pc = caller.returnPC
    mayGotoLeft = caller.mayGotoLeft
    return caller.initialized & 0b111_1100_0000 | r0
  }

  private static func uninitialized(_ missing: UInt16) -> Fault.Kind {
    .uninitializedRegister(Register(rawValue: UInt8(missing.trailingZeroBitCount)) ?? .r11)
  }

  // MARK: Memory

  /// A load whose region the fast path knows; otherwise whatever the machine makes of it.
  @inline(__always)
  private static func load<Word: BitwiseCopyable>(
    _ type: Word.Type, _ address: UInt64, _ machine: CheckedMachine,
    _ regions: UnsafeMutablePointer<Region>, _ regionCount: Int
  ) -> Word? {
    let size = MemoryLayout<Word>.size
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    let end = offset &+ UInt64(size)
    if number < regionCount {
      let region = unsafe regions + number
      let pointer = unsafe region.pointee.base + Int(truncatingIfNeeded: offset)
      if unsafe end <= region.pointee.readable {
        return unsafe pointer.loadUnaligned(as: type)
      }
      if unsafe end <= region.pointee.stackBytes,
        unsafe holdsSomething(pointer + CheckedMachine.shadowDistance, type)
      {
        return unsafe pointer.loadUnaligned(as: type)
      }
    }
    return unsafe machine.resolve(address, size, isWrite: false)?.loadUnaligned(as: type)
  }

  /// A load of 32 bits; a packet's bound in the context, of which the program's view has 32, comes with all 64.
  @inline(__always)
  private static func loadWord(
    _ address: UInt64, _ machine: CheckedMachine, _ regions: UnsafeMutablePointer<Region>,
    _ regionCount: Int
  ) -> UInt64? {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    if number != CheckedMachine.RegionNumber.context {
      return unsafe load(UInt32.self, address, machine, regions, regionCount).map(UInt64.init)
    }
    guard let pointer = unsafe machine.resolve(address, 4, isWrite: false) else { return nil }
    if unsafe pointer == UnsafeMutableRawPointer(machine.scratch) {
      return unsafe machine.scratch.pointee
    }
    return unsafe UInt64(pointer.loadUnaligned(as: UInt32.self))
  }

  /// Whether every byte of a stack word was written.
  @inline(__always)
  private static func holdsSomething<Word>(
    _ shadow: UnsafeMutableRawPointer, _ type: Word.Type
  ) -> Bool {
    switch MemoryLayout<Word>.size {
    case 1: unsafe shadow.load(as: UInt8.self) == .max
    case 2: unsafe shadow.loadUnaligned(as: UInt16.self) == .max
    case 4: unsafe shadow.loadUnaligned(as: UInt32.self) == .max
    default: unsafe shadow.loadUnaligned(as: UInt64.self) == .max
    }
  }

  @inline(__always)
  private static func store<Word: FixedWidthInteger & BitwiseCopyable>(
    _ value: Word, _ address: UInt64, _ machine: CheckedMachine,
    _ regions: UnsafeMutablePointer<Region>, _ regionCount: Int
  ) -> Bool {
    let size = MemoryLayout<Word>.size
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    let end = offset &+ UInt64(size)
    if number < regionCount {
      let region = unsafe regions + number
      let pointer = unsafe region.pointee.base + Int(truncatingIfNeeded: offset)
      if unsafe end <= region.pointee.writable {
        unsafe pointer.storeBytes(of: value, as: Word.self)
        return true
      }
      if unsafe end <= region.pointee.stackBytes {
        unsafe pointer.storeBytes(of: value, as: Word.self)
        unsafe (pointer + CheckedMachine.shadowDistance).storeBytes(
          of: ~(0 as Word), as: Word.self)
        unsafe region.pointee.isDirty = true
        return true
      }
    }
    guard let pointer = unsafe machine.resolve(address, size, isWrite: true) else { return false }
    unsafe pointer.storeBytes(of: value, as: Word.self)
    return true
  }
}

// MARK: Arithmetic (RFC 9669 section 4.1)

@inline(__always)
private func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }

@inline(__always)
private func signed(_ value: UInt64) -> Int64 { Int64(bitPattern: value) }

@inline(__always)
private func signed(_ value: UInt32) -> Int32 { Int32(bitPattern: value) }

/// Division by zero gives 0.
@inline(__always)
private func quotient<Word: UnsignedInteger & FixedWidthInteger>(_ left: Word, _ right: Word)
  -> Word
{
  right == 0 ? 0 : left / right
}

/// Modulo zero leaves the left operand.
@inline(__always)
private func remainder<Word: UnsignedInteger & FixedWidthInteger>(_ left: Word, _ right: Word)
  -> Word
{
  right == 0 ? left : left % right
}

/// The smallest number divided by -1 wraps to itself.
@inline(__always)
private func signedQuotient(_ left: UInt64, _ right: UInt64) -> UInt64 {
  right == 0
    ? 0 : UInt64(bitPattern: signed(left).dividedReportingOverflow(by: signed(right)).partialValue)
}

@inline(__always)
private func signedQuotient(_ left: UInt32, _ right: UInt32) -> UInt32 {
  right == 0
    ? 0 : UInt32(bitPattern: signed(left).dividedReportingOverflow(by: signed(right)).partialValue)
}

/// The smallest number modulo -1 is 0.
@inline(__always)
private func signedRemainder(_ left: UInt64, _ right: UInt64) -> UInt64 {
  right == 0
    ? left
    : UInt64(
      bitPattern: signed(left).remainderReportingOverflow(dividingBy: signed(right)).partialValue)
}

@inline(__always)
private func signedRemainder(_ left: UInt32, _ right: UInt32) -> UInt32 {
  right == 0
    ? left
    : UInt32(
      bitPattern: signed(left).remainderReportingOverflow(dividingBy: signed(right)).partialValue)
}
