/// Where one packet of a capture lies and what the file says of it; `CaptureReader.withBytes(of:_:)` gives its bytes.
@frozen
public struct CapturedPacket: Hashable, Sendable {
  /// Offset in bytes of the packet's first byte in the file.
  public let offset: Int
  /// Bytes of the packet that the file holds.
  public let capturedLength: Int
  /// Bytes the packet had on the wire.
  public let originalLength: Int
  /// Nanoseconds since 1970, or nil where the file gives none (a Simple Packet Block) or one outside 1677 to 2262.
  public let timestamp: Int64?
  /// Index into `CaptureReader.interfaces`, counted over all sections of the file.
  public let interface: Int
  /// What the packet's first bytes are.
  public let linkType: LinkType

  @inlinable
  init(
    offset: Int, capturedLength: Int, originalLength: Int, timestamp: Int64?, interface: Int,
    linkType: LinkType
  ) {
    self.offset = offset
    self.capturedLength = capturedLength
    self.originalLength = originalLength
    self.timestamp = timestamp
    self.interface = interface
    self.linkType = linkType
  }
}
