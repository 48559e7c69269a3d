/// A kind of program: what context it gets and what it may call.
/// The raw value is the kernel's number (`enum bpf_prog_type`); BPFKit's own kinds lie above 0xffff.
@frozen
public enum ProgramType: UInt32, CaseIterable, Hashable, Sendable {
  case unspecified = 0
  case socketFilter = 1
  case kprobe = 2
  case schedCLS = 3
  case schedACT = 4
  case tracepoint = 5
  case xdp = 6
  case perfEvent = 7
  case cgroupSKB = 8
  case cgroupSock = 9
  case lwtIn = 10
  case lwtOut = 11
  case lwtXmit = 12
  case sockOps = 13
  case skSKB = 14
  case cgroupDevice = 15
  case skMsg = 16
  case rawTracepoint = 17
  case cgroupSockAddr = 18
  case lwtSeg6Local = 19
  case lircMode2 = 20
  case skReuseport = 21
  case flowDissector = 22
  case cgroupSysctl = 23
  case rawTracepointWritable = 24
  case cgroupSockopt = 25
  case tracing = 26
  case structOps = 27
  case ext = 28
  case lsm = 29
  case skLookup = 30
  case syscall = 31
  case netfilter = 32
  /// r1 points to a block of memory, r2 is its length in bytes.
  case raw = 0x10000
  /// The context is a `struct seccomp_data`.
  case seccomp = 0x10001
  /// The context is a structure that a host describes by a ``ContextLayout`` of its own.
  case hostDefined = 0x10002

  /// The kernel's name in lower case, without the `BPF_PROG_TYPE_` prefix; or BPFKit's own.
  public var name: String {
    switch self {
    case .unspecified: "unspec"
    case .socketFilter: "socket_filter"
    case .kprobe: "kprobe"
    case .schedCLS: "sched_cls"
    case .schedACT: "sched_act"
    case .tracepoint: "tracepoint"
    case .xdp: "xdp"
    case .perfEvent: "perf_event"
    case .cgroupSKB: "cgroup_skb"
    case .cgroupSock: "cgroup_sock"
    case .lwtIn: "lwt_in"
    case .lwtOut: "lwt_out"
    case .lwtXmit: "lwt_xmit"
    case .sockOps: "sock_ops"
    case .skSKB: "sk_skb"
    case .cgroupDevice: "cgroup_device"
    case .skMsg: "sk_msg"
    case .rawTracepoint: "raw_tracepoint"
    case .cgroupSockAddr: "cgroup_sock_addr"
    case .lwtSeg6Local: "lwt_seg6local"
    case .lircMode2: "lirc_mode2"
    case .skReuseport: "sk_reuseport"
    case .flowDissector: "flow_dissector"
    case .cgroupSysctl: "cgroup_sysctl"
    case .rawTracepointWritable: "raw_tracepoint_writable"
    case .cgroupSockopt: "cgroup_sockopt"
    case .tracing: "tracing"
    case .structOps: "struct_ops"
    case .ext: "ext"
    case .lsm: "lsm"
    case .skLookup: "sk_lookup"
    case .syscall: "syscall"
    case .netfilter: "netfilter"
    case .raw: "raw"
    case .seccomp: "seccomp"
    case .hostDefined: "host"
    }
  }

  /// The kind with a kernel name in lower case (`xdp`, `sched_cls`, …) or one of BPFKit's own (`raw`, `seccomp`, `host`).
  public init?(name: String) {
    guard let type = ProgramType.allCases.first(where: { $0.name == name }) else { return nil }
    self = type
  }
}

extension ProgramType {
  /// Whether programs of this type may write to the packet directly (kernel: `may_access_direct_pkt_data`).
  public var writesPackets: Bool {
    switch self {
    case .xdp, .schedCLS, .schedACT, .lwtXmit, .skSKB, .skMsg, .raw: true
    case .unspecified, .socketFilter, .kprobe, .tracepoint, .perfEvent, .cgroupSKB, .cgroupSock,
      .lwtIn, .lwtOut, .sockOps, .cgroupDevice, .rawTracepoint, .cgroupSockAddr, .lwtSeg6Local,
      .lircMode2, .skReuseport, .flowDissector, .cgroupSysctl, .rawTracepointWritable,
      .cgroupSockopt, .tracing, .structOps, .ext, .lsm, .skLookup, .syscall, .netfilter, .seccomp,
      .hostDefined:
      false
    }
  }

  /// Whether programs of this type may use the legacy packet loads (kernel: `may_access_skb`).
  public var loadsPacketsByLegacyInstructions: Bool {
    switch self {
    case .socketFilter, .schedCLS, .schedACT, .raw: true
    case .unspecified, .kprobe, .tracepoint, .xdp, .perfEvent, .cgroupSKB, .cgroupSock, .lwtIn,
      .lwtOut, .lwtXmit, .sockOps, .skSKB, .cgroupDevice, .skMsg, .rawTracepoint, .cgroupSockAddr,
      .lwtSeg6Local, .lircMode2, .skReuseport, .flowDissector, .cgroupSysctl,
      .rawTracepointWritable, .cgroupSockopt, .tracing, .structOps, .ext, .lsm, .skLookup, .syscall,
      .netfilter, .seccomp, .hostDefined:
      false
    }
  }
}
