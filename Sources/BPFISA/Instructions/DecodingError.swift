/// Why slots are no instruction: where, and what was found against what was expected.
public struct DecodingError: Error, Hashable, Sendable {
  /// The index of the offending slot.
  public let slot: Int
  public let reason: Reason

  public init(slot: Int, reason: Reason) {
    self.slot = slot
    self.reason = reason
  }

  public enum Reason: Hashable, Sendable {
    /// No instruction has this opcode.
    case unknownOpcode(UInt8)
    /// The opcode exists, but not with this offset, immediate or source (it selects the operation).
    case unknownVariant(opcode: UInt8, field: Field, value: Int64)
    /// A field the instruction does not use is not zero.
    case reservedFieldNotZero(opcode: UInt8, field: Field, value: Int64)
    /// A register field names no register.
    case noSuchRegister(opcode: UInt8, field: Field, value: UInt8)
    /// The program ends after the first slot of a 16-byte load immediate.
    case missingSecondSlot
    /// An opcode that only a kernel's own passes produce, never accepted from outside.
    case internalInstruction(opcode: UInt8)
  }

  /// A field of a slot.
  public enum Field: String, Hashable, Sendable {
    case destination, source, offset, immediate
    /// A field of the second slot of a 16-byte load immediate.
    case secondOpcode, secondRegisters, secondOffset, secondImmediate
  }
}

extension DecodingError: CustomStringConvertible {
  public var description: String {
    "instruction at slot \(slot): \(reason)"
  }
}

extension DecodingError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownOpcode(let opcode):
      "no instruction has opcode \(hexadecimal(opcode))"
    case .unknownVariant(let opcode, let field, let value):
      "opcode \(hexadecimal(opcode)) has no variant with \(field.rawValue) \(value)"
    case .reservedFieldNotZero(let opcode, let field, let value):
      "opcode \(hexadecimal(opcode)) does not use \(field.rawValue), which is \(value); expected 0"
    case .noSuchRegister(let opcode, let field, let value):
      "opcode \(hexadecimal(opcode)) names register r\(value) as \(field.rawValue); expected r0 to r10"
    case .missingSecondSlot:
      "the program ends within a 16-byte load immediate"
    case .internalInstruction(let opcode):
      "opcode \(hexadecimal(opcode)) is produced by the kernel's own passes only, not accepted from outside"
    }
  }
}

/// `value` as `0x` and hexadecimal digits.
func hexadecimal(_ value: some BinaryInteger) -> String {
  value < 0 ? "-0x" + String(value.magnitude, radix: 16) : "0x" + String(value, radix: 16)
}
