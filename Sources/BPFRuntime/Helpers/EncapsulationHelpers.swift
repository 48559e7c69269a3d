import BPFPlatform

/// The helper that puts packets into lightweight tunnels.
extension ExecutionFrame {
  /// The longest header a program may push, in bytes (`LWT_BPF_MAX_HEADROOM`).
  private static let longestHeader = 256
  /// To push an IP header and what follows it; the other modes are of IPv6 segment routing, which no process has.
  private static let modeIP: UInt32 = 2

  /// `bpf_lwt_push_encap`: puts a header of IPv4 or IPv6, with what it holds, before the packet.
  ///
  /// SAFETY: the header is as large as the size beside it says, which the engine checked.
  @unsafe
  func pushTunnelHeader(mode: UInt64, header: UInt64, size: UInt64) -> UInt64 {
    let size = Int(UInt32(truncatingIfNeeded: size))
    let minimum = 20
    guard UInt32(truncatingIfNeeded: mode) == Self.modeIP, size >= minimum,
      size <= Self.longestHeader
    else { return KernelError.invalidArgument.result }
    // The header may lie in the packet, which moves.
    var bytes = unsafe copyBytes(header, count: UInt64(size))
    let isVersion6: Bool
    switch bytes[0] >> 4 {
    case 4 where size >= Int(bytes[0] & 0xf) * 4: isVersion6 = false
    case 6 where size >= 40: isVersion6 = true
    default: return KernelError.invalidArgument.result
    }
    if !isVersion6, bytes[10] == 0, bytes[11] == 0 {
      let count = Int(bytes[0] & 0xf) * 4
      // SAFETY: a byte has no padding.
      let sum = unsafe Checksum.partial(Array(bytes.prefix(count)).span.bytes, seed: 0)
      let checksum = ~Checksum.fold(sum)
      (bytes[10], bytes[11]) = (UInt8(truncatingIfNeeded: checksum), UInt8(checksum >> 8))
      // Linux on x86-64 sums no header that says it is shorter than one can be: its first word stays.
      if count < minimum { (bytes[10], bytes[11]) = (bytes[0], bytes[1]) }
    }
    guard packet.count + size <= SocketBuffer.memoryLimit else {
      return KernelError.noMemory.result
    }
    makeHeadroom(size + Int(type == .lwtIn ? socketBuffer.linkHeaderLength : 0))
    socketBuffer.isEncapsulated = true
    socketBuffer.innerTransportHeader = socketBuffer.transportHeader
    insertBytes(size, after: 0)
    socketBuffer.networkHeader = UInt16(truncatingIfNeeded: socketBuffer.headroom)
    for (index, byte) in bytes.enumerated() {
      // SAFETY: the packet begins with room for the header.
      unsafe packet.memory[packet.start + index] = byte
    }
    if type == .lwtIn { sumBlock(size, at: 0, subtracting: false) }
    clearHash()
    etherType = isVersion6 ? EtherType.ipv6 : EtherType.ipv4
    describePacketBounds()
    guard isSegmented else { return 0 }
    guard socketBuffer.segmentation.isTCP else { return KernelError.notSupported.result }
    socketBuffer.segmentation.insert(.untrusted)
    socketBuffer.segmentation.insert(isVersion6 ? .ipInIP6 : .ipInIP4)
    self[.segmentSize] = (self[.segmentSize] &- UInt32(size)) & 0xffff
    self[.segmentCount] = 0
    return 0
  }
}
