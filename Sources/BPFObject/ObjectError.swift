/// Why a file is no BPF object, or why a program in it cannot be linked.
///
/// Offsets are in bytes from the start of the section or region named; ``description`` is one readable line.
public enum ObjectError: Error, Hashable, Sendable {
  // The file and its sections.

  /// The file does not begin with an ELF header.
  case notELF(found: [UInt8])
  /// The object is for a big-endian machine.
  case bigEndian
  case unsupportedHeader(HeaderField, found: UInt64, expected: UInt64)
  case noSections
  case sectionTableOutsideFile(offset: UInt64, count: UInt64, fileSize: Int)
  case sectionOutsideFile(index: Int, offset: UInt64, size: UInt64, fileSize: Int)
  case sectionTooLarge(index: Int, size: UInt64, limit: Int)
  /// Two sections claim the same bytes of the file.
  case sectionsOverlap(first: String, second: String, offset: Int)
  case duplicateSection(name: String, first: Int, second: Int)
  case noSuchSection(referrer: String, index: UInt64, count: Int)
  case wrongSectionKind(referrer: String, index: Int, expected: ELF.SectionKind)
  case wrongEntrySize(section: String, size: Int, found: UInt64, expected: Int)
  /// A read past the end of a region.
  case truncated(region: String, offset: Int, needed: Int, available: Int)
  /// A name that begins outside its table, or does not end in it.
  case nameOutsideTable(table: String, offset: Int, tableSize: Int)
  /// Names that overlap so much that together they are far larger than the file.
  case namesTooLong(table: String, limit: Int)
  case noSuchSymbol(section: String, offset: Int, index: Int, count: Int)
  case unknownRelocation(section: String, offset: Int, kind: UInt32)
  case relocationOutsideSection(section: String, offset: Int, target: UInt64, targetSize: Int)

  // Functions.

  /// A section of instructions whose size is no multiple of 8 bytes.
  case unalignedSection(section: String, size: Int)
  case functionOutsideSection(
    function: String, section: String, offset: UInt64, size: UInt64, sectionSize: Int)
  case unalignedFunction(function: String, section: String, offset: UInt64, size: UInt64)
  case functionsOverlap(section: String, first: String, second: String, offset: Int)

  // Types, maps, externs.

  /// Type information that breaks a rule of its format (kernel document `bpf/btf.rst`).
  case btf(section: String, offset: Int, BTFDefect)
  /// A map declaration that cannot be understood.
  case map(name: String, section: String, MapDefect)
  /// Bytes or a value that do not fit a type, at a path of member names and indices.
  case value(path: String, ValueDefect)
  /// A value given for a symbol that the object does not leave open, or of the wrong size for it.
  case externValue(name: String, ExternDefect)

  // Linking.

  case noSuchProgram(name: String, available: [String])
  /// A place in a function that cannot be linked; the offset is in bytes from the section's start.
  case link(function: String, section: String, offset: Int, LinkDefect)

  /// A field of the file header.
  public enum HeaderField: String, Hashable, Sendable {
    case fileClass = "class"
    case byteOrder = "byte order"
    case version
    case fileType = "file type"
    case machine
    case sectionHeaderSize = "section header size"
  }
}
