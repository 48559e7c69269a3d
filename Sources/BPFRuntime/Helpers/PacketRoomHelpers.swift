/// The helpers that make a socket buffer's packet longer or shorter.
///
/// Each follows the kernel's in the order of its checks: what it returns, and what a call that fails has changed by
/// then, are the same.
extension ExecutionFrame {
  private static let ipv4HeaderSize = 20
  private static let ipv6HeaderSize = 40

  /// `bpf_skb_change_proto`: between IPv4 and IPv6, with room for the other header. The protocol is in network order.
  func skbChangeProtocol(to type: UInt64, flags: UInt64) -> UInt64 {
    guard flags == 0 else { return KernelError.invalidArgument.result }
    let type = UInt16(truncatingIfNeeded: type)
    let difference = Self.ipv6HeaderSize - Self.ipv4HeaderSize
    let kept = max(socketBuffer.linkToNetwork, 0)
    switch (etherType, type) {
    case (EtherType.ipv4, EtherType.ipv6):
      makeHeadroom(difference)
      pushNetworkHeader(difference, after: kept)
      changeSegmentation(from: .tcp4, to: .tcp6)
    case (EtherType.ipv6, EtherType.ipv4):
      guard pullNetworkHeader(difference, after: kept) else { return KernelError.noMemory.result }
      changeSegmentation(from: .tcp6, to: .tcp4)
    default: return KernelError.notSupported.result
    }
    etherType = type
    clearHash()
    describePacketBounds()
    return 0
  }

  private func changeSegmentation(from old: SegmentationKind, to new: SegmentationKind) {
    guard isSegmented else { return }
    if !socketBuffer.segmentation.isDisjoint(with: old) {
      socketBuffer.segmentation.subtract(old)
      socketBuffer.segmentation.formUnion(new)
    }
    socketBuffer.segmentation.insert(.untrusted)
  }

  /// `bpf_skb_change_type`: among to us, broadcast, multicast and to others.
  func skbChangeType(to type: UInt64) -> UInt64 {
    let type = UInt32(truncatingIfNeeded: type)
    let toOthers: UInt32 = 3
    guard self[.packetType] <= toOthers, type <= toOthers else {
      return KernelError.invalidArgument.result
    }
    self[.packetType] = type
    return 0
  }

  /// `bpf_skb_change_tail`: cuts the packet, or adds bytes of 0 to its end.
  func skbChangeTail(to length: UInt64, flags: UInt64) -> UInt64 {
    let length = Int(UInt32(truncatingIfNeeded: length))
    var shortest = max(socketBuffer.networkOffset, 0)
    if socketBuffer.transportHeader != SocketBuffer.unset {
      let offset = Int(socketBuffer.transportHeader) - socketBuffer.headroom
      if offset > 0 { shortest = offset }
    }
    guard flags == 0, length <= SocketBuffer.maximumLength, length >= shortest else {
      return KernelError.invalidArgument.result
    }
    guard !socketBuffer.isEncapsulated else { return KernelError.notSupported.result }
    if length != packet.count {
      if case .complete = socketBuffer.checksum { socketBuffer.checksum = .none }
      packet.reserve(front: 0, back: max(length - packet.count, 0))
      packet.moveEnd(to: packet.start + length)
    }
    if isSegmented {
      self[.segmentSize] = 0
      self[.segmentCount] = 0
      socketBuffer.segmentation = []
    }
    describePacketBounds()
    return 0
  }

  /// `bpf_skb_change_head`: adds bytes of 0 to the packet's start, as room for a link-layer header.
  func skbChangeHead(by count: UInt64, flags: UInt64) -> UInt64 {
    let count = Int(Int32(truncatingIfNeeded: count))
    guard flags == 0, count >= 0,
      isSegmented || packet.count + count <= SocketBuffer.maximumLength,
      packet.count + count <= SocketBuffer.memoryLimit
    else { return KernelError.invalidArgument.result }
    makeHeadroom(count)
    insertBytes(count, after: 0)
    socketBuffer.linkHeader = UInt16(truncatingIfNeeded: socketBuffer.headroom)
    noteLinkHeaderLength()
    describePacketBounds()
    return 0
  }

  /// Flags of `bpf_skb_adjust_room` (`BPF_F_ADJ_ROOM_…`).
  private struct RoomFlags: OptionSet {
    let rawValue: UInt64

