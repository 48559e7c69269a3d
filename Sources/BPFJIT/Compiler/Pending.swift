import BPFISA

/// A value that a register has, but that no code has computed yet.
///
/// It is computed when an instruction needs it in the register, or where another path begins. Until then it can become part of
/// an address, of a wider load, of a rotation, or of nothing. It is made of what machine registers hold: those of ``base`` and
/// ``index``, whatever is pending for them.
struct Pending {
  enum Kind: UInt8 {
    case constant
    /// `base + index << scale + displacement`, in ``width``.
    case sum
    /// ``size`` bytes at that sum, then shifted left by ``shift`` bits.
    case load
    /// `base` shifted by ``shift``.
    case shiftLeft, shiftRight, shiftRightArithmetic
    case rotateLeft
    /// `base & displacement`.
    case and
    /// The lowest ``size`` bytes of `base`.
    case extendZero, extendSign
  }

  var kind: Kind
  /// One of 32 bits has no upper half.
  var width: OperandWidth = .bits64
  /// How much the index is shifted.
  var scale: UInt8 = 0
  /// Bytes: 1 to 8.
  var size: UInt8 = 0
  /// Bits.
  var shift: UInt8 = 0
  var isSigned = false
  /// Whether the bytes come in reverse order.
  var isSwapped = false
  var base: Register?
  var index: Register?
  var displacement: Int32 = 0
  var constant: UInt64 = 0

  init(_ kind: Kind, _ width: OperandWidth = .bits64, base: Register? = nil) {
    self.kind = kind
    self.width = width
    self.base = base
  }

  static func constant(_ value: UInt64) -> Self {
    var pending = Self(.constant)
    pending.constant = value
    return pending
  }

  static func sum(
    _ base: Register, _ displacement: Int32 = 0, width: OperandWidth = .bits64
  ) -> Self {
    var pending = Self(.sum, width, base: base)
    pending.displacement = displacement
    return pending
  }

  /// What is at a sum.
  static func load(_ size: MemorySize, isSigned: Bool, at sum: Pending) -> Self {
    var pending = sum
    pending.kind = .load
    pending.size = size.rawValue
    pending.isSigned = isSigned && size != .double
    return pending
  }

  /// The registers whose machine contents it is made of.
  var references: UInt16 { (base?.bit ?? 0) | (index?.bit ?? 0) }

  /// Whether it is the machine content of one register.
  var isCopy: Bool { kind == .sum && base != nil && index == nil && displacement == 0 }

  /// Whether it is what memory holds, as one instruction loads it.
  var isPlainLoad: Bool {
    kind == .load && shift == 0 && !isSigned && !isSwapped && size & (size - 1) == 0
  }

  /// Whether the upper half of it is 0.
  var isZeroExtended: Bool {
    switch kind {
    case .constant: constant >> 32 == 0
    case .load: !isSigned && size * 8 + shift <= 32
    case .extendZero: size <= 4
    case .and: width == .bits32 || displacement >= 0
    case .sum, .shiftLeft, .shiftRight, .shiftRightArithmetic, .rotateLeft, .extendSign:
      width == .bits32
    }
  }

  /// Whether two loads are of places that cannot overlap: at different distances from the same address.
  func isDisjoint(from store: Pending, size storeSize: UInt8) -> Bool {
    guard base == store.base, index == store.index, scale == store.scale else { return false }
    return Int(displacement) + Int(size) <= Int(store.displacement)
      || Int(store.displacement) + Int(storeSize) <= Int(displacement)
  }

  /// Whether both are at one address but for the displacement.
  func hasAddress(of other: Pending) -> Bool {
    base == other.base && index == other.index && scale == other.scale
  }
}

extension Register {
  @inline(__always) var bit: UInt16 { 1 &<< UInt16(rawValue) }

  /// The machine register it is kept in: `r0` to `r5` where C has the result and the arguments of functions, the others where
  /// functions keep them.
  @inline(__always)
  var machine: GeneralRegister {
    switch self {
    case .r0: .rax
    case .r1: .rdi
    case .r2: .rsi
    case .r3: .rdx
    case .r4: .rcx
    case .r5: .r8
    case .r6: .rbx
    case .r7: .r13
    case .r8: .r14
    case .r9: .r15
    case .r10: .rbp
    case .r11: .r11
    }
  }
}

extension OperandWidth {
  @inline(__always)
  init(_ width: ArithmeticWidth) { self = width == .bits64 ? .bits64 : .bits32 }

  @inline(__always) var bitCount: UInt8 { self == .bits64 ? 64 : 32 }
}
