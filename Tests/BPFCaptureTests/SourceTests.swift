import Foundation
import Testing

@testable import BPFCapture

@Suite struct SourceTests {
  @Test("A pipe is read to its end")
  func pipe() throws {
    let folder = try ScratchFolder()
    let path = folder.path("pipe")
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let fixture = Fixture(name: "blocks-between.pcapng")
    let bytes = Data(try fixture.bytes)
    let writer = Thread {
      // In two parts, so that one read does not get all of it.
      guard let handle = FileHandle(forWritingAtPath: path) else { return }
      handle.write(bytes.prefix(100))
      usleep(20_000)
      handle.write(bytes.dropFirst(100))
      try? handle.close()
    }
    writer.start()
    let capture = ReadCapture(try CaptureReader(path: path))
    #expect(capture == ReadCapture(try CaptureReader(path: fixture.path)))
    #expect(capture.packets.count == 4)
  }

  @Test("What is no capture is refused when it is opened")
  func refused() throws {
    let folder = try ScratchFolder()
    let empty = folder.path("empty")
    try Data().write(to: URL(filePath: empty))
    #expect(throws: CaptureError.truncated(.magic, offset: 0, needed: 4, available: 0)) {
      _ = try CaptureReader(path: empty)
    }
    #expect(throws: CaptureError.system(.open, path: folder.path("none"), code: ENOENT)) {
      _ = try CaptureReader(path: folder.path("none"))
    }
    #expect(throws: CaptureError.system(.read, path: folder.url.path, code: EISDIR)) {
      _ = try CaptureReader(path: folder.url.path)
    }
  }

  @Test("Link types have their registry names")
  func linkTypes() {
    #expect(LinkType.ethernet.rawValue == 1 && "\(LinkType.ethernet)" == "EN10MB")
    #expect(LinkType.raw.rawValue == 101 && LinkType.linuxCooked.rawValue == 113)
    #expect("\(LinkType(rawValue: 9999))" == "link type 9999")
  }
}
