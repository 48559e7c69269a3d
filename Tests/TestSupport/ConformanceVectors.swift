public import BPFISA
import Glibc

/// A program, the memory it runs on and what it must return, out of a file of conformance vectors.
public struct ConformanceVectors {
  public let name: String
  public let slots: [RawInstruction]
  public let memory: [UInt8]
  public let result: UInt64

  /// This repository's, and the public suite's where it lies beside the checkout.
  public static func all() throws -> [ConformanceVectors] {
    // This file is Tests/TestSupport/ConformanceVectors.swift.
    let tests = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    var vectors = try read(tests + "/BPFRuntimeTests/Fixtures/vectors.jsonl")
    if let folder = SharedFolder.path {
      vectors += try read(folder + "/conformance/vectors.jsonl")
    }
    return vectors
  }

  private static func read(_ path: String) throws -> [ConformanceVectors] {
    try text(of: path).split(separator: "\n" as Character).map { (line: Substring) in
      guard let name = field("name", of: line), let program = field("program", of: line),
        let result = field("result", of: line),
        let number = UInt64(
          result.hasPrefix("0x") ? result.dropFirst(2) : result, radix: 16)
      else { throw Malformed(text: String(line)) }
      return ConformanceVectors(
        name: String(name), slots: slots(of: bytes(program)),
        memory: bytes(field("memory", of: line) ?? ""), result: number)
    }
  }

  /// The string a field of a line holds; the files have no escapes in them.
  private static func field(_ name: String, of line: Substring) -> Substring? {
    guard let start = line.firstRange(of: "\"\(name)\": \"")?.upperBound else { return nil }
    return line[start...].prefix { $0 != "\"" }
  }

  private static func bytes(_ text: Substring) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue }.map { UInt8($0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private static func slots(of bytes: [UInt8]) -> [RawInstruction] {
    stride(from: 0, to: bytes.count - 7, by: 8).map { start in
      RawInstruction(bits: bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
  }

  private static func text(of path: String) throws -> String {
    guard let file = unsafe fopen(path, "r") else { throw Malformed(text: path) }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer.prefix(count)
    }
  }

  public struct Malformed: Error {
    public let text: String
  }
}
