/// The file header, as far as BPF objects differ in it.
struct ELFHeader {
  /// The size of the header in bytes.
  static let size = 64
  /// The size of a section header in bytes.
  static let sectionHeaderSize = 64

  let sectionTableOffset: Int
  let sectionCount: Int
  let sectionNamesIndex: Int

  /// - Throws: ``ObjectError`` where the file is not a little-endian 64-bit relocatable BPF object.
  init(_ file: ByteReader) throws(ObjectError) {
    let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
    let found = try file.bytes(at: 0, size: min(4, file.count))
    guard found == magic else { throw .notELF(found: found) }
    guard file.count >= Self.size else {
      throw .truncated(region: "file header", offset: 0, needed: Self.size, available: file.count)
    }
    try Self.expect(.fileClass, UInt64(try file.uint8(at: 4)), [2])
    let order = try file.uint8(at: 5)
    guard order != 2 else { throw .bigEndian }
    try Self.expect(.byteOrder, UInt64(order), [1])
    try Self.expect(.version, UInt64(try file.uint8(at: 6)), [1])
    try Self.expect(.fileType, UInt64(try file.uint16(at: 16)), [1])
    // Compilers before the number was assigned wrote 0.
    try Self.expect(.machine, UInt64(try file.uint16(at: 18)), [247, 0])
    try Self.expect(.version, UInt64(try file.uint32(at: 20)), [1])
    let tableOffset = try file.uint64(at: 40)
    var count = UInt64(try file.uint16(at: 60))
    var namesIndex = UInt64(try file.uint16(at: 62))
    guard tableOffset != 0 else { throw .noSections }
    try Self.expect(
      .sectionHeaderSize, UInt64(try file.uint16(at: 58)), [UInt64(Self.sectionHeaderSize)])
    guard let offset = Int(exactly: tableOffset), offset <= file.count else {
      throw .sectionTableOutsideFile(offset: tableOffset, count: count, fileSize: file.count)
    }
    // Numbers too large for the header stand in the first section header.
    if count == 0 { count = try file.uint64(at: offset + 32) }
    if namesIndex == 0xffff { namesIndex = UInt64(try file.uint32(at: offset + 40)) }
    guard count <= UInt64((file.count - offset) / Self.sectionHeaderSize) else {
      throw .sectionTableOutsideFile(offset: tableOffset, count: count, fileSize: file.count)
    }
    guard namesIndex < count else {
      throw .noSuchSection(
        referrer: "file header", index: namesIndex, count: Int(count))
    }
    sectionTableOffset = offset
    sectionCount = Int(count)
    sectionNamesIndex = Int(namesIndex)
  }

  private static func expect(
    _ field: ObjectError.HeaderField, _ found: UInt64, _ expected: [UInt64]
  ) throws(ObjectError) {
    guard expected.contains(found) else {
      throw .unsupportedHeader(field, found: found, expected: expected[0])
    }
  }
}
