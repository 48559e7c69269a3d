// How operations are spelled: the one list that the disassembler, the assembler and the documentation share.

extension ArithmeticOperation {
  /// The assignment operator, as in `r1 += r2`.
  public var symbol: String {
    switch self {
    case .add: "+="
    case .subtract: "-="
    case .multiply: "*="
    case .divide: "/="
    case .signedDivide: "s/="
    case .or: "|="
    case .and: "&="
    case .shiftLeft: "<<="
    case .shiftRight: ">>="
    case .modulo: "%="
    case .signedModulo: "s%="
    case .xor: "^="
    case .move: "="
    case .arithmeticShiftRight: "s>>="
    }
  }
}

extension Condition {
  /// The comparison operator, as in `if r1 s> r2 goto +1`.
  public var symbol: String {
    switch self {
    case .equal: "=="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .bitsSet: "&"
    case .notEqual: "!="
    case .signedGreater: "s>"
    case .signedGreaterOrEqual: "s>="
    case .less: "<"
    case .lessOrEqual: "<="
    case .signedLess: "s<"
    case .signedLessOrEqual: "s<="
    }
  }
}

extension ByteSwap {
  /// The name before the width, as in `r1 = be16 r1`.
  public var prefix: String {
    switch self {
    case .toLittleEndian: "le"
    case .toBigEndian: "be"
    case .unconditional: "bswap"
    }
  }
}

extension MemorySize {
  /// The unsigned integer type of the size, as in `*(u32 *)(r1 + 4)`.
  public var typeName: String {
    switch self {
    case .byte: "u8"
    case .half: "u16"
    case .word: "u32"
    case .double: "u64"
    }
  }

  /// The signed integer type of the size.
  public var signedTypeName: String {
    switch self {
    case .byte: "s8"
    case .half: "s16"
    case .word: "s32"
    case .double: "s64"
    }
  }
}

extension AtomicOperation {
  /// How the operation is written.
  enum Spelling: Equatable {
    /// `lock *(u64 *)(r1 + 0) += r2`.
    case lock(ArithmeticOperation)
    /// `r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)`.
    case function(String)
    /// `r2 = xchg_64(r1 + 0, r2)`, and `w2 = xchg32_32(r1 + 0, w2)` at 4 bytes.
    case exchange(double: String, word: String)
    /// `r0 = cmpxchg_64(r1 + 0, r0, r2)`, and `w0 = cmpxchg32_32(r1 + 0, w0, w2)` at 4 bytes.
    case compareExchange(double: String, word: String)
  }

  var spelling: Spelling {
    switch self {
    case .add: .lock(.add)
    case .or: .lock(.or)
    case .and: .lock(.and)
    case .xor: .lock(.xor)
    case .fetchAdd: .function("atomic_fetch_add")
    case .fetchOr: .function("atomic_fetch_or")
    case .fetchAnd: .function("atomic_fetch_and")
    case .fetchXor: .function("atomic_fetch_xor")
    case .exchange: .exchange(double: "xchg_64", word: "xchg32_32")
    case .compareExchange: .compareExchange(double: "cmpxchg_64", word: "cmpxchg32_32")
    }
  }
}

extension Register {
  /// The register's 64-bit name, `r0` to `r11`.
  public var name: String { "r\(rawValue)" }

  /// The register's name at a width: `w3` is the lower half of `r3`.
  public func name(_ width: ArithmeticWidth) -> String {
    switch width {
    case .bits32: "w\(rawValue)"
    case .bits64: name
    }
  }
}
