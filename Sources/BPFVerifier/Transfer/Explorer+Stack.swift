import BPFISA

// The stack, byte by byte (kernel: `check_stack_read`, `check_stack_write`).
extension Explorer {
  /// The bytes of stack an access may touch: from the lowest address of a frame's 512 bytes.
  private struct StackRange {
    var frame: Int
    /// The first byte the access can begin at.
    var first: Int
    /// The last byte it can begin at.
    var last: Int

    var isFixed: Bool { first == last }
  }

  /// Where a pointer to the stack leads, all of it inside the stack.
  private func stackRange(
    _ pointer: Value, _ register: Register, _ offset: Int, _ size: Int
  ) throws(Rejection.Problem) -> StackRange {
    guard !pointer.isNullable else {
      throw .nullablePointer(register, ValueSummary(.stack, isNullable: true))
    }
    let constant = Int64(pointer.offset) + Int64(offset)
    var low = constant
    var high = constant
    if !pointer.hasConstantOffset {
      guard options.isPrivileged else { throw .pointerArithmetic(register, .variableStack) }
      low += pointer.number.signedMinimum
      high += pointer.number.signedMaximum
    }
    guard low >= -Int64(VerifierLimits.stackBytes), high + Int64(size) <= 0 else {
      throw .stackBounds(register, offset: low...max(low, high), bytes: size)
    }
    return StackRange(
      frame: Int(pointer.object), first: Int(low) + VerifierLimits.stackBytes,
      last: Int(high) + VerifierLimits.stackBytes)
  }

  // MARK: Reading

  mutating func loadStack(_ pointer: Value, _ base: Register, _ offset: Int, _ size: Int)
    throws(Rejection.Problem) -> Value
  {
    let range = try stackRange(pointer, base, offset, size)
    guard range.isFixed else {
      try checkAlignment(pointer, base, offset, size)
      markPrecise(pointer)
      try checkInitialized(range, base, size)
      return .loaded(byteCount: size)
    }
    guard range.first % size == 0 else {
      throw .misaligned(base, offset: Int64(range.first - VerifierLimits.stackBytes), size: size)
    }
    let index = range.frame * Self.slotCount + range.first >> 3
    let byte = range.first & 7
    noteDepth(range.frame, range.first)
    guard frames[range.frame].occupied >> UInt64(range.first >> 3) & 1 != 0 else {
      guard options.isPrivileged else {
        throw .uninitializedStack(base, offset: range.first - VerifierLimits.stackBytes)
      }
      return .loaded(byteCount: size)
    }
    provenance.markRead(stacks[index].value.node)
    if stacks[index].isSpill, byte + size <= Int(stacks[index].value.spillSize) {
      return try loadSpill(stacks[index].value, byte, size, range.first)
    }
    if stacks[index].bytesAre(byte, size, StackSlot.ByteKind.zero) { return .constant(0) }
    try checkBytes(index, byte, size, base, range.first)
    return .loaded(byteCount: size)
  }

  /// What reading a register that was stored gives, or a part of it.
  private func loadSpill(_ stored: Value, _ byte: Int, _ size: Int, _ first: Int)
    throws(Rejection.Problem) -> Value
  {
    var value = stored
    value.spillSize = 0
    if byte == 0, size == Int(stored.spillSize) { return value }
    guard value.isScalar else {
      throw .partialPointer(offset: first - VerifierLimits.stackBytes, size: size)
    }
    value.flags = []
    if byte > 0 {
      value.number = Number.apply(.shiftRight, value.number, Number(UInt64(byte * 8)))
    }
    value.number = value.number.zeroExtended(fromBits: size * 8)
    // Still the same number, if all of it was read.
    if byte > 0 || value.number != stored.number { value.id = 0 }
    return value
  }

  /// Checks that bytes of one slot may be read.
  private func checkBytes(
    _ index: Int, _ byte: Int, _ size: Int, _ register: Register, _ first: Int
  ) throws(Rejection.Problem) {
    for offset in byte..<byte + size {
      let kind = stacks[index].kind(ofByte: offset)
      if kind == StackSlot.ByteKind.dynptr {
        throw .dynptrBytes(offset: first - byte + offset - VerifierLimits.stackBytes)
      }
      if kind == StackSlot.ByteKind.uninitialized, !options.isPrivileged {
        throw .uninitializedStack(
          register, offset: first - byte + offset - VerifierLimits.stackBytes)
      }
      if kind == StackSlot.ByteKind.spill, !stacks[index].value.isScalar, !options.isPrivileged {
        throw .partialPointer(
          offset: first - byte + offset - VerifierLimits.stackBytes, size: size)
      }
    }
  }

