import BPFISA
import BPFPlatform
import Foundation
import TestSupport
import Testing

@testable import BPFCommands

/// `bpfkit dump original` beside bpftool's dump of the same program in the running kernel.
@Suite(
  .enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"),
  .enabled(if: BPFTool.path != nil, "bpftool is not installed"))
struct DumpBPFToolTests {
  /// Programs in which the kernel changes nothing.
  static let programs = [
    "r0 = 1\nexit\n",
    """
    r6 = r1
    r1 = 0x1122334455667788 ll
    *(u64 *)(r10 - 8) = r1
    *(u32 *)(r10 - 16) = -5
    r2 = -1
    w3 = w2
    w3 = -w3
    r3 = be16 r3
    r4 = *(u16 *)(r10 - 8)
    lock *(u64 *)(r10 - 8) += r2
    r2 = atomic_fetch_or((u64 *)(r10 - 8), r2)
    if r2 != -1 goto L
    if w4 s< w3 goto L
    r4 >>= 3
    call ktime_get_ns
    r6 = r0
    L:
    if r6 & 7 goto M
    r0 = 2
    exit
    M:
    w0 = 0
    exit
    """,
    """
    r1 = 10
    call f
    exit
    f:
    r0 = r1
    r0 *= 100
    r0 s>>= 2
    exit
    """,
    String(repeating: "r0 = 0\n", count: 1010) + "exit\n",
  ]

  @Test(arguments: ["", "opcodes", "visual"])
  func `text is the same`(_ mode: String) throws {
    // Text that is assembled is one function, of which the kernel makes several clusters.
    for text in Self.programs where mode != "visual" || !text.contains("call f") {
      let kernel = try load(text)
      let expected = try BPFTool.dump(kernel, mode)
      var arguments = ["dump", "original", "--asm", "-"]
      if mode == "opcodes" { arguments.append("--opcodes") }
      if mode == "visual" { arguments += ["--graph", "dot"] }
      let own = CommandRun(arguments: arguments, input: text)
      #expect(own.status == 0)
      if mode == "visual" {
        // bpftool's edges are not all there are, and some are not there.
        #expect(Self.boxes(in: own.text) == Self.boxes(in: expected))
      } else {
        #expect(Self.common(own.text) == Self.common(expected))
      }
    }
  }

  @Test func `JSON has the same members`() throws {
    for text in Self.programs where !text.contains("call") {
      let kernel = try load(text)
      let expected = try JSONParser.parse(Array(BPFTool.dump(kernel, "opcodes", json: true).utf8))
      let own = CommandRun("dump", "original", "--asm", "-", "--json", "--opcodes", input: text)
      #expect(try JSONParser.parse(own.output) == expected)
    }
  }

  private func load(_ text: String) throws -> KernelProgram {
    let program = try BareProgram.assembled(Array(text.utf8), path: "text")
    return try KernelProgram(program, type: .socketFilter, maps: [])
  }

  /// The lines, without what only a loaded program has: addresses of helpers, tags of functions, and the bytes of calls,
  /// which hold them.
  private static func common(_ text: String) -> [String] {
    var lines: [String] = []
    var isCall = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("      "), isCall { continue }
      isCall = line.contains("(85) call ")
      lines.append(isCall ? String(line.prefix { $0 != "#" }) : String(line))
    }
    return lines
  }

  private static func boxes(in text: String) -> [String] {
    common(text).filter { !$0.contains("->") && !$0.contains("\tlabel=") }
      .map { String($0.prefix { $0 != "#" }) }
  }
}

/// The system's bpftool.
private enum BPFTool {
  static let path = ["/usr/sbin/bpftool", "/usr/local/sbin/bpftool", "/usr/bin/bpftool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// What it prints of a program that this process holds.
  static func dump(_ program: KernelProgram, _ mode: String, json: Bool = false) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(path))
    process.arguments =
      (json ? ["--json"] : [])
      + ["prog", "dump", "xlated", "id", "\(try program.information().identifier)"]
      + (mode.isEmpty ? [] : [mode])
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }
}
