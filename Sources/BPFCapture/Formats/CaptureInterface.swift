/// One interface of a capture: what its packets begin with and how its timestamps count.
///
/// A classic capture has exactly one; a pcapng section has one for each Interface Description Block.
public struct CaptureInterface: Hashable, Sendable {
  public var linkType: LinkType
  /// The most bytes of a packet that the capture was told to keep; 0 means no limit.
  public var snapshotLength: UInt32
  public var resolution: TimestampResolution
  /// Seconds added to every timestamp (`if_tsoffset`); 0 in a classic capture.
  public var timestampOffset: Int64
  /// The interface's name where the file gives one.
  public var name: String?
  /// Bytes of frame check sequence at the end of each packet, where the file says so.
  public var frameCheckLength: UInt8?

  public init(
    linkType: LinkType, snapshotLength: UInt32 = 262_144,
    resolution: TimestampResolution = .microseconds, timestampOffset: Int64 = 0,
    name: String? = nil, frameCheckLength: UInt8? = nil
  ) {
    self.linkType = linkType
    self.snapshotLength = snapshotLength
    self.resolution = resolution
    self.timestampOffset = timestampOffset
    self.name = name
    self.frameCheckLength = frameCheckLength
  }
}
