import Testing

@testable import BPFCapture

/// The packets that make-fixtures.py puts into the fixtures.
private let packets: [(seconds: Int64, nanoseconds: Int64, bytes: [UInt8], original: Int)] = [
  (1_700_000_000, 123_456_789, [UInt8](0..<60), 60),
  (1_700_000_000, 999_999_999, [UInt8](repeating: 0xaa, count: 33), 1500),
  (1_700_000_001, 0, [], 0),
  (4_294_967_295, 1_000, [1], 1),
]

/// What a fixture holds beyond those packets.
private struct Expectation {
  var interfaces = [CaptureInterface(linkType: .ethernet)]
  /// The interface of each packet, where it is not the first.
  var interfaceOfPacket = [0, 0, 0, 0]
  /// Nanoseconds in the unit to which each packet's time is rounded down; 0 where it has none.
  var units: [Int64] = [1000, 1000, 1000, 1000]
  var count = 4
  var byteOrder = CaptureByteOrder.littleEndian
}

private func unlimited(
  _ linkType: LinkType, _ resolution: TimestampResolution = .microseconds, offset: Int64 = 0,
  name: String? = nil
) -> CaptureInterface {
  CaptureInterface(
    linkType: linkType, snapshotLength: 0, resolution: resolution, timestampOffset: offset,
    name: name)
}

private let nanosecondUnits: [Int64] = [1, 1, 1, 1]

private let expectations: [String: Expectation] = [
  "microseconds-le.pcap": Expectation(),
  "microseconds-be.pcap": Expectation(byteOrder: .bigEndian),
  "nanoseconds-le.pcap": Expectation(
    interfaces: [CaptureInterface(linkType: .ethernet, resolution: .nanoseconds)],
    units: nanosecondUnits),
  "nanoseconds-be.pcap": Expectation(
    interfaces: [CaptureInterface(linkType: .ethernet, resolution: .nanoseconds)],
    units: nanosecondUnits, byteOrder: .bigEndian),
  "modified-le.pcap": Expectation(),
  "modified-be.pcap": Expectation(byteOrder: .bigEndian),
  "header-only.pcap": Expectation(count: 0),
  "version-2.2.pcap": Expectation(),
  "version-2.3.pcap": Expectation(),
  "snapshot-zero.pcap": Expectation(interfaces: [unlimited(.ethernet)]),
  "raw-ip.pcap": Expectation(interfaces: [CaptureInterface(linkType: .raw)]),
  "frame-check.pcap": Expectation(
    interfaces: [CaptureInterface(linkType: .ethernet, frameCheckLength: 4)]),
  "enhanced-le.pcapng": Expectation(interfaces: [unlimited(.ethernet)]),
  "enhanced-be.pcapng": Expectation(interfaces: [unlimited(.ethernet)], byteOrder: .bigEndian),
  "obsolete-le.pcapng": Expectation(
    interfaces: [unlimited(.ethernet, .nanoseconds)], units: nanosecondUnits),
  "obsolete-be.pcapng": Expectation(
    interfaces: [unlimited(.ethernet, .nanoseconds)], units: nanosecondUnits,
    byteOrder: .bigEndian),
  "simple.pcapng": Expectation(
    interfaces: [CaptureInterface(linkType: .ethernet, snapshotLength: 33)], units: [0, 0, 0, 0]),
  "blocks-between.pcapng": Expectation(
    interfaces: [unlimited(.ethernet, .nanoseconds, name: "veth0")], units: nanosecondUnits),
  "interfaces.pcapng": Expectation(
    interfaces: [
      unlimited(.ethernet), unlimited(.raw, .nanoseconds, offset: 1_000_000_000),
      unlimited(.linuxCooked, .seconds),
      CaptureInterface(
        linkType: .null, snapshotLength: 0,
        resolution: TimestampResolution(rawValue: 0x8a) ?? .seconds, timestampOffset: -5),
    ],
    // The last packet's 1 µs is less than 2^-10 s.
    interfaceOfPacket: [0, 1, 2, 3], units: [1000, 1, 1_000_000_000, 1_000_000_000]),
  "sections.pcapng": Expectation(
    interfaces: [unlimited(.ethernet), unlimited(.raw)], interfaceOfPacket: [0, 0, 1, 1],
    byteOrder: .bigEndian),
  "section-only.pcapng": Expectation(interfaces: [], count: 0),
]

@Suite struct FixtureTests {
  @Test("Every fixture has an expectation")
  func complete() {
    #expect(Set(Fixture.all.map(\.name)) == Set(expectations.keys))
  }

  @Test(arguments: Fixture.all)
  func reads(_ fixture: Fixture) throws {
    let expected = try #require(expectations[fixture.name])
    let capture = ReadCapture(try CaptureReader(path: fixture.path))
    #expect(capture.error == nil)
    #expect(capture.interfaces == expected.interfaces)
    try #require(capture.packets.count == expected.count)
    for (index, packet) in capture.packets.enumerated() {
      let original = packets[index]
      let interface = expected.interfaceOfPacket[index]
      let unit = expected.units[index]
      let time = original.seconds * 1_000_000_000 + original.nanoseconds
      let limit = expected.interfaces[interface].snapshotLength
      let kept = limit == 0 ? original.bytes : [UInt8](original.bytes.prefix(Int(limit)))
      #expect(packet.bytes == kept)
      #expect(packet.originalLength == original.original)
      #expect(packet.timestamp == (unit == 0 ? nil : time / unit * unit))
      #expect(packet.interface == interface)
      #expect(packet.linkType == expected.interfaces[interface].linkType)
    }
    #expect(capture.packets.last?.end ?? 0 <= (try fixture.bytes.count))
  }

  @Test("A reader says what it reads", arguments: Fixture.all)
  func describes(_ fixture: Fixture) throws {
    let expected = try #require(expectations[fixture.name])
    var reader = try CaptureReader(path: fixture.path)
    #expect(reader.format == (fixture.name.hasSuffix("ng") ? .pcapng : .pcap))
    #expect(reader.byteCount == (try fixture.bytes.count))
    while try reader.next() != nil {}
    #expect(reader.byteOrder == expected.byteOrder)
    #expect(reader.position == reader.byteCount)
    #expect(try reader.next() == nil)
  }

  @Test("Bytes in memory read as the mapped file does, and a second pass as the first")
  func sources() throws {
    for fixture in Fixture.all {
      let mapped = ReadCapture(try CaptureReader(path: fixture.path))
      #expect(ReadCapture(bytes: try fixture.bytes) == mapped, "\(fixture.name)")
      var reader = try CaptureReader(path: fixture.path)
      while try reader.next() != nil {}
      reader.rewind()
      #expect(ReadCapture(reader) == mapped, "\(fixture.name)")
    }
  }

  @Test("A packet's bytes are those at its offset, lent without a copy")
  func lending() throws {
    let bytes = try Fixture(name: "microseconds-le.pcap").bytes
    var reader = try CaptureReader(bytes: bytes)
    while let packet = try reader.next() {
      let copy = reader.bytes(of: packet)
      #expect(copy == [UInt8](bytes[packet.offset..<packet.offset + packet.capturedLength]))
      #expect(reader.withBytes(of: packet) { $0.byteCount } == packet.capturedLength)
    }
  }
}
