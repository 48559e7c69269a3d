import BPFPlatform

/// Numbers of protocols over Ethernet as they lie in memory: in network byte order.
enum EtherType {
  static let ipv4 = UInt16(0x0800).bigEndian
  static let ipv6 = UInt16(0x86dd).bigEndian
  static let ethernet = UInt16(0x6558).bigEndian
  static let vlan = UInt16(0x8100).bigEndian
  static let serviceVLAN = UInt16(0x88a8).bigEndian
  /// The kernel's own numbers for 802.3 frames: with an 802.2 header, and without one (IPX).
  static let logicalLink = UInt16(0x0004).bigEndian
  static let raw8023 = UInt16(0x0001).bigEndian

  static func isVLAN(_ type: UInt16) -> Bool { type == vlan || type == serviceVLAN }

  /// Whether the type field of a frame is one, and not a length.
  static func isType(_ field: UInt16) -> Bool { UInt16(bigEndian: field) >= 1536 }
}

extension ExecutionFrame {
  /// Fields of the context that helpers read and write, by offset in `struct __sk_buff` (linux/bpf.h).
  enum SocketBufferField: Int {
    case length = 0
    case packetType = 4
    case mark = 8
    case etherType = 16
    case hasTag = 20
    case tag = 24
    case tagProtocol = 28
    case interface = 40
    case hash = 68
    case wireLength = 160
    case segmentCount = 164
    case segmentSize = 176
  }

  /// A 32-bit field of a socket buffer's context.
  subscript(field: SocketBufferField) -> UInt32 {
    get {
      // SAFETY: used on frames that have such a context, whose storage has all of these fields.
      unsafe context.load(
        fromByteOffset: ContextLayout.PacketSlot.scalarOffset + field.rawValue, as: UInt32.self)
    }
    set {
      // SAFETY: as above.
      unsafe context.storeBytes(
        of: newValue, toByteOffset: ContextLayout.PacketSlot.scalarOffset + field.rawValue,
        as: UInt32.self)
    }
  }

  /// The packet's protocol over the link layer, in network byte order.
  var etherType: UInt16 {
    get { UInt16(truncatingIfNeeded: self[.etherType]) }
    set { self[.etherType] = UInt32(newValue) }
  }

  /// Stores when the packet is to leave, or came, and by which clock.
  func setTimestamp(_ nanoseconds: UInt64, clock: UInt8) {
    let base = ContextLayout.PacketSlot.scalarOffset
    // SAFETY: `tstamp` and `tstamp_type` of a socket buffer's context lie at 152 and 180.
    unsafe context.storeBytes(of: nanoseconds, toByteOffset: base + 152, as: UInt64.self)
    unsafe context.storeBytes(of: clock, toByteOffset: base + 180, as: UInt8.self)
  }

  /// Whether the packet is one a device cuts into segments.
  var isSegmented: Bool { self[.segmentSize] != 0 }

  /// What `eth_type_trans` and a test run of the kernel write into a socket buffer.
  func describeSocketBuffer() {
    socketBuffer = SocketBuffer(hidesLinkHeader: hidesLinkHeader)
    socketBuffer.checksum = receivedChecksum
    socketBuffer.segmentation = receivedSegmentation
    socketBuffer.tunnel = receivedTunnel
    socketBuffer.hasHash = self[.hash] != 0
    // A helper may move bytes after the end of a packet that is cut short: they are no earlier packet's.
    packet.clear(64, at: packet.end)
    let linkHeader = PacketBuffer.linkHeaderStart
    // SAFETY: `load` made sure that the packet has an Ethernet header.
    let destination = unsafe packet.memory[linkHeader..<linkHeader + 6]
    let type =
      unsafe UInt16(packet.memory[linkHeader + 12])
      | UInt16(packet.memory[linkHeader + 13]) << 8
    let isGroup = unsafe destination[linkHeader] & 1 != 0
    // The loopback device's own address is all zeros, and so is its broadcast address: all ones are a group there.
    let isOurs = unsafe destination.allSatisfy { $0 == 0 }
    self[.length] = UInt32(packet.count)
    self[.packetType] = isGroup ? 2 : isOurs ? 0 : 3
    let payload = linkHeader + PacketBuffer.linkHeaderSize
    etherType = EtherType.isType(type) ? type : etherType8023(payloadAt: payload, end: packet.end)
    if self[.wireLength] == 0 { self[.wireLength] = UInt32(packet.count) }
  }

  /// The kernel's number for a frame whose type field is a length, by what follows it before an end.
  func etherType8023(payloadAt offset: Int, end: Int) -> UInt16 {
    guard offset + 2 <= min(end, packet.frameSize) else { return EtherType.logicalLink }
    // SAFETY: the two bytes lie in the frame.
    let first = unsafe packet.memory.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return first == 0xffff ? EtherType.raw8023 : EtherType.logicalLink
  }

  // MARK: Moving bytes

  /// Makes room for `count` bytes before the packet.
  func makeHeadroom(_ count: Int) {
    socketBuffer.growHeadroom(to: count)
    packet.reserve(front: count, back: 0)
  }

  /// Adds bytes of 0 to the packet's start, for which there is headroom, after moving the first `kept` ahead of them.
  func insertBytes(_ count: Int, after kept: Int) {
    let start = packet.start
    packet.moveStart(to: start - count)
    socketBuffer.headroom -= count
    packet.copy(kept, from: start, to: start - count)
    packet.clear(count, at: start - count + kept)
  }

  /// Takes bytes away that follow the first `kept`; the packet has all of them.
  func removeBytes(_ count: Int, after kept: Int) {
    let start = packet.start
    sumLess(count, at: kept)
    packet.moveStart(to: start + count)
    socketBuffer.headroom += count
    packet.copy(kept, from: start, to: start + count)
  }

  /// Makes the context's length and packet pointers those of the packet.
  func describePacketBounds() {
    self[.length] = UInt32(truncatingIfNeeded: packet.count)
    pointContextAtPacket()
  }

  /// Takes bytes of the packet out of a device's sum before they go or change.
  func sumLess(_ count: Int, at offset: Int) {
    guard case .complete(let sum) = socketBuffer.checksum else { return }
    let part = packet.withBytes(count, at: packet.start + offset) {
      Checksum.partial($0, seed: 0 &- sum)
    }
    socketBuffer.checksum = .complete(sum: 0 &- part)
  }

  /// Adds bytes of the packet to a device's sum, or takes them out, where they begin at an offset that may be odd.
  func sumBlock(_ count: Int, at offset: Int, subtracting: Bool) {
    guard case .complete(let sum) = socketBuffer.checksum else { return }
    var part = packet.withBytes(count, at: packet.start + offset) { Checksum.partial($0, seed: 0) }
    if subtracting { part = ~part }
    if offset % 2 != 0 { part = part >> 8 | part << 24 }
    socketBuffer.checksum = .complete(sum: Checksum.add(sum, part))
  }
}
