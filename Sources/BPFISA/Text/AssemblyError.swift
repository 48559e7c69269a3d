/// Why text does not assemble: where, what was found, and what was expected.
public struct AssemblyError: Error, Hashable, Sendable {
  /// The line, from 1.
  public let line: Int
  /// The column in bytes, from 1.
  public let column: Int
  public let reason: Reason

  public init(line: Int, column: Int, reason: Reason) {
    self.line = line
    self.column = column
    self.reason = reason
  }

  public enum Reason: Hashable, Sendable {
    /// Something else stands where the grammar wants `expected`; `found` is empty at the end of the text.
    case unexpected(found: String, expected: Expectation)
    /// A number does not fit where it stands.
    case outOfRange(found: String, field: NumericField)
    /// A label is used and never defined.
    case unknownLabel(String)
    /// A label is defined twice; the line is that of the first definition.
    case duplicateLabel(String, firstLine: Int)
    /// A label is too far away for the field that is to hold its displacement.
    case labelTooFar(String, displacement: Int, field: NumericField)
    /// The instruction reads well but does not exist.
    case notEncodable(EncodingError.Reason)
    /// The bytes in front of the text are those of another instruction, or of none.
    case bytesDisagree(bytes: String, text: String)
    /// A comment that begins here has no end.
    case unterminatedComment
  }

  /// What may stand at a place.
  public enum Expectation: Hashable, Sendable {
    case statement
    case endOfStatement
    case symbol(String)
    case word(String)
    /// One of the assignment operators, as in `r1 += r2`.
    case assignmentOperator
    /// One of the comparison operators, as in `if r1 s> r2`.
    case comparisonOperator
    /// One of the operators of atomic operations, as in `lock *(u64 *)(r1 + 0) += r2`.
    case atomicOperator
    case register(ArithmeticWidth)
    /// A register at either width.
    case anyRegister
    /// This register and no other: the operation has one operand that is both source and destination.
    case sameRegister(String)
    case number
    case registerOrNumber(ArithmeticWidth)
    /// What may be assigned to a register.
    case value
    case unsignedType
    case integerType
    case signedType
    case labelOrDisplacement
    /// A function: a number, a label, `pc+N` or `kfunc[id:N]`.
    case callee
  }

  /// A field with a range.
  public enum NumericField: Hashable, Sendable {
    /// -2,147,483,648 to 4,294,967,295, stored in 32 bits.
    case immediate
    /// 64 bits, signed or not.
    case wideImmediate
    /// -32,768 to 32,767.
    case offset
    /// -2,147,483,648 to 2,147,483,647.
    case longDisplacement
    /// 0 to 65,535.
    case addressSpace
    /// 1 to 6.
    case wideSource
    /// 0, the only value index that a map's value address may have in text.
    case valueIndex
  }
}

extension AssemblyError: CustomStringConvertible {
  public var description: String {
    "line \(line), column \(column): \(reason)"
  }
}

extension AssemblyError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unexpected(let found, let expected):
      "found \(found.isEmpty ? "the end of the text" : "'\(found)'"), expected \(expected)"
    case .outOfRange(let found, let field):
      "\(found) is out of range, expected \(field)"
    case .unknownLabel(let name):
      "no label is named '\(name)'"
    case .duplicateLabel(let name, let firstLine):
      "label '\(name)' is already defined on line \(firstLine)"
    case .labelTooFar(let name, let displacement, let field):
      "label '\(name)' is \(displacement) slots away, expected \(field)"
    case .notEncodable(let reason):
      "\(reason)"
    case .bytesDisagree(let bytes, let text):
      "the bytes \(bytes) are not those of '\(text)'"
    case .unterminatedComment:
      "the comment that begins here has no end"
    }
  }
}

extension AssemblyError.Expectation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .statement: "an instruction or a label"
    case .endOfStatement: "the end of the instruction"
    case .symbol(let symbol): "'\(symbol)'"
    case .word(let word): "'\(word)'"
    case .assignmentOperator: "an assignment operator"
    case .comparisonOperator: "a comparison operator"
    case .atomicOperator: "one of += |= &= ^="
    case .register(.bits32): "a 32-bit register (w0 to w10)"
    case .register(.bits64): "a 64-bit register (r0 to r10)"
    case .anyRegister: "a register"
    case .sameRegister(let name): "\(name), as on the other side"
    case .number: "a number"
    case .registerOrNumber(.bits32): "a 32-bit register (w0 to w10) or a number"
    case .registerOrNumber(.bits64): "a 64-bit register (r0 to r10) or a number"
    case .value: "a register, a number or an operation"
    case .unsignedType: "one of u8 u16 u32 u64"
    case .integerType: "one of u8 u16 u32 u64 s8 s16 s32"
    case .signedType: "one of s8 s16 s32"
    case .labelOrDisplacement: "a label or a displacement"
    case .callee: "a function: a number, a label, pc+N or kfunc[id:N]"
    }
  }
}

extension AssemblyError.NumericField: CustomStringConvertible {
  public var description: String {
    switch self {
    case .immediate: "-2147483648 to 4294967295"
    case .wideImmediate: "-9223372036854775808 to 18446744073709551615"
    case .offset: "-32768 to 32767"
    case .longDisplacement: "-2147483648 to 2147483647"
    case .addressSpace: "0 to 65535"
    case .wideSource: "1 to 6"
    case .valueIndex: "0"
    }
  }
}
