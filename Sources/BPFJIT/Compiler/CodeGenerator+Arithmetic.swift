import BPFISA

// Arithmetic (RFC 9669 section 4.1). A result of 32 bits clears the upper half.
extension CodeGenerator {
  mutating func arithmetic(
    _ operation: ArithmeticOperation, _ width: OperandWidth, _ destination: Register,
    _ source: Operand
  ) {
    switch (operation, source) {
    case (.move, .register(let source)): move(width, destination, source)
    case (.move, .immediate(let constant)):
      let extended = UInt64(bitPattern: Int64(constant))
      assign(destination, .constant(width == .bits64 ? extended : extended & 0xffff_ffff))
    case (.add, .immediate(let constant)): add(width, destination, constant)
    case (.add, .register(let source)):
      if !combine(width, destination, source), !addSums(width, destination, source) {
        operate(.add, width, destination, source)
      }
    case (.subtract, .immediate(let constant)):
      if constant == .min {
        operate(.subtract, width, destination, constant)
      } else {
        add(width, destination, -constant)
      }
    case (.subtract, .register(let source)): operate(.subtract, width, destination, source)
    case (.multiply, .immediate(let constant)): multiply(width, destination, constant)
    case (.multiply, .register(let source)): multiply(width, destination, source)
    case (.or, .register(let source)):
      if !combine(width, destination, source) { operate(.or, width, destination, source) }
    case (.xor, .register(let source)):
      if !combine(width, destination, source) { operate(.xor, width, destination, source) }
    case (.and, .register(let source)): operate(.and, width, destination, source)
    case (.or, .immediate(let constant)): operate(.or, width, destination, constant)
    case (.xor, .immediate(let constant)): operate(.xor, width, destination, constant)
    case (.and, .immediate(let constant)): and(width, destination, constant)
    case (.shiftLeft, .immediate(let count)):
      shift(.shiftLeft, width, destination, by: UInt8(truncatingIfNeeded: count))
    case (.shiftRight, .immediate(let count)):
      shift(.shiftRight, width, destination, by: UInt8(truncatingIfNeeded: count))
    case (.arithmeticShiftRight, .immediate(let count)):
      shift(.shiftRightArithmetic, width, destination, by: UInt8(truncatingIfNeeded: count))
    case (.shiftLeft, .register(let source)): shift(.shiftLeft, width, destination, source)
    case (.shiftRight, .register(let source)): shift(.shiftRight, width, destination, source)
    case (.arithmeticShiftRight, .register(let source)):
      shift(.shiftRightArithmetic, width, destination, source)
    case (.divide, _):
      divide(.init(isSigned: false, isRemainder: false), width, destination, source)
    case (.signedDivide, _):
      divide(.init(isSigned: true, isRemainder: false), width, destination, source)
    case (.modulo, _): divide(.init(isSigned: false, isRemainder: true), width, destination, source)
    case (.signedModulo, _):
      divide(.init(isSigned: true, isRemainder: true), width, destination, source)
    }
  }

  /// Works on a register in place.
  mutating func operate(
    _ width: OperandWidth, _ destination: Register,
    _ body: (inout Encoder, OperandWidth, GeneralRegister) -> Void
  ) {
    let target = read(destination)
    define(destination)
    body(&encoder, width, target)
    if width == .bits32 { zeroExtended |= destination.bit }
  }

  private mutating func operate(
    _ operation: BinaryOperation, _ width: OperandWidth, _ destination: Register,
    _ constant: Int32
  ) {
    operate(width, destination) { encoder, width, register in
      encoder.operate(operation, width, register, constant)
    }
    flags = (destination, width, encoder.code.count)
  }

  private mutating func operate(
    _ operation: BinaryOperation, _ width: OperandWidth, _ destination: Register,
    _ source: Register
  ) {
    let target = read(destination)
    if source != destination, let value = memoryOperand(source, width, for: destination) {
      drop(source)
      define(destination)
      encoder.operate(operation, width, target, Self.address(value))
    } else {
      let other = read(source)
      define(destination)
      encoder.operate(operation, width, target, other)
    }
    if width == .bits32 { zeroExtended |= destination.bit }
    flags = (destination, width, encoder.code.count)
  }

