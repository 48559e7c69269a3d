/// The width of an arithmetic operation or a comparison.
///
/// A 32-bit result clears the upper half of its destination (RFC 9669 section 4.1).
@frozen
public enum ArithmeticWidth: UInt8, CaseIterable, Hashable, Sendable {
  case bits32
  case bits64
}

/// The size of a memory access. The raw value is its number of bytes.
@frozen
public enum MemorySize: UInt8, CaseIterable, Hashable, Sendable {
  case byte = 1
  case half = 2
  case word = 4
  case double = 8

  /// The size in bytes: 1, 2, 4 or 8.
  @inlinable public var byteCount: Int { Int(rawValue) }
}

/// The second operand of an operation: a register, or a sign-extended 32-bit immediate.
@frozen
public enum Operand: Hashable, Sendable {
  case register(Register)
  case immediate(Int32)
}

/// A two-operand arithmetic operation (RFC 9669 section 4.1).
@frozen
public enum ArithmeticOperation: UInt8, CaseIterable, Hashable, Sendable {
  case add, subtract, multiply
  /// Unsigned division; division by zero gives 0.
  case divide
  /// Signed division, truncating; division by zero gives 0, overflow wraps.
  case signedDivide
  case or, and
  case shiftLeft, shiftRight
  /// Unsigned remainder; modulo zero leaves the destination.
  case modulo
  /// Signed remainder, with the sign of the dividend; modulo zero leaves the destination.
  case signedModulo
  case xor
  case move
  case arithmeticShiftRight
}

/// A condition of a jump (RFC 9669 section 4.3).
@frozen
public enum Condition: UInt8, CaseIterable, Hashable, Sendable {
  case equal, greater, greaterOrEqual
  /// Jumps if the operands have a set bit in common.
  case bitsSet
  case notEqual
  case signedGreater, signedGreaterOrEqual
  case less, lessOrEqual
  case signedLess, signedLessOrEqual
}

/// How the bytes of a register are rearranged (RFC 9669 section 4.2).
@frozen
public enum ByteSwap: UInt8, CaseIterable, Hashable, Sendable {
  /// Converts between host order and little endian: on a little-endian machine, truncates.
  case toLittleEndian
  /// Converts between host order and big endian.
  case toBigEndian
  /// Swaps unconditionally (`bswap`).
  case unconditional
}

/// The number of low bits a byte swap works on; the others become zero.
@frozen
public enum SwapWidth: UInt8, CaseIterable, Hashable, Sendable {
  case bits16 = 16
  case bits32 = 32
  case bits64 = 64
}

/// An atomic read-modify-write operation (RFC 9669 section 5.3).
@frozen
public enum AtomicOperation: UInt8, CaseIterable, Hashable, Sendable {
  case add, or, and, xor
  /// As above, and the old value of memory goes to the source register.
  case fetchAdd, fetchOr, fetchAnd, fetchXor
  /// Stores the source register; the old value of memory goes to the source register.
  case exchange
  /// If memory equals `r0`, stores the source register; the old value of memory goes to `r0`.
  case compareExchange
}

/// How a legacy packet load finds its bytes (RFC 9669 section 5.5).
@frozen
public enum PacketOffset: Hashable, Sendable {
  /// At the immediate, from the start of the packet.
  case absolute(Int32)
  /// At the sum of the register and the immediate, from the start of the packet.
  case indirect(Register, Int32)
}

/// What a call instruction calls (RFC 9669 section 4.3.1).
@frozen
public enum CallTarget: Hashable, Sendable {
  /// A helper function, by its number.
  case helper(Int32)
  /// A function of the same program: the displacement in slots from the next instruction.
  case local(Int32)
  /// A kernel function, by its BTF id; the offset names a module's BTF in the loader's file-descriptor array.
  case kernelFunction(id: Int32, module: Int16)
  /// `callx`: the helper whose number is in the register. Known to assemblers and the conformance suite only.
  case register(Register)
}

/// The value of a 16-byte load immediate (RFC 9669 section 5.4).
///
/// In a linked ``Program``, maps appear only as ``mapIndex(_:)`` and ``mapIndexValue(_:offset:)``, indices
/// into ``Program/mapNames``.
@frozen
public enum WideImmediate: Hashable, Sendable {
  case value(UInt64)
  /// The address of a map, by file descriptor.
  case map(Int32)
  /// The address of a map's first value plus an offset in bytes, by file descriptor.
  case mapValue(Int32, offset: Int32)
  /// The address of a kernel variable: its BTF id, and the BTF object's descriptor.
  case variable(Int32, module: Int32)
  /// The address of a function: the displacement in slots from the next instruction (as in a local call,
  /// counted from the slot after the first).
  case function(Int32)
  /// The address of a map, by index.
  case mapIndex(Int32)
  /// The address of a map's first value plus an offset in bytes, by index.
  case mapIndexValue(Int32, offset: Int32)
}

extension WideImmediate {
  /// What a source field and the immediates of two slots stand for; `second` counts only where the kind has it.
  init(_ kind: Operation.WideKind, first: Int32, second: Int32) {
    self =
      switch kind {
      case .value:
        .value(UInt64(UInt32(bitPattern: first)) | UInt64(UInt32(bitPattern: second)) << 32)
      case .map: .map(first)
      case .mapValue: .mapValue(first, offset: second)
      case .variable: .variable(first, module: second)
      case .function: .function(first)
      case .mapIndex: .mapIndex(first)
      case .mapIndexValue: .mapIndexValue(first, offset: second)
      }
  }

  /// The source field and the immediates of the two slots.
  var fields: (kind: Operation.WideKind, first: Int32, second: Int32) {
    switch self {
    case .value(let value):
      (.value, Int32(truncatingIfNeeded: value), Int32(truncatingIfNeeded: value >> 32))
    case .map(let descriptor): (.map, descriptor, 0)
    case .mapValue(let descriptor, let offset): (.mapValue, descriptor, offset)
    case .variable(let identifier, let module): (.variable, identifier, module)
    case .function(let displacement): (.function, displacement, 0)
    case .mapIndex(let index): (.mapIndex, index, 0)
    case .mapIndexValue(let index, let offset): (.mapIndexValue, index, offset)
    }
  }
}
