import BPFISA

// Arithmetic on numbers and on pointers (kernel: `adjust_reg_min_max_vals`).
extension Explorer {
  mutating func doArithmetic(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ destination: Register,
    _ source: Operand
  ) throws(Rejection.Problem) {
    if operation == .move {
      try move(width, destination, source)
      return
    }
    if case .immediate(let immediate) = source, destination.rawValue < Self.registerCount - 1,
      registers[index(destination)].kind == .scalar
    {
      compute(operation, width, index(destination), widened(immediate, width))
      return
    }
    let left = try read(destination)
    let right = try operand(source, width)
    if left.isScalar, right.isScalar {
      if destination == .r10 { throw .writeToFramePointer }
      try write(destination, computed(operation, width, left, right))
      return
    }
    // What a register minus or exclusive-or itself gives is no address.
    try doPointerArithmetic(operation, width, destination, left, source, right)
  }

  private mutating func move(
    _ width: ArithmeticWidth, _ destination: Register, _ source: Operand
  ) throws(Rejection.Problem) {
    switch source {
    case .immediate(let immediate):
      try write(destination, .constant(widened(immediate, width)))
    case .register(let register):
      var value = try read(register)
      if width == .bits64 {
        if value.isScalar, value.id == 0, !value.number.isConstant {
          link(&value, to: register)
        }
        try write(destination, value)
        return
      }
      guard value.isScalar else {
        guard options.isPrivileged else { throw .pointerArithmetic(register, .partialCopy) }
        try write(destination, .loaded(byteCount: 4))
        return
      }
      if value.number.range.maximum <= UInt64(UInt32.max) {
        if value.id == 0, !value.number.isConstant {
          link(&value, to: register)
        }
        try write(destination, value)
      } else {
        var result = Value.scalar(value.number.zeroExtended(fromBits: 32))
        result.node = value.node
        try write(destination, result)
      }
    }
  }

  /// Makes a number and the one in a register it is a copy of one: what is found out of either holds for the other from here on.
  mutating func link(_ copy: inout Value, to register: Register) {
    copy.id = newID()
    copy.offset = 0
    registers[index(register)].id = copy.id
    registers[index(register)].offset = 0
  }

  /// An immediate as a number of the operation's width.
  @inline(__always)
  func widened(_ immediate: Int32, _ width: ArithmeticWidth) -> UInt64 {
    width == .bits64
      ? UInt64(bitPattern: Int64(immediate)) : UInt64(UInt32(bitPattern: immediate))
  }

  @inline(__always)
  private static func result(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ left: Number, _ right: Number
  ) -> Number {
    width == .bits64
      ? Number.apply(operation, left, right) : Number.applyToHalves(operation, left, right)
  }

  /// Does an operation on the number in a register and a constant. What decides it stays what decided the number.
  private mutating func compute(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ index: Int, _ constant: UInt64
  ) {
    let number = Self.result(operation, width, registers[index].number, Number(constant))
    let id = registers[index].id
    var offset: Int32?
    if width == .bits64, id != 0, !registers[index].flags.contains(.length) {
      offset = Self.offset(registers[index].offset, operation, constant)
    }
    registers[index].setNumber(number, id: offset == nil ? 0 : id, offset: offset ?? 0)
  }

  /// How far a number is from others it was as far from as an offset says, if that is known.
  private static func offset(
    _ offset: Int32, _ operation: ArithmeticOperation, _ constant: UInt64
  ) -> Int32? {
    let step: UInt64
    switch operation {
    case .add: step = constant
    case .subtract: step = 0 &- constant
    case .multiply, .divide, .signedDivide, .or, .and, .shiftLeft, .shiftRight, .modulo,
      .signedModulo, .xor, .move, .arithmeticShiftRight:
      return nil
    }
    guard let small = Int32(exactly: Int64(bitPattern: step)) else { return nil }
    let (sum, overflow) = offset.addingReportingOverflow(small)
    return overflow ? nil : sum
  }

  /// The result of an operation on two numbers.
  private mutating func computed(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ left: Value, _ right: Value
  ) -> Value {
    let number = Self.result(operation, width, left.number, right.number)
    var result = Value.scalar(number)
    result.node = provenance.join(left.node, right.node)
    if width == .bits64, left.id != 0, !left.flags.contains(.length),
      let constant = right.constant,
      let offset = Self.offset(left.offset, operation, constant)
    {
      result.id = left.id
      result.offset = offset
    }
    return result
  }

