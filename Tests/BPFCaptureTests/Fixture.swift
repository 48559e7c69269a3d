import Foundation
import Testing

@testable import BPFCapture

/// A committed capture, by its file name under Fixtures.
struct Fixture: CustomTestStringConvertible, Sendable {
  let name: String

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Fixtures")

  /// Every capture there, in order of name.
  static let all: [Fixture] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
      .map(Fixture.init(name:))
  }()

  var path: String { Self.folder.appending(path: name).path }

  var bytes: [UInt8] {
    get throws { [UInt8](try Data(contentsOf: URL(filePath: path))) }
  }

  var testDescription: String { name }
}

/// A packet as read, with its bytes and the reader's position after it.
struct ReadPacket: Equatable {
  var bytes: [UInt8]
  var originalLength: Int
  var timestamp: Int64?
  var interface: Int
  var linkType: LinkType
  var end: Int
}

/// Everything a reader gives: the packets, then how it ended.
struct ReadCapture: Equatable {
  var packets: [ReadPacket] = []
  var interfaces: [CaptureInterface] = []
  var error: CaptureError?

  init(_ reader: consuming CaptureReader) {
    read(&reader)
  }

  init(bytes: [UInt8]) {
    do throws(CaptureError) {
      var reader = try CaptureReader(bytes: bytes)
      read(&reader)
    } catch {
      self.error = error
    }
  }

  private mutating func read(_ reader: inout CaptureReader) {
    do throws(CaptureError) {
      while let packet = try reader.next() {
        packets.append(
          ReadPacket(
            bytes: reader.bytes(of: packet), originalLength: packet.originalLength,
            timestamp: packet.timestamp, interface: packet.interface, linkType: packet.linkType,
            end: reader.position))
      }
    } catch {
      self.error = error
    }
    interfaces = reader.interfaces
  }
}

/// A folder of its own for a test's files, removed when the test ends.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "BPFCaptureTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}
