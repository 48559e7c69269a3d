import BPFPlatform
import BPFRuntime

extension ExecutionFrame {
  /// The packet or block of memory as the program left it, with the Ethernet header that programs of the network
  /// layer do not see.
  ///
  /// - Parameter kept: The most bytes to keep of what the program saw.
  func outputBytes(linkHeaderFrom original: [UInt8], keeping kept: Int = .max) -> [UInt8] {
    switch type {
    case .socketFilter, .cgroupSKB:
      Array(original.prefix(PacketBuffer.linkHeaderSize)) + packet.bytes.prefix(kept)
    default: packet.bytes
    }
  }
}
