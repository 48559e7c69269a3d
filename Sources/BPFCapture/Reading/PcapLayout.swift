/// What a classic capture's file header says of the records after it.
struct PcapLayout {
  /// How a record stores its two lengths.
  enum Lengths {
    /// Captured, then original: what every current file does.
    case capturedFirst
    /// Original, then captured: files before version 2.3.
    case originalFirst
    /// Either: version 2.3 files were written by programs of both habits; the smaller length is the captured one.
    case smallerFirst
  }

  var order: CaptureByteOrder
  var recordHeaderSize: Int
  var lengths: Lengths
  /// Nanoseconds in a unit of a record's second word.
  var fractionScale: Int64
  var linkType: LinkType
  var maximumCapturedLength: Int
}

extension PcapLayout {
  static let fileHeaderSize = 24

  /// The magic numbers, as the file's own byte order reads them.
  enum Magic {
    static let microseconds: UInt32 = 0xa1b2_c3d4
    static let nanoseconds: UInt32 = 0xa1b2_3c4d
    /// Alexey Kuznetzov's variant: records of 24 bytes that name interface, protocol and packet type.
    static let modified: UInt32 = 0xa1b2_cd34
  }

  /// Reads the file header, or returns nil where the magic number is none of these.
  init?(
    _ bytes: RawSpan, interface: inout CaptureInterface
  ) throws(CaptureError) {
    var order = CaptureByteOrder.littleEndian
    var magic: UInt32 = bytes.word(at: 0, order)
    if ![Magic.microseconds, Magic.nanoseconds, Magic.modified].contains(magic) {
      order = .bigEndian
      magic = magic.byteSwapped
    }
    switch magic {
    case Magic.microseconds: (recordHeaderSize, fractionScale) = (16, 1000)
    case Magic.nanoseconds: (recordHeaderSize, fractionScale) = (16, 1)
    case Magic.modified: (recordHeaderSize, fractionScale) = (24, 1000)
    default: return nil
    }
    guard bytes.byteCount >= Self.fileHeaderSize else {
      throw .truncated(
        .fileHeader, offset: 0, needed: Self.fileHeaderSize, available: bytes.byteCount)
    }
    let major: UInt16 = bytes.word(at: 4, order)
    let minor: UInt16 = bytes.word(at: 6, order)
    switch (major, minor) {
    case (2, 4): lengths = .capturedFirst
    case (2, 3): lengths = .smallerFirst
    case (2, 0...2), (543, 0): lengths = .originalFirst
    default: throw .version(.pcap, offset: 4, major: major, minor: minor)
    }
    let network: UInt32 = bytes.word(at: 20, order)
    linkType = LinkType(rawValue: UInt16(truncatingIfNeeded: network))
    maximumCapturedLength = linkType.maximumCapturedLength
    self.order = order
    interface = CaptureInterface(
      linkType: linkType, snapshotLength: bytes.word(at: 16, order),
      resolution: fractionScale == 1 ? .nanoseconds : .microseconds,
      // Bit 26 says that the length in the top four bits, in units of two bytes, is given.
      frameCheckLength: network & 0x0400_0000 == 0 ? nil : UInt8(network >> 28) * 2)
  }
}
