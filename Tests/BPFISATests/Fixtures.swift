import Foundation

@testable import BPFISA

/// Files beside the tests.
enum Fixtures {
  /// Set `BPFKIT_WRITE_FIXTURES` to have the tests write what they otherwise compare: the documentation page, and
  /// the listings (with the LLVM tools installed).
  static let areWritten = ProcessInfo.processInfo.environment["BPFKIT_WRITE_FIXTURES"] != nil

  /// This file is Tests/BPFISATests/Fixtures.swift.
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func url(_ name: String) -> URL {
    package.appendingPathComponent("Tests/BPFISATests/Fixtures/\(name)")
  }

  static func text(_ name: String) throws -> String {
    try String(contentsOf: url(name), encoding: .utf8)
  }
}

/// A listing as `llvm-objdump -d` prints it, cut into sections.
struct Listing {
  struct Section {
    var text = ""
    var symbols: [Subprogram] = []
    var slots: [RawInstruction] = []
    var lines: [LineInfo] = []
    /// Whether objdump left out zeros.
    var isElided = false
  }

  var sections: [Section] = []

  init(_ text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("Disassembly of section ") {
        sections.append(Section())
        continue
      }
      guard !sections.isEmpty else { continue }
      let last = sections.count - 1
      sections[last].text += line + "\n"
      if line.hasPrefix("; ") {
        let number = sections[last].lines.count + 1
        sections[last].lines.append(
          LineInfo(
            slot: sections[last].slots.count, file: "", line: number, column: 0,
            text: String(line.dropFirst(2))))
      } else if line.hasSuffix(">:"), let open = line.firstIndex(of: "<") {
        let address = Int(line.prefix(16), radix: 16) ?? 0
        sections[last].symbols.append(
          Subprogram(name: String(line[line.index(after: open)...].dropLast(2)), start: address / 8)
        )
      } else if line.hasPrefix("\t\t...") {
        sections[last].isElided = true
      } else {
        let columns = line.split(separator: "\t")
        guard columns.count >= 3 else { continue }
        let bytes = columns[1].split(separator: " ").compactMap { UInt64($0, radix: 16) }
        for start in stride(from: 0, to: bytes.count, by: 8) where start + 8 <= bytes.count {
          let word = (0..<8).reduce(0 as UInt64) { $0 | bytes[start + $1] << UInt64($1 * 8) }
          sections[last].slots.append(RawInstruction(bits: word))
        }
      }
    }
    // The sections' texts begin and end with an empty line.
    for index in sections.indices {
      sections[index].text = sections[index].text.trimmed
    }
  }
}

extension String {
  /// Without line feeds at both ends.
  var trimmed: String { trimmingCharacters(in: .newlines) }
}
