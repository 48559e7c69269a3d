/// What an instruction does with a field of its slot: the rule the decoder holds it to.
@frozen
public enum FieldUse: Hashable, Sendable {
  /// The field must be zero (RFC 9669 section 3).
  case unused
  /// The field holds this value; another value is another instruction, or none.
  case selector(Int32)
  /// The field names a register, `r0` to `r10`.
  case register(RegisterUse)
  /// The field names `r11`, the base of stack arguments.
  case stackArguments
  /// The field holds an operand; any value is legal unless the kind says otherwise.
  case operand(OperandKind)
  /// The form is never accepted, whatever the field holds.
  case any

  /// What happens to a register.
  @frozen
  public enum RegisterUse: UInt8, CaseIterable, Hashable, Sendable {
    case read, written, readAndWritten
    /// Read, as the address of memory.
    case base
  }

  /// What an offset or immediate means.
  @frozen
  public enum OperandKind: UInt8, CaseIterable, Hashable, Sendable {
    /// A sign-extended immediate.
    case value
    /// Bytes added to a base register.
    case memoryOffset
    /// Bytes above `r11`, where a callee finds a stack argument: a positive multiple of 8.
    case stackArgumentRead
    /// Bytes below `r11`, where a caller puts a stack argument: a negative multiple of 8.
    case stackArgumentWrite
    /// A displacement in slots from the next instruction.
    case displacement
    /// The destination address space in the upper half, the source address space in the lower.
    case addressSpaces
    /// An offset into the packet.
    case packetOffset
    case helper, kernelFunction, moduleIndex
    case lowHalf, highHalf
    case mapDescriptor, mapIndex, mapValueOffset, variable, btfDescriptor
  }
}
