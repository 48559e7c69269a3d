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
  /// The size of an Ethernet header in bytes.
  public static let linkHeaderSize = 14
  /// Where a fresh packet's link-layer header starts, even if the program does not see it.
  public static let linkHeaderStart = headroom

  /// The frame's memory; at least ``frameSize`` bytes. The address stays the same until a longer packet is loaded or one outgrows it.
  public private(set) var memory: UnsafeMutableRawBufferPointer {
    get { unsafe state.pointee.memory }
    set { unsafe state.pointee.memory = newValue }
  }
  /// The size of this packet's frame: whole pages, as few as hold it with headroom and reserved tail.
  public private(set) var frameSize: Int {
    get { unsafe state.pointee.frameSize }
    set { unsafe state.pointee.frameSize = newValue }
  }
  public private(set) var metadataStart: Int {
    get { unsafe state.pointee.metadataStart }
    set { unsafe state.pointee.metadataStart = newValue }
  }
  public private(set) var start: Int {
    get { unsafe state.pointee.start }
    set { unsafe state.pointee.start = newValue }
  }
  public private(set) var end: Int {
    get { unsafe state.pointee.end }
    set { unsafe state.pointee.end = newValue }
  }
  /// Whether a program may have written before the packet.
  private var usedHeadroom: Bool {
    get { unsafe state.pointee.usedHeadroom }
    set { unsafe state.pointee.usedHeadroom = newValue }
  }

  /// In memory of its own instead of the class, whose variables are checked for exclusive access at run time: each run of a
  /// program looks at the packet's bounds, and takes little longer than that (benchmark `micro`, entering).
  @safe
  private struct State {
    var memory: UnsafeMutableRawBufferPointer
    var frameSize = PacketBuffer.minimumFrameSize
    var metadataStart = PacketBuffer.headroom
    var start = PacketBuffer.headroom
    var end = PacketBuffer.headroom
    var usedHeadroom = false
  }

  // SAFETY: initialised with the buffer and alive as long.
  private let state: UnsafeMutablePointer<State>

  public init() {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.minimumFrameSize, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State(memory: memory))
  }

  deinit {
    unsafe memory.deallocate()
    unsafe state.deallocate()
  }

  /// The packet's length in bytes.
  public var count: Int { end - start }

  /// Makes `bytes` the packet, with fresh headroom and no metadata.
  ///
  /// - Parameter hidesLinkHeader: whether the packet starts after the link-layer header, ``linkHeaderSize`` bytes which
  ///   `bytes` must then have.
  /// - Complexity: O(*n*), *n* the packet's length.
  public func load(_ bytes: RawSpan, hidesLinkHeader: Bool = false) {
    let needed = Self.headroom + bytes.byteCount + Self.reservedTail
    frameSize = max((needed + 4095) / 4096 * 4096, Self.minimumFrameSize)
    if unsafe frameSize > memory.count {
      unsafe memory.deallocate()
      unsafe memory = .allocate(byteCount: frameSize, alignment: 64)
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    } else if usedHeadroom {
      // SAFETY: the frame is longer than the headroom.
      unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<Self.headroom])
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
    usedHeadroom = false
    start = Self.headroom + (hidesLinkHeader ? Self.linkHeaderSize : 0)
    metadataStart = start
    end = Self.headroom + bytes.byteCount
    precondition(start <= end, "a packet without its link-layer header is given with it")
    // SAFETY: the frame holds `needed` bytes, of which the packet takes those from the headroom on.
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[Self.headroom..<end])
    unsafe bytes.withUnsafeBytes { source in unsafe target.copyMemory(from: source) }
  }

  /// A copy of the packet's bytes.
  public var bytes: [UInt8] { unsafe [UInt8](memory[start..<end]) }

  /// A copy of the metadata before the packet.
  public var metadata: [UInt8] { unsafe [UInt8](memory[metadataStart..<start]) }

  /// Moves the packet's start, and the metadata before it along.
  ///
  /// The offset lies in the frame, with room for the metadata before it, and not after the packet's end.
  public func moveStart(to offset: Int) {
    let size = start - metadataStart
    precondition(offset >= size && offset <= end, "the packet stays inside its frame")
    if size > 0 {
      // SAFETY: both places lie in the frame, and copying allows for overlap.
      let old = unsafe UnsafeRawBufferPointer(rebasing: memory[metadataStart..<start])
      unsafe UnsafeMutableRawBufferPointer(rebasing: memory[(offset - size)..<offset])
        .copyMemory(from: old)
    }
    metadataStart = offset - size
    start = offset
    usedHeadroom = true
  }

  /// Moves the metadata's start, which lies in the frame and not after the packet's.
  public func moveMetadata(to offset: Int) {
    precondition(offset >= 0 && offset <= start, "the metadata stays before its packet")
    metadataStart = offset
    usedHeadroom = true
  }

  /// Moves the packet's end, which stays before the reserved tail; bytes the packet grows by become 0.
  public func moveEnd(to offset: Int) {
    precondition(
      offset >= start && offset <= frameSize - Self.reservedTail, "the packet stays in its frame")
    if offset > end {
      // SAFETY: the frame reaches beyond both offsets.
      unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end..<offset])
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
    end = offset
  }

  /// Makes room to grow into: at least `front` bytes before the metadata and `back` after the packet's end.
  ///
  /// Where there is less, the packet moves to a larger frame, and all offsets with it.
  ///
  /// - Complexity: O(1) if there is room, else O(*n*), *n* the size of the frame, which then has room for as much again.
  public func reserve(front: Int, back: Int) {
    let shift = front > metadataStart ? max(front - metadataStart, frameSize / 2) : 0
    let missing = max(end + back - (frameSize - Self.reservedTail), 0)
    guard shift > 0 || missing > 0 else { return }
    let size = (frameSize + shift + missing + 4095) / 4096 * 4096
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    unsafe larger.initializeMemory(as: UInt8.self, repeating: 0)
    // SAFETY: the new frame is longer than the old one by the shift, or more.
    unsafe UnsafeMutableRawBufferPointer(rebasing: larger[shift..<(shift + frameSize)])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<frameSize]))
    unsafe memory.deallocate()
    unsafe memory = larger
    frameSize = size
    metadataStart += shift
    start += shift
    end += shift
    usedHeadroom = true
  }

  /// Copies bytes inside the frame, where both places may overlap; what lies outside of it is left out.
  func copy(_ count: Int, from source: Int, to target: Int) {
    let count = min(count, frameSize - max(source, target))
    guard count > 0, source >= 0, target >= 0 else { return }
    // SAFETY: both places lie in the frame, and copying allows for overlap.
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[source..<(source + count)])
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[target..<(target + count)])
      .copyMemory(from: bytes)
  }

  /// Makes bytes of the frame 0; what lies outside of it is left out.
  func clear(_ count: Int, at offset: Int) {
    let count = min(count, frameSize - offset)
    guard count > 0, offset >= 0 else { return }
    // SAFETY: the place lies in the frame.
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<(offset + count)])
      .initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Bytes of the frame, as far as they lie in it, for a checksum.
  func withBytes<Result>(_ count: Int, at offset: Int, _ body: (RawSpan) -> Result) -> Result {
    let start = min(max(offset, 0), frameSize)
    let count = min(max(count, 0), frameSize - start)
    // SAFETY: the place lies in the frame.
    return unsafe body(UnsafeRawBufferPointer(rebasing: memory[start..<(start + count)]).bytes)
  }
}