  /// What a register is loaded from, where an instruction can take it from there: nobody else wants it.
  private func memoryOperand(
    _ register: Register, _ width: OperandWidth, for destination: Register
  ) -> Pending? {
    guard let value = pendingValue(register), value.isPlainLoad, dies(register),
      value.size == (width == .bits64 ? 8 : 4),
      value.references & dependents(of: destination) == 0
    else { return nil }
    return value
  }

  // MARK: Moves

  private mutating func move(_ width: OperandWidth, _ destination: Register, _ source: Register) {
    if var value = pendingValue(source) {
      if width == .bits32, !value.isZeroExtended {
        switch value.kind {
        case .constant: value.constant &= 0xffff_ffff
        case .sum: value.width = .bits32
        case .load, .shiftLeft, .shiftRight, .shiftRightArithmetic, .rotateLeft, .and,
          .extendZero, .extendSign:
          _ = read(source)
          extendZero(.word, destination, source)
          return
        }
      }
      let isCheap = value.kind == .constant || value.kind == .sum
      if source == destination || dies(source) || isCheap {
        if dies(source) { drop(source) }
        assign(destination, value)
        return
      }
      _ = read(source)
    }
    if width == .bits32, zeroExtended & source.bit == 0 {
      assign(destination, .sum(source, width: .bits32))
    } else {
      assign(destination, .sum(source))
    }
  }

  mutating func moveSignExtended(
    _ width: OperandWidth, _ size: MemorySize, _ destination: Register, _ source: Register
  ) {
    if width == .bits64, let value = pendingValue(source), value.isPlainLoad,
      value.size == size.rawValue, source == destination || dies(source)
    {
      var value = value
      value.isSigned = true
      drop(source)
      assign(destination, value)
      return
    }
    var value = Pending(.extendSign, width, base: content(source, .bits32))
    value.size = size.rawValue
    assign(destination, value)
  }

  /// The register whose machine register holds the value of another, as far as an operation of a width looks at it.
  private mutating func content(_ register: Register, _ width: OperandWidth) -> Register {
    guard let value = pendingValue(register) else { return register }
    if value.isCopy, let base = value.base, value.width == .bits64 || width == .bits32 {
      return base
    }
    materialize(register)
    return register
  }

  private mutating func extendZero(
    _ size: MemorySize, _ destination: Register, _ source: Register
  ) {
    var value = Pending(.extendZero, .bits32, base: content(source, .bits32))
    value.size = size.rawValue
    assign(destination, value)
  }

  // MARK: Sums

  private mutating func add(_ width: OperandWidth, _ destination: Register, _ constant: Int32) {
    if constant == 0 {
      if width == .bits32 { move(.bits32, destination, destination) }
      return
    }
    // Adding to what the register holds ends in an instruction of its own; adding to what is pending joins it.
    if let sum = sum(of: destination, width) {
      let (displacement, overflows) = sum.displacement.addingReportingOverflow(constant)
      if !overflows || width == .bits32 {
        var sum = sum
        sum.displacement = displacement
        assign(destination, sum)
        return
      }
    }
    _ = read(destination)
    assign(destination, .sum(destination, constant, width: width))
  }

  /// Adds two sums that make one; whether they do.
  private mutating func addSums(
    _ width: OperandWidth, _ destination: Register, _ source: Register
  ) -> Bool {
    guard let first = sum(of: destination, width), let second = sum(of: source, width) else {
      return false
    }
    let (displacement, overflows) = first.displacement.addingReportingOverflow(
      second.displacement)
    if overflows, width == .bits64 { return false }
    var sum = Pending(.sum, width)
    sum.displacement = displacement
    // Of up to four terms, two may be there, one of them scaled.
    var terms = 0
    for term in [first, second] {
      if let base = term.base {
        terms += 1
        if sum.base == nil {
          sum.base = base
        } else if sum.index == nil {
          sum.index = base
        }
      }
    }
    for term in [first, second] {
      if let index = term.index {
        // An address has one index.
        guard sum.index == nil else { return false }
        sum.index = index
        sum.scale = term.scale
        terms += 1
      }
    }
    guard terms <= 2 else { return false }
    // A frame pointer is no index to prefer; two terms without scale may change places.
    if sum.base == nil, let index = sum.index, sum.scale == 0 {
      sum.base = index
      sum.index = nil
    }
    assign(destination, sum)
    return true
  }

