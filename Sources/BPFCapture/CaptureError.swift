/// Why a capture cannot be opened, read further or written.
///
/// Offsets are in bytes from the file's start: of the wrong field, or of the structure that is cut off.
public enum CaptureError: Error, Hashable, Sendable {
  /// The system refused an operation on a file; `code` is its `errno`.
  case system(CaptureOperation, path: String, code: Int32)

  /// The first four bytes (here as a big-endian number) are no capture's.
  case unrecognized(magic: UInt32)
  /// The file is compressed; captures are read uncompressed.
  case compressed(CaptureCompression)
  /// The format is known, this version of it is not.
  case version(CaptureFormat, offset: Int, major: UInt16, minor: UInt16)
  /// The file ends inside a structure that needs `needed` bytes from `offset`.
  case truncated(CaptureStructure, offset: Int, needed: Int, available: Int)
  /// A packet claims more captured bytes than any packet of its link type may have.
  case capturedLength(offset: Int, found: UInt32, maximum: Int)

  /// A section's byte-order magic is neither 0x1a2b3c4d nor its reverse.
  case byteOrderMagic(offset: Int, found: UInt32)
  /// A block's length is below its kind's minimum or no multiple of four.
  case blockLength(CaptureStructure, offset: Int, found: UInt32, minimum: Int)
  /// The length that ends a block differs from the one that begins it.
  case trailingLength(offset: Int, found: UInt32, expected: UInt32)
  /// A length inside a block reaches beyond the block's content.
  case exceedsBlock(CaptureStructure, offset: Int, needed: Int, available: Int)
  /// A packet names an interface that its section has not described.
  case interface(offset: Int, found: UInt32, described: Int)
  /// An option's value is not as long as its code demands.
  case optionLength(offset: Int, code: UInt16, found: UInt16, expected: UInt16)
  /// An option that may occur once occurs again.
  case repeatedOption(offset: Int, code: UInt16)
  /// A timestamp resolution so fine that a second overflows 64 bits.
  case resolution(offset: Int, found: UInt8)

  /// The packet to be written is longer than readers accept.
  case packetTooLong(length: Int, maximum: Int)
  /// The original length to be written does not fit its 32-bit field, or is below the captured one.
  case originalLength(Int, captured: Int)
  /// The time does not fit the timestamps of the file to be written.
  case timestamp(nanoseconds: Int64, CaptureFormat)
  /// A packet without a timestamp that its format can only write with one.
  case missingTimestamp(interface: Int)
  /// A packet for an interface that the writer was not given.
  case unknownInterface(Int, count: Int)
  /// A classic capture has one link type; this one is another.
  case secondLinkType(LinkType, file: LinkType)
  /// An interface whose resolution, name or frame check length the format has no room for.
  case notRepresentable(CaptureInterface, CaptureFormat)
}

/// What was asked of the system.
public enum CaptureOperation: String, Hashable, Sendable {
  case open, inspect, map, read, write, rename
}

/// Compressed files that people hand to a capture reader.
public enum CaptureCompression: String, Hashable, Sendable {
  case gzip, zstd, lz4, xz, bzip2
}

/// The parts of a capture file that an error can name.
public enum CaptureStructure: String, Hashable, Sendable {
  case magic = "magic number"
  case fileHeader = "file header"
  case recordHeader = "record header"
  case packetData = "packet data"
  case block = "block"
  case sectionHeader = "section header block"
  case interfaceDescription = "interface description block"
  case enhancedPacket = "enhanced packet block"
  case simplePacket = "simple packet block"
  case packet = "packet block"
  case option = "option"
}
