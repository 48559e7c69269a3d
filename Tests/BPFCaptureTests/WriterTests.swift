import Foundation
import TestSupport
import Testing

@testable import BPFCapture

@Suite struct WriterTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    var format: CaptureFormat
    var order: CaptureByteOrder
    var resolution: TimestampResolution

    var testDescription: String { "\(format) \(order) \(resolution)" }
  }

  static let variants: [Variant] = CaptureByteOrder.allCases.flatMap { order in
    [TimestampResolution.microseconds, .nanoseconds].flatMap { resolution in
      CaptureFormat.allCases.map { Variant(format: $0, order: order, resolution: resolution) }
    }
      + [0, 3, 12, 0x80, 0x8a, 0x9e].compactMap(TimestampResolution.init(rawValue:)).map {
        Variant(format: .pcapng, order: order, resolution: $0)
      }
  }

  @Test("What is written is read back", arguments: variants)
  func roundTrip(_ variant: Variant) throws {
    let folder = try ScratchFolder()
    var generator = SeededGenerator(seed: 42)
    for round in 0..<20 {
      let path = folder.path("\(round).\(variant.format)")
      var writer = try CaptureWriter(path: path, format: variant.format, byteOrder: variant.order)
      var interfaces = [
        CaptureInterface(
          linkType: .ethernet, snapshotLength: 65535, resolution: variant.resolution,
          frameCheckLength: round % 3 == 0 ? 4 : nil)
      ]
      if variant.format == .pcapng {
        interfaces += [
          CaptureInterface(
            linkType: .raw, snapshotLength: 0, resolution: variant.resolution,
            timestampOffset: Int64.random(in: -1000...1000, using: &generator), name: "wan\(round)")
        ]
      }
      for interface in interfaces { try writer.addInterface(interface) }
      #expect(writer.interfaces == interfaces)
      let unit = Int64(max(1, 1_000_000_000 / variant.resolution.unitsPerSecond))
      // Seconds that pcap's 32 bits and the resolution's 64 hold.
      let latest = min(4_000_000_000, Int64(UInt64.max / variant.resolution.unitsPerSecond / 2))
      var written: [ReadPacket] = []
      for _ in 0..<Int.random(in: 0...40, using: &generator) {
        let bytes = (0..<Int.random(in: 0...100, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        let index = Int.random(in: interfaces.indices, using: &generator)
        let packet = ReadPacket(
          bytes: bytes, originalLength: bytes.count + Int.random(in: 0...5, using: &generator),
          timestamp: Int64.random(in: 1000...latest, using: &generator) * 1_000_000_000
            + Int64.random(in: 0..<1_000_000_000 / unit, using: &generator) * unit,
          interface: index, linkType: interfaces[index].linkType, end: 0)
        written.append(packet)
        try writer.write(
          bytes, timestamp: packet.timestamp, originalLength: packet.originalLength,
          interface: index)
      }
      try writer.finish()
      let capture = ReadCapture(try CaptureReader(path: path))
      #expect(capture.error == nil)
      #expect(capture.interfaces == interfaces)
      try #require(capture.packets.count == written.count)
      for (read, packet) in zip(capture.packets, written) {
        #expect(read.bytes == packet.bytes)
        #expect(read.originalLength == packet.originalLength)
        #expect(read.interface == packet.interface)
        #expect(read.linkType == packet.linkType)
        // A decimal unit is a whole number of nanoseconds or a part of one; a binary unit is rounded down twice.
        let lost = (packet.timestamp ?? 0) - (read.timestamp ?? .max)
        #expect(variant.resolution.rawValue < 0x80 ? lost == 0 : (0...unit + 1).contains(lost))
      }
    }
  }

  @Test("Copied packet by packet, a capture stays as it was", arguments: Fixture.all)
  func copy(_ fixture: Fixture) throws {
    let folder = try ScratchFolder()
    var reader = try CaptureReader(path: fixture.path)
    let path = folder.path("copy")
    var writer = try CaptureWriter(path: path, format: reader.format, byteOrder: reader.byteOrder)
    while let packet = try reader.next() {
      try writer.addInterfaces(of: reader)
      try reader.withBytes(of: packet) { (bytes) throws(CaptureError) in
        try writer.write(
          bytes, timestamp: packet.timestamp, originalLength: packet.originalLength,
          interface: packet.interface)
      }
    }
    try writer.finish()
    let before = ReadCapture(try CaptureReader(path: fixture.path))
    let after = ReadCapture(try CaptureReader(path: path))
    #expect(after.error == nil)
    #expect(after.packets.map(\.bytes) == before.packets.map(\.bytes))
    #expect(after.packets.map(\.timestamp) == before.packets.map(\.timestamp))
    #expect(after.packets.map(\.originalLength) == before.packets.map(\.originalLength))
    #expect(after.packets.map(\.interface) == before.packets.map(\.interface))
    #expect(after.packets.map(\.linkType) == before.packets.map(\.linkType))
  }

  @Test("The fixtures of the plain formats come out byte for byte")
  func bytes() throws {
    let folder = try ScratchFolder()
    for name in [
      "microseconds-le.pcap", "microseconds-be.pcap", "nanoseconds-le.pcap", "nanoseconds-be.pcap",
      "raw-ip.pcap", "frame-check.pcap", "enhanced-le.pcapng", "enhanced-be.pcapng",
      "simple.pcapng",
    ] {
      let fixture = Fixture(name: name)
      var reader = try CaptureReader(path: fixture.path)
      let path = folder.path(name)
      var writer = try CaptureWriter(path: path, format: reader.format, byteOrder: reader.byteOrder)
      while let packet = try reader.next() {
        try writer.addInterfaces(of: reader)
        try writer.write(
          reader.bytes(of: packet), timestamp: packet.timestamp,
          originalLength: packet.originalLength, interface: packet.interface)
      }
      try writer.finish()
      #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == (try fixture.bytes), "\(name)")
    }
  }

  @Test("A file appears when it is finished, and not before")
  func placement() throws {
    let folder = try ScratchFolder()
    let path = folder.path("out.pcap")
    try Data("older".utf8).write(to: URL(filePath: path))
    func abandon() throws {
      var writer = try CaptureWriter(path: path, format: .pcap)
      try writer.addInterface(CaptureInterface(linkType: .ethernet))
      try writer.write([UInt8](repeating: 1, count: 200_000), timestamp: 0)
      try writer.write([UInt8](repeating: 1, count: 200_000), timestamp: 0)
      #expect(try folder.contents.count == 2)
      #expect(try Data(contentsOf: URL(filePath: path)) == Data("older".utf8))
    }
    try abandon()
    #expect(try folder.contents == ["out.pcap"])
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("older".utf8))

    let writer = try CaptureWriter(path: path, format: .pcap)
    try writer.finish()
    #expect(try folder.contents == ["out.pcap"])
    #expect(ReadCapture(try CaptureReader(path: path)).packets.isEmpty)
  }

  @Test("A symbolic link stays one")
  func symbolicLink() throws {
    let folder = try ScratchFolder()
    try Data().write(to: folder.url.appending(path: "target"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "target")
    try CaptureWriter(path: folder.path("link"), format: .pcapng).finish()
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link")) == "target")
    #expect(try Data(contentsOf: folder.url.appending(path: "target")).count == 28)
  }

  @Test("What is no regular file is written directly")
  func devices() throws {
    try CaptureWriter(path: "/dev/null", format: .pcap).finish()
    #expect(
      try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        == .typeCharacterSpecial)
  }

  @Test("A path that cannot be written is an error at once")
  func unwritable() throws {
    let folder = try ScratchFolder()
    do {
      _ = try CaptureWriter(path: folder.path("no/such/folder.pcap"), format: .pcap)
      Issue.record("the folder does not exist")
    } catch {
      guard case .system(.open, _, ENOENT) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test("What a format cannot hold is refused, and nothing of it written")
  func refusals() throws {
    let folder = try ScratchFolder()
    var pcap = try CaptureWriter(path: folder.path("a.pcap"), format: .pcap)
    #expect(throws: CaptureError.unknownInterface(0, count: 0)) {
      try pcap.write([1], timestamp: 0)
    }
    let seconds = CaptureInterface(linkType: .ethernet, resolution: .seconds)
    #expect(throws: CaptureError.notRepresentable(seconds, .pcap)) {
      try pcap.addInterface(seconds)
    }
    try pcap.addInterface(CaptureInterface(linkType: .ethernet))
    #expect(throws: CaptureError.secondLinkType(.raw, file: .ethernet)) {
      try pcap.addInterface(CaptureInterface(linkType: .raw))
    }
    #expect(try pcap.addInterface(CaptureInterface(linkType: .ethernet, name: "second")) == 1)
    #expect(throws: CaptureError.timestamp(nanoseconds: -1, .pcap)) {
      try pcap.write([1], timestamp: -1)
    }
    #expect(throws: CaptureError.timestamp(nanoseconds: 4_294_967_296_000_000_000, .pcap)) {
      try pcap.write([1], timestamp: 4_294_967_296_000_000_000)
    }
    #expect(throws: CaptureError.originalLength(1, captured: 2)) {
      try pcap.write([1, 2], timestamp: 0, originalLength: 1)
    }
    #expect(throws: CaptureError.originalLength(1 << 32, captured: 2)) {
      try pcap.write([1, 2], timestamp: 0, originalLength: 1 << 32)
    }
    let maximum = LinkType.ethernet.maximumCapturedLength
    #expect(throws: CaptureError.packetTooLong(length: maximum + 1, maximum: maximum)) {
      try pcap.write([UInt8](repeating: 0, count: maximum + 1), timestamp: 0)
    }
    try pcap.write([UInt8](repeating: 0, count: maximum), timestamp: 0, interface: 1)
    try pcap.finish()
    #expect(ReadCapture(try CaptureReader(path: folder.path("a.pcap"))).packets.count == 1)

    var pcapng = try CaptureWriter(path: folder.path("a.pcapng"), format: .pcapng)
    let wide = CaptureInterface(linkType: .raw, name: String(repeating: "n", count: 65536))
    #expect(throws: CaptureError.notRepresentable(wide, .pcapng)) { try pcapng.addInterface(wide) }
    try pcapng.addInterface(CaptureInterface(linkType: .ethernet, snapshotLength: 4))
    try pcapng.addInterface(CaptureInterface(linkType: .ethernet))
    #expect(throws: CaptureError.missingTimestamp(interface: 1)) {
      try pcapng.write([1], timestamp: nil, interface: 1)
    }
    #expect(throws: CaptureError.missingTimestamp(interface: 0)) {
      try pcapng.write([1, 2, 3], timestamp: nil, originalLength: 4)
    }
    #expect(throws: CaptureError.timestamp(nanoseconds: -1, .pcapng)) {
      try pcapng.write([1], timestamp: -1)
    }
    try pcapng.write([1, 2, 3, 4], timestamp: nil, originalLength: 5)
    try pcapng.finish()
    #expect(ReadCapture(try CaptureReader(path: folder.path("a.pcapng"))).packets.count == 1)
  }
}
