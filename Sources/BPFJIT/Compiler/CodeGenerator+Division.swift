import BPFISA

// Division (RFC 9669 section 4.1): by zero it gives 0, a remainder by zero leaves the dividend, and signed overflow wraps.
extension CodeGenerator {
  struct Division {
    let isSigned: Bool
    let isRemainder: Bool
  }

  mutating func divide(
    _ division: Division, _ width: OperandWidth, _ destination: Register, _ source: Operand
  ) {
    switch source {
    case .immediate(let constant): divide(division, width, destination, by: constant)
    case .register(let source): divide(division, width, destination, by: source)
    }
    if width == .bits32 { zeroExtended |= destination.bit }
  }

  private mutating func divide(
    _ division: Division, _ width: OperandWidth, _ destination: Register, by constant: Int32
  ) {
    let target = read(destination)
    define(destination)
    switch constant {
    case 0:
      if !division.isRemainder {
        encoder.move(target, 0)
      } else if width == .bits32 {
        encoder.move(.bits32, target, target)
      }
    case 1:
      if division.isRemainder {
        encoder.move(target, 0)
      } else if width == .bits32 {
        encoder.move(.bits32, target, target)
      }
    case -1 where division.isSigned:
      if division.isRemainder {
        encoder.move(target, 0)
      } else {
        encoder.operate(.negate, width, target)
      }
    case _ where !division.isSigned && constant > 0 && constant & (constant - 1) == 0:
      if division.isRemainder {
        encoder.operate(.and, .bits32, target, constant - 1)
      } else {
        encoder.shift(.shiftRight, width, target, by: UInt8(constant.trailingZeroBitCount))
      }
    case _ where !division.isSigned && width == .bits32 && options.foldsConstants:
      multiplyByReciprocal(division, target, UInt32(bitPattern: constant))
    case _:
      encoder.move(
        .r11,
        width == .bits64
          ? UInt64(bitPattern: Int64(constant)) : UInt64(UInt32(bitPattern: constant)))
      quotient(division, width, destination, divisor: .r11)
    }
  }

  /// Divides a word by a constant that is no power of two: by multiplication with the reciprocal, rounded up, of 33 bits
  /// (Granlund and Montgomery, "Division by Invariant Integers using Multiplication").
  private mutating func multiplyByReciprocal(
    _ division: Division, _ target: GeneralRegister, _ divisor: UInt32
  ) {
    // 2^(32 + bits) / divisor, rounded up, has 33 bits: the highest is always set.
    let bits = UInt64(32 - (divisor - 1).leadingZeroBitCount)
    let quotient = divisor.dividingFullWidth(
      // (2^bits - divisor) * 2^32, so that the highest bit is left out.
      (UInt32(truncatingIfNeeded: (1 << bits) - UInt64(divisor)), 0)
    ).quotient
    let reciprocal = UInt64(quotient) + 1
    encoder.move(.bits32, .r10, target)
    encoder.move(.r11, reciprocal)
    encoder.multiply(.bits64, .r11, .r10)
    encoder.shift(.shiftRight, .bits64, .r11, by: 32)
    // (x - high) / 2 + high cannot overflow.
    encoder.operate(.subtract, .bits32, .r10, .r11)
    encoder.shift(.shiftRight, .bits32, .r10, by: 1)
    encoder.operate(.add, .bits32, .r10, .r11)
    if bits > 1 { encoder.shift(.shiftRight, .bits32, .r10, by: UInt8(bits - 1)) }
    if division.isRemainder {
      encoder.multiply(.bits32, .r10, .r10, by: Int32(bitPattern: divisor))
      encoder.operate(.subtract, .bits32, target, .r10)
    } else {
      encoder.move(.bits32, target, .r10)
    }
  }

  private mutating func divide(
    _ division: Division, _ width: OperandWidth, _ destination: Register, by source: Register
  ) {
    let target = read(destination)
    let divisor = read(source)
    define(destination)
    encoder.test(width, divisor, divisor)
    let toZero = encoder.code.count
    encoder.jumpShort(if: .equal, 0)
    var toOverflow: Int?
    if division.isSigned {
      encoder.operate(.compare, width, divisor, -1)
      toOverflow = encoder.code.count
      encoder.jumpShort(if: .equal, 0)
    }
    let isMoved = divisor == .rax || divisor == .rdx
    if isMoved { encoder.move(width, .r11, divisor) }
    quotient(division, width, destination, divisor: isMoved ? .r11 : divisor)
    // The dividend is its own remainder by zero: only a word's upper half is to be cleared.
    let isKept = division.isRemainder && width == .bits64
    var ends: [Int] = []
    if let toOverflow {
      ends.append(jumpShort())
      land(toOverflow)
      if division.isRemainder {
        encoder.move(target, 0)
      } else {
        encoder.operate(.negate, width, target)
      }
    }
    if !isKept { ends.append(jumpShort()) }
    land(toZero)
    if !division.isRemainder {
      encoder.move(target, 0)
    } else if width == .bits32 {
      encoder.move(.bits32, target, target)
    }
    for end in ends { land(end) }
  }

  /// Writes a short jump that ``land(_:)`` gives its distance; where it is.
  private mutating func jumpShort() -> Int {
    let site = encoder.code.count
    encoder.jumpShort(0)
    return site
  }

  /// Makes a short jump that was written lead here.
  private mutating func land(_ site: Int) {
    guard let distance = Int8(exactly: encoder.code.count - site - 2) else {
      preconditionFailure("the code of one instruction is short")
    }
    encoder.code[byte: site + 1] = UInt8(bitPattern: distance)
  }

  /// Divides by a register that is neither `rax` nor `rdx` and not zero.
  private mutating func quotient(
    _ division: Division, _ width: OperandWidth, _ destination: Register, divisor: GeneralRegister
  ) {
    let target = destination.machine
    // r0 and r3 are where the processor divides: what they hold is kept beside.
    let keepsRAX = target != .rax
    let keepsRDX = target != .rdx
    let kept = neededAfter | keptContents
    let savesRAX = keepsRAX && kept & Register.r0.bit != 0
    let savesRDX = keepsRDX && kept & Register.r3.bit != 0
    if savesRAX { encoder.move(.bits64, .r9, .rax) }
    if savesRDX { encoder.move(.bits64, .r10, .rdx) }
    if target != .rax { encoder.move(width, .rax, target) }
    if division.isSigned {
      encoder.extendSignOfRAX(width)
      encoder.operate(.divideSigned, width, divisor)
    } else {
      encoder.move(.rdx, 0)
      encoder.operate(.divide, width, divisor)
    }
    let result: GeneralRegister = division.isRemainder ? .rdx : .rax
    if target != result { encoder.move(width, target, result) }
    if savesRAX { encoder.move(.bits64, .rax, .r9) }
    if savesRDX { encoder.move(.bits64, .rdx, .r10) }
  }

  /// The registers whose machine contents pending values are made of.
  private var keptContents: UInt16 {
    var contents: UInt16 = 0
    var rest = pendingMask
    while rest != 0 {
      contents |= pending[lowestOf: rest].references
      rest &= rest - 1
    }
    return contents
  }
}
