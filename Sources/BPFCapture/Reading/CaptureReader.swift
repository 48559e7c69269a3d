/// Reads the packets of a capture file, one after another, without copying them.
///
/// ```swift
/// var reader = try CaptureReader(path: "traffic.pcap")
/// while let packet = try reader.next() {
///   reader.withBytes(of: packet) { bytes in … }
/// }
/// ```
///
/// Reads pcap of both byte orders, with microsecond and nanosecond timestamps, and the "modified" variant of magic
/// 0xa1b2cd34; and pcapng (draft-ietf-opsawg-pcapng) of both byte orders, with several sections and interfaces,
/// Enhanced, Simple and obsolete Packet Blocks. The kind is told by the content, not by the file's name.
///
/// A regular file is mapped into memory, everything else (a pipe, a terminal) is read to its end first. The length is
/// the one found when opening: packets appended later are not seen. As with every mapped file, the process receives
/// SIGBUS if another one shortens the file while it is being read.
///
/// Damage is an error at its place: `next()` gives every packet before it, then throws, and throws the same again when
/// asked again.
public struct CaptureReader: ~Copyable {
  @usableFromInline let storage: CaptureStorage
  private var scanner: CaptureScanner

  /// Offset in bytes of what `next()` reads next; `byteCount` at the end.
  public var position: Int { scanner.position }
  /// The interfaces described so far: one in a classic capture; in pcapng more appear as reading proceeds.
  public var interfaces: [CaptureInterface] { scanner.interfaces }

  /// Opens the capture at `path` and reads its header.
  ///
  /// - Throws: `CaptureError.system` where the file cannot be opened or mapped, else what is wrong with its header.
  public init(path: String) throws(CaptureError) {
    let storage = try CaptureStorage(path: path)
    scanner = try storage.withBytes { (bytes) throws(CaptureError) in try CaptureScanner(bytes) }
    self.storage = storage
  }

  /// Reads the capture that `bytes` are; they are copied once.
  ///
  /// - Throws: what is wrong with the header.
  public init(bytes: [UInt8]) throws(CaptureError) {
    let storage = CaptureStorage(copying: bytes)
    scanner = try storage.withBytes { (bytes) throws(CaptureError) in try CaptureScanner(bytes) }
    self.storage = storage
  }

  /// Goes back to before the first packet.
  public mutating func rewind() {
    scanner.rewind()
  }

  /// The next packet, or nil after the last.
  ///
  /// - Throws: the damage found at `position`, once every packet before it has been given.
  /// - Complexity: O(1) in a classic capture; in pcapng O(*b*), *b* the blocks skipped before the packet.
  public mutating func next() throws(CaptureError) -> CapturedPacket? {
    storage.prefetch(from: scanner.position)
    // SAFETY: the memory lives as long as this reader, and the scanner keeps none of it.
    return try unsafe scanner.next(storage.bytes.bytes)
  }

  /// Calls `body` with the packet's bytes where they lie in the file; they are not copied.
  ///
  /// - Precondition: `packet` came from this reader, or one of the same bytes.
  @inlinable
  public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    of packet: CapturedPacket, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let range = packet.offset..<(packet.offset + packet.capturedLength)
    return try storage.withBytes { (bytes) throws(Failure) in try body(bytes.extracting(range)) }
  }

  /// A copy of the packet's bytes.
  ///
  /// - Complexity: O(*n*), *n* the captured length.
  public borrowing func bytes(of packet: CapturedPacket) -> [UInt8] {
    withBytes(of: packet) { bytes in
      // SAFETY: the buffer is read only while the span lends it.
      unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
  }

  /// The capture's length in bytes.
  public var byteCount: Int { storage.byteCount }

  /// Which family of formats the file is of.
  public var format: CaptureFormat {
    switch scanner.layout {
    case .pcap: .pcap
    case .pcapng: .pcapng
    }
  }

  /// The byte order of the file; in pcapng that of the section `next()` is in.
  public var byteOrder: CaptureByteOrder {
    switch scanner.layout {
    case .pcap(let layout): layout.order
    case .pcapng: scanner.section.order
    }
  }
}