    static let fixedSegments = RoomFlags(rawValue: 1)
    static let encapsulatesIPv4 = RoomFlags(rawValue: 1 << 1)
    static let encapsulatesIPv6 = RoomFlags(rawValue: 1 << 2)
    static let encapsulatesGRE = RoomFlags(rawValue: 1 << 3)
    static let encapsulatesUDP = RoomFlags(rawValue: 1 << 4)
    static let keepsChecksum = RoomFlags(rawValue: 1 << 5)
    static let encapsulatesEthernet = RoomFlags(rawValue: 1 << 6)
    static let leavesIPv4 = RoomFlags(rawValue: 1 << 7)
    static let leavesIPv6 = RoomFlags(rawValue: 1 << 8)
    /// The length of the inner link-layer header, in the highest byte.
    static let innerLink = RoomFlags(rawValue: 0xff << 56)

    static let encapsulates: RoomFlags = [.encapsulatesIPv4, .encapsulatesIPv6]
    static let decapsulates: RoomFlags = [.leavesIPv4, .leavesIPv6]
    static let known: RoomFlags = [
      .fixedSegments, .encapsulates, .encapsulatesGRE, .encapsulatesUDP, .keepsChecksum,
      .encapsulatesEthernet, .decapsulates, .innerLink,
    ]

    var innerLinkLength: Int { Int(rawValue >> 56) }
  }

  /// `bpf_skb_adjust_room`: makes room after the link-layer (mode 1) or the network header (mode 0), or takes it away.
  func skbAdjustRoom(by difference: UInt64, mode: UInt64, flags: UInt64) -> UInt64 {
    do throws(KernelError) {
      let flags = RoomFlags(rawValue: flags)
      try adjustRoom(
        by: Int(Int32(truncatingIfNeeded: difference)), mode: UInt32(truncatingIfNeeded: mode),
        flags)
      if !flags.contains(.keepsChecksum), case .unnecessary = socketBuffer.checksum {
        socketBuffer.checksum = .none
      }
      return 0
    } catch {
      return error.result
    }
  }

  private func adjustRoom(by difference: Int, mode: UInt32, _ flags: RoomFlags) throws(KernelError)
  {
    let count = abs(difference)
    guard flags.isSubset(of: .known) else { throw .invalidArgument }
    guard count <= 0xfff else { throw .badAddress }
    var shortest =
      switch etherType {
      case EtherType.ipv4: Self.ipv4HeaderSize
      case EtherType.ipv6: Self.ipv6HeaderSize
      default: throw .notSupported
      }
    var kept = max(socketBuffer.linkToNetwork, 0)
    switch mode {
    case 0: kept += shortest
    case 1: break
    default: throw .notSupported
    }
    let target = flags.intersection(.decapsulates)
    if !target.isEmpty {
      guard difference < 0, target != .decapsulates else { throw .invalidArgument }
      shortest = target == .leavesIPv4 ? Self.ipv4HeaderSize : Self.ipv6HeaderSize
    }
    // As in the kernel, a packet cut before its network header counts as a long one here.
    let length = UInt32(truncatingIfNeeded: packet.count - socketBuffer.networkOffset)
    if difference < 0 {
      guard count < length, Int(length) - count >= shortest else { throw .notSupported }
      try shrinkRoom(by: count, after: kept, flags)
    } else {
      guard isSegmented || packet.count + count <= SocketBuffer.maximumLength else {
        throw .notSupported
      }
      guard packet.count + count <= SocketBuffer.memoryLimit else { throw .noMemory }
      try growRoom(by: count, after: kept, flags)
    }
    describePacketBounds()
  }

