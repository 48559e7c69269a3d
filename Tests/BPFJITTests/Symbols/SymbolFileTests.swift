import Foundation
import Testing

@testable import BPFJIT

struct SymbolFileTests {
  private static let symbol = CodeSymbol(
    name: "bpf_prog_0123456789abcdef_xdp", address: 0x5566_7788, size: 3,
    lines: [
      CodeSymbol.Line(offset: 0, file: "a.c", number: 7),
      CodeSymbol.Line(offset: 2, file: "b.h", number: 300),
    ])

  /// A folder of the test's own, which is removed.
  private static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "bpfkit-symbols-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  private static func record(_ symbol: CodeSymbol, _ code: [UInt8], in file: any CodeSymbolFile)
    throws
  {
    try file.record(symbol, code: unsafe code.span.bytes)
  }

  @Test func `Programs have the names that the kernel's symbols have`() {
    let tag: [UInt8] = [0, 1, 0x23, 0xff, 0x10, 0xab, 0xcd, 9]
    #expect(CodeSymbol.programName("xdp", tag: tag) == "bpf_prog_000123ff10abcd09_xdp")
    #expect(CodeSymbol.programName("", tag: tag) == "bpf_prog_000123ff10abcd09")
    #expect(CodeSymbol(name: "a\nb\0c d", address: 0, size: 0).name == "a_b_c d")
  }

