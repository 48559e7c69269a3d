extension CaptureWriter {
  mutating func addPcapInterface(_ interface: CaptureInterface) throws(CaptureError) {
    if let first = written.first {
      guard interface.linkType == first.description.linkType else {
        throw .secondLinkType(interface.linkType, file: first.description.linkType)
      }
      written.append(first)
      return
    }
    let magic: UInt32
    switch interface.resolution {
    case .microseconds: magic = PcapLayout.Magic.microseconds
    case .nanoseconds: magic = PcapLayout.Magic.nanoseconds
    default: throw .notRepresentable(interface, .pcap)
    }
    var network = UInt32(interface.linkType.rawValue)
    if let length = interface.frameCheckLength {
      guard length % 2 == 0 && length <= 30 else { throw .notRepresentable(interface, .pcap) }
      network |= 0x0400_0000 | UInt32(length / 2) << 28
    }
    file.append(magic, byteOrder)
    file.append(2 as UInt16, byteOrder)
    file.append(4 as UInt16, byteOrder)
    file.append(0 as UInt64, byteOrder)
    // Older readers take 0 for "nothing kept".
    let snapshotLength = interface.snapshotLength
    let maximum = UInt32(interface.linkType.maximumCapturedLength)
    file.append(snapshotLength == 0 ? maximum : snapshotLength, byteOrder)
    file.append(network, byteOrder)
    written.append(
      Interface(
        description: interface, scale: TimestampScale(interface.resolution),
        maximumCapturedLength: Int(maximum)))
  }

  mutating func writeRecord(
    _ bytes: RawSpan, timestamp: Int64?, original: UInt32, interface: Int
  ) throws(CaptureError) {
    let nanoseconds = timestamp ?? 0
    guard nanoseconds >= 0, let seconds = UInt32(exactly: nanoseconds / 1_000_000_000) else {
      throw .timestamp(nanoseconds: nanoseconds, .pcap)
    }
    let remainder = UInt32(nanoseconds % 1_000_000_000)
    file.append(seconds, byteOrder)
    file.append(
      written[interface].description.resolution == .nanoseconds ? remainder : remainder / 1000,
      byteOrder)
    file.append(UInt32(bytes.byteCount), byteOrder)
    file.append(original, byteOrder)
    file.append(bytes)
  }
}
