import BPFISA
import BPFJIT
import BPFObject
import BPFRuntime
import Synchronization
import Testing

@testable import BPFCommands

/// What `--perf` tells profilers.
@Suite(.enabled(if: LoadedEngine.isCompiled)) struct CodeSymbolTests {
  /// Keeps what it is told.
  private final class Recorder: CodeSymbolFile {
    let symbols = Mutex<[(symbol: CodeSymbol, bytes: Int)]>([])

    func record(_ symbol: CodeSymbol, code: borrowing RawSpan) throws(CodeSymbolFileError) {
      let count = code.byteCount
      symbols.withLock { $0.append((symbol, count)) }
    }
  }

  private static let packet = String(repeating: "00", count: 60)
  private static let locks = TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/locks.bpf.o"

  @Test func `symbols cover the code, with source lines`() throws {
    let engine = Engine(try ObjectFile(bytes: FileContents.read(Self.locks)))
    let program = try engine.load("looped")
    let recorder = Recorder()
    try program.recordSymbols(in: recorder)
    let symbols = recorder.symbols.withLock { $0 }
    let code = try #require(program.nativeCode)
    let tag = HexText.digits(of: program.tag)
    #expect(
      symbols.map(\.symbol.name)
        == ["looped", "step", "step_entry"].map { "bpf_prog_\(tag)_\($0)" })
    var next = code.address
    for (symbol, bytes) in symbols {
      #expect(symbol.address == next)
      #expect(symbol.size == bytes)
      next += UInt(symbol.size)
    }
    #expect(next == code.address + UInt(code.image.codeSize))
    #expect(symbols[0].symbol.lines.count > 3)
    #expect(
      symbols[1].symbol.lines.allSatisfy { $0.file.hasSuffix("locks.bpf.c") && $0.number > 0 })
    for (symbol, _) in symbols {
      #expect(symbol.lines.allSatisfy { (0..<symbol.size).contains($0.offset) })
    }
  }

  @Test func `what is interpreted has none`() throws {
    let engine = Engine(
      try ObjectFile(bytes: FileContents.read(Self.locks)), execution: .interpreted)
    let program = try engine.load("looped")
    #expect(program.codeSymbols.isEmpty)
    #expect(program.nativeCode == nil)
  }

  @Test func `the same program has the same tag`() throws {
    let object = try ObjectFile(bytes: FileContents.read(Self.locks))
    let first = try Engine(object).load("looped").tag
    #expect(first.count == 8)
    #expect(try Engine(object, execution: .checked).load("looped").tag == first)
    let other = try Engine(ObjectFile(bytes: FileContents.read(CounterObject.path))).load("filter")
    #expect(other.tag != first)
  }

  @Test func `a run writes the map that perf reads`() throws {
    let path = "/tmp/perf-\(FileDescriptor.processIdentifier).map"
    defer { FileDescriptor.remove(path) }
    let run = CommandRun(
      "run", CounterObject.path, "--program", "classify", "--input", Self.packet, "--perf", "map")
    #expect(run.status == 0, "\(run.errors)")
    let text = String(decoding: try FileContents.read(path), as: UTF8.self)
    #expect(text.contains("_classify\n"), "\(text)")
    #expect(text.split(separator: "\n").allSatisfy { $0.split(separator: " ").count == 3 })
  }
}