  @Test func `A map has a line for each symbol, whoever writes it`() throws {
    try Self.inFolder { folder in
      let first = try PerfMap(folder: folder)
      let second = try PerfMap(folder: folder)
      #expect(first.path == "\(folder)/perf-\(ProcessInfo.processInfo.processIdentifier).map")
      try Self.record(Self.symbol, [1, 2, 3], in: first)
      try Self.record(CodeSymbol(name: "with space", address: 16, size: 255), [], in: second)
      try Self.record(Self.symbol, [1, 2, 3], in: first)
      let line = "55667788 3 bpf_prog_0123456789abcdef_xdp\n"
      #expect(
        String(decoding: try Self.bytes(first.path), as: UTF8.self)
          == line + "10 ff with space\n" + line)
      #expect(try Self.permissions(first.path) == 0o600)
    }
  }

  @Test(arguments: ["link", "dangling link", "folder", "pipe", "second name"])
  func `What somebody else may have put at the map's path is not written`(kind: String) throws {
    try Self.inFolder { folder in
      let path = "\(folder)/perf-\(ProcessInfo.processInfo.processIdentifier).map"
      let target = folder + "/target"
      let files = FileManager.default
      if kind != "dangling link" {
        #expect(files.createFile(atPath: target, contents: Data("before".utf8)))
      }
      switch kind {
      case "link", "dangling link":
        try files.createSymbolicLink(atPath: path, withDestinationPath: target)
      case "folder":
        try files.createDirectory(atPath: path, withIntermediateDirectories: false)
      case "pipe": #expect(unsafe mkfifo(path, 0o600) == 0)
      default: try files.linkItem(atPath: target, toPath: path)
      }
      #expect {
        _ = try PerfMap(folder: folder)
      } throws: { error in
        switch error as? CodeSymbolFileError {
        case .system(.open, let name, let code)?:
          // ELOOP, EISDIR, ENXIO
          name == path && code == (kind == "folder" ? 21 : kind == "pipe" ? 6 : 40)
            && kind != "second name"
        case .foreign(let name)?: name == path && kind == "second name"
        case .system?, nil: false
        }
      }
      #expect(files.fileExists(atPath: target) == (kind != "dangling link"))
      if kind != "dangling link" { #expect(try Self.bytes(target) == Array("before".utf8)) }
    }
  }

  @Test func `A dump's header and records are as the format has them`() {
    let header = JITDumpFormat.header(process: 0x0102, time: 0x1122_3344_5566_7788)
    #expect(
      header == [
        0x44, 0x54, 0x69, 0x4a, 1, 0, 0, 0, 40, 0, 0, 0, 62, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 0, 0, 0, 0,
      ])
    let stamp = JITDumpFormat.Stamp(process: 5, thread: 6, time: 7)
    let symbol = CodeSymbol(
      name: "ab", address: 0x1234, size: 3,
      lines: [CodeSymbol.Line(offset: 2, file: "c", number: 9)])
    #expect(
      JITDumpFormat.load(symbol, code: [0xb8, 0xc3, 0xcc], index: 4, stamp) == [
        0, 0, 0, 0, 62, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
        5, 0, 0, 0, 6, 0, 0, 0,
        0x34, 0x12, 0, 0, 0, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0,
        3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0,
        0x61, 0x62, 0, 0xb8, 0xc3, 0xcc,
      ])
    #expect(
      JITDumpFormat.lines(symbol, stamp) == [
        2, 0, 0, 0, 50, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
        0x34, 0x12, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        0x36, 0x12, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0x63, 0,
      ])
    #expect(
      JITDumpFormat.close(time: 3) == [3, 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
  }

  /// The kinds and sizes of a dump's records, which have to fill it.
  private static func records(_ bytes: [UInt8]) -> [(kind: UInt8, size: Int)] {
    var records: [(kind: UInt8, size: Int)] = []
    var offset = 40
    while offset + 16 <= bytes.count {
      let size = (0..<4).reduce(0) { $0 | Int(bytes[offset + 4 + $1]) << (8 * $1) }
      guard size >= 16 else { break }
      records.append((bytes[offset], size))
      offset += size
    }
    return offset == bytes.count ? records : []
  }

  @Test func `A dump has lines before their code, and an end`() throws {
    try Self.inFolder { folder in
      let path = "\(folder)/jit-\(ProcessInfo.processInfo.processIdentifier).dump"
      // What an earlier process left, or somebody put there, is not written to.
      let target = folder + "/target"
      #expect(FileManager.default.createFile(atPath: target, contents: Data("before".utf8)))
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
      do {
        let dump = try JITDump(folder: folder)
        #expect(dump.path == path)
        try Self.record(Self.symbol, [1, 2, 3], in: dump)
        try Self.record(CodeSymbol(name: "n", address: 1, size: 1), [9], in: dump)
        // The file was mapped executable, and is no longer.
        #expect(try MemoryMap.current().named(path).isEmpty)
      }
      let bytes = try Self.bytes(path)
      let records = Self.records(bytes)
      #expect(records.map(\.kind) == [2, 0, 0, 3])
      #expect(records.map(\.size) == [72, 89, 59, 16])
      #expect(bytes[..<4] == [0x44, 0x54, 0x69, 0x4a])
      #expect(try Self.permissions(path) == 0o600)
      #expect(try Self.bytes(target) == Array("before".utf8))
    }
  }

  @Test func `Threads' records are whole`() async throws {
    let folder = NSTemporaryDirectory() + "bpfkit-symbols-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let map = try PerfMap(folder: folder)
    let dump = try JITDump(folder: folder)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<50 {
            do {
              try Self.record(Self.symbol, [1, 2, 3], in: map)
              try Self.record(Self.symbol, [1, 2, 3], in: dump)
            } catch {
              Issue.record("\(error)")
            }
          }
        }
      }
    }
    let lines = String(decoding: try Self.bytes(map.path), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 400)
    #expect(Set(lines) == ["55667788 3 bpf_prog_0123456789abcdef_xdp"])
    let records = Self.records(try Self.bytes(dump.path))
    #expect(records.count == 800)
    #expect(records.indices.allSatisfy { records[$0].kind == ($0 % 2 == 0 ? 2 : 0) })
  }

  @Test func `A folder that is not there is an error of both`() {
    let missing = "/nonexistent-\(UInt64.random(in: 0 ... .max))"
    let process = ProcessInfo.processInfo.processIdentifier
    #expect(
      throws: CodeSymbolFileError.system(.open, path: "\(missing)/perf-\(process).map", code: 2)
    ) {
      _ = try PerfMap(folder: missing)
    }
    #expect(
      throws: CodeSymbolFileError.system(.open, path: "\(missing)/jit-\(process).dump", code: 2)
    ) {
      _ = try JITDump(folder: missing)
    }
  }
}