  private func growRoom(by count: Int, after kept: Int, _ flags: RoomFlags) throws(KernelError) {
    try checkSegments(flags)
    makeHeadroom(count)
    let isEncapsulating = !flags.isDisjoint(with: .encapsulates)
    let linkLength = UInt16(truncatingIfNeeded: socketBuffer.linkToNetwork)
    var kind: SegmentationKind = .untrusted
    if isEncapsulating {
      guard etherType == EtherType.ipv4 || etherType == EtherType.ipv6 else { throw .notSupported }
      guard !flags.isSuperset(of: .encapsulates),
        !flags.isSuperset(of: [.encapsulatesGRE, .encapsulatesUDP]),
        !flags.contains(.encapsulatesEthernet)
          || flags.innerLinkLength >= PacketBuffer.linkHeaderSize
      else { throw .invalidArgument }
      guard !socketBuffer.isEncapsulated else { throw .alreadyInProgress }
      guard flags.innerLinkLength <= count else { throw .invalidArgument }
      socketBuffer.innerTransportHeader = socketBuffer.transportHeader
    }
    pushNetworkHeader(count, after: kept)
    if isEncapsulating {
      let isVersion6 = flags.contains(.encapsulatesIPv6)
      socketBuffer.isEncapsulated = true
      let start = UInt16(truncatingIfNeeded: socketBuffer.headroom)
      socketBuffer.networkHeader = start &+ linkLength
      if flags.contains(.encapsulatesUDP) {
        kind.insert(.udpTunnel)
      } else if flags.contains(.encapsulatesGRE) {
        kind.insert(.gre)
      } else {
        kind.insert(isVersion6 ? .ipInIP6 : .ipInIP4)
      }
      if !flags.isDisjoint(with: [.encapsulatesGRE, .encapsulatesUDP]) {
        let header = UInt16(isVersion6 ? Self.ipv6HeaderSize : Self.ipv4HeaderSize)
        socketBuffer.transportHeader = start &+ linkLength &+ header
      }
      etherType = isVersion6 ? EtherType.ipv6 : EtherType.ipv4
    }
    if isSegmented {
      socketBuffer.segmentation.formUnion(kind)
      self[.segmentCount] = 0
      if !flags.contains(.fixedSegments) { changeSegmentSize(by: 0 &- count) }
    }
  }

  private func shrinkRoom(by count: Int, after kept: Int, _ flags: RoomFlags) throws(KernelError) {
    let allowed: RoomFlags = [.fixedSegments, .decapsulates, .keepsChecksum]
    guard flags.isSubset(of: allowed) else { throw .invalidArgument }
    try checkSegments(flags)
    guard pullNetworkHeader(count, after: kept) else { throw .noMemory }
    if flags.contains(.leavesIPv6) {
      etherType = EtherType.ipv6
    } else if flags.contains(.leavesIPv4) {
      etherType = EtherType.ipv4
    }
    if isSegmented {
      if !flags.contains(.fixedSegments) { changeSegmentSize(by: count) }
      socketBuffer.segmentation.insert(.untrusted)
      self[.segmentCount] = 0
    }
  }

  /// Only TCP segments can take another header; datagrams too, if their size stays.
  private func checkSegments(_ flags: RoomFlags) throws(KernelError) {
    guard isSegmented, !socketBuffer.segmentation.isTCP else { return }
    guard socketBuffer.segmentation.contains(.udpDatagrams), flags.contains(.fixedSegments) else {
      throw .notSupported
    }
  }

  private func changeSegmentSize(by difference: Int) {
    // 16 bits, as in the kernel; all ones stand for sizes of their own.
    guard self[.segmentSize] != 0xffff else { return }
    self[.segmentSize] = (self[.segmentSize] &+ UInt32(truncatingIfNeeded: difference)) & 0xffff
  }

  // MARK: Headers

  /// Inserts bytes of 0 after the first `kept`; the headers' places go with the packet's start.
  private func pushNetworkHeader(_ count: Int, after kept: Int) {
    insertBytes(count, after: kept)
    moveHeaders(by: 0 &- UInt16(truncatingIfNeeded: count))
  }

  /// Removes bytes after the first `kept`; false where the packet has not so many.
  private func pullNetworkHeader(_ count: Int, after kept: Int) -> Bool {
    guard kept + count <= packet.count else { return false }
    removeBytes(count, after: kept)
    moveHeaders(by: UInt16(truncatingIfNeeded: count))
    return true
  }

  private func moveHeaders(by distance: UInt16) {
    let isSame = socketBuffer.transportHeader == socketBuffer.networkHeader
    socketBuffer.linkHeader &+= distance
    socketBuffer.networkHeader &+= distance
    if isSame { socketBuffer.transportHeader = socketBuffer.networkHeader }
  }

  /// Makes the noted length of the link-layer header what it is now.
  func noteLinkHeaderLength() {
    socketBuffer.linkHeaderLength = UInt16(truncatingIfNeeded: socketBuffer.linkToNetwork)
  }
}
