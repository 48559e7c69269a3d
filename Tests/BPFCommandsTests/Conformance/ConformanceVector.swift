import TestSupport

@testable import BPFCommands

/// A program and what it must return, out of a file of conformance vectors.
struct ConformanceVector {
  let name: String
  let program: [UInt8]
  let memory: [UInt8]?
  let result: UInt64

  /// The vectors of this repository.
  static func own() throws -> [ConformanceVector] {
    try read(TestFiles.repository + "/Tests/BPFRuntimeTests/Fixtures/vectors.jsonl")
  }

  /// The vectors of the public suite, where they are.
  static func shared() throws -> [ConformanceVector] {
    guard let folder = SharedFolder.path else { return [] }
    return try read(folder + "/conformance/vectors.jsonl")
  }

  private static func read(_ path: String) throws -> [ConformanceVector] {
    let bytes = try FileContents.read(path)
    return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
      let value = try JSONParser.parse(Array(line))
      guard case .string(let name) = value["name"], case .string(let program) = value["program"],
        case .string(let result) = value["result"],
        let number = UInt64(
          result.hasPrefix("0x") ? String(result.dropFirst(2)) : result, radix: 16)
      else { throw MalformedVector(line: String(decoding: line, as: UTF8.self)) }
      var memory: [UInt8]?
      if case .string(let text) = value["memory"] { memory = try HexText.bytes(of: text) }
      return ConformanceVector(
        name: name, program: try HexText.bytes(of: program), memory: memory, result: number)
    }
  }

  struct MalformedVector: Error {
    let line: String
  }
}

/// Where the tests find files.
enum TestFiles {
  /// The repository's folder.
  static let repository: String = {
    // This file is Tests/BPFCommandsTests/Conformance/ConformanceVector.swift.
    "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
  }()
}