  // MARK: Pointers

  private mutating func doPointerArithmetic(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ destination: Register,
    _ left: Value, _ source: Operand, _ right: Value
  ) throws(Rejection.Problem) {
    if destination == .r10 { throw .writeToFramePointer }
    if width == .bits32 {
      guard operation == .subtract, options.isPrivileged else {
        throw .pointerArithmetic(destination, .halfWidth)
      }
      try write(destination, .scalar(.unknown))
      return
    }
    if left.isPointer, right.isPointer {
      guard operation == .subtract, options.isPrivileged else {
        throw .pointerArithmetic(destination, .twoPointers)
      }
      try write(destination, .scalar(.unknown))
      return
    }
    let pointer = left.isPointer ? left : right
    let number = left.isPointer ? right : left
    let register: Register
    if left.isPointer {
      register = destination
    } else if case .register(let second) = source {
      register = second
    } else {
      preconditionFailure("an immediate is no pointer")
    }
    switch operation {
    case .add: break
    case .subtract: guard left.isPointer else { throw .pointerArithmetic(register, .subtracted) }
    case .multiply, .divide, .signedDivide, .or, .and, .shiftLeft, .shiftRight, .modulo,
      .signedModulo, .xor, .move, .arithmeticShiftRight:
      throw .pointerArithmetic(register, .operation)
    }
    // `raw`: memory and its length together are its end.
    if operation == .add, number.flags.contains(.length), pointer.kind == .packet,
      pointer.id == 0, pointer.offset == 0, pointer.hasConstantOffset
    {
      provenance.markPrecise(number.node)
      try write(destination, .pointer(.packetEnd))
      return
    }
    provenance.markPrecise(number.node)
    try write(destination, moved(pointer, by: number.number, operation == .subtract, register))
  }

  /// A pointer moved by a number of bytes (kernel: `adjust_ptr_min_max_vals`).
  private mutating func moved(
    _ pointer: Value, by number: Number, _ isSubtracted: Bool, _ register: Register
  ) throws(Rejection.Problem) -> Value {
    let constant = number.constant
    if pointer.isNullable {
      guard constant == 0 else { throw .pointerArithmetic(register, .nullable) }
      return pointer
    }
    switch pointer.kind {
    case .stack, .context, .packet, .packetMetadata, .mapValue, .mapKey, .memory: break
    case .map:
      guard constant == 0 else { throw .pointerArithmetic(register, .fixed) }
      return pointer
    case .packetEnd, .function, .socket, .socketCommon, .tcpSocket, .dynptr:
      throw .pointerArithmetic(register, .fixed)
    case .uninitialized, .scalar: preconditionFailure("only pointers are moved")
    }
    var result = pointer
    if let constant {
      let signed = Int64(bitPattern: constant)
      let step = isSubtracted ? 0 &- signed : signed
      guard step > -VerifierLimits.variableOffset, step < VerifierLimits.variableOffset,
        abs(Int64(pointer.offset) + step) < VerifierLimits.variableOffset
      else { throw .pointerOutOfReach(register, offset: step) }
      result.offset = pointer.offset + Int32(truncatingIfNeeded: step)
      if step != 0 { result.flags.subtract([.record, .atEnd, .beyondEnd]) }
      return result
    }
    guard number.signedMinimum > -VerifierLimits.variableOffset,
      number.signedMaximum < VerifierLimits.variableOffset
    else {
      throw .pointerUnbounded(register, number.signedMinimum...number.signedMaximum)
    }
    if pointer.kind == .stack, !options.isPrivileged {
      throw .pointerArithmetic(register, .variableStack)
    }
    result.number = Number.apply(isSubtracted ? .subtract : .add, pointer.number, number)
    guard result.number.signedMinimum > -VerifierLimits.variableOffset,
      result.number.signedMaximum < VerifierLimits.variableOffset
    else {
      throw .pointerUnbounded(register, result.number.signedMinimum...result.number.signedMaximum)
    }
    result.flags.subtract([.record, .atEnd, .beyondEnd])
    if pointer.isPacket {
      result.id = newID()
      result.range = 0
    }
    return result
  }
}
