/// The least of an ELF file that disassemblers take: machine code of x86-64 as its only section.
enum ObjectImage {
  private static let headerSize = 64
  private static let sectionHeaderSize = 64
  private static let names = Array("\0.text\0.shstrtab\0".utf8)

  /// The file's bytes.
  ///
  /// - Complexity: O(*n*), *n* the bytes of code.
  static func bytes(of code: [UInt8]) -> [UInt8] {
    let namesOffset = headerSize + code.count
    let tableOffset = (namesOffset + names.count + 7) & ~7
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 9)
    // A relocatable file for EM_X86_64, version 1, without an entry or program headers.
    append([(1, 2), (62, 2), (1, 4), (0, 8), (0, 8), (tableOffset, 8), (0, 4)], to: &bytes)
    append([(headerSize, 2), (0, 2), (0, 2), (sectionHeaderSize, 2), (3, 2), (2, 2)], to: &bytes)
    bytes += code
    bytes += names
    bytes += Array(repeating: 0, count: tableOffset - bytes.count)
    bytes += Array(repeating: 0, count: sectionHeaderSize)
    // Bits of the machine, allocated and executable.
    appendSection(name: 1, kind: 1, flags: 6, at: headerSize, size: code.count, to: &bytes)
    appendSection(name: 7, kind: 3, flags: 0, at: namesOffset, size: names.count, to: &bytes)
    return bytes
  }

  private static func appendSection(
    name: Int, kind: Int, flags: Int, at offset: Int, size: Int, to bytes: inout [UInt8]
  ) {
    append([(name, 4), (kind, 4), (flags, 8), (0, 8), (offset, 8), (size, 8)], to: &bytes)
    append([(0, 4), (0, 4), (1, 8), (0, 8)], to: &bytes)
  }

  private static func append(_ fields: [(value: Int, size: Int)], to bytes: inout [UInt8]) {
    for field in fields {
      for index in 0..<field.size {
        bytes.append(UInt8(truncatingIfNeeded: field.value >> (8 * index)))
      }
    }
  }
}
