/// A name for a range of code, and the lines of source it came from.
public struct CodeSymbol: Hashable, Sendable {
  /// Code from here up to the next line's is of this line.
  public struct Line: Hashable, Sendable {
    /// In bytes from the symbol's address.
    public let offset: Int
    public let file: String
    /// From 1 on.
    public let number: UInt32

    public init(offset: Int, file: String, number: UInt32) {
      self.offset = offset
      self.file = file
      self.number = number
    }
  }

  /// In one line: what would end it, or a string, is replaced by `_`.
  public let name: String
  public let address: UInt
  /// In bytes.
  public let size: Int
  /// By offset.
  public let lines: [Line]

  public init(name: String, address: UInt, size: Int, lines: [Line] = []) {
    self.name = Self.printable(name)
    self.address = address
    self.size = size
    self.lines = lines
  }

  /// The name that tools know programs by, as the kernel's symbols have it: `bpf_prog_<tag>_<name>`, the tag in
  /// hexadecimal digits.
  public static func programName(_ name: String, tag: some Sequence<UInt8>) -> String {
    let digits = tag.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    return "bpf_prog_" + digits + (name.isEmpty ? "" : "_" + name)
  }

  static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "_" : $0 }))
  }
}
