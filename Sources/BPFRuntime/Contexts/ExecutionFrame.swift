public import BPFPlatform

/// What one running program has of the outside: its packet and context, the worker it runs on, and what it did.
///
/// Helpers reach it; a program does not. One frame serves one thread, for any number of runs.
@safe
public final class ExecutionFrame {
  public let packet: PacketBuffer
  public let type: ProgramType
  /// The layout of the context, nil for `raw`.
  public let layout: ContextLayout?
  /// The runtime context structure (``ContextLayout/storageSize`` bytes).
  public let context: UnsafeMutableRawBufferPointer
  /// The slot of per-CPU maps that this program uses.
  public var worker: Int
  /// Where `bpf_redirect` or `bpf_redirect_map` last sent the packet.
  public var redirect: Redirect?
  /// The lines `bpf_trace_printk` wrote.
  public var traceLines: [String] = []
  /// The state of `bpf_get_prandom_u32`.
  public var randomState: UInt64 = 0x9e37_79b9_7f4a_7c15
  /// The clocks the program reads.
  public var clock = HostClock.system
  /// The task the program runs for; the calling thread where there is none.
  public var task: TaskIdentity?
  /// Reads the program's memory where the size is not known before: at most so many bytes from an address of the
  /// program, fewer where its memory ends, or nil where it may not read. An engine sets it.
  public var memoryReader: ((_ address: UInt64, _ limit: Int) -> [UInt8]?)?

  public init(type: ProgramType, layout: ContextLayout?, worker: Int = 0) {
    packet = PacketBuffer()
    self.type = type
    self.layout = layout
    self.worker = worker
    unsafe context = .allocate(byteCount: max(layout?.storageSize ?? 0, 8), alignment: 16)
    unsafe context.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe context.deallocate() }

  /// Where a packet was sent.
  public enum Redirect: Hashable, Sendable {
    /// `bpf_redirect`: an interface, and whether to its ingress.
    case interface(UInt32, flags: UInt64)
    /// `bpf_redirect_map`: an entry of a map of devices.
    case mapEntry(map: String, index: UInt32, flags: UInt64)
  }
}

extension ExecutionFrame {
  /// Makes a frame of bytes the program's packet, and sets the context to describe it, as BPF_PROG_TEST_RUN does.
  ///
  /// Programs that run at the network layer (`cgroup_skb`, `socket_filter`) see it without its Ethernet header.
  /// For `raw` programs the bytes are the memory r1 points to.
  ///
  /// - Throws: ``ContextError`` if the bytes are fewer than an Ethernet header has.
  public func load(_ bytes: RawSpan) throws(ContextError) {
    preconditionFailure("written next")
  }

  /// Sets a field of the context, in host byte order.
  ///
  /// - Throws: ``ContextError`` if the context has no such field, or it cannot hold the value.
  public func setContext(_ field: String, to value: UInt64) throws(ContextError) {
    preconditionFailure("written next")
  }

  /// The value of a scalar field of the context, as the program left it.
  public func context(_ field: String) throws(ContextError) -> UInt64 {
    preconditionFailure("written next")
  }
}

/// Why a context cannot be set up as asked.
public enum ContextError: Error, Hashable, Sendable {
  case noSuchField(String, context: String)
  /// The field takes no value from the host: it follows from the packet.
  case notSettable(String, context: String)
  case valueTooLarge(field: String, value: UInt64, size: Int)
  /// The packet is shorter than an Ethernet header.
  case packetTooShort(length: Int, minimum: Int)
}
