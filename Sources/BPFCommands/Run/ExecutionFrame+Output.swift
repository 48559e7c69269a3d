import BPFPlatform
import BPFRuntime

extension ExecutionFrame {
  /// The packet or block of memory as the program left it, with the Ethernet header that programs of the network
  /// layer do not see.
  func outputBytes(linkHeaderFrom original: [UInt8]) -> [UInt8] {
    switch type {
    case .socketFilter, .cgroupSKB, .lwtIn, .lwtOut, .lwtXmit, .lwtSeg6Local:
      Array(original.prefix(PacketBuffer.linkHeaderSize)) + packet.bytes
    default: packet.bytes
    }
  }
  /// As ``outputBytes(linkHeaderFrom:)``, with the VLAN tag that goes with the packet in its place among the bytes.
  func wireBytes(linkHeaderFrom original: [UInt8]) -> [UInt8] {
    var bytes = outputBytes(linkHeaderFrom: original)
    let addressesSize = 12
    if let tag = pendingTag, bytes.count >= addressesSize {
      let words = [tag.etherType, tag.control]
      bytes.insert(
        contentsOf: words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] },
        at: addressesSize)
    }
    return bytes
  }
}
