import TestSupport
import Testing

@testable import BPFCapture

@Suite struct DamageTests {
  @Test(
    "Cut at every byte: all packets before the cut, then an error there", arguments: Fixture.all)
  func truncation(_ fixture: Fixture) throws {
    let bytes = try fixture.bytes
    let whole = ReadCapture(bytes: bytes)
    // Where a cut leaves no half record: after the header, each packet, and each block between.
    var boundaries: Set<Int> = [bytes.count]
    for length in 0..<bytes.count {
      let cut = ReadCapture(bytes: [UInt8](bytes.prefix(length)))
      #expect(
        cut.packets == whole.packets.filter { $0.end <= length }, "\(length) of \(bytes.count)")
      if let error = cut.error {
        guard case .truncated(_, let offset, let needed, let available) = error else {
          Issue.record("\(length) bytes: \(error)")
          continue
        }
        #expect(error.offset == offset)
        #expect(offset + available == length)
        #expect(needed > available)
      } else {
        boundaries.insert(length)
      }
    }
    for packet in whole.packets { #expect(boundaries.contains(packet.end)) }
    // A boundary is every record's end and the header's, and every block's end in pcapng.
    if fixture.name.hasSuffix(".pcap") {
      #expect(boundaries == Set(whole.packets.map(\.end)).union([24, bytes.count]))
    }
  }

  @Test("The same error again when asked again")
  func repeated() throws {
    for fixture in Fixture.all {
      let bytes = try fixture.bytes
      for length in 28..<max(28, bytes.count) {
        let cut = [UInt8](bytes.prefix(length))
        // Where not even the header is left, there is no reader to ask again.
        guard var reader = try? CaptureReader(bytes: cut) else { continue }
        var first: CaptureError?
        do { while try reader.next() != nil {} } catch { first = error }
        let position = reader.position
        guard let first else { continue }
        #expect(throws: first) { try reader.next() }
        #expect(reader.position == position)
      }
    }
  }

  /// One defect: where, what is put there, how many packets are read before it, and the error.
  struct Defect: Sendable, CustomTestStringConvertible {
    var name: String
    var fixture: String
    var at: Int
    var bytes: [UInt8]
    var packets: Int
    var error: CaptureError

    var testDescription: String { name }
  }

  static let maximum = LinkType.ethernet.maximumCapturedLength

