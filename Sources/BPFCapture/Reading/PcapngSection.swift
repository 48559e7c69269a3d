/// The section of a pcapng file that is being read.
struct PcapngSection {
  var order: CaptureByteOrder
  /// The section's interfaces; packets name them by index.
  var interfaces: [Interface] = []
  /// How many interfaces the sections before this one had.
  var firstInterface: UInt32

  /// What reading a packet needs to know of its interface.
  struct Interface {
    var linkType: LinkType
    var snapshotLength: Int
    var scale: TimestampScale
    var maximumCapturedLength: Int
  }
}

/// The block types with a meaning for reading packets; all others are skipped.
enum PcapngBlock {
  static let interfaceDescription: UInt32 = 1
  static let packet: UInt32 = 2
  static let simplePacket: UInt32 = 3
  static let enhancedPacket: UInt32 = 6
  /// Reads the same in either byte order.
  static let sectionHeader: UInt32 = 0x0a0d_0d0a

  static let byteOrderMagic: UInt32 = 0x1a2b_3c4d
  /// Bytes of a block with no content: type, length, and the length again.
  static let overhead = 12
}

/// The options of an Interface Description Block that say how to read its packets.
enum PcapngOption {
  static let end: UInt16 = 0
  static let interfaceName: UInt16 = 2
  static let timestampResolution: UInt16 = 9
  static let frameCheckLength: UInt16 = 13
  static let timestampOffset: UInt16 = 14
}
