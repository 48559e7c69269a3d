import Foundation

/// A running `bpfkit`.
final class Executable {
  /// The executable beside the tests' own, if it was built.
  static let path: String? = {
    let folders = CommandLine.arguments.prefix(1).map { ($0 as NSString).deletingLastPathComponent }
    return folders.map { $0 + "/bpfkit" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }()

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errorPipe = Pipe()
  private var pending: [UInt8] = []

  init(_ arguments: [String], inputPath: String? = nil) throws {
    guard let path = Self.path else { throw CocoaError(.fileNoSuchFile) }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    if let inputPath {
      process.standardInput = FileHandle(forReadingAtPath: inputPath)
    } else {
      process.standardInput = input
    }
    process.standardOutput = output
    process.standardError = errorPipe
    try process.run()
  }

  func write(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

  func closeInput() { try? input.fileHandleForWriting.close() }

  func closeOutput() { try? output.fileHandleForReading.close() }

  /// The next line of output, waiting for it; empty at the end.
  func readLine() -> [UInt8] {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(end + 1) }
        return Array(pending[..<end])
      }
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { return [] }
      pending += data
    }
  }

  func readAll() -> [UInt8] {
    pending + Array(output.fileHandleForReading.readDataToEndOfFile())
  }

  var errors: String {
    String(decoding: errorPipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  /// Closes the input, waits for the end and returns the status.
  func finish() -> Int32 {
    closeInput()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Runs a command to its end.
  static func run(
    _ arguments: [String], input: String = ""
  ) throws -> (status: Int32, output: [UInt8], errors: String) {
    let process = try Executable(arguments)
    process.write(input)
    process.closeInput()
    let output = process.readAll()
    let errors = process.errors
    return (process.finish(), output, errors)
  }
}
