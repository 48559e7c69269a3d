/// What a `.BTF.ext` section says about an object's instructions: functions, source lines, CO-RE relocations.
///
/// Records are kept as they stand, by section and rising offset; their strings are decoded when asked for.
struct BTFExtension: Sendable {
  struct FunctionRecord {
    /// The offset of the function in its section, in bytes.
    let offset: Int
    let type: BTF.TypeID
  }

  struct LineRecord {
    /// The offset of the instruction in its section, in bytes.
    let offset: Int
    let file: UInt32
    let text: UInt32
    /// The line in the upper 22 bits, the column in the lower 10.
    let position: UInt32
  }

  struct CoreRecord {
    /// The offset of the instruction in its section, in bytes.
    let offset: Int
    let type: BTF.TypeID
    let access: UInt32
    let kind: CoreRelocation.Kind
  }

  /// Records by the name of their section.
  let functions: [String: [FunctionRecord]]
  let lines: [String: [LineRecord]]
  let coreRelocations: [String: [CoreRecord]]

  static let none = BTFExtension(functions: [:], lines: [:], coreRelocations: [:])

  private init(
    functions: [String: [FunctionRecord]], lines: [String: [LineRecord]],
    coreRelocations: [String: [CoreRecord]]
  ) {
    self.functions = functions
    self.lines = lines
    self.coreRelocations = coreRelocations
  }

  /// Parses the contents of a `.BTF.ext` section, whose types and strings are `btf`'s.
  ///
  /// - Complexity: O(*n* log *n*), *n* the size of the section.
  init(_ section: ByteReader, btf: BTF) throws(ObjectError) {
    let found = try section.uint16(at: 0)
    guard found == BTF.magic else {
      throw .btf(section: section.region, offset: 0, .wrongMagic(found))
    }
    let version = try section.uint8(at: 2)
    guard version == 1 else {
      throw .btf(section: section.region, offset: 2, .unsupportedVersion(version))
    }
    let length = try section.uint32(at: 4)
    guard length >= 24, length <= UInt32(section.count) else {
      throw .btf(section: section.region, offset: 4, .headerTooShort(length))
    }
    let parser = RecordParser(section: section, headerSize: Int(length), btf: btf)
    functions = try parser.parse(.functionInfo, at: 8, minimum: 8) {
      (record: ByteReader, offset: Int) throws(ObjectError) -> FunctionRecord in
      FunctionRecord(offset: offset, type: try parser.type(record, at: 4))
    }.mapValues { $0.sorted { $0.offset < $1.offset } }
    lines = try parser.parse(.lineInfo, at: 16, minimum: 16) {
      (record: ByteReader, offset: Int) throws(ObjectError) -> LineRecord in
      LineRecord(
        offset: offset, file: try parser.string(record, at: 4),
        text: try parser.string(record, at: 8), position: try record.uint32(at: 12))
    }.mapValues { $0.sorted { $0.offset < $1.offset } }
    guard length >= 32 else {
      coreRelocations = [:]
      return
    }
    coreRelocations = try parser.parse(.coreRelocations, at: 24, minimum: 16) {
      (record: ByteReader, offset: Int) throws(ObjectError) -> CoreRecord in
      let number = try record.uint32(at: 12)
      guard let kind = CoreRelocation.Kind(rawValue: number) else {
        throw .btf(section: section.region, offset: 24, .unknownRelocationKind(number))
      }
      return CoreRecord(
        offset: offset, type: try parser.type(record, at: 4),
        access: try parser.string(record, at: 8), kind: kind)
    }.mapValues { $0.sorted { $0.offset < $1.offset } }
  }
}

/// Reads the tables of a `.BTF.ext` section: a record size, then for each section its name, a count and records.
private struct RecordParser {
  let section: ByteReader
  let headerSize: Int
  let btf: BTF

  func parse<Record>(
    _ part: BTFDefect.Part, at field: Int, minimum: Int,
    _ body: (ByteReader, Int) throws(ObjectError) -> Record
  ) throws(ObjectError) -> [String: [Record]] {
    let offset = try section.uint32(at: field)
    let length = try section.uint32(at: field + 4)
    if length == 0 { return [:] }
    let start = headerSize + Int(offset)
    guard start <= section.count, Int(length) <= section.count - start else {
      throw .btf(
        section: section.region, offset: field,
        .partOutsideSection(
          part, offset: offset, size: length, available: section.count - headerSize))
    }
    let table = try section.slice(at: start, size: Int(length))
    let recordSize = try table.uint32(at: 0)
    guard recordSize >= UInt32(minimum), recordSize.isMultiple(of: 4),
      recordSize <= UInt32(table.count)
    else {
      throw .btf(
        section: section.region, offset: start, .wrongRecordSize(recordSize, minimum: minimum))
    }
    var records: [String: [Record]] = [:]
    var names = StringTable(btf.strings, budget: 8 * section.count + btf.strings.count)
    var position = 4
    while position < table.count {
      let name = try names.string(at: try table.uint32(at: position))
      let count = Int(try table.uint32(at: position + 4))
      position += 8
      guard count <= (table.count - position) / Int(recordSize) else {
        throw .truncated(
          region: section.region, offset: start + position, needed: count * Int(recordSize),
          available: start + table.count)
      }
      var parsed: [Record] = []
      parsed.reserveCapacity(count)
      for _ in 0..<count {
        let record = try table.slice(at: position, size: Int(recordSize))
        let instruction = try record.uint32(at: 0)
        guard instruction.isMultiple(of: 8) else {
          throw .btf(
            section: section.region, offset: start + position, .unalignedInstruction(instruction))
        }
        parsed.append(try body(record, Int(instruction)))
        position += Int(recordSize)
      }
      records[name, default: []].append(contentsOf: parsed)
    }
    return records
  }

  func type(_ record: ByteReader, at offset: Int) throws(ObjectError) -> BTF.TypeID {
    let id = try record.uint32(at: offset)
    guard id < btf.types.count else {
      throw .btf(
        section: section.region, offset: headerSize,
        .noSuchType(type: 0, reference: id, count: btf.types.count))
    }
    return id
  }

  func string(_ record: ByteReader, at offset: Int) throws(ObjectError) -> UInt32 {
    let string = try record.uint32(at: offset)
    guard string < btf.strings.count else {
      throw .btf(
        section: section.region, offset: headerSize,
        .noSuchString(type: 0, offset: string, size: btf.strings.count))
    }
    return string
  }
}
