@testable import BPFJIT

/// Instructions as the encoder writes them one after another, each beside its text for an assembler, in AT&T syntax.
struct InstructionList: ~Copyable {
  private var encoder = Encoder(expecting: 0)
  private var starts: [Int] = []
  private(set) var texts: [String] = []

  mutating func add(_ text: String, _ write: (inout Encoder) -> Void) {
    starts.append(encoder.code.count)
    texts.append(text)
    write(&encoder)
  }

  /// The bytes of each instruction.
  var instructions: [EncodedInstruction] {
    let bytes = encoder.code.bytes
    let ends = Array(starts.dropFirst()) + [bytes.count]
    return texts.indices.map { index in
      EncodedInstruction(text: texts[index], bytes: Array(bytes[starts[index]..<ends[index]]))
    }
  }
}

/// An instruction as text and as bytes.
struct EncodedInstruction: Hashable {
  let text: String
  let bytes: [UInt8]

  init(text: String, bytes: [UInt8]) {
    self.text = text
    self.bytes = bytes
  }

  /// Reads what ``line`` is.
  init?(_ line: Substring) {
    guard let space = line.firstIndex(of: " ") else { return nil }
    let digits = Array(line[..<space].utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    self.init(text: String(line[line.index(after: space)...]), bytes: bytes)
  }

  /// The bytes in hexadecimal digits, then the text.
  var line: String {
    var digits: [UInt8] = []
    for byte in bytes { digits += [Self.digit(byte >> 4), Self.digit(byte & 0xf)] }
    return "\(String(decoding: digits, as: UTF8.self)) \(text)"
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
