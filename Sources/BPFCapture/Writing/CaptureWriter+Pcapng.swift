extension CaptureWriter {
  mutating func writeSectionHeader() {
    let length: UInt32 = 28
    file.append(PcapngBlock.sectionHeader, byteOrder)
    file.append(length, byteOrder)
    file.append(PcapngBlock.byteOrderMagic, byteOrder)
    file.append(1 as UInt16, byteOrder)
    file.append(0 as UInt16, byteOrder)
    // The section's length is not given: it is not known yet, and readers do not need it.
    file.append(UInt64.max, byteOrder)
    file.append(length, byteOrder)
  }

  mutating func addPcapngInterface(_ interface: CaptureInterface) throws(CaptureError) {
    let name = interface.name.map { [UInt8]($0.utf8) } ?? []
    guard name.count <= UInt16.max else { throw .notRepresentable(interface, .pcapng) }

    var options: [(code: UInt16, value: [UInt8])] = []
    if interface.name != nil {
      options.append((PcapngOption.interfaceName, name))
    }
    if interface.resolution != .microseconds {
      options.append((PcapngOption.timestampResolution, [interface.resolution.rawValue]))
    }
    if let length = interface.frameCheckLength {
      options.append((PcapngOption.frameCheckLength, [length]))
    }
    if interface.timestampOffset != 0 {
      let big = (0..<8).map {
        UInt8(truncatingIfNeeded: interface.timestampOffset >> (56 - 8 * $0))
      }
      options.append(
        (PcapngOption.timestampOffset, byteOrder == .bigEndian ? big : big.reversed()))
    }

    let optionLengths = options.map { 4 + ($0.value.count + 3) & ~3 }
    let length = UInt32(20 + (options.isEmpty ? 0 : optionLengths.reduce(4, +)))
    file.append(PcapngBlock.interfaceDescription, byteOrder)
    file.append(length, byteOrder)
    file.append(interface.linkType.rawValue, byteOrder)
    file.append(0 as UInt16, byteOrder)
    file.append(interface.snapshotLength, byteOrder)
    for option in options {
      file.append(option.code, byteOrder)
      file.append(UInt16(option.value.count), byteOrder)
      file.append(option.value)
      file.pad(option.value.count)
    }
    if !options.isEmpty {
      file.append(PcapngOption.end, byteOrder)
      file.append(0 as UInt16, byteOrder)
    }
    file.append(length, byteOrder)
    written.append(
      Interface(
        description: interface,
        scale: TimestampScale(interface.resolution, offset: interface.timestampOffset),
        maximumCapturedLength: interface.linkType.maximumCapturedLength))
  }

  mutating func writePacketBlock(
    _ bytes: RawSpan, timestamp: Int64?, original: UInt32, interface: Int
  ) throws(CaptureError) {
    guard let timestamp else {
      try writeSimplePacketBlock(bytes, original: original, interface: interface)
      return
    }
    guard let units = written[interface].scale.units(timestamp) else {
      throw .timestamp(nanoseconds: timestamp, .pcapng)
    }
    let length = UInt32(32 + (bytes.byteCount + 3) & ~3)
    file.append(PcapngBlock.enhancedPacket, byteOrder)
    file.append(length, byteOrder)
    file.append(UInt32(interface), byteOrder)
    file.append(UInt32(truncatingIfNeeded: units >> 32), byteOrder)
    file.append(UInt32(truncatingIfNeeded: units), byteOrder)
    file.append(UInt32(bytes.byteCount), byteOrder)
    file.append(original, byteOrder)
    file.append(bytes)
    file.pad(bytes.byteCount)
    file.append(length, byteOrder)
  }

  /// A Simple Packet Block says neither its interface nor its captured length; both must be what a reader infers.
  private mutating func writeSimplePacketBlock(
    _ bytes: RawSpan, original: UInt32, interface: Int
  ) throws(CaptureError) {
    let limit = written[0].description.snapshotLength
    let inferred = limit == 0 ? original : min(original, limit)
    guard interface == 0 && inferred == bytes.byteCount else {
      throw .missingTimestamp(interface: interface)
    }
    let length = UInt32(16 + (bytes.byteCount + 3) & ~3)
    file.append(PcapngBlock.simplePacket, byteOrder)
    file.append(length, byteOrder)
    file.append(original, byteOrder)
    file.append(bytes)
    file.pad(bytes.byteCount)
    file.append(length, byteOrder)
  }
}
