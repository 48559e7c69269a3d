/// VLAN tags: the outermost one is kept beside the packet's bytes, as devices hand it over; others lie in them.
extension ExecutionFrame {
  private static let tagSize = 4
  /// The bytes of a frame before its type field, or its tag.
  private static let addressesSize = 12

  /// `bpf_skb_vlan_push`: a tag there is already goes into the packet. The protocol is in network order.
  func skbPushTag(protocol type: UInt64, tag: UInt64) -> UInt64 {
    var type = UInt16(truncatingIfNeeded: type)
    if !EtherType.isVLAN(type) { type = EtherType.vlan }
    if self[.hasTag] != 0 {
      guard packet.count + Self.tagSize <= SocketBuffer.memoryLimit else {
        return KernelError.noMemory.result
      }
      makeHeadroom(Self.tagSize)
      insertBytes(Self.tagSize, after: Self.addressesSize)
      socketBuffer.linkHeader &-= UInt16(Self.tagSize)
      let place = packet.start + Self.addressesSize
      let inner = UInt16(truncatingIfNeeded: self[.tagProtocol])
      let control = UInt16(truncatingIfNeeded: self[.tag]).bigEndian
      // SAFETY: the packet has its Ethernet header, and became four bytes longer.
      unsafe packet.memory.storeBytes(of: inner, toByteOffset: place, as: UInt16.self)
      unsafe packet.memory.storeBytes(of: control, toByteOffset: place + 2, as: UInt16.self)
      etherType = inner
      socketBuffer.networkHeader &-= UInt16(Self.tagSize)
      sumBlock(Self.tagSize, at: Self.addressesSize, subtracting: false)
    }
    setTag(protocol: type, UInt16(truncatingIfNeeded: tag))
    noteLinkHeaderLength()
    describePacketBounds()
    return 0
  }

  /// `bpf_skb_vlan_pop`: removes the outermost tag, and takes the next one out of the packet in its place.
  func skbPopTag() -> UInt64 {
    defer { describePacketBounds() }
    do throws(KernelError) {
      if self[.hasTag] != 0 {
        setTag(protocol: 0, 0)
      } else {
        guard EtherType.isVLAN(etherType) else { return 0 }
        _ = try takeTag()
      }
      let type = etherType
      guard EtherType.isVLAN(type) else { return 0 }
      setTag(protocol: type, try takeTag())
      return 0
    } catch {
      return error.result
    }
  }

  private func setTag(protocol type: UInt16, _ control: UInt16) {
    self[.tagProtocol] = UInt32(type)
    self[.tag] = UInt32(control)
    self[.hasTag] = type != 0 || control != 0 ? 1 : 0
  }

  /// Takes the tag out of the packet's bytes.
  private func takeTag() throws(KernelError) -> UInt16 {
    let headerSize = PacketBuffer.linkHeaderSize + Self.tagSize
    guard packet.count >= headerSize else { throw .noMemory }
    let place = packet.start + PacketBuffer.linkHeaderSize
    // SAFETY: the packet has its Ethernet header with one tag.
    let control = unsafe packet.memory.loadUnaligned(fromByteOffset: place, as: UInt16.self)
    let type = unsafe packet.memory.loadUnaligned(fromByteOffset: place + 2, as: UInt16.self)
    removeBytes(Self.tagSize, after: Self.addressesSize)
    // The kernel looks without asking whether the packet goes on there.
    let payload = packet.start + PacketBuffer.linkHeaderSize
    etherType =
      EtherType.isType(type)
      ? type : etherType8023(payloadAt: payload, end: packet.frameSize)
    socketBuffer.linkHeader &+= UInt16(Self.tagSize)
    if socketBuffer.networkOffset < PacketBuffer.linkHeaderSize {
      socketBuffer.networkHeader = UInt16(
        truncatingIfNeeded: socketBuffer.headroom + PacketBuffer.linkHeaderSize)
    }
    noteLinkHeaderLength()
    return UInt16(bigEndian: control)
  }
}