  /// Checks that all bytes an access may touch may be read, as numbers.
  private mutating func checkInitialized(
    _ range: StackRange, _ register: Register, _ size: Int
  ) throws(Rejection.Problem) {
    noteDepth(range.frame, range.first)
    var position = range.first
    while position < range.last + size {
      let index = range.frame * Self.slotCount + position >> 3
      let byte = position & 7
      let count = min(8 - byte, range.last + size - position)
      provenance.markRead(stacks[index].value.node)
      try checkBytes(index, byte, count, register, position)
      position += count
    }
  }

  /// Checks that a helper may read bytes of the stack.
  mutating func readStack(
    _ pointer: Value, _ register: Register, _ size: Int
  ) throws(Rejection.Problem) {
    let range = try stackRange(pointer, register, 0, size)
    if !range.isFixed { markPrecise(pointer) }
    try checkInitialized(range, register, size)
  }

  // MARK: Writing

  mutating func storeStack(
    _ pointer: Value, _ base: Register, _ offset: Int, _ size: Int, _ value: Value,
    _ source: Operand?
  ) throws(Rejection.Problem) {
    let range = try stackRange(pointer, base, offset, size)
    guard range.isFixed else {
      // A trusted program's address is a number from there on.
      guard !value.isPointer || options.isPrivileged else { throw .pointerAtVariableOffset(base) }
      try checkAlignment(pointer, base, offset, size)
      markPrecise(pointer)
      // Zeros stay zeros if it is 0.
      if value.constant == 0 { markPrecise(value) }
      try overwrite(range, size, isZero: value.constant == 0)
      if tracksSpeculation { facts.needBarrier(after: slot) }
      return
    }
    guard range.first % size == 0 else {
      throw .misaligned(base, offset: Int64(range.first - VerifierLimits.stackBytes), size: size)
    }
    let place = range.first >> 3
    let byte = range.first & 7
    let index = range.frame * Self.slotCount + place
    noteDepth(range.frame, range.first)
    if tracksSpeculation { noteStore(index, byte, size, isPointer: value.isPointer) }
    if stacks[index].isDynptr { try endDynptr(range.frame, place) }
    frames[range.frame].occupied |= 1 << UInt64(place)
    if value.isPointer {
      guard size == 8 else {
        throw .partialPointer(offset: range.first - VerifierLimits.stackBytes, size: size)
      }
      guard outlives(value, range.frame) else { throw .stackPointerInCaller }
      try checkNoPointer(index, size, range.first)
      stacks[index].hold(value, size: 8)
      return
    }
    try checkNoPointer(index, size, range.first)
    if byte == 0 {
      if size < 8 { keepRest(index, size) }
      spill(value, index, size, source)
      return
    }
    if stacks[index].isSpill, byte < Int(stacks[index].value.spillSize) {
      stacks[index].dropSpill()
    }
    let isZero = value.constant == 0
    if isZero { markPrecise(value) }
    stacks[index].setBytes(byte, size, isZero ? StackSlot.ByteKind.zero : StackSlot.ByteKind.data)
  }

  /// Whether what a pointer leads to is there as long as a frame's stack is.
  private func outlives(_ pointer: Value, _ frame: Int) -> Bool {
    switch pointer.kind {
    case .stack: Int(pointer.object) <= frame
    // What a helper gives a callback is there until the callback returns.
    case .mapKey, .dynptr: frame == depth
    case .uninitialized, .scalar, .context, .packet, .packetMetadata, .packetEnd, .map, .mapValue,
      .memory, .function, .socket, .socketCommon, .tcpSocket:
      true
    }
  }

  /// A program that may not see addresses must not make numbers of parts of a stored pointer.
  private func checkNoPointer(_ index: Int, _ size: Int, _ first: Int) throws(Rejection.Problem) {
    if !options.isPrivileged, size < 8, stacks[index].isSpill, stacks[index].value.isPointer {
      throw .partialPointer(offset: first - VerifierLimits.stackBytes, size: size)
    }
  }

