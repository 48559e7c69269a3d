extension CaptureScanner {
  /// A block with its lengths checked: its content is `content..<end`, the next block begins at `end + 4`.
  private struct Block {
    var type: UInt32
    var start: Int
    var length: Int

    var content: Int { start + 8 }
    var end: Int { start + length - 4 }
    var next: Int { start + length }
  }

  /// Reads the section header that every pcapng file begins with.
  mutating func readFirstSection(_ bytes: RawSpan) throws(CaptureError) {
    let block = try readBlock(bytes)
    try beginSection(bytes, block)
    position = block.next
  }

  /// The packet of the next block that has one, or nil at the end of the file.
  @inline(__always)
  mutating func nextPacketBlock(_ bytes: RawSpan) throws(CaptureError) -> CapturedPacket? {
    while position < bytes.byteCount {
      let block = try readBlock(bytes)
      switch block.type {
      case PcapngBlock.enhancedPacket:
        let packet = try enhancedPacket(bytes, block)
        position = block.next
        return packet
      case PcapngBlock.simplePacket:
        let packet = try simplePacket(bytes, block)
        position = block.next
        return packet
      case PcapngBlock.packet:
        let packet = try obsoletePacket(bytes, block)
        position = block.next
        return packet
      case PcapngBlock.sectionHeader:
        try beginSection(bytes, block)
      case PcapngBlock.interfaceDescription:
        try describeInterface(bytes, block)
      default:
        break
      }
      position = block.next
    }
    return nil
  }

  /// Checks the lengths of the block at `position`; for a section header, also takes its byte order.
  @inline(__always)
  private mutating func readBlock(_ bytes: RawSpan) throws(CaptureError) -> Block {
    let start = position
    let available = bytes.byteCount - start
    guard available >= PcapngBlock.overhead else {
      throw .truncated(
        .block, offset: start, needed: PcapngBlock.overhead, available: available)
    }
    let type: UInt32 = bytes.word(at: start, section.order)
    if type == PcapngBlock.sectionHeader {
      try takeByteOrder(bytes, at: start + 8)
    }
    let length: UInt32 = bytes.word(at: start + 4, section.order)
    let (structure, minimum) = Self.minimum(type)
    guard length % 4 == 0 && length >= minimum else {
      throw .blockLength(structure, offset: start + 4, found: length, minimum: minimum)
    }
    guard length <= available else {
      throw .truncated(structure, offset: start, needed: Int(length), available: available)
    }
    let block = Block(type: type, start: start, length: Int(length))
    let trailing: UInt32 = bytes.word(at: block.end, section.order)
    guard trailing == length else {
      throw .trailingLength(offset: block.end, found: trailing, expected: length)
    }
    return block
  }

  /// What a type's block is called, and the bytes it has at least.
  private static func minimum(_ type: UInt32) -> (CaptureStructure, Int) {
    switch type {
    case PcapngBlock.sectionHeader: (.sectionHeader, PcapngBlock.overhead + 16)
    case PcapngBlock.interfaceDescription: (.interfaceDescription, PcapngBlock.overhead + 8)
    case PcapngBlock.enhancedPacket: (.enhancedPacket, PcapngBlock.overhead + 20)
    case PcapngBlock.simplePacket: (.simplePacket, PcapngBlock.overhead + 4)
    case PcapngBlock.packet: (.packet, PcapngBlock.overhead + 20)
    default: (.block, PcapngBlock.overhead)
    }
  }

  private mutating func takeByteOrder(
    _ bytes: RawSpan, at offset: Int
  ) throws(CaptureError) {
    let magic: UInt32 = bytes.word(at: offset, .littleEndian)
    switch magic {
    case PcapngBlock.byteOrderMagic: section.order = .littleEndian
    case PcapngBlock.byteOrderMagic.byteSwapped: section.order = .bigEndian
    default: throw .byteOrderMagic(offset: offset, found: magic)
    }
  }

  private mutating func beginSection(_ bytes: RawSpan, _ block: Block) throws(CaptureError) {
    let major: UInt16 = bytes.word(at: block.content + 4, section.order)
    let minor: UInt16 = bytes.word(at: block.content + 6, section.order)
    // Some writers put 1.2 where they mean 1.0; libpcap and Wireshark accept it.
    guard major == 1 && (minor == 0 || minor == 2) else {
      throw .version(.pcapng, offset: block.content + 4, major: major, minor: minor)
    }
    section = PcapngSection(
      order: section.order, firstInterface: UInt32(truncatingIfNeeded: interfaces.count))
  }

  @inline(never)
  private mutating func describeInterface(_ bytes: RawSpan, _ block: Block) throws(CaptureError) {
    var interface = CaptureInterface(
      linkType: LinkType(rawValue: bytes.word(at: block.content, section.order)),
      snapshotLength: bytes.word(at: block.content + 4, section.order))
    try readOptions(bytes, from: block.content + 8, to: block.end, into: &interface)
    interfaces.append(interface)
    section.interfaces.append(
      PcapngSection.Interface(
        linkType: interface.linkType,
        snapshotLength: interface.snapshotLength == 0 ? Int.max : Int(interface.snapshotLength),
        scale: TimestampScale(interface.resolution, offset: interface.timestampOffset),
        maximumCapturedLength: interface.linkType.maximumCapturedLength))
  }

  private func readOptions(
    _ bytes: RawSpan, from start: Int, to end: Int, into interface: inout CaptureInterface
  ) throws(CaptureError) {
    var offset = start
    var seen: Set<UInt16> = []
    while end - offset >= 4 {
      let code: UInt16 = bytes.word(at: offset, section.order)
      let length: UInt16 = bytes.word(at: offset + 2, section.order)
      guard code != PcapngOption.end else { return }
      let value = offset + 4
      let padded = (Int(length) + 3) & ~3
      guard padded <= end - value else {
        throw .exceedsBlock(.option, offset: offset, needed: padded, available: end - value)
      }
      let expected: UInt16?
      switch code {
      case PcapngOption.timestampResolution, PcapngOption.frameCheckLength: expected = 1
      case PcapngOption.timestampOffset: expected = 8
      case PcapngOption.interfaceName: expected = length
      default: expected = nil
      }
      if let expected {
        guard length == expected else {
          throw .optionLength(offset: offset, code: code, found: length, expected: expected)
        }
        guard seen.insert(code).inserted else { throw .repeatedOption(offset: offset, code: code) }
      }
      switch code {
      case PcapngOption.timestampResolution:
        let octet: UInt8 = bytes.word(at: value, section.order)
        guard let resolution = TimestampResolution(rawValue: octet) else {
          throw .resolution(offset: value, found: octet)
        }
        interface.resolution = resolution
      case PcapngOption.timestampOffset:
        interface.timestampOffset = bytes.word(at: value, section.order)
      case PcapngOption.frameCheckLength:
        interface.frameCheckLength = bytes.word(at: value, section.order)
      case PcapngOption.interfaceName:
        let name = (0..<Int(length)).map {
          bytes.word(at: value + $0, section.order, as: UInt8.self)
        }
        interface.name = String(decoding: name, as: UTF8.self)
      default:
        break
      }
      offset = value + padded
    }
  }

  @inline(__always)
  private func enhancedPacket(_ bytes: RawSpan, _ block: Block) throws(CaptureError)
    -> CapturedPacket
  {
    try packet(
      bytes, block, kind: .enhancedPacket,
      interface: bytes.word(at: block.content, section.order, as: UInt32.self))
  }

  @inline(never)
  private func obsoletePacket(_ bytes: RawSpan, _ block: Block) throws(CaptureError)
    -> CapturedPacket
  {
    // A 16-bit interface, then a 16-bit count of drops, where the Enhanced Packet Block has 32 bits of interface.
    try packet(
      bytes, block, kind: .packet,
      interface: UInt32(bytes.word(at: block.content, section.order, as: UInt16.self)))
  }

  @inline(__always)
  private func packet(
    _ bytes: RawSpan, _ block: Block, kind: CaptureStructure, interface index: UInt32
  ) throws(CaptureError) -> CapturedPacket {
    guard index < section.interfaces.count else {
      throw .interface(
        offset: block.content, found: index, described: section.interfaces.count)
    }
    let interface = section.interfaces[Int(index)]
    let high: UInt32 = bytes.word(at: block.content + 4, section.order)
    let low: UInt32 = bytes.word(at: block.content + 8, section.order)
    let captured: UInt32 = bytes.word(at: block.content + 12, section.order)
    let original: UInt32 = bytes.word(at: block.content + 16, section.order)
    guard captured <= interface.maximumCapturedLength else {
      throw .capturedLength(
        offset: block.content + 12, found: captured, maximum: interface.maximumCapturedLength)
    }
    let data = block.content + 20
    guard captured <= block.end - data else {
      throw .exceedsBlock(
        kind, offset: block.content + 12, needed: Int(captured), available: block.end - data)
    }
    return CapturedPacket(
      offset: data, capturedLength: captured, originalLength: original,
      timestamp: interface.scale.nanoseconds(UInt64(high) << 32 | UInt64(low)),
      interface: section.firstInterface + index, linkType: interface.linkType)
  }

  /// The packet of a Simple Packet Block: of the section's first interface, without a timestamp, and as long as the
  /// interface's snapshot length lets it be.
  @inline(never)
  private func simplePacket(_ bytes: RawSpan, _ block: Block) throws(CaptureError) -> CapturedPacket
  {
    guard let interface = section.interfaces.first else {
      throw .interface(offset: block.content, found: 0, described: 0)
    }
    let original: UInt32 = bytes.word(at: block.content, section.order)
    let captured = min(Int(original), interface.snapshotLength)
    guard captured <= interface.maximumCapturedLength else {
      throw .capturedLength(
        offset: block.content, found: original, maximum: interface.maximumCapturedLength)
    }
    let data = block.content + 4
    guard captured <= block.end - data else {
      throw .exceedsBlock(
        .simplePacket, offset: block.content, needed: captured, available: block.end - data)
    }
    return CapturedPacket(
      offset: data, capturedLength: UInt32(captured), originalLength: original, timestamp: nil,
      interface: section.firstInterface, linkType: interface.linkType)
  }
}
