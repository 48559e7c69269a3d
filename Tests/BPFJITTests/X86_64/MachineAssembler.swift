import Foundation

/// LLVM's assembler for x86-64, where it is installed.
struct MachineAssembler: Sendable {
  /// What it could not do, and what it said.
  struct Failure: Error {
    let text: String
  }

  private let path: String

  /// `llvm-mc` of the search path. Nil on machines without one for x86-64.
  static let installed: MachineAssembler? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/llvm-mc"
      guard FileManager.default.isExecutableFile(atPath: candidate) else { continue }
      let assembler = MachineAssembler(path: candidate)
      if let version = try? assembler.run(["--version"]), version.contains("x86-64") {
        return assembler
      }
    }
    return nil
  }()

  static let comment = "llvm-mc for x86-64 is not in the search path; files stand in for it"

  /// What each text is in bytes.
  func bytes(of texts: [String]) throws -> [[UInt8]] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "bpfkit-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("f.s")
    let object = folder.appendingPathComponent("f.o")
    // Each after a byte that tells its length.
    try texts.map { ".byte 2f-1f\n1: \($0)\n2:\n" }.joined()
      .write(to: source, atomically: true, encoding: .utf8)
    _ = try run(["-triple=x86_64", "-filetype=obj", source.path, "-o", object.path])
    let code = try Self.code(of: [UInt8](Data(contentsOf: object)))
    var instructions: [[UInt8]] = []
    var offset = code.startIndex
    while offset < code.endIndex {
      let end = offset + 1 + Int(code[offset])
      guard end <= code.endIndex else { throw Failure(text: "an instruction without its end") }
      instructions.append(Array(code[offset + 1..<end]))
      offset = end
    }
    guard instructions.count == texts.count else {
      throw Failure(text: "\(instructions.count) instructions of \(texts.count) texts")
    }
    return instructions
  }

  /// The first section of an ELF file that has instructions.
  private static func code(of object: [UInt8]) throws(Failure) -> ArraySlice<UInt8> {
    func number(at offset: Int, count: Int) throws(Failure) -> Int {
      guard offset >= 0, offset + count <= object.count else {
        throw Failure(text: "an object without byte \(offset)")
      }
      return object[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let table = try number(at: 0x28, count: 8)
    let size = try number(at: 0x3a, count: 2)
    for index in 0..<(try number(at: 0x3c, count: 2)) {
      let header = table + index * size
      let executable = 4
      guard try number(at: header + 8, count: 8) & executable != 0 else { continue }
      let start = try number(at: header + 0x18, count: 8)
      let end = start + (try number(at: header + 0x20, count: 8))
      guard start <= end, end <= object.count else {
        throw Failure(text: "a section beyond its object")
      }
      return object[start..<end]
    }
    throw Failure(text: "an object without code")
  }

  /// The standard output.
  private func run(_ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    let errors = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: String(decoding: said.prefix(2_000), as: UTF8.self))
    }
    return String(decoding: data, as: UTF8.self)
  }
}