  // In the little-endian pcap fixtures records begin at 24, 100, 149 and 165. In enhanced-le.pcapng: the section
  // header at 0, the interface at 28, packets at 48, 140, 208 and 240.
  static let defects: [Defect] = [
    Defect(
      name: "magic", fixture: "microseconds-le.pcap", at: 0, bytes: [1, 2, 3, 4], packets: 0,
      error: .unrecognized(magic: 0x0102_0304)),
    Defect(
      name: "gzip", fixture: "microseconds-le.pcap", at: 0, bytes: [0x1f, 0x8b, 8, 0], packets: 0,
      error: .compressed(.gzip)),
    Defect(
      name: "zstd", fixture: "microseconds-le.pcap", at: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd],
      packets: 0, error: .compressed(.zstd)),
    Defect(
      name: "pcap version", fixture: "microseconds-le.pcap", at: 6, bytes: [5], packets: 0,
      error: .version(.pcap, offset: 4, major: 2, minor: 5)),
    Defect(
      name: "captured length above every packet's", fixture: "microseconds-le.pcap", at: 108,
      bytes: [1, 0, 4, 0], packets: 1,
      error: .capturedLength(offset: 108, found: 0x4_0001, maximum: maximum)),
    Defect(
      name: "captured length of all ones", fixture: "microseconds-be.pcap", at: 108,
      bytes: [255, 255, 255, 255], packets: 1,
      error: .capturedLength(offset: 108, found: .max, maximum: maximum)),
    Defect(
      name: "captured length beyond the file", fixture: "microseconds-le.pcap", at: 173,
      bytes: [2], packets: 3,
      error: .truncated(.packetData, offset: 181, needed: 2, available: 1)),
    Defect(
      name: "byte-order magic", fixture: "enhanced-le.pcapng", at: 8, bytes: [0, 0, 0, 0],
      packets: 0, error: .byteOrderMagic(offset: 8, found: 0)),
    Defect(
      name: "pcapng version", fixture: "enhanced-le.pcapng", at: 12, bytes: [2], packets: 0,
      error: .version(.pcapng, offset: 12, major: 2, minor: 0)),
    Defect(
      name: "section header too short", fixture: "enhanced-le.pcapng", at: 4, bytes: [24],
      packets: 0, error: .blockLength(.sectionHeader, offset: 4, found: 24, minimum: 28)),
    Defect(
      name: "block length no multiple of four", fixture: "enhanced-le.pcapng", at: 144,
      bytes: [69], packets: 1,
      error: .blockLength(.enhancedPacket, offset: 144, found: 69, minimum: 32)),
    Defect(
      name: "block length zero", fixture: "enhanced-le.pcapng", at: 144, bytes: [0], packets: 1,
      error: .blockLength(.enhancedPacket, offset: 144, found: 0, minimum: 32)),
    Defect(
      name: "block length beyond the file", fixture: "enhanced-le.pcapng", at: 244,
      bytes: [0xfc, 0xff, 0xff, 0xff], packets: 3,
      error: .truncated(.enhancedPacket, offset: 240, needed: 0xffff_fffc, available: 36)),
    Defect(
      name: "trailing length", fixture: "enhanced-le.pcapng", at: 204, bytes: [64], packets: 1,
      error: .trailingLength(offset: 204, found: 64, expected: 68)),
    Defect(
      name: "interface not described", fixture: "enhanced-le.pcapng", at: 148, bytes: [1],
      packets: 1, error: .interface(offset: 148, found: 1, described: 1)),
    Defect(
      name: "captured length beyond the block", fixture: "enhanced-le.pcapng", at: 160,
      bytes: [37], packets: 1,
      error: .exceedsBlock(.enhancedPacket, offset: 160, needed: 37, available: 36)),
    Defect(
      name: "captured length above every packet's, pcapng", fixture: "enhanced-be.pcapng",
      at: 160, bytes: [0x7f], packets: 1,
      error: .capturedLength(offset: 160, found: 0x7f00_0021, maximum: maximum)),
    Defect(
      name: "obsolete packet of interface 0xffff", fixture: "obsolete-le.pcapng", at: 68,
      bytes: [0xff, 0xff], packets: 0,
      error: .interface(offset: 68, found: 0xffff, described: 1)),
    Defect(
      name: "simple packet longer than its block", fixture: "simple.pcapng", at: 160, bytes: [25],
      packets: 2, error: .exceedsBlock(.simplePacket, offset: 160, needed: 25, available: 0)),
    Defect(
      name: "resolution too fine", fixture: "interfaces.pcapng", at: 48, bytes: [20], packets: 0,
      error: .resolution(offset: 48, found: 20)),
    Defect(
      name: "binary resolution too fine", fixture: "interfaces.pcapng", at: 48,
      bytes: [0x80 | 64], packets: 0, error: .resolution(offset: 48, found: 0xc0)),
    Defect(
      name: "option of wrong length", fixture: "interfaces.pcapng", at: 46, bytes: [2],
      packets: 0, error: .optionLength(offset: 44, code: 9, found: 2, expected: 1)),
    Defect(
      name: "option beyond its block", fixture: "interfaces.pcapng", at: 54, bytes: [17],
      packets: 0, error: .exceedsBlock(.option, offset: 52, needed: 20, available: 12)),
    Defect(
      name: "option twice", fixture: "interfaces.pcapng", at: 52, bytes: [9, 0, 1, 0],
      packets: 0, error: .repeatedOption(offset: 52, code: 9)),
  ]

  @Test(arguments: defects)
  func malformed(_ defect: Defect) throws {
    var bytes = try Fixture(name: defect.fixture).bytes
    let whole = ReadCapture(bytes: bytes)
    bytes.replaceSubrange(defect.at..<defect.at + defect.bytes.count, with: defect.bytes)
    let damaged = ReadCapture(bytes: bytes)
    #expect(damaged.error == defect.error)
    #expect(damaged.packets == [ReadPacket](whole.packets.prefix(defect.packets)))
  }

  @Test("A packet before any interface is described")
  func interfaceMissing() throws {
    let bytes = try Fixture(name: "simple.pcapng").bytes
    // The interface description lies at 28, 20 bytes long.
    let without = [UInt8](bytes[..<28] + bytes[48...])
    #expect(ReadCapture(bytes: without).error == .interface(offset: 36, found: 0, described: 0))
  }

  @Test("A second section's interfaces are its own")
  func interfaceOfEarlierSection() throws {
    // An interface, then a section without one, then a packet.
    let bytes = try Fixture(name: "enhanced-le.pcapng").bytes
    let joined = [UInt8](bytes[..<48] + bytes[..<28] + bytes[48...])
    let capture = ReadCapture(bytes: joined)
    #expect(capture.error == .interface(offset: 84, found: 0, described: 0))
    #expect(capture.interfaces.count == 1)
  }

  @Test(
    "Snapshot lengths that make no sense are tolerated",
    arguments: [0, 1, 0x7fff_ffff, 0xffff_ffff])
  func snapshotLength(_ length: UInt32) throws {
    var bytes = try Fixture(name: "microseconds-le.pcap").bytes
    let whole = ReadCapture(bytes: bytes)
    for index in 0..<4 { bytes[16 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
    #expect(ReadCapture(bytes: bytes).packets == whole.packets)
  }

  @Test("Random damage never traps, and what is read lies in the file")
  func randomDamage() throws {
    var generator = SeededGenerator(seed: 0x5eed)
    for fixture in Fixture.all {
      let original = try fixture.bytes
      for _ in 0..<400 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          bytes[Int.random(in: bytes.indices, using: &generator)] =
            [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &generator)].randomElement(
              using: &generator) ?? 0
        }
        let capture = ReadCapture(bytes: bytes)
        #expect((capture.error?.offset ?? 0) <= bytes.count)
        #expect(capture.packets.allSatisfy { $0.end <= bytes.count })
      }
    }
  }

  @Test("Every error is one line")
  func descriptions() {
    for error in Self.defects.map(\.error) {
      #expect(!error.description.contains("\n"))
      #expect(error.description.hasPrefix("at byte \(error.offset ?? -1): "))
    }
    let missing = CaptureError.system(.open, path: "no/such", code: 2)
    #expect(missing.description == "cannot open no/such: No such file or directory")
    #expect(missing.offset == nil)
  }
}
