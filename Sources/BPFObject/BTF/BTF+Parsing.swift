extension BTF {
  static let magic: UInt16 = 0xeb9f

  /// Parses the contents of a `.BTF` section.
  ///
  /// - Complexity: O(size of the section).
  init(_ section: ByteReader) throws(ObjectError) {
    let header = try Header(section)
    let typeBytes = try header.part(section, .types)
    strings = try header.part(section, .strings)
    let stringSize = strings.count
    guard stringSize > 0, try strings.uint8(at: 0) == 0, try strings.uint8(at: stringSize - 1) == 0
    else {
      throw .btf(section: section.region, offset: header.stringOffset, .stringsNotTerminated)
    }
    var parser = TypeParser(
      reader: typeBytes, base: header.typeOffset, strings: strings)
    types = try parser.parseAll()
    layouts = try TypeChecker(
      types: types, offsets: parser.offsets, section: section.region
    ).check()
  }

  /// The header of a `.BTF` section.
  private struct Header {
    let size: Int
    let typeOffset: Int
    let stringOffset: Int
    private let words: [UInt32]

    init(_ section: ByteReader) throws(ObjectError) {
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
      var words: [UInt32] = []
      for index in 0..<4 { words.append(try section.uint32(at: 8 + 4 * index)) }
      self.words = words
      size = Int(length)
      typeOffset = Int(length) + Int(words[0])
      stringOffset = Int(length) + Int(words[2])
    }

    func part(_ section: ByteReader, _ part: BTFDefect.Part) throws(ObjectError) -> ByteReader {
      let index = part == .types ? 0 : 2
      let start = size + Int(words[index])
      guard start <= section.count, Int(words[index + 1]) <= section.count - start else {
        throw .btf(
          section: section.region, offset: 8 + 4 * index,
          .partOutsideSection(
            part, offset: words[index], size: words[index + 1], available: section.count - size))
      }
      return try section.slice(at: start, size: Int(words[index + 1]))
    }
  }
}
