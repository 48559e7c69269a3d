/// Bytes as text, two hexadecimal digits each.
public enum HexText {
  /// What may stand between two bytes.
  public enum Spacing: Sendable {
    /// Nothing.
    case none
    /// Blanks, tabs and line ends.
    case whiteSpace
  }

  /// The bytes that `text` spells, in either case of letters.
  ///
  /// - Complexity: O(*n*), *n* the length of the text.
  /// - Throws: ``HexError`` at the first byte of text that is wrong.
  public static func bytes(
    of text: some StringProtocol, spacing: Spacing = .none
  ) throws(HexError) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count / 2)
    var high: UInt8?
    var position = 0
    for character in text.utf8 {
      if let digit = value(of: character) {
        if let upper = high {
          result.append(upper << 4 | digit)
          high = nil
        } else {
          high = digit
        }
      } else if spacing == .whiteSpace, isSpace(character) {
        if high != nil { throw HexError(position: position - 1, reason: .halfByte) }
      } else {
        throw HexError(position: position, reason: .notADigit(character))
      }
      position += 1
    }
    if high != nil { throw HexError(position: position - 1, reason: .halfByte) }
    return result
  }

  /// Two lower-case digits for each byte.
  public static func digits(of bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    append(bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Two lower-case digits for each byte, with a blank between bytes, as people read memory.
  public static func spacedDigits(of bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      if !text.isEmpty { text.append(UInt8(ascii: " ")) }
      append(CollectionOfOne(byte), to: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends two lower-case digits for each byte.
  static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    text.reserveCapacity(text.count + 2 * bytes.underestimatedCount)
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 0xf))
    }
  }

  /// The value of a hexadecimal digit in either case.
  static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func isSpace(_ character: UInt8) -> Bool {
    character == 0x20 || (0x09...0x0d).contains(character)
  }
}

/// Why text is no sequence of bytes in hexadecimal.
public struct HexError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The offset of the offending character from the start of the text, in UTF-8 bytes.
  public let position: Int
  public let reason: Reason

  public enum Reason: Hashable, Sendable {
    case notADigit(UInt8)
    /// A byte has only one digit.
    case halfByte
  }

  public var description: String {
    switch reason {
    case .notADigit(let character) where (0x20..<0x7f).contains(character):
      "hex, position \(position): '\(Character(Unicode.Scalar(character)))' is no hexadecimal digit"
    case .notADigit(let character):
      "hex, position \(position): byte 0x\(HexText.digits(of: [character])) is no hexadecimal digit"
    case .halfByte: "hex, position \(position): a byte takes two digits, here stands one"
    }
  }
}
