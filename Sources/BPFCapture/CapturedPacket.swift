/// Where one packet of a capture lies and what the file says of it; `CaptureReader.withBytes(of:_:)` gives its bytes.
///
/// Its 32 bytes are returned in four registers, the optional around it included: a larger one, passed through memory,
/// cost the reader 10 ns a packet (`SourceTests.speed`).
@frozen
public struct CapturedPacket: Hashable, Sendable {
  /// Offset in bytes of the packet's first byte in the file.
  public let offset: Int
  @usableFromInline let storedTimestamp: Int64
  @usableFromInline let storedCapturedLength: UInt32
  @usableFromInline let storedOriginalLength: UInt32
  @usableFromInline let storedInterface: UInt32
  /// What the packet's first bytes are.
  public let linkType: LinkType
  @usableFromInline let hasTimestamp: Bool

  @inline(__always)
  init(
    offset: Int, capturedLength: UInt32, originalLength: UInt32, timestamp: Int64?,
    interface: UInt32, linkType: LinkType
  ) {
    self.offset = offset
    storedTimestamp = timestamp ?? 0
    storedCapturedLength = capturedLength
    storedOriginalLength = originalLength
    storedInterface = interface
    self.linkType = linkType
    hasTimestamp = timestamp != nil
  }

  /// Nanoseconds since 1970, or nil where the file gives none (a Simple Packet Block) or one outside 1677 to 2262.
  @inlinable public var timestamp: Int64? { hasTimestamp ? storedTimestamp : nil }

  /// Bytes of the packet that the file holds.
  @inlinable public var capturedLength: Int { Int(storedCapturedLength) }

  /// Bytes the packet had on the wire.
  @inlinable public var originalLength: Int { Int(storedOriginalLength) }

  /// Index into `CaptureReader.interfaces`, counted over all sections of the file.
  @inlinable public var interface: Int { Int(storedInterface) }
}
