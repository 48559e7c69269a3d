import BPFPlatform
import BPFRuntime

extension ExecutionFrame {
  /// The packet or block of memory as the program left it, with the Ethernet header that programs of the network
  /// layer do not see.
  func outputBytes(linkHeaderFrom original: [UInt8]) -> [UInt8] {
    switch type {
    case .socketFilter, .cgroupSKB:
      Array(original.prefix(PacketBuffer.linkHeaderSize)) + packet.bytes
    default: packet.bytes
    }
  }
}