  /// Before the first bytes of a slot are written: those after them stay as they are.
  private mutating func keepRest(_ index: Int, _ size: Int) {
    if stacks[index].isSpill, Int(stacks[index].value.spillSize) > size {
      stacks[index].dropSpill()
    }
    let rest = StackSlot.mask(size, 8 - size)
    // Their history ends here, so that it does not get mixed with the number's.
    if stacks[index].bytes & rest != 0 { provenance.markRead(stacks[index].value.node) }
  }

  /// Stores a number into the first bytes of a slot. What is found out of it holds for the register it came from, and the
  /// other way around, if all of it fits.
  private mutating func spill(_ value: Value, _ index: Int, _ size: Int, _ source: Operand?) {
    var stored = value
    let cut = size < 8 ? value.number.zeroExtended(fromBits: size * 8) : value.number
    if cut != value.number {
      stored.number = cut
      stored.id = 0
    } else if value.id == 0, !value.number.isConstant, case .register(let register) = source {
      link(&stored, to: register)
    }
    if size < 8 { stored.flags = [] }
    stacks[index].hold(stored, size: size)
  }

  /// Bytes somewhere in a range are overwritten with some number.
  private mutating func overwrite(_ range: StackRange, _ size: Int, isZero: Bool)
    throws(Rejection.Problem)
  {
    noteDepth(range.frame, range.first)
    var position = range.first
    while position < range.last + size {
      let place = position >> 3
      let byte = position & 7
      let count = min(8 - byte, range.last + size - position)
      let index = range.frame * Self.slotCount + place
      if stacks[index].isDynptr { throw .dynptrBytes(offset: position - VerifierLimits.stackBytes) }
      if stacks[index].isSpill, byte < Int(stacks[index].value.spillSize) {
        if !options.isPrivileged, stacks[index].value.isPointer {
          throw .partialPointer(offset: position - VerifierLimits.stackBytes, size: size)
        }
        stacks[index].dropSpill()
      }
      frames[range.frame].occupied |= 1 << UInt64(place)
      for offset in byte..<byte + count {
        let kind = stacks[index].kind(ofByte: offset)
        if isZero, kind == StackSlot.ByteKind.zero { continue }
        if kind == StackSlot.ByteKind.uninitialized, !options.isPrivileged {
          throw .uninitializedStack(.r10, offset: position - VerifierLimits.stackBytes)
        }
        stacks[index].setBytes(offset, 1, StackSlot.ByteKind.data)
      }
      position += count
    }
  }

  /// A helper fills bytes of the stack.
  mutating func fillStack(
    _ pointer: Value, _ register: Register, _ size: Int
  ) throws(Rejection.Problem) {
    let range = try stackRange(pointer, register, 0, size)
    guard range.isFixed else {
      throw .stackBounds(
        register,
        offset: Int64(
          range.first - VerifierLimits.stackBytes)...Int64(range.last - VerifierLimits.stackBytes),
        bytes: size)
    }
    noteDepth(range.frame, range.first)
    var position = range.first
    while position < range.first + size {
      let place = position >> 3
      let byte = position & 7
      let count = min(8 - byte, range.first + size - position)
      let index = range.frame * Self.slotCount + place
      if tracksSpeculation { noteStore(index, byte, count, isPointer: false) }
      if stacks[index].isDynptr { try endDynptr(range.frame, place) }
      frames[range.frame].occupied |= 1 << UInt64(place)
      if count == 8 {
        stacks[index] = StackSlot()
      } else if stacks[index].isSpill, byte < Int(stacks[index].value.spillSize) {
        stacks[index].dropSpill()
      }
      stacks[index].setBytes(byte, count, StackSlot.ByteKind.data)
      position += count
    }
  }

  /// Notes how deep a function's stack is used.
  @inline(__always)
  private mutating func noteDepth(_ frame: Int, _ first: Int) {
    let function = Int(frames[frame].function)
    let used = Int32(truncatingIfNeeded: VerifierLimits.stackBytes - first)
    if stackDepths[function] < used { stackDepths[function] = used }
  }
}