  // MARK: Multiplication

  private mutating func multiply(
    _ width: OperandWidth, _ destination: Register, _ constant: Int32
  ) {
    if constant > 0, constant & (constant - 1) == 0 {
      shift(
        .shiftLeft, width, destination, by: UInt8(truncatingIfNeeded: constant.trailingZeroBitCount)
      )
      return
    }
    let source = content(destination, width)
    if constant == 3 || constant == 5 || constant == 9 {
      var sum = Pending.sum(source, width: width)
      sum.index = source
      sum.scale = constant == 3 ? 1 : constant == 5 ? 2 : 3
      assign(destination, sum)
      return
    }
    define(destination)
    encoder.multiply(width, destination.machine, source.machine, by: constant)
    if width == .bits32 { zeroExtended |= destination.bit }
  }

  private mutating func multiply(
    _ width: OperandWidth, _ destination: Register, _ source: Register
  ) {
    let target = read(destination)
    if source != destination, let value = memoryOperand(source, width, for: destination) {
      drop(source)
      define(destination)
      encoder.multiply(width, target, Self.address(value))
    } else {
      let other = read(source)
      define(destination)
      encoder.multiply(width, target, other)
    }
    if width == .bits32 { zeroExtended |= destination.bit }
  }

  // MARK: Bits

  private mutating func and(_ width: OperandWidth, _ destination: Register, _ constant: Int32) {
    switch constant {
    case -1: if width == .bits32 { move(.bits32, destination, destination) }
    case 0xff: extendZero(.byte, destination, destination)
    case 0xffff: extendZero(.half, destination, destination)
    case _:
      var value = Pending(.and, width, base: content(destination, width))
      value.displacement = constant
      assign(destination, value)
    }
  }

  private mutating func shift(
    _ operation: Pending.Kind, _ width: OperandWidth, _ destination: Register, by count: UInt8
  ) {
    let count = count & (width.bitCount - 1)
    if count == 0 {
      if width == .bits32 { move(.bits32, destination, destination) }
      return
    }
    if let value = pendingValue(destination), join(operation, width, destination, count, value) {
      return
    }
    var value = Pending(operation, width, base: content(destination, width))
    value.shift = count
    assign(destination, value)
  }

  /// Makes a shift part of what is pending; whether it could.
  private mutating func join(
    _ operation: Pending.Kind, _ width: OperandWidth, _ destination: Register, _ count: UInt8,
    _ value: Pending
  ) -> Bool {
    switch (operation, value.kind) {
    case (.shiftLeft, .load):
      guard !value.isSigned, count & 7 == 0,
        Int(value.size) * 8 + Int(value.shift) + Int(count) <= Int(width.bitCount)
      else { return false }
      var value = value
      value.shift += count
      assign(destination, value)
      return true
    case (.shiftRight, .shiftLeft), (.shiftRightArithmetic, .shiftLeft):
      guard value.width == width, value.shift == count else { return false }
      let left = width.bitCount - count
      let isWord = left == 32 && width == .bits64
      guard left == 8 || left == 16 || isWord else { return false }
      var extended = Pending(
        operation == .shiftRight ? .extendZero : .extendSign, width, base: value.base)
      extended.size = left / 8
      assign(destination, extended)
      return true
    case _: return false
    }
  }

