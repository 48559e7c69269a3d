import BPFISA
import BPFPlatform

// The arguments of helpers (kernel: `check_func_arg`).
extension Explorer {
  /// The register of an argument, counted from 0.
  func register(_ argument: Int) -> Register {
    guard let register = Register(rawValue: UInt8(truncatingIfNeeded: argument + 1)) else {
      preconditionFailure("a function takes at most five arguments")
    }
    return register
  }

  mutating func checkArgument(
    _ position: Int, _ kind: HelperPrototype.ArgumentKind, _ call: inout HelperCall
  ) throws(Rejection.Problem) {
    let register = register(position)
    if kind == .anythingOrNothing { return }
    let value = try read(register)
    switch kind {
    case .anythingOrNothing: return
    case .anything:
      if value.isPointer, !options.isPrivileged { throw .pointerLeak(register) }
    case .context: try checkContextArgument(value, register)
    case .contextOrNull:
      if isNull(value) { return }
      try checkContextArgument(value, register)
    case .map: try checkMapArgument(value, register, &call)
    case .mapKey:
      let size = try map(of: call, register).spec.keySize
      call.constantKey = constantKey(value, size, call)
      if call.constantKey == nil {
        try checkReadable(value, register, size)
      } else {
        try readStack(value, register, size)
      }
    case .mapValue: try checkReadable(value, register, try map(of: call, register).spec.valueSize)
    case .mapValueOrNull:
      if isNull(value) { return }
      try checkReadable(value, register, try map(of: call, register).spec.valueSize)
    case .uninitializedMapValue:
      let size = try map(of: call, register).spec.valueSize
      try checkWritable(value, register, size)
      call.filled.append((register, size))
    case .memory, .writableMemory, .uninitializedMemory: try rejectNull(value, register, kind)
    case .memoryOrNull, .writableMemoryOrNull:
      if value.constant != 0 { try rejectNull(value, register, kind) }
    case .size, .sizeOrZero: try checkSize(position, value, kind == .sizeOrZero, &call)
    case .output(let size):
      try checkWritable(value, register, size)
      call.filled.append((register, size))
    case .input(let size): try checkReadable(value, register, size)
    case .inputOutput(let size):
      try checkReadable(value, register, size)
      try checkWritable(value, register, size)
      call.filled.append((register, size))
    case .stackOrNull:
      guard value.kind == .stack || value.constant == 0 else {
        throw .argument(register, expected: .stackOrNull, found: summary(of: value))
      }
      if value.isScalar { markPrecise(value) }
    case .reservedRecord: try checkRecord(value, register, &call)
    case .reservationSize:
      guard let size = value.constant else {
        throw .argument(register, expected: .constant, found: summary(of: value))
      }
      markPrecise(value)
      guard size <= UInt64(Int32.max) else { throw .sizeUnbounded(register, maximum: size) }
      call.constantSize = size
    case .constantString: try checkConstantString(value, register)
    case .function:
      guard value.kind == .function else {
        throw .argument(register, expected: .function, found: summary(of: value))
      }
    case .spinLock: try checkLock(value, register, call)
    case .timer: try checkTimer(value, register)
    case .dynptr(let use): try checkDynptr(value, register, use, &call)
    case .socketCommon, .socketCommonOrNull, .socket, .socketOrNull:
      try checkSocket(value, register, kind, position, &call)
    case .kernelPointerSlot, .kernelObject, .kernelObjectOrNull, .perCPUKernelObject:
      throw .unsupported("kernel objects: bpf_\(call.prototype.name)")
    }
  }

  /// Whether an argument is the number 0, which then stands for no pointer.
  mutating func isNull(_ value: Value) -> Bool {
    guard value.constant == 0 else { return false }
    markPrecise(value)
    return true
  }

  private func map(of call: HelperCall, _ register: Register) throws(Rejection.Problem) -> MapRules
  {
    guard let map = call.map else {
      throw .argument(register, expected: .map, found: ValueSummary(.nothing))
    }
    return platform.maps[map]
  }

  func checkContextArgument(_ value: Value, _ register: Register)
    throws(Rejection.Problem)
  {
    guard value.kind == .context else {
      throw .argument(register, expected: .context, found: summary(of: value))
    }
    guard value.offset == 0, value.hasConstantOffset else { throw .modifiedContext(register) }
  }

  private func checkMapArgument(_ value: Value, _ register: Register, _ call: inout HelperCall)
    throws(Rejection.Problem)
  {
    guard value.kind == .map, !value.isNullable else {
      if value.kind == .map { throw .nullablePointer(register, summary(of: value)) }
      throw .argument(register, expected: .map, found: summary(of: value))
    }
    call.map = Int(value.object)
    if call.prototype.id == .timerInit { try checkTimerMap(value, register) }
  }

  /// The map that a timer is set up with has to be the one it is in.
  private func checkTimerMap(_ map: Value, _ register: Register) throws(Rejection.Problem) {
    guard try read(.r1).object == map.object else {
      throw .argument(register, expected: .map, found: summary(of: map))
    }
    guard Int(map.object) < code.program.mapNames.count else {
      throw .unsupported("timers in the maps of a map of maps")
    }
  }

  /// The number a key on the stack is, for a lookup in an array: whether there is such an element is known then.
  private mutating func constantKey(_ value: Value, _ size: Int, _ call: HelperCall) -> UInt64? {
    guard call.prototype.id == .mapLookupElement, size == 4, let map = call.map,
      platform.maps[map].hasKnownSize, value.kind == .stack, value.hasConstantOffset
    else { return nil }
    let position = Int(value.offset) + VerifierLimits.stackBytes
    guard position >= 0, position + 4 <= VerifierLimits.stackBytes, position & 3 == 0 else {
      return nil
    }
    let stack = stacks[Int(value.object) * Self.slotCount + position >> 3]
    if stack.bytesAre(position & 7, 4, StackSlot.ByteKind.zero) { return 0 }
    guard position & 7 == 0, stack.value.spillSize >= 4, let constant = stack.value.constant else {
      return nil
    }
    markPrecise(stack.value)
    return constant & 0xffff_ffff
  }

