import BPFObject

/// A fixture's bytes, to be given one defect.
struct ObjectEditor {
  var bytes: [UInt8]

  init(_ fixture: String) throws {
    bytes = try fileBytes(fixturesFolder + fixture)
  }

  func read(_ offset: Int, _ size: Int) -> UInt64 {
    (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
  }

  mutating func write(_ value: UInt64, _ offset: Int, _ size: Int) {
    for index in 0..<size {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  /// The fields of a section header: where they are in it, and their size in bytes.
  enum Field {
    case name, kind, flags, offset, size, link, info, entrySize

    var place: (offset: Int, size: Int) {
      switch self {
      case .name: (0, 4)
      case .kind: (4, 4)
      case .flags: (8, 8)
      case .offset: (24, 8)
      case .size: (32, 8)
      case .link: (40, 4)
      case .info: (44, 4)
      case .entrySize: (56, 8)
      }
    }
  }

  /// Where the header of the section with a name is in the file.
  func header(_ section: String) throws -> Int {
    let object = try ObjectFile(bytes: bytes)
    guard let found = object.sections.first(where: { $0.name == section }) else {
      throw NoSuchSection(name: section)
    }
    return Int(read(40, 8)) + 64 * found.index
  }

  struct NoSuchSection: Error {
    let name: String
  }

  func get(_ section: String, _ field: Field) throws -> UInt64 {
    read(try header(section) + field.place.offset, field.place.size)
  }

  mutating func set(_ section: String, _ field: Field, _ value: UInt64) throws {
    write(value, try header(section) + field.place.offset, field.place.size)
  }

  /// Overwrites a number in a section's contents.
  mutating func patch(_ section: String, at offset: Int, _ value: UInt64, _ size: Int) throws {
    write(value, Int(try get(section, .offset)) + offset, size)
  }

  /// Overwrites a number in the entry of a symbol.
  mutating func patchSymbol(_ name: String, at offset: Int, _ value: UInt64, _ size: Int) throws {
    let object = try ObjectFile(bytes: bytes)
    guard let symbol = object.symbols.first(where: { $0.name == name && $0.kind != .section })
    else { throw NoSuchSection(name: name) }
    try patch(".symtab", at: 24 * symbol.index + offset, value, size)
  }

  /// Where in `.BTF` the type with an id begins.
  func typeOffset(_ wanted: UInt32) throws -> Int {
    let start = Int(try get(".BTF", .offset))
    var at = start + Int(read(start + 4, 4)) + Int(read(start + 8, 4))
    for _ in 1..<wanted { at += 12 + trailing(at) }
    return at - start
  }

  /// The size of what follows the three words every type has.
  private func trailing(_ at: Int) -> Int {
    let info = Int(read(at + 4, 4))
    let count = info & 0xffff
    return switch info >> 24 & 0x1f {
    case 1, 14, 17: 4
    case 3: 12
    case 4, 5, 15, 19: 12 * count
    case 6, 13: 8 * count
    default: 0
    }
  }

  /// The same object with the relocations of a section in the style that carries addends.
  mutating func useAddends(_ section: String) throws {
    let name = ".rel" + section
    let start = Int(try get(name, .offset))
    let code = Int(try get(section, .offset))
    let tableHeader = try header(name)
    let table = bytes.count
    for at in stride(from: start, to: start + Int(try get(name, .size)), by: 16) {
      let place = code + Int(read(at, 8))
      let isCall = bytes[place] == 0x85
      let inPlace = Int64(Int32(truncatingIfNeeded: read(place + 4, 4)))
      bytes += bytes[at..<at + 16]
      let addend = UInt64(bitPattern: isCall ? 8 * (inPlace + 1) : inPlace)
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: addend >> (8 * $0)) }
      // What is in the instruction must not count any more.
      write(0x5a5a, place + 4, 4)
    }
    let size = bytes.count - table
    let header = tableHeader
    write(4, header + Field.kind.place.offset, 4)
    write(24, header + Field.entrySize.place.offset, 8)
    write(UInt64(table), header + Field.offset.place.offset, 8)
    write(UInt64(size), header + Field.size.place.offset, 8)
  }
}
