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
  /// What the context is before each packet: the host's settings.
  let contextTemplate: UnsafeMutableRawBufferPointer
  /// The slot of per-CPU maps that this program uses.
  public var worker: Int {
    get { unsafe state.pointee.worker }
    set { unsafe state.pointee.worker = newValue }
  }
  /// Where a redirecting helper last sent the packet.
  public var redirect: Redirect? {
    get { unsafe state.pointee.redirect }
    set {
      unsafe state.pointee.redirect = newValue
      hasEffects = true
    }
  }
  /// The copies `bpf_clone_redirect` sent.
  public var clones: [PacketClone] {
    get { unsafe state.pointee.clones }
    _modify {
      hasEffects = true
      yield unsafe &state.pointee.clones
    }
  }
  /// How many copies one run may send; a further one fails as where the kernel has no memory for it.
  public var cloneLimit = 256
  /// What a device said of the packets' checksums.
  public var receivedChecksum = PacketChecksum.none
  /// What kind of large packet those are whose context has a `gso_size`.
  public var receivedSegmentation = SegmentationKind()
  /// The tunnel the packets came through.
  public var receivedTunnel: TunnelMetadata?
  /// The interfaces, routes and neighbours that helpers ask for. Where it is nil there is the loopback device alone,
  /// no packet is forwarded, and copies may go to any interface.
  public var network: NetworkTable?
  /// What `bpf_get_netns_cookie` returns; the kernel's first network namespace has 1.
  public var networkNamespaceCookie: UInt64 = 1
  /// What flow hashes and SYN cookies are made with.
  public var secret = KeyedHash.processKey
  /// The lines `bpf_trace_printk` wrote.
  public var traceLines: [String] {
    get { unsafe state.pointee.traceLines }
    _modify {
      hasEffects = true
      yield unsafe &state.pointee.traceLines
    }
  }
  /// The text that `bpf_seq_printf` and `bpf_seq_write` append to; where it is nil, programs have none to pass.
  public var sequenceText: SequenceText?
  /// What the packet's socket buffer holds, for programs that see one.
  var socketBuffer = SocketBuffer()
  /// Where the context keeps the packet's bounds, as far as it does: start, end and start of the metadata.
  let packetPlaces: (start: Int?, end: Int?, metadataStart: Int?)
  /// Whether programs get a block of memory instead of a context.
  let isRaw: Bool
  /// Whether the context is a `struct __sk_buff`.
  let isSocketBuffer: Bool
  /// Whether a program sees its packet from after the Ethernet header.
  let hidesLinkHeader: Bool
  /// What the helpers of the host find here: an object that it sets before a run.
  public var hostState: AnyObject?
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
    isRaw = layout == nil
    isSocketBuffer = layout?.name == ContextLayout.schedCLS.name
    hidesLinkHeader = isSocketBuffer && type != .schedCLS && type != .schedACT
    func place(_ kind: ContextLayout.Kind) -> Int? {
      layout?.fields.first { $0.kind == kind }?.storage.offset
    }
    packetPlaces = (place(.packetStart), place(.packetEnd), place(.packetMetadataStart))
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State(worker: worker))
    let size = max(layout?.storageSize ?? 0, 8)
    unsafe context = .allocate(byteCount: size, alignment: 16)
    unsafe context.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe contextTemplate = .allocate(byteCount: size, alignment: 16)
    unsafe contextTemplate.initializeMemory(as: UInt8.self, repeating: 0)
    // A test run's packet comes from the loopback device, whose index is 1.
    for name in ["ifindex", "ingress_ifindex"] where name == "ifindex" || type == .xdp {
      guard let slot = layout?.field(named: name)?.storage else { continue }
      unsafe contextTemplate.storeBytes(of: 1, toByteOffset: slot.offset, as: UInt32.self)
    }
  }

  deinit {
    unsafe context.deallocate()
    unsafe contextTemplate.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// What runs and their helpers use most, in memory of its own instead of the class, whose variables are checked for
  /// exclusive access at run time: the checks would take longer than entering a program does, or a lookup in an array.
  @safe
  private struct State {
    var worker: Int
    var hasEffects = false
    var redirect: Redirect?
    var clones: [PacketClone] = []
    var traceLines: [String] = []
    var machine: Unmanaged<InterpreterMachine>?
    var nativeMachine: Unmanaged<NativeMachine>?

    init(worker: Int) { self.worker = worker }
  }

  // SAFETY: initialised with the frame and alive as long.
  private let state: UnsafeMutablePointer<State>

  /// The interpreter's state if the last run was the interpreter's, which ``memoryReader`` and ``callStack`` then ask; else nil.
  var answeringMachine: Unmanaged<InterpreterMachine>? {
    get { unsafe state.pointee.machine }
    set { unsafe state.pointee.machine = newValue }
  }

  /// Whether there may be a redirection, a copy sent or a line written.
  var hasEffects: Bool {
    get { unsafe state.pointee.hasEffects }
    set { unsafe state.pointee.hasEffects = newValue }
  }

  /// The state of compiled programs if the last run was one of those, which ``memoryReader`` and ``callStack`` then ask; else nil.
  var answeringNativeMachine: Unmanaged<NativeMachine>? {
    get { unsafe state.pointee.nativeMachine }
    set { unsafe state.pointee.nativeMachine = newValue }
  }

  /// The addresses of the calls that the running helper is in, innermost first. An engine sets it.
  var callStack: (() -> [UInt64])?
  /// The address of the task that the program runs for, as `bpf_get_current_task` tells it: a number that is not 0. Nothing
  /// can be read there but what the host grants (``grantMemory(at:_:)``).
  public var taskAddress: UInt64 = 0xffff_8880_0100_0000
  /// The number of the control group of the task, and those of the groups above it, the root's first.
  public var cgroupIDs: [UInt64] = [1]
  /// The address of the timer whose callback runs, or 0.
  var runningTimer: UInt = 0
  /// What the host lets programs read by address.
  var grantedMemory: [GrantedMemory] = []

  /// The checked interpreter's state, made at its first run.
  var machine: CheckedMachine?
  /// The interpreter's state, made at its first run.
  var interpreterMachine: InterpreterMachine?
  /// The state of compiled programs, made at their first run.
  var nativeMachine: NativeMachine?
  /// Called before each instruction that the checked interpreter executes, with its slot: for tests.
  var observer: ((CheckedMachine, Int) -> Void)?

  /// Where a packet was sent.
  public enum Redirect: Hashable, Sendable {
    /// `bpf_redirect`: an interface, and whether to its ingress.
    case interface(UInt32, flags: UInt64)
    /// `bpf_redirect_map`: an entry of a map of devices.
    case mapEntry(map: String, index: UInt32, flags: UInt64)
    /// `bpf_redirect_peer`: the other end of a pair of interfaces, in its network namespace.
    case peer(UInt32)
    /// `bpf_redirect_neigh`: an interface, with the link-layer header made for a next hop, or for the one a route
    /// gives where it is nil.
    case neighbor(UInt32, nextHop: IPAddress?)
  }
}
