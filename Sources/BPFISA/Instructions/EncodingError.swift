/// Why an instruction has no encoding.
public struct EncodingError: Error, Hashable, Sendable {
  public let instruction: Instruction
  public let reason: Reason

  public init(instruction: Instruction, reason: Reason) {
    self.instruction = instruction
    self.reason = reason
  }

  public enum Reason: Hashable, Sendable {
    /// The operation does not exist at this size.
    case noSuchSize(MemorySize)
    /// `r11` is only the base of 8-byte loads and stores.
    case stackArgumentBase(DecodingError.Field)
    /// A stack argument lies at a positive multiple of 8 when read, at a negative one when written.
    case stackArgumentOffset(Int16)
  }
}

extension EncodingError: CustomStringConvertible {
  public var description: String { "\(instruction): \(reason)" }
}

extension EncodingError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noSuchSize(let size):
      "the operation does not exist for values of \(size.byteCount) bytes"
    case .stackArgumentBase(let field):
      "r11 in the \(field.rawValue) field; it is only the base of 8-byte loads and stores"
    case .stackArgumentOffset(let offset):
      "offset \(offset) to r11; expected a multiple of 8, above 0 in a load, below 0 in a store"
    }
  }
}