  /// Shifts by what a register holds, of which the lowest 5 or 6 bits count.
  private mutating func shift(
    _ operation: ShiftOperation, _ width: OperandWidth, _ destination: Register,
    _ count: Register
  ) {
    let countRegister = read(count)
    if options.features.hasBMI2 {
      let source = content(destination, width)
      define(destination)
      encoder.shift(operation, width, destination.machine, source.machine, by: countRegister)
    } else {
      let target = read(destination)
      define(destination)
      // The count has to be in rcx, which is r4.
      if countRegister == .rcx, target != .rcx {
        encoder.shiftByRCX(operation, width, target)
      } else {
        encoder.move(.bits64, .r10, target)
        encoder.move(.bits64, .r11, .rcx)
        if countRegister != .rcx { encoder.move(.bits32, .rcx, countRegister) }
        encoder.shiftByRCX(operation, width, .r10)
        encoder.move(.bits64, .rcx, .r11)
        encoder.move(width, target, .r10)
      }
    }
    if width == .bits32 { zeroExtended |= destination.bit }
  }

  /// Joins the parts of a wider load or of a rotation, where `|`, `^` and `+` are one: no bit is in both. Whether they are
  /// such parts.
  private mutating func combine(
    _ width: OperandWidth, _ destination: Register, _ source: Register
  ) -> Bool {
    guard destination != source, let first = pendingValue(destination),
      let second = pendingValue(source)
    else { return false }
    let value: Pending
    if first.kind == .load, second.kind == .load {
      guard
        let joined = Self.joined(first, second, width) ?? Self.joined(second, first, width)
      else { return false }
      value = joined
    } else {
      guard let rotation = Self.rotation(first, second) ?? Self.rotation(second, first),
        width == .bits64 || rotation.width == .bits32
      else { return false }
      value = rotation
    }
    if dies(source) { drop(source) }
    assign(destination, value)
    return true
  }

  /// One load instead of two of neighbours, of which the second makes the higher bits.
  private static func joined(
    _ low: Pending, _ high: Pending, _ width: OperandWidth
  ) -> Pending? {
    guard !low.isSigned, !high.isSigned, low.hasAddress(of: high),
      high.shift == low.shift + low.size * 8,
      low.shift + (low.size + high.size) * 8 <= width.bitCount
    else { return nil }
    var value = low
    value.size = low.size + high.size
    let (lowPlace, highPlace) = (Int(low.displacement), Int(high.displacement))
    let isPlain = (!low.isSwapped || low.size == 1) && (!high.isSwapped || high.size == 1)
    if isPlain, highPlace == lowPlace + Int(low.size) {
      value.isSwapped = false
      return value
    }
    let isSwapped = (low.isSwapped || low.size == 1) && (high.isSwapped || high.size == 1)
    if isSwapped, lowPlace == highPlace + Int(high.size) {
      value.isSwapped = true
      value.displacement = high.displacement
      return value
    }
    return nil
  }

  private static func rotation(_ left: Pending, _ right: Pending) -> Pending? {
    guard left.kind == .shiftLeft, right.kind == .shiftRight, left.base == right.base,
      left.width == right.width, left.shift + right.shift == left.width.bitCount
    else { return nil }
    var value = left
    value.kind = .rotateLeft
    return value
  }

  /// Byte swaps on a little-endian machine (RFC 9669 section 4.2).
  mutating func swap(_ order: ByteSwap, _ width: SwapWidth, _ destination: Register) {
    let size = width.rawValue / 8
    switch (order, width) {
    case (.toLittleEndian, .bits16): extendZero(.half, destination, destination)
    case (.toLittleEndian, .bits32): move(.bits32, destination, destination)
    case (.toLittleEndian, .bits64): break
    case (.toBigEndian, _), (.unconditional, _):
      if let value = pendingValue(destination), value.kind == .load, value.shift == 0,
        !value.isSigned, value.size == size
      {
        var value = value
        value.isSwapped.toggle()
        assign(destination, value)
        return
      }
      let target = read(destination)
      define(destination)
      switch width {
      case .bits16:
        encoder.rotateHalf(target, by: 8)
        encoder.extendZero(.half, target, target)
      case .bits32: encoder.swapBytes(.bits32, target)
      case .bits64: encoder.swapBytes(.bits64, target)
      }
      if width != .bits64 { zeroExtended |= destination.bit }
    }
  }
}
