// SAFETY (whole file): buffers are as large as the sizes beside them say, which the engine checked; places in the packet
// are checked here.

extension ExecutionFrame {
  /// The bytes at a frame's start that the kernel keeps for itself (`struct xdp_frame`).
  private static let reservedHead = 40
  /// The least an XDP program may leave of a packet: an Ethernet header.
  private static let minimumPacket = 14
  /// The most metadata there can be, in bytes; its size is a multiple of 4.
  private static let maximumMetadata = 252

  /// `bpf_xdp_adjust_head`: moves the packet's start, and the metadata with it.
  func xdpAdjustHead(by offset: UInt64) -> UInt64 {
    let offset = Int(Int32(truncatingIfNeeded: offset))
    let metadata = packet.start - packet.metadataStart
    let start = packet.start + offset
    guard start >= Self.reservedHead + metadata, start <= packet.end - Self.minimumPacket else {
      return KernelError.invalidArgument.result
    }
    packet.moveStart(to: start)
    pointContextAtPacket()
    return 0
  }

  /// `bpf_xdp_adjust_meta`: moves the metadata's start.
  func xdpAdjustMetadata(by offset: UInt64) -> UInt64 {
    let start = packet.metadataStart + Int(Int32(truncatingIfNeeded: offset))
    guard start >= Self.reservedHead, start <= packet.start else {
      return KernelError.invalidArgument.result
    }
    let size = packet.start - start
    guard size % 4 == 0, size <= Self.maximumMetadata else {
      return KernelError.permissionDenied.result
    }
    packet.moveMetadata(to: start)
    pointContextAtPacket()
    return 0
  }

  /// `bpf_xdp_adjust_tail`: moves the packet's end; what it grows by reads as zeroes.
  func xdpAdjustTail(by offset: UInt64) -> UInt64 {
    let end = packet.end + Int(Int32(truncatingIfNeeded: offset))
    guard end <= packet.frameSize - PacketBuffer.reservedTail,
      end >= packet.start + Self.minimumPacket
    else { return KernelError.invalidArgument.result }
    packet.moveEnd(to: end)
    pointContextAtPacket()
    return 0
  }

  /// `bpf_xdp_load_bytes`.
  @unsafe
  func xdpLoadBytes(at offset: UInt64, into buffer: UInt64, size: UInt64) -> UInt64 {
    do throws(KernelError) {
      let source = try unsafe xdpBytes(at: offset, size: size)
      unsafe hostPointer(buffer)?.copyMemory(from: source.pointer, byteCount: source.count)
      return 0
    } catch {
      return error.result
    }
  }

  /// `bpf_xdp_store_bytes`.
  @unsafe
  func xdpStoreBytes(at offset: UInt64, from buffer: UInt64, size: UInt64) -> UInt64 {
    do throws(KernelError) {
      let target = try unsafe xdpBytes(at: offset, size: size)
      guard let source = unsafe hostPointer(buffer) else { throw .badAddress }
      unsafe target.pointer.copyMemory(from: source, byteCount: target.count)
      return 0
    } catch {
      return error.result
    }
  }

  @unsafe
  private func xdpBytes(
    at offset: UInt64, size: UInt64
  ) throws(KernelError) -> (pointer: UnsafeMutableRawPointer, count: Int) {
    let offset = Int(UInt32(truncatingIfNeeded: offset))
    let count = Int(UInt32(truncatingIfNeeded: size))
    guard offset <= 0xffff, count <= 0xffff else { throw .badAddress }
    guard offset + count <= packet.count else { throw .invalidArgument }
    return unsafe (try packetPointer(at: offset), count)
  }
}

extension ExecutionFrame {
  /// The address of a byte of the packet; the caller checked that the packet has it.
  @unsafe
  func packetPointer(at offset: Int) throws(KernelError) -> UnsafeMutableRawPointer {
    guard let base = unsafe packet.memory.baseAddress else { throw .badAddress }
    return unsafe base + packet.start + offset
  }
}
