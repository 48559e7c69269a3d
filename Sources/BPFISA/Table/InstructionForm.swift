/// One line of the instruction table: an opcode, with the field values that select one operation of it.
public struct InstructionForm: Hashable, Sendable {
  public let operation: Operation
  public let opcode: UInt8
  public let destination: FieldUse
  public let source: FieldUse
  public let offset: FieldUse
  public let immediate: FieldUse
  /// The immediate of the second slot of a 16-byte load immediate, whose other fields must be zero; else nil.
  public let secondImmediate: FieldUse?

  init(
    _ operation: Operation, opcode: UInt8, destination: FieldUse = .unused,
    source: FieldUse = .unused, offset: FieldUse = .unused, immediate: FieldUse = .unused,
    secondImmediate: FieldUse? = nil
  ) {
    self.operation = operation
    self.opcode = opcode
    self.destination = destination
    self.source = source
    self.offset = offset
    self.immediate = immediate
    self.secondImmediate = secondImmediate
  }
}
