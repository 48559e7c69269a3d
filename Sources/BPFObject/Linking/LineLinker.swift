import BPFISA

/// Turns an object's line records into a program's source lines.
struct LineLinker {
  private let object: ObjectFile
  private var strings: StringTable?

  init(_ object: ObjectFile) {
    self.object = object
    // A line's text is shared by many records; each is decoded once, within the size of all.
    strings = object.btf.map { StringTable($0.strings, budget: 2 * $0.strings.count + 4096) }
  }

  /// The lines of a function placed at a slot, by rising slot.
  ///
  /// - Complexity: O(log *n* + lines of the function), *n* the lines of its section.
  mutating func lines(of function: Function, placedAt start: Int) throws(ObjectError) -> [LineInfo]
  {
    guard strings != nil, let records = object.info.lines[object.sections[function.section].name]
    else { return [] }
    let covering = records.slice(from: function.offset, to: function.offset + function.size) {
      $0.offset
    }
    var lines: [LineInfo] = []
    lines.reserveCapacity(covering.count)
    for record in covering {
      lines.append(
        LineInfo(
          slot: start + (record.offset - function.offset) / 8, file: try string(record.file),
          line: Int(record.position >> 10), column: Int(record.position & 0x3ff),
          text: try string(record.text).trimmed))
    }
    return lines
  }

  private mutating func string(_ offset: UInt32) throws(ObjectError) -> String {
    try strings?.string(at: offset) ?? ""
  }
}

extension String {
  /// The string without leading and trailing blanks and tabs.
  fileprivate var trimmed: String {
    let isBlank = { (unit: UInt8) in unit == UInt8(ascii: " ") || unit == UInt8(ascii: "\t") }
    guard let first = utf8.first, let last = utf8.last, isBlank(first) || isBlank(last) else {
      return self
    }
    let tail = utf8.drop(while: isBlank)
    let end = tail.lastIndex { !isBlank($0) }.map { tail.index(after: $0) } ?? tail.startIndex
    return String(self[tail.startIndex..<end])
  }
}
