import Foundation
import TestSupport
import Testing

@testable import BPFCapture

/// Other programs that read captures, where this machine has them; elsewhere there is nothing to compare with.
private enum Tool {
  static let tcpdump = find("tcpdump")
  static let tshark = find("tshark")
  static let capinfos = find("capinfos")

  private static func find(_ name: String) -> String? {
    ["/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + name }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, lines: [String])
  {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus,
      String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    )
  }
}

@Suite struct ToolTests {
  /// A capture of Ethernet frames written here, in every variant of the formats that `CaptureWriter` has.
  private func writeVariants(in folder: ScratchFolder) throws -> [String] {
    var generator = SeededGenerator(seed: 99)
    var paths: [String] = []
    for format in CaptureFormat.allCases {
      for order in CaptureByteOrder.allCases {
        for resolution in [TimestampResolution.microseconds, .nanoseconds] {
          let path = folder.path("\(order)-\(resolution == .nanoseconds).\(format)")
          var writer = try CaptureWriter(path: path, format: format, byteOrder: order)
          try writer.addInterface(CaptureInterface(linkType: .ethernet, resolution: resolution))
          for index in 0..<50 {
            let frame = (0..<Int.random(in: 14...200, using: &generator)).map { _ in
              UInt8.random(in: 0...255, using: &generator)
            }
            try writer.write(
              frame, timestamp: 1_700_000_000_000_000_000 + Int64(index) * 1_234_567_000,
              originalLength: frame.count + index % 3)
          }
          try writer.finish()
          paths.append(path)
        }
      }
    }
    return paths
  }

  @Test(
    "tshark reads the same times and lengths out of what is written",
    .enabled(if: Tool.tshark != nil, "tshark is not installed"))
  func tshark() throws {
    let tshark = try #require(Tool.tshark)
    let folder = try ScratchFolder()
    for path in try writeVariants(in: folder) {
      let fields = ["frame.time_epoch", "frame.cap_len", "frame.len"].flatMap { ["-e", $0] }
      let result = try Tool.run(tshark, ["-r", path, "-T", "fields"] + fields)
      #expect(result.status == 0)
      let expected = ReadCapture(try CaptureReader(path: path)).packets.map { packet in
        let time = packet.timestamp ?? 0
        let fraction = String(1_000_000_000 + time % 1_000_000_000).dropFirst()
        return
          "\(time / 1_000_000_000).\(fraction)\t\(packet.bytes.count)\t\(packet.originalLength)"
      }
      #expect(result.lines == expected, "\(path)")
    }
  }

  @Test(
    "capinfos counts the same packets in every fixture, and finds the same formats",
    .enabled(if: Tool.capinfos != nil, "capinfos is not installed"))
  func capinfos() throws {
    let capinfos = try #require(Tool.capinfos)
    for fixture in Fixture.all {
      let result = try Tool.run(capinfos, ["-c", "-M", "-T", "-r", fixture.path])
      #expect(result.status == 0, "\(fixture.name)")
      let count = ReadCapture(try CaptureReader(path: fixture.path)).packets.count
      #expect(result.lines.first?.split(separator: "\t").last == "\(count)", "\(fixture.name)")
    }
  }

  @Test(
    "tcpdump writes back the packets that are read here",
    .enabled(if: Tool.tcpdump != nil, "tcpdump is not installed"))
  func tcpdump() throws {
    let tcpdump = try #require(Tool.tcpdump)
    let folder = try ScratchFolder()
    for path in try writeVariants(in: folder) {
      let copy = folder.path("copy.pcap")
      let result = try Tool.run(
        tcpdump, ["-r", path, "--time-stamp-precision=nano", "-w", copy])
      #expect(result.status == 0)
      let ours = ReadCapture(try CaptureReader(path: path))
      let theirs = ReadCapture(try CaptureReader(path: copy))
      #expect(theirs.error == nil)
      #expect(theirs.packets.map(\.bytes) == ours.packets.map(\.bytes))
      #expect(theirs.packets.map(\.timestamp) == ours.packets.map(\.timestamp))
      #expect(theirs.packets.map(\.originalLength) == ours.packets.map(\.originalLength))
    }
  }
}
