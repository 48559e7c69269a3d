extension ObjectError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notELF(let found):
      found.isEmpty
        ? "not an ELF file: it is empty"
        : "not an ELF file: it begins with \(found.map { hexadecimal($0) }.joined(separator: " "))"
    case .bigEndian:
      "the object is for a big-endian machine; only little-endian objects are supported"
    case .unsupportedHeader(let field, let found, let expected):
      "file header: \(field.rawValue) is \(found); expected \(expected)"
    case .noSections:
      "file header: there is no section table"
    case .sectionTableOutsideFile(let offset, let count, let fileSize):
      "file header: \(count) section headers at offset \(offset) do not fit in a file of \(fileSize) bytes"
    case .sectionOutsideFile(let index, let offset, let size, let fileSize):
      "section \(index): \(size) bytes at offset \(offset) do not lie in a file of \(fileSize) bytes"
    case .sectionTooLarge(let index, let size, let limit):
      "section \(index): its size is \(size) bytes; at most \(limit) are possible"
    case .sectionsOverlap(let first, let second, let offset):
      "sections \(quoted(first)) and \(quoted(second)) overlap at offset \(offset) of the file"
    case .duplicateSection(let name, let first, let second):
      "section \(quoted(name)) is there twice, as section \(first) and \(second)"
    case .noSuchSection(let referrer, let index, let count):
      "\(referrer): refers to section \(index) of \(count)"
    case .wrongSectionKind(let referrer, let index, let expected):
      "\(referrer): section \(index) is not of the expected kind, \(expected)"
    case .wrongEntrySize(let section, let size, let found, let expected):
      "section \(quoted(section)): \(size) bytes in entries of \(found); expected whole entries of \(expected)"
    case .truncated(let region, let offset, let needed, let available):
      "\(quoted(region)): \(needed) bytes at offset \(offset) lie beyond its end at \(available)"
    case .nameOutsideTable(let table, let offset, let tableSize):
      "\(quoted(table)): the name at offset \(offset) does not lie in the table's \(tableSize) bytes"
    case .namesTooLong(let table, let limit):
      "\(quoted(table)): the names in it add up to more than \(limit) bytes"
    case .noSuchSymbol(let section, let offset, let index, let count):
      "section \(quoted(section)), offset \(offset): refers to symbol \(index) of \(count)"
    case .unknownRelocation(let section, let offset, let kind):
      "section \(quoted(section)), offset \(offset): unknown relocation type \(kind)"
    case .relocationOutsideSection(let section, let offset, let target, let targetSize):
      "section \(quoted(section)), offset \(offset): relocates offset \(target) of a section of \(targetSize) bytes"
    case .unalignedSection(let section, let size):
      "section \(quoted(section)): \(size) bytes of instructions; expected a multiple of 8"
    case .functionOutsideSection(let function, let section, let offset, let size, let sectionSize):
      "function \(quoted(function)): \(size) bytes at offset \(offset) do not lie in section "
        + "\(quoted(section)) of \(sectionSize) bytes"
    case .unalignedFunction(let function, let section, let offset, let size):
      "function \(quoted(function)) in section \(quoted(section)): \(size) bytes at offset \(offset); "
        + "expected multiples of 8"
    case .functionsOverlap(let section, let first, let second, let offset):
      "section \(quoted(section)): functions \(quoted(first)) and \(quoted(second)) overlap at offset \(offset)"
    case .btf(let section, let offset, let defect):
      "section \(quoted(section)), offset \(offset): \(defect)"
    case .map(let name, let section, let defect):
      name.isEmpty
        ? "section \(quoted(section)): \(defect)"
        : "map \(quoted(name)) in section \(quoted(section)): \(defect)"
    case .value(let path, let defect):
      path.isEmpty ? "\(defect)" : "\(path): \(defect)"
    case .externValue(let name, let defect):
      "symbol \(quoted(name)): \(defect)"
    case .noSuchProgram(let name, let available):
      "there is no program \(quoted(name)); the object has "
        + (available.isEmpty ? "none" : available.map(quoted).joined(separator: ", "))
    case .link(let function, let section, let offset, let defect):
      "function \(quoted(function)), section \(quoted(section)), offset \(hexadecimal(UInt64(clamping: offset))): \(defect)"
    }
  }
}

/// A name from a file, safe to print on one line, and short.
func quoted(_ name: String) -> String {
  var shown = "'"
  for (index, scalar) in name.unicodeScalars.enumerated() {
    if index == 64 {
      shown += "…"
      break
    }
    shown += scalar.value < 0x20 || scalar.value == 0x7f ? "\u{fffd}" : String(scalar)
  }
  return shown + "'"
}

func hexadecimal(_ value: some UnsignedInteger) -> String {
  "0x" + String(value, radix: 16)
}
