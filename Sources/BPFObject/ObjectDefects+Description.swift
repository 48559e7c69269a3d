import BPFISA

extension MapDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .entrySize(let sectionSize, let symbols):
      "\(sectionSize) bytes for \(symbols) maps; expected entries of "
        + MapTable.legacyEntrySizes.map(String.init).joined(separator: ", ") + " bytes"
    case .noEntryAt(let offset): "offset \(offset) is not the start of a map"
    case .unknownKind(let kind): "unknown map type \(kind)"
    case .tooLarge(let field, let value): "\(field) is \(value), which is too large"
    case .notAStructure: "its type is not a structure"
    case .noTypeInformation:
      "maps are declared by type, but the object has no types for the section"
    case .unknownField(let field): "unknown field \(quoted(field))"
    case .malformedField(let field): "field \(quoted(field)) is not of the expected type"
    case .missingKind: "the field 'type' is missing"
    case .sizesDiffer(let field, let declared, let type):
      "\(field) is given twice, as \(declared) and \(type) bytes"
    case .unsizedType(let field): "the type of field \(quoted(field)) has no size"
    case .valuesNotAllowed(let kind): "map type \(kind) takes no such 'values'"
    case .nestedInnerMap: "an inner map cannot have values of its own"
    case .noSuchInnerMap(let reference): "its inner map, number \(reference), does not exist"
    case .initialValue(let offset, let defect): "initial value at offset \(offset): \(defect)"
    case .outsideSection(let offset, let size, let sectionSize):
      "\(size) bytes at offset \(offset) do not lie in a section of \(sectionSize) bytes"
    case .duplicateName: "there are two maps of this name"
    }
  }
}

extension MapDefect.InitialValueDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notASlot: "not a slot of 'values'"
    case .wrongTarget(let symbol): "\(quoted(symbol)) is not what the map holds"
    case .slotOutOfRange(let slot, let maxEntries): "slot \(slot) of \(maxEntries)"
    }
  }
}

extension LinkDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unexpectedInstruction(let opcode, let relocation):
      "\(relocation.name) of an instruction with opcode \(hexadecimal(opcode)); "
        + "expected a 16-byte load immediate or a call"
    case .unalignedRelocation: "a relocation within an instruction"
    case .missingSecondSlot: "the function ends within a 16-byte load immediate"
    case .noMapAt(let symbol, let section, let offset):
      "\(quoted(symbol)) plus offset is \(offset) in section \(quoted(section)), where no map is declared"
    case .outsideSection(let symbol, let section, let offset, let size):
      "\(quoted(symbol)) plus offset is \(offset), outside the \(size) bytes of section \(quoted(section))"
    case .unsupportedTarget(let symbol, let section):
      "refers to \(quoted(symbol)) in section \(quoted(section)), which holds neither maps, data nor functions"
    case .noFunctionAt(let symbol, let section, let offset):
      (symbol.map { "\(quoted($0)) is" } ?? "the target is")
        + " at offset \(offset) of section \(quoted(section)), where no function starts"
    case .undefinedSymbol(let name):
      "the symbol \(quoted(name)) is not defined, and no value is given for it"
    case .undefinedFunction(let name):
      "calls the kernel function \(quoted(name)), which does not exist here"
    case .coreRelocation(let kind, let type, let access):
      "needs a CO-RE relocation (\(kind.name) of \(quoted(type)), access \(quoted(access))), which is not supported"
    case .addressInData(let section, let offset, let symbol):
      "refers to section \(quoted(section)), which holds the address of \(quoted(symbol)) at offset \(offset)"
    case .invalidInstruction(let error): "\(error.reason)"
    }
  }
}

extension ExternDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notExtern: "the object does not leave it open"
    case .wrongSize(let found, let expected): "\(found) bytes given for one of \(expected)"
    case .wrongKind: "the kind of value does not fit the symbol"
    }
  }
}

extension BTFDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongMagic(let magic): "magic is \(hexadecimal(magic)); expected 0xeb9f"
    case .unsupportedVersion(let version): "version is \(version); expected 1"
    case .headerTooShort(let length):
      "header length is \(length); expected 24 up to the section's size"
    case .partOutsideSection(let part, let offset, let size, let available):
      "\(part.rawValue): \(size) bytes at offset \(offset) do not lie in the \(available) bytes behind the header"
    case .stringsNotTerminated: "the strings do not begin and end with a zero byte"
    case .unknownKind(let kind): "unknown kind of type \(kind)"
    case .unexpectedField(let type, let field, let value):
      "type \(type): \(field.rawValue) is \(value), which its kind does not allow"
    case .noSuchType(let type, let reference, let count):
      "type \(type): refers to type \(reference) of \(count)"
    case .wrongKind(let type, let reference):
      "type \(type): refers to type \(reference), which is of the wrong kind"
    case .noSuchString(let type, let offset, let size):
      "type \(type): a name at offset \(offset) of \(size) bytes of strings"
    case .nameTooLong(let type, let limit): "type \(type): a name of more than \(limit) bytes"
    case .wrongSize(let type, let size):
      "type \(type): its size is \(size) bytes, which its kind does not allow"
    case .memberOutsideType(let type, let member, let bitOffset, let size):
      "type \(type): member \(member) at bit \(bitOffset) does not lie in its \(size) bytes"
    case .cyclic(let type): "type \(type): contains itself"
    case .nestedTooDeeply(let type, let limit): "type \(type): nests deeper than \(limit) levels"
    case .tooLarge(let type): "type \(type): its size is beyond 32 bits"
    case .wrongRecordSize(let size, let minimum):
      "records of \(size) bytes; expected a multiple of 4, at least \(minimum)"
    case .unalignedInstruction(let offset): "instruction offset \(offset); expected a multiple of 8"
    case .unknownRelocationKind(let kind): "unknown kind of CO-RE relocation \(kind)"
    case .relocation(let kind): "a relocation \(kind.name), which types cannot have"
    }
  }
}

extension ValueDefect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noSuchType(let id): "there is no type \(id)"
    case .unsized(let name): "type \(quoted(name)) has no size"
    case .wrongSize(let found, let expected): "\(found) bytes given; expected \(expected)"
    case .tooManyValues(let limit): "the type stands for more than \(limit) values"
    case .mismatch(let found, let expected): "\(found) given; expected \(expected)"
    case .outOfRange(let value, let bits): "\(value) does not fit \(bits) bits"
    case .noSuchMember(let name): "there is no member \(quoted(name))"
    case .memberTwice(let name): "member \(quoted(name)) is given twice"
    case .noSuchEnumerator(let name): "there is no enumerator \(quoted(name))"
    case .contradiction: "it overlaps a member with another value"
    case .tooLarge(let size, let limit):
      "the type takes \(size) bytes; at most \(limit) are encoded"
    }
  }
}

extension ELF.SectionKind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .null: "no section"
    case .programBits: "program data"
    case .symbolTable: "symbol table"
    case .stringTable: "string table"
    case .relocationsWithAddends: "relocations with addends"
    case .relocations: "relocations"
    case .noBits: "zero-filled data"
    case .other(let number): "type \(hexadecimal(number))"
    }
  }
}
