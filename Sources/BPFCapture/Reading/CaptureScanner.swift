/// Walks the records or blocks of a capture; the bytes are handed to every step and not kept.
struct CaptureScanner {
  enum Layout {
    case pcap(PcapLayout)
    case pcapng
  }

  let layout: Layout
  var position: Int
  var interfaces: [CaptureInterface]
  var section: PcapngSection

  /// Reads the header that tells what the capture is.
  init(_ bytes: RawSpan) throws(CaptureError) {
    guard bytes.byteCount >= 4 else {
      throw .truncated(.magic, offset: 0, needed: 4, available: bytes.byteCount)
    }
    position = 0
    section = PcapngSection(order: .host, firstInterface: 0)
    interfaces = []
    let magic: UInt32 = bytes.word(at: 0, .bigEndian)
    if magic == PcapngBlock.sectionHeader {
      layout = .pcapng
      try readFirstSection(bytes)
      return
    }
    var interface = CaptureInterface(linkType: .ethernet)
    guard let pcap = try PcapLayout(bytes, interface: &interface) else {
      throw Self.notCapture(magic)
    }
    layout = .pcap(pcap)
    interfaces = [interface]
    rewind()
  }

  private static func notCapture(_ magic: UInt32) -> CaptureError {
    switch magic {
    case 0x1f8b_0000...0x1f8b_ffff: .compressed(.gzip)
    case 0x28b5_2ffd: .compressed(.zstd)
    case 0x0422_4d18: .compressed(.lz4)
    case 0xfd37_7a58: .compressed(.xz)
    case 0x425a_6830...0x425a_6839: .compressed(.bzip2)
    default: .unrecognized(magic: magic)
    }
  }

  mutating func rewind() {
    switch layout {
    case .pcap:
      position = PcapLayout.fileHeaderSize
    case .pcapng:
      // The section header is read again, as the first block.
      position = 0
      interfaces = []
      section = PcapngSection(order: .host, firstInterface: 0)
    }
  }

  @inline(__always)
  mutating func next(_ bytes: RawSpan) throws(CaptureError) -> CapturedPacket? {
    switch layout {
    case .pcap(let layout): try nextRecord(bytes, layout)
    case .pcapng: try nextPacketBlock(bytes)
    }
  }
}
