extension AssemblyLexer {
  /// What stands at the start of a listing's line.
  enum ListingPrefix {
    /// `       0:\tb7 01 … `: the bytes of one or two slots.
    case bytes([RawInstruction], range: Range<Int>)
    /// `0000000000000000 <name>:`.
    case header(name: String, range: Range<Int>)
    /// `Disassembly of section …:` or `….o:  file format …`: nothing of interest.
    case title
  }

  /// Consumes what a listing has at the start of a line, if this is one; call it at the start of a statement.
  mutating func skipListingPrefix() -> ListingPrefix? {
    guard isAtLineStart else { return nil }
    var index = position
    while byte(index) == UInt8(ascii: " ") || byte(index) == UInt8(ascii: "\t") {
      index += 1
    }
    if let prefix = bytesPrefix(at: index) ?? headerPrefix(at: index) ?? titlePrefix(at: index) {
      isAtLineStart = false
      return prefix
    }
    return nil
  }

  private mutating func bytesPrefix(at start: Int) -> ListingPrefix? {
    var index = start
    while Self.isDigit(byte(index)) {
      index += 1
    }
    guard index > start, byte(index) == UInt8(ascii: ":") else { return nil }
    index += 1
    guard byte(index) == UInt8(ascii: " ") || byte(index) == UInt8(ascii: "\t") else { return nil }
    while byte(index) == UInt8(ascii: " ") || byte(index) == UInt8(ascii: "\t") {
      index += 1
    }
    let bytesStart = index
    var words: [UInt64] = []
    var count: UInt64 = 0
    while count < 16, let high = Self.digit(byte(index)), let low = Self.digit(byte(index + 1)),
      byte(index + 2) == UInt8(ascii: " ") || byte(index + 2) == UInt8(ascii: "\t")
    {
      if count % 8 == 0 { words.append(0) }
      words[words.count - 1] |= (high << 4 | low) << (count % 8 * 8)
      count += 1
      index += 3
      if byte(index - 1) == UInt8(ascii: "\t") { break }
    }
    guard count == 8 || count == 16 else { return nil }
    position = index
    return .bytes(words.map(RawInstruction.init(bits:)), range: bytesStart..<index - 1)
  }

  private mutating func headerPrefix(at start: Int) -> ListingPrefix? {
    var index = start
    while Self.digit(byte(index)) != nil {
      index += 1
    }
    guard index - start == 16, byte(index) == UInt8(ascii: " "),
      byte(index + 1) == UInt8(ascii: "<")
    else { return nil }
    var end = index
    while end < text.count, text[end] != UInt8(ascii: "\n") {
      end += 1
    }
    while end > index, byte(end - 1) == UInt8(ascii: "\r") || byte(end - 1) == UInt8(ascii: " ") {
      end -= 1
    }
    let range = index + 2..<max(index + 2, end - 2)
    guard byte(end - 2) == UInt8(ascii: ">"), byte(end - 1) == UInt8(ascii: ":"),
      end - 2 >= index + 2
    else { return nil }
    position = end
    return .header(name: string(range), range: range)
  }

  private mutating func titlePrefix(at start: Int) -> ListingPrefix? {
    var end = start
    while end < text.count, text[end] != UInt8(ascii: "\n") {
      end += 1
    }
    var isTitle = matches("Disassembly of section ", at: start)
    for index in start..<end where !isTitle && text[index] == UInt8(ascii: "\t") {
      isTitle = matches("file format ", at: index + 1)
    }
    guard isTitle else { return nil }
    position = end
    return .title
  }

  private func matches(_ expected: String, at index: Int) -> Bool {
    text[min(index, text.count)...].starts(with: expected.utf8)
  }

  /// Consumes `<symbol+0x10>` if it is what stands from an index to the end of the line.
  mutating func skipHint(at start: Int) -> Bool {
    guard byte(start) == UInt8(ascii: "<") else { return false }
    var end = start
    while end < text.count, text[end] != UInt8(ascii: "\n") {
      end += 1
    }
    while end > start, byte(end - 1) == UInt8(ascii: "\r") || byte(end - 1) == UInt8(ascii: " ") {
      end -= 1
    }
    guard end > start + 2, byte(end - 1) == UInt8(ascii: ">") else { return false }
    position = end
    return true
  }
}
