import Foundation

@testable import BPFISA

/// LLVM's tools, where they are installed and of the version whose text is the reference.
enum LLVMTools {
  /// `llvm-objdump` 21, from the search path. Nil on machines without it; the committed listings stand in for it.
  static let objdump: String? = tool("llvm-objdump") { $0.contains("LLVM version 21.") }

  /// A clang that has the BPF target.
  static let clang: String? = tool("clang") { _ in true }

  static let areInstalled = objdump != nil && clang != nil

  private static func tool(_ name: String, isRight: (String) -> Bool) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { candidate in
      guard FileManager.default.isExecutableFile(atPath: candidate) else { return false }
      return (try? run(candidate, ["--version"])).map(isRight) ?? false
    }
  }

  /// The standard output of a tool.
  static func run(_ path: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  /// The slots of the section `.text` that clang assembles text to.
  static func assemble(_ text: String) throws -> [RawInstruction] {
    guard let clang else { return [] }
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let assembly = folder.appendingPathComponent("f.s")
    let object = folder.appendingPathComponent("f.o")
    try text.write(to: assembly, atomically: true, encoding: .utf8)
    _ = try run(clang, ["-target", "bpf", "-mcpu=v4", "-c", assembly.path, "-o", object.path])
    return Listing(try run(objdump ?? "", ["-d", object.path])).sections.first?.slots ?? []
  }

  private static func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "bpfkit-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// What objdump prints for slots that lie in a section `.text` under a symbol `f`.
  static func listing(of slots: [RawInstruction], options: [String]) throws -> String {
    guard let objdump, let clang else { return "" }
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var source = ".text\n.globl f\n.type f,@function\nf:\n"
    for slot in slots {
      source += ".quad \(hexadecimal(slot.bits))\n"
    }
    let assembly = folder.appendingPathComponent("f.s")
    let object = folder.appendingPathComponent("f.o")
    try source.write(to: assembly, atomically: true, encoding: .utf8)
    _ = try run(clang, ["-target", "bpf", "-c", assembly.path, "-o", object.path])
    return try run(objdump, ["-d"] + options + [object.path])
  }
}
