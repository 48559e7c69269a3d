/// What is wrong with type information.
public enum BTFDefect: Error, Hashable, Sendable {
  case wrongMagic(UInt16)
  case unsupportedVersion(UInt8)
  case headerTooShort(UInt32)
  /// A part that does not lie behind the header, within the section.
  case partOutsideSection(Part, offset: UInt32, size: UInt32, available: Int)
  case stringsNotTerminated
  case unknownKind(UInt32)
  /// A part of a type's first word that its kind requires to be 0, or allows few values of.
  case unexpectedField(type: UInt32, field: Field, value: UInt32)
  case noSuchType(type: UInt32, reference: UInt32, count: Int)
  /// A reference to a type of a kind that does not fit there.
  case wrongKind(type: UInt32, reference: UInt32)
  case noSuchString(type: UInt32, offset: UInt32, size: Int)
  case nameTooLong(type: UInt32, limit: Int)
  case wrongSize(type: UInt32, size: UInt32)
  case memberOutsideType(type: UInt32, member: Int, bitOffset: UInt32, size: UInt32)
  /// A type that contains itself, or is only a name for itself.
  case cyclic(type: UInt32)
  case nestedTooDeeply(type: UInt32, limit: Int)
  case tooLarge(type: UInt32)
  /// Records smaller than the fields they must have, or not of whole words.
  case wrongRecordSize(UInt32, minimum: Int)
  case unalignedInstruction(UInt32)
  case unknownRelocationKind(UInt32)
  case relocation(ELF.Relocation.Kind)

  public enum Part: String, Hashable, Sendable {
    case types
    case strings
    case functionInfo = "func_info"
    case lineInfo = "line_info"
    case coreRelocations = "core_relo"
  }

  public enum Field: String, Hashable, Sendable {
    case vlen
    case kindFlag = "kind_flag"
    case encoding, linkage, bits
    case arraySize = "array size"
  }
}
