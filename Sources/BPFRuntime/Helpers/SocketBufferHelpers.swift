import BPFPlatform

// SAFETY (whole file): buffers are as large as the sizes beside them say, which the engine checked; places in the packet
// are checked here.

extension ExecutionFrame {
  /// Flags of `bpf_skb_store_bytes` (`BPF_F_…`).
  private enum Flags {
    static let recomputeChecksum: UInt64 = 1
    static let invalidateHash: UInt64 = 2
  }

  /// `bpf_skb_load_bytes`: bytes the packet does not have are an error, and the buffer is cleared.
  @unsafe
  func skbLoadBytes(at offset: UInt64, into buffer: UInt64, size: UInt64) -> UInt64 {
    let offset = Int(UInt32(truncatingIfNeeded: offset))
    return unsafe load(from: offset, lowest: 0, into: buffer, size: size)
  }

  /// `bpf_skb_load_bytes_relative`: the offset counts from the link-layer (0) or the network header (1).
  @unsafe
  func skbLoadBytes(
    at offset: UInt64, into buffer: UInt64, size: UInt64, header: UInt64
  ) -> UInt64 {
    let offset = Int(UInt32(truncatingIfNeeded: offset))
    let origin: Int? =
      switch UInt32(truncatingIfNeeded: header) {
      case 0: socketBuffer.linkOffset
      case 1: socketBuffer.networkOffset
      default: nil
      }
    guard let origin, offset <= 0xffff else {
      return unsafe load(from: Int(UInt32.max), lowest: 0, into: buffer, size: size)
    }
    return unsafe load(from: origin + offset, lowest: origin, into: buffer, size: size)
  }

  @unsafe
  private func load(from offset: Int, lowest: Int, into buffer: UInt64, size: UInt64) -> UInt64 {
    let count = Int(UInt32(truncatingIfNeeded: size))
    guard let target = unsafe hostPointer(buffer) else { return KernelError.badAddress.result }
    guard offset >= lowest, packet.start + offset >= 0, offset + count <= packet.count,
      let base = unsafe packet.memory.baseAddress
    else {
      unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      return KernelError.badAddress.result
    }
    unsafe target.copyMemory(from: base + packet.start + offset, byteCount: count)
    return 0
  }

  /// `bpf_skb_store_bytes`.
  @unsafe
  func skbStoreBytes(
    at offset: UInt64, from buffer: UInt64, size: UInt64, flags: UInt64
  ) -> UInt64 {
    guard flags & ~(Flags.recomputeChecksum | Flags.invalidateHash) == 0 else {
      return KernelError.invalidArgument.result
    }
    let offset = Int(UInt32(truncatingIfNeeded: offset))
    let count = Int(UInt32(truncatingIfNeeded: size))
    guard offset <= Int(Int32.max), offset + count <= packet.count,
      let source = unsafe hostPointer(buffer), let base = unsafe packet.memory.baseAddress
    else { return KernelError.badAddress.result }
    let sums = flags & Flags.recomputeChecksum != 0
    if sums { sumBlock(count, at: offset, subtracting: true) }
    unsafe (base + packet.start + offset).copyMemory(from: source, byteCount: count)
    if sums { sumBlock(count, at: offset, subtracting: false) }
    if flags & Flags.invalidateHash != 0 { clearHash() }
    return 0
  }

  /// `bpf_skb_pull_data`: all of a packet is always there, so it succeeds where the packet is long enough.
  func skbPullData(_ size: UInt64) -> UInt64 {
    let count = Int(UInt32(truncatingIfNeeded: size))
    return count <= packet.count ? 0 : KernelError.noMemory.result
  }
}
