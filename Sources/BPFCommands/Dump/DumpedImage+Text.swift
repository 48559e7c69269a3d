import BPFISA

extension DumpedImage {
  /// The code as text: offsets and instructions, under the instructions of the program they do the work of.
  ///
  /// - Parameters:
  ///   - includingSource: whether source lines come before the instructions made of them.
  ///   - includingBytes: whether the bytes of each instruction are shown.
  func text(includingSource: Bool, includingBytes: Bool) -> String {
    var output = ""
    let digits = max(4, String(bytes.count, radix: 16).count)
    forEachLine { line in
      switch line {
      case .label(let name):
        output += (output.isEmpty ? "" : "\n") + name.escapedForDisplay + ":\n"
      case .instruction(let line):
        if includingSource, let text = line.source?.text, !text.isEmpty {
          output += ";; \(text.escapedForDisplay)\n"
        }
        output += "; \(line.slot): \(line.text)\n"
      case .code(let code):
        output += "  " + String(code.offset, radix: 16).leftPadded(to: digits) + ":"
        let bytes = HexText.spacedDigits(of: code.bytes)
        if includingBytes || code.text == nil {
          output += "  " + (code.text == nil ? bytes : bytes.padded(to: Self.bytesWidth))
        }
        if let text = code.text {
          output += "  " + text
        } else if let callee = code.callee {
          output += "  # " + callee
        }
        output += "\n"
      }
    }
    return output
  }

  /// The columns that the bytes of most instructions take.
  private static let bytesWidth = 30
}
