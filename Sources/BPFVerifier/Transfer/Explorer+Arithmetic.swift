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
    let index = index(destination)
    if destination.rawValue < Self.registerCount - 1, registers[index].kind == .scalar {
      switch source {
      case .immediate(let immediate):
        compute(operation, width, index, widened(immediate, width))
        return
      case .register(let register):
        if register.rawValue < Self.registerCount,
          registers[self.index(register)].kind == .scalar
        {
          compute(operation, width, index, with: self.index(register))
          return
        }
      }
    }
    let left = try read(destination)
    let right = try operand(source, width)
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
      try move(width, destination, register)
    }
  }

  private mutating func move(
    _ width: ArithmeticWidth, _ destination: Register, _ source: Register
  ) throws(Rejection.Problem) {
    guard source.rawValue < Self.registerCount else { throw .stackArguments }
    let from = index(source)
    let kind = registers[from].kind
    if kind == .uninitialized { throw .uninitializedRegister(source) }
    guard destination.rawValue < Self.registerCount - 1 else {
      throw destination == .r10 ? .writeToFramePointer : .stackArguments
    }
    if width == .bits32 {
      guard kind == .scalar else {
        guard options.isPrivileged else { throw .pointerArithmetic(source, .partialCopy) }
        registers[index(destination)] = .loaded(byteCount: 4)
        return
      }
      guard registers[from].number.range.maximum <= UInt64(UInt32.max) else {
        var result = Value.scalar(registers[from].number.zeroExtended(fromBits: 32))
        result.node = registers[from].node
        registers[index(destination)] = result
        return
      }
    }
    if kind == .scalar, registers[from].id == 0, !registers[from].number.isConstant {
      registers[from].setID(newID())
    }
    if from != index(destination) { registers[index(destination)] = registers[from] }
  }

  /// Makes a number and the one in a register it is a copy of one: what is found out of either holds for the other from here on.
  mutating func link(_ copy: inout Value, to register: Register) {
    let id = newID()
    copy.setID(id)
    registers[index(register)].setID(id)
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

  /// Does an operation on the numbers in two registers.
  private mutating func compute(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ index: Int, with other: Int
  ) {
    if tracksSpeculation, !isSpeculative { noteNumbers(operation, width) }
    let isMasked = isSpeculative && facts.facts[slot].mask != nil
    let number =
      isMasked
      ? .unknown
      : Self.result(operation, width, registers[index].number, registers[other].number)
    let node = provenance.join(registers[index].node, registers[other].node)
    let id = registers[index].id
    var offset: Int32?
    if width == .bits64, id != 0, !registers[index].flags.contains(.length),
      let constant = registers[other].number.constant
    {
      offset = Self.offset(registers[index].offset, operation, constant)
    }
    registers[index].setNumber(number, id: offset == nil ? 0 : id, offset: offset ?? 0)
    registers[index].node = node
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
      if tracksSpeculation { noteNumbers(operation, width) }
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
      if tracksSpeculation { noteNumbers(operation, width) }
      try write(destination, .pointer(.packetEnd))
      return
    }
    provenance.markPrecise(number.node)
    let isSubtracted = operation == .subtract
    guard tracksSpeculation, case .register = source else {
      return try write(destination, moved(pointer, by: number.number, isSubtracted, register))
    }
    let isNumberMoved = !left.isPointer
    let step =
      isSpeculative
      ? try masked(number.number, register, isNumberMoved: isNumberMoved) : number.number
    let result = try moved(pointer, by: step, isSubtracted, register)
    try noteMove(of: pointer, to: result, by: step, isNumberMoved: isNumberMoved)
    try write(destination, result)
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
