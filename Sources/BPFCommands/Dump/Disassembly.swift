/// Machine code as the installed LLVM writes it.
struct Disassembly {
  /// The text of each instruction, by its offset.
  let instructions: [Int: String]

  /// The tool that is asked, found on the path.
  static let tool = "llvm-objdump"

  /// - Returns: nil where the tool is not installed, or does not understand the code.
  /// - Complexity: O(*n*), *n* the bytes of code.
  init?(_ code: [UInt8]) {
    guard
      let output = ExternalTool.output(
        of: Self.tool, ["-d", "--no-show-raw-insn", "-"], input: ObjectImage.bytes(of: code))
    else { return nil }
    self.init(output: output)
    guard instructions[0] != nil else { return nil }
  }

  /// Reads what the tool wrote: lines of an offset, a colon and an instruction.
  init(output: [UInt8]) {
    var instructions: [Int: String] = [:]
    for line in output.split(separator: UInt8(ascii: "\n")) {
      let line = String(decoding: line, as: UTF8.self)
      guard let colon = line.firstIndex(of: ":"),
        let offset = Int(line[..<colon].drop { $0 == " " }, radix: 16)
      else { continue }
      let text = line[line.index(after: colon)...].split { $0 == " " || $0 == "\t" }
        .joined(separator: " ")
      if !text.isEmpty { instructions[offset] = text }
    }
    self.instructions = instructions
  }
}
