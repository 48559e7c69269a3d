import Foundation
import Testing
import TestSupport

@testable import BPFCommands

/// The built executable, driven as a shell does. A build of the tests alone may not have made it.
@Suite(.enabled(if: Executable.path != nil, "the executable was not built"))
struct ExecutableTests {
  @Test func aReplyFollowsEachRequest() throws {
    let process = try Executable(["batch"])
    for number in 0..<3 {
      process.write(#"{"id":\#(number),"asm":"r0 = 7; exit","type":"raw","runs":[{}]}"# + "\n")
      // The next request is not written before this reply is read.
      let reply = try JSONParser.parse(process.readLine())
      #expect(reply["id"] == .integer(Int128(number)))
    }
    #expect(process.finish() == 0)
  }

  @Test func runsConformanceVectors() throws {
    let vectors = try ConformanceVector.own()
    // One process for each: a few of every kind; the library runs all of them.
    for vector in vectors.enumerated().filter({ $0.offset % 16 == 0 }).map(\.element) {
      try check(vector)
    }
  }

  // The public suite's vectors lie beside a developer's checkout only.
  @Test(.enabled(if: SharedFolder.path != nil))
  func runsTheSuitesVectors() throws {
    let vectors = try ConformanceVector.shared()
    #expect(vectors.count == 313)
    for vector in vectors { try check(vector) }
  }

  private func check(_ vector: ConformanceVector) throws {
    let memory = vector.memory.map {
      [$0.map { HexText.digits(of: [$0]) }.joined(separator: "  ")]
    }
    let process = try Executable(["conformance-plugin"] + (memory ?? []))
    process.write(HexText.spacedDigits(of: vector.program) + "\n")
    process.closeInput()
    let output = String(decoding: process.readAll(), as: UTF8.self)
    #expect(process.finish() == 0, "\(vector.name)")
    #expect(UInt64(output.dropLast(), radix: 16) == vector.result, "\(vector.name)")
  }

  @Test func statusesReachTheShell() throws {
    #expect(try Executable.run(["--help"]).status == 0)
    #expect(try Executable.run(["nonsense"]).status == 2)
    let missing = try Executable.run(["assemble", "/nonexistent.s"])
    #expect(missing.status == 1)
    #expect(missing.errors == "bpfkit: /nonexistent.s: No such file or directory\n")
  }

  @Test func aReaderThatStopsIsNoError() throws {
    // Far more output than a pipe holds, of which nothing is read.
    let request = #"{"asm":"r0 = 7; exit","type":"raw"}"# + "\n"
    let folder = try TemporaryFolder()
    let requests = try folder.write("requests", String(repeating: request, count: 20_000))
    let process = try Executable(["batch"], inputPath: requests)
    _ = process.readLine()
    process.closeOutput()
    #expect(process.finish() == 141)
    #expect(process.errors.isEmpty)
  }
}
