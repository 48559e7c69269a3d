public import BPFISA

/// What is wrong with a map declaration.
public enum MapDefect: Error, Hashable, Sendable {
  /// A legacy section whose size is not the number of its symbols times one of the known entry sizes.
  case entrySize(sectionSize: Int, symbols: Int)
  case noEntryAt(offset: UInt64)
  case unknownKind(UInt32)
  case tooLarge(field: String, value: UInt64)
  /// The declaration's variable has no type, or not a structure.
  case notAStructure
  case noTypeInformation
  case unknownField(String)
  /// A field's type is not how its macro (`__uint`, `__type`, `__ulong`, `__array`) writes it.
  case malformedField(String)
  case missingKind
  /// The size of a key or value is given twice, differently.
  case sizesDiffer(field: String, declared: UInt32, type: UInt32)
  case unsizedType(field: String)
  /// Initial values or an inner map where the kind takes none.
  case valuesNotAllowed(kind: UInt32)
  case nestedInnerMap
  case noSuchInnerMap(reference: UInt32)
  case initialValue(offset: Int, InitialValueDefect)
  case outsideSection(offset: UInt64, size: UInt64, sectionSize: Int)
  case duplicateName

  /// What is wrong with one initial value of a map.
  public enum InitialValueDefect: Hashable, Sendable {
    /// It does not lie on a slot of `values`.
    case notASlot
    /// Its symbol is not a function (of a program array) or a map (of a map of maps).
    case wrongTarget(symbol: String)
    case slotOutOfRange(slot: Int, maxEntries: Int)
  }
}

/// Why a place in a function cannot be linked.
public enum LinkDefect: Error, Hashable, Sendable {
  /// A relocation of something that is neither a 16-byte load immediate nor a call.
  case unexpectedInstruction(opcode: UInt8, relocation: ELF.Relocation.Kind)
  case unalignedRelocation
  case missingSecondSlot
  /// No map is declared at this offset of a maps section.
  case noMapAt(symbol: String, section: String, offset: Int64)
  case outsideSection(symbol: String, section: String, offset: Int64, size: Int)
  /// The symbol lies in a section whose contents a program cannot refer to.
  case unsupportedTarget(symbol: String, section: String)
  /// A call or a function address that is not the start of a function.
  case noFunctionAt(symbol: String?, section: String, offset: Int64)
  /// A strong symbol that neither the object defines nor the host gives a value for.
  case undefinedSymbol(String)
  /// A strong call of a function of the kernel.
  case undefinedFunction(String)
  /// A field access or type query that has to be adjusted to the target's types, which is not supported yet.
  case coreRelocation(kind: CoreRelocation.Kind, type: String, access: String)
  /// The data a program refers to holds addresses, which no loader can fill in.
  case addressInData(section: String, offset: Int, symbol: String)
  /// What was linked is no instruction; `slot` counts in the linked program.
  case invalidInstruction(DecodingError)
}

/// What is wrong with a value given for an open symbol.
public enum ExternDefect: Error, Hashable, Sendable {
  case notExtern
  case wrongSize(found: Int, expected: Int)
  /// The symbol is an address (`.ksyms`), or contents (`.kconfig`), and the value given is the other.
  case wrongKind
}