  // MARK: Memory

  private func rejectNull(
    _ value: Value, _ register: Register, _ kind: HelperPrototype.ArgumentKind
  ) throws(Rejection.Problem) {
    guard value.isPointer else {
      // Null where memory is not optional; a size of 0 makes it good, which its own check says.
      if value.constant == 0 { return }
      throw .argument(register, expected: .memory, found: summary(of: value))
    }
    if value.isNullable { throw .nullablePointer(register, summary(of: value)) }
  }

  /// Checks the size argument together with the memory before it (kernel: `check_mem_size_reg`).
  private mutating func checkSize(
    _ position: Int, _ value: Value, _ mayBeZero: Bool, _ call: inout HelperCall
  ) throws(Rejection.Problem) {
    let register = register(position)
    guard value.isScalar else {
      throw .argument(register, expected: .size, found: summary(of: value))
    }
    let memoryRegister = self.register(position - 1)
    let memory = try read(memoryRegister)
    let kind = call.arguments[position - 1]
    // Which bytes are accessed depends on it.
    markPrecise(value)
    // Nothing masks what a helper counts by.
    if tracksSpeculation, !value.number.isConstant { facts.needBarrier(before: slot) }
    guard value.number.signedMinimum >= 0 else {
      throw .sizeNegative(register, minimum: value.number.signedMinimum)
    }
    if value.number.signedMinimum == 0, !mayBeZero {
      throw .sizeZero(register)
    }
    guard value.number.range.maximum < UInt64(VerifierLimits.variableOffset) else {
      throw .sizeUnbounded(register, maximum: value.number.range.maximum)
    }
    let size = Int(value.number.range.maximum)
    if memory.isScalar {
      guard memory.constant == 0, size == 0 else {
        throw .argument(
          memoryRegister, expected: .memory, found: summary(of: memory))
      }
      markPrecise(memory)
      return
    }
    if size == 0 { return }
    switch kind {
    case .uninitializedMemory:
      try checkWritable(memory, memoryRegister, size)
      // Bytes beyond the least size may stay as they are.
      if memory.kind == .stack, !value.number.isConstant {
        try readOrFillStack(memory, memoryRegister, size)
      } else {
        call.filled.append((memoryRegister, size))
      }
    case .writableMemory, .writableMemoryOrNull:
      try checkReadable(memory, memoryRegister, size)
      try checkWritable(memory, memoryRegister, size)
      if memory.kind == .stack { try spoilStack(memory, memoryRegister, size) }
    case _: try checkReadable(memory, memoryRegister, size)
    }
  }

  /// A helper fills up to a number of bytes of the stack.
  private mutating func readOrFillStack(_ pointer: Value, _ register: Register, _ size: Int)
    throws(Rejection.Problem)
  {
    if !options.isPrivileged { try readStack(pointer, register, size) }
    try fillStack(pointer, register, size)
  }

  /// A helper changes bytes of the stack that it reads as well.
  private mutating func spoilStack(_ pointer: Value, _ register: Register, _ size: Int)
    throws(Rejection.Problem)
  {
    guard pointer.hasConstantOffset else { return }
    try fillStack(pointer, register, size)
  }

  mutating func checkReadable(_ value: Value, _ register: Register, _ size: Int)
    throws(Rejection.Problem)
  {
    guard value.isPointer else {
      throw .argument(register, expected: .memory, found: summary(of: value))
    }
    if value.kind == .stack {
      try readStack(value, register, size)
    } else {
      try checkArgumentMemory(value, register, size, .read)
    }
  }

  mutating func checkWritable(_ value: Value, _ register: Register, _ size: Int)
    throws(Rejection.Problem)
  {
    guard value.isPointer else {
      throw .argument(register, expected: .memory, found: summary(of: value))
    }
    if value.kind == .stack {
      guard value.hasConstantOffset else { throw .pointerAtVariableOffset(register) }
      let low = Int64(value.offset)
      guard low >= -Int64(VerifierLimits.stackBytes), low + Int64(size) <= 0, !value.isNullable
      else { throw .stackBounds(register, offset: low...low, bytes: size) }
    } else {
      try checkArgumentMemory(value, register, size, .write)
    }
  }

  private mutating func checkArgumentMemory(
    _ value: Value, _ register: Register, _ size: Int, _ access: AccessKind
  ) throws(Rejection.Problem) {
    switch value.kind {
    case .packet, .packetMetadata, .mapValue, .mapKey, .memory:
      try checkMemory(value, register, 0, size, access, isArgument: true)
    case .uninitialized, .scalar, .stack, .context, .packetEnd, .map, .function, .socket,
      .socketCommon, .tcpSocket, .dynptr:
      throw .argument(register, expected: .memory, found: summary(of: value))
    }
  }

  private mutating func checkConstantString(_ value: Value, _ register: Register)
    throws(Rejection.Problem)
  {
    guard value.kind == .mapValue, value.hasConstantOffset, !value.isNullable,
      let bytes = platform.maps[Int(value.object)].constants
    else {
      throw .argument(
        register, expected: .constantString, found: summary(of: value))
    }
    let first = Int(value.offset)
    guard first >= 0, first < bytes.count, bytes[first...].contains(0) else {
      throw .argument(register, expected: .constantString, found: summary(of: value))
    }
  }
}
