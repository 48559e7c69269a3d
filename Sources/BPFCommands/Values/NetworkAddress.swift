/// Internet addresses as text, their bytes in network order.
enum NetworkAddress {
  /// The 4 bytes of an address written as `10.0.0.1`.
  static func v4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard part.allSatisfy(\.isASCIIDigit), let byte = UInt8(part) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  /// The 16 bytes of an address written as `2001:db8::1` (RFC 4291 section 2.2).
  static func v6(_ text: some StringProtocol) -> [UInt8]? {
    let text = String(text)
    guard text.contains(":") else { return nil }
    guard let gap = text.firstRange(of: "::") else {
      let bytes = groups(text, endsInV4: true)
      return bytes?.count == 16 ? bytes : nil
    }
    guard let head = groups(text[..<gap.lowerBound], endsInV4: false),
      let tail = groups(text[gap.upperBound...], endsInV4: true),
      head.count + tail.count <= 14
    else { return nil }
    return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  /// The bytes of groups of four digits with colons between them, of which the last may be a v4 address.
  private static func groups(_ text: some StringProtocol, endsInV4: Bool) -> [UInt8]? {
    if text.isEmpty { return [] }
    var bytes: [UInt8] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if endsInV4, index == parts.count - 1, let address = v4(part) {
        bytes += address
      } else {
        guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
          let group = UInt16(part, radix: 16)
        else { return nil }
        bytes += [UInt8(group >> 8), UInt8(truncatingIfNeeded: group)]
      }
    }
    return bytes
  }

  /// The text of 4 or 16 bytes; nil for any other number.
  static func text(of bytes: ArraySlice<UInt8>) -> String? {
    let bytes = Array(bytes)
    if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
    guard bytes.count == 16 else { return nil }
    if bytes.prefix(12) == Array(repeating: 0, count: 10) + [0xff, 0xff] {
      return "::ffff:" + bytes.suffix(4).map(String.init).joined(separator: ".")
    }
    let groups = stride(from: 0, to: 16, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
    // The longest run of at least two zero groups is left out (RFC 5952 section 4.2).
    var best = 0..<0
    var start: Int?
    for index in 0...8 {
      if index < 8 && groups[index] == 0 {
        start = start ?? index
      } else if let first = start {
        if index - first > max(1, best.count) { best = first..<index }
        start = nil
      }
    }
    let texts = groups.map { String($0, radix: 16) }
    if best.isEmpty { return texts.joined(separator: ":") }
    return texts[..<best.lowerBound].joined(separator: ":") + "::"
      + texts[best.upperBound...].joined(separator: ":")
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
