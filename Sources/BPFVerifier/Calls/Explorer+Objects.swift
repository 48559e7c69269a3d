import BPFISA
import BPFPlatform

// Arguments that are more than memory: records, locks, timers, dynptrs, sockets.
extension Explorer {
  func checkRecord(_ value: Value, _ register: Register, _ call: inout HelperCall)
    throws(Rejection.Problem)
  {
    guard value.kind == .memory, value.flags.contains(.record), !value.isNullable,
      value.offset == 0, value.hasConstantOffset, value.reference != 0
    else {
      if value.isNullable { throw .nullablePointer(register, summary(of: value)) }
      throw .argument(
        register, expected: .record, found: summary(of: value))
    }
    call.released = value.reference
  }

  mutating func checkLock(_ value: Value, _ register: Register, _ call: HelperCall)
    throws(Rejection.Problem)
  {
    guard value.kind == .mapValue, !value.isNullable, value.hasConstantOffset,
      let offset = platform.maps[Int(value.object)].lockOffset, Int(value.offset) == offset
    else {
      throw .argument(
        register, expected: .spinLock, found: summary(of: value))
    }
    let held = HeldLock(map: value.object, id: value.id)
    if call.prototype.id == .spinLock {
      guard lock == nil else { throw .callWhileLocked }
      lock = held
    } else {
      guard let lock, lock == held else { throw .lockNotHeld }
      self.lock = nil
    }
  }

  func checkTimer(_ value: Value, _ register: Register) throws(Rejection.Problem) {
    guard value.kind == .mapValue, !value.isNullable, value.hasConstantOffset,
      let offset = platform.maps[Int(value.object)].timerOffset, Int(value.offset) == offset
    else {
      throw .argument(
        register, expected: .timer, found: summary(of: value))
    }
  }

  mutating func checkDynptr(
    _ value: Value, _ register: Register, _ use: HelperPrototype.DynptrUse, _ call: inout HelperCall
  ) throws(Rejection.Problem) {
    if value.kind == .dynptr {
      // The sample a callback is given, or the parameter of a global function.
      let isWritable = !value.flags.contains(.readOnly)
      switch use {
      case .reads: call.dynptr = value
      case .writes where isWritable: call.dynptr = value
      case .writes, .makesLocal, .makesRecord, .releasesRecord:
        throw .argument(
          register, expected: isWritable ? .dynptrOnStack : .writableDynptr,
          found: ValueSummary(isWritable ? .dynptr : .sample))
      }
      return
    }
    switch use {
    case .makesLocal, .makesRecord:
      let first = try dynptrSlot(value, register)
      for half in 0..<2 where stacks[first + half].isDynptr {
        if stacks[first + half].value.reference != 0 { throw .dynptrOverwritten }
      }
      if use == .makesLocal {
        let data = try read(.r1)
        guard data.kind == .mapValue else {
          throw .argument(.r1, expected: .mapValue, found: summary(of: data))
        }
      }
      call.newDynptr = value
      call.newDynptrIsRecord = use == .makesRecord
    case .reads, .writes, .releasesRecord:
      let dynptr = try checkDynptrRead(value, register)
      if use == .releasesRecord {
        guard dynptr.reference != 0 else {
          throw .argument(register, expected: .recordDynptr, found: ValueSummary(.dynptr))
        }
        call.released = dynptr.reference
      } else {
        var held = dynptr
        // Slices live as long as the record, or as the dynptr itself.
        if held.reference == 0 { held.reference = held.id }
        call.dynptr = held
      }
    }
  }

  /// The dynptr that an argument leads to, which is one already.
  mutating func checkDynptrRead(
    _ value: Value, _ register: Register
  ) throws(Rejection.Problem) -> Value {
    if value.kind == .dynptr { return value }
    let first = try dynptrSlot(value, register)
    let dynptr = stacks[first]
    guard dynptr.isDynptr, stacks[first + 1].isDynptr,
      !dynptr.value.flags.contains(.secondHalf),
      stacks[first + 1].value.id == dynptr.value.id
    else {
      throw .argument(register, expected: .dynptr, found: ValueSummary(.otherBytes))
    }
    provenance.markRead(dynptr.value.node)
    provenance.markRead(stacks[first + 1].value.node)
    return dynptr.value
  }

  /// The first of the two slots of stack that a dynptr takes, by index among all.
  private func dynptrSlot(_ value: Value, _ register: Register) throws(Rejection.Problem) -> Int {
    guard value.kind == .stack, value.hasConstantOffset, value.offset & 7 == 0,
      value.offset >= -Int32(VerifierLimits.stackBytes), value.offset <= -16
    else {
      throw .argument(
        register, expected: .dynptrOnStack, found: summary(of: value))
    }
    return Int(value.object) * Self.slotCount
      + (Int(value.offset) + VerifierLimits.stackBytes) >> 3
  }

  mutating func checkSocket(
    _ value: Value, _ register: Register, _ kind: HelperPrototype.ArgumentKind, _ position: Int,
    _ call: inout HelperCall
  ) throws(Rejection.Problem) {
    let isOptional = kind == .socketCommonOrNull || kind == .socketOrNull
    if isOptional, isNull(value) { return }
    let isFull = kind == .socket || kind == .socketOrNull
    let fits =
      switch value.kind {
      case .socket: true
      case .socketCommon, .tcpSocket: !isFull
      case .uninitialized, .scalar, .stack, .context, .packet, .packetMetadata, .packetEnd, .map,
        .mapValue, .mapKey, .memory, .function, .dynptr:
        false
      }
    guard fits, value.offset == 0, value.hasConstantOffset else {
      throw .argument(register, expected: .socket, found: summary(of: value))
    }
    if value.isNullable, !isOptional { throw .nullablePointer(register, summary(of: value)) }
    if call.prototype.releasedArgument == position {
      guard value.reference != 0 else { throw .notAcquired }
      call.released = value.reference
    }
  }
}
