/// A packet in memory a program may edit: headroom, metadata, bytes, tailroom, laid out as a driver's frame.
///
/// Offsets count bytes from the start of the frame. `metadataStart <= start <= end <= frameSize - reservedTail`.
/// Not thread-safe: a buffer belongs to one running program.
@safe
public final class PacketBuffer {
  /// The bytes before a fresh packet (the kernel's `XDP_PACKET_HEADROOM`).
  public static let headroom = 256
  /// The bytes at a frame's end that stay free (the kernel's `struct skb_shared_info`, cache-aligned).
  public static let reservedTail = 320
  /// The smallest frame: one page.
  public static let minimumFrameSize = 4096

  /// The frame's memory. The address stays the same until a longer packet is loaded.
  public private(set) var memory: UnsafeMutableRawBufferPointer
  public var metadataStart: Int
  public var start: Int
  public var end: Int

  public init() {
    unsafe memory = .allocate(byteCount: Self.minimumFrameSize, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    metadataStart = Self.headroom
    start = Self.headroom
    end = Self.headroom
  }

  deinit { unsafe memory.deallocate() }

  /// The packet's length in bytes.
  public var count: Int { end - start }

  /// Makes `bytes` the packet, with fresh headroom and no metadata.
  ///
  /// - Complexity: O(*n*), *n* the packet's length.
  public func load(_ bytes: RawSpan) {
    let needed = Self.headroom + bytes.byteCount + Self.reservedTail
    if unsafe needed > memory.count {
      unsafe memory.deallocate()
      unsafe memory = .allocate(byteCount: (needed + 4095) / 4096 * 4096, alignment: 64)
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    }
    metadataStart = Self.headroom
    start = Self.headroom
    end = Self.headroom + bytes.byteCount
    // SAFETY: the frame holds `needed` bytes, of which the packet takes those from the headroom on.
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<end])
    unsafe bytes.withUnsafeBytes { source in unsafe target.copyMemory(from: source) }
  }

  /// A copy of the packet's bytes.
  public var bytes: [UInt8] { unsafe [UInt8](memory[start..<end]) }

  /// A copy of the metadata before the packet.
  public var metadata: [UInt8] { unsafe [UInt8](memory[metadataStart..<start]) }
}
