/// Writes a capture file, which appears under its name, complete, when `finish()` is called.
///
/// ```swift
/// var writer = try CaptureWriter(path: "out.pcapng", format: .pcapng)
/// let interface = try writer.addInterface(CaptureInterface(linkType: .ethernet))
/// try writer.write(bytes, timestamp: now, interface: interface)
/// try writer.finish()
/// ```
///
/// A writer that goes away unfinished leaves nothing behind, and an older file of that name as it was. What exists at
/// the path and is no regular file (a pipe, `/dev/stdout`) is written directly.
public struct CaptureWriter: ~Copyable {
  struct Interface {
    var description: CaptureInterface
    var scale: TimestampScale
    var maximumCapturedLength: Int
  }

  public let format: CaptureFormat
  public let byteOrder: CaptureByteOrder
  var file: OutputFile
  var written: [Interface] = []

  /// Begins a capture that will be at `path`.
  ///
  /// - Parameter byteOrder: how numbers are stored; every reader reads either.
  /// - Throws: `CaptureError.system` where no file can be made there.
  public init(
    path: String, format: CaptureFormat, byteOrder: CaptureByteOrder = .host
  ) throws(CaptureError) {
    self.format = format
    self.byteOrder = byteOrder
    file = try OutputFile(path: path)
    if format == .pcapng { writeSectionHeader() }
  }

  /// The interfaces added so far.
  public var interfaces: [CaptureInterface] { written.map(\.description) }

  /// Describes an interface and returns the index by which packets name it.
  ///
  /// A classic capture has one link type and one resolution, in its header: the first interface fixes them, further
  /// ones of the same link type share them, and their names and frame check lengths are not recorded.
  ///
  /// - Throws: `secondLinkType` or `notRepresentable` where the format has no room for the interface.
  @discardableResult
  public mutating func addInterface(_ interface: CaptureInterface) throws(CaptureError) -> Int {
    switch format {
    case .pcap: try addPcapInterface(interface)
    case .pcapng: try addPcapngInterface(interface)
    }
    return written.count - 1
  }

  /// Adds the interfaces that `reader` knows and this writer does not have yet, so that packets keep their indices.
  ///
  /// Call it before writing a packet of `reader`: in pcapng, interfaces appear as reading proceeds.
  ///
  /// - Complexity: O(*n*), *n* the interfaces that are added.
  public mutating func addInterfaces(
    of reader: borrowing CaptureReader
  ) throws(CaptureError) {
    while written.count < reader.interfaces.count {
      try addInterface(reader.interfaces[written.count])
    }
  }

  /// Writes one packet.
  ///
  /// - Parameters:
  ///   - bytes: the packet.
  ///   - timestamp: nanoseconds since 1970, rounded down to the interface's resolution. Nil makes a Simple Packet
  ///     Block in pcapng; in a classic capture, whose every record has a time, it is written as 0.
  ///   - originalLength: bytes the packet had on the wire; nil where `bytes` are all of them.
  ///   - interface: an index that `addInterface` returned.
  /// - Throws: what does not fit the format, with nothing written; or `CaptureError.system`.
  public mutating func write(
    _ bytes: RawSpan, timestamp: Int64?, originalLength: Int? = nil, interface: Int = 0
  ) throws(CaptureError) {
    guard written.indices.contains(interface) else {
      throw .unknownInterface(interface, count: written.count)
    }
    let captured = bytes.byteCount
    let maximum = written[interface].maximumCapturedLength
    guard captured <= maximum else { throw .packetTooLong(length: captured, maximum: maximum) }
    guard let original = UInt32(exactly: originalLength ?? captured), original >= captured else {
      throw .originalLength(originalLength ?? captured, captured: captured)
    }
    switch format {
    case .pcap:
      try writeRecord(bytes, timestamp: timestamp, original: original, interface: interface)
    case .pcapng:
      try writePacketBlock(bytes, timestamp: timestamp, original: original, interface: interface)
    }
    try file.flushIfFull()
  }

  /// Writes one packet given as an array; see `write(_:timestamp:originalLength:interface:)`.
  public mutating func write(
    _ bytes: [UInt8], timestamp: Int64?, originalLength: Int? = nil, interface: Int = 0
  ) throws(CaptureError) {
    // SAFETY: a byte has no padding, so every one of the span's bytes is initialized.
    try unsafe write(
      bytes.span.bytes, timestamp: timestamp, originalLength: originalLength, interface: interface)
  }

  /// Writes out what is buffered and puts the file into place.
  ///
  /// - Throws: `CaptureError.system`; an older file of that name is then as it was.
  public consuming func finish() throws(CaptureError) {
    if format == .pcap && written.isEmpty {
      // A capture of no packets still has a header.
      try addPcapInterface(CaptureInterface(linkType: .ethernet))
    }
    try file.finish()
  }
}
