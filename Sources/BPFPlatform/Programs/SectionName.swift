/// What the name of an object's section says about the program in it (kernel document `bpf/libbpf/program_types.rst`).
public struct SectionName: Hashable, Sendable {
  public let type: ProgramType
  /// The kernel's `enum bpf_attach_type`, where the name implies one.
  public let attachType: UInt32?
  /// What follows the kind, as the function to trace.
  public let target: String?

  /// What a name says; nil where it says nothing. A leading `?` is not part of the name.
  ///
  /// Beside the names of today, `xdp`, `socket`, `tc` and `classifier` count as prefixes (`xdp_firewall`, `socket1`),
  /// as loaders before libbpf 1.0 took them.
  public init?(_ name: some StringProtocol) {
    var best: Entry?
    for entry in Self.entries where entry.matches(name) {
      if best.map({ $0.name.utf8.count < entry.name.utf8.count }) ?? true { best = entry }
    }
    if let best {
      let rest = name.dropFirst(best.name.count + 1)
      self.init(best, target: rest.isEmpty ? nil : String(rest))
    } else if let entry = Self.entries.first(where: {
      $0.wasPrefix && name.utf8.starts(with: $0.name.utf8)
    }) {
      self.init(entry, target: nil)
    } else {
      return nil
    }
  }

  private init(_ entry: Entry, target: String?) {
    self.type = entry.type
    self.attachType = entry.attachType
    self.target = target
  }

  /// One name of the table.
  private struct Entry {
    let name: String
    let type: ProgramType
    let attachType: UInt32?
    /// Whether old loaders took every name that begins so.
    let wasPrefix: Bool

    init(
      _ name: String, _ type: ProgramType, _ attachType: UInt32? = nil, wasPrefix: Bool = false
    ) {
      self.name = name
      self.type = type
      self.attachType = attachType
      self.wasPrefix = wasPrefix
    }

    /// Whether the name is this one, alone or before a slash.
    func matches(_ other: some StringProtocol) -> Bool {
      guard other.utf8.starts(with: name.utf8) else { return false }
      let rest = other.utf8.dropFirst(name.utf8.count)
      return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }
  }

  private static let entries: [Entry] = [
    Entry("socket", .socketFilter, wasPrefix: true),
    Entry("sk_reuseport/migrate", .skReuseport, 40),
    Entry("sk_reuseport", .skReuseport, 39),
    Entry("kprobe", .kprobe),
    Entry("kprobe.multi", .kprobe, 42),
    Entry("kprobe.session", .kprobe, 56),
    Entry("kretprobe", .kprobe),
    Entry("kretprobe.multi", .kprobe, 42),
    Entry("ksyscall", .kprobe),
    Entry("kretsyscall", .kprobe),
    Entry("uprobe", .kprobe),
    Entry("uprobe.s", .kprobe),
    Entry("uprobe.multi", .kprobe, 48),
    Entry("uprobe.multi.s", .kprobe, 48),
    Entry("uprobe.session", .kprobe, 57),
    Entry("uprobe.session.s", .kprobe, 57),
    Entry("uretprobe", .kprobe),
    Entry("uretprobe.s", .kprobe),
    Entry("uretprobe.multi", .kprobe, 48),
    Entry("uretprobe.multi.s", .kprobe, 48),
    Entry("usdt", .kprobe),
    Entry("usdt.s", .kprobe),
    Entry("tc", .schedCLS, wasPrefix: true),
    Entry("tc/ingress", .schedCLS, 46),
    Entry("tc/egress", .schedCLS, 47),
    Entry("tcx/ingress", .schedCLS, 46),
    Entry("tcx/egress", .schedCLS, 47),
    Entry("netkit/primary", .schedCLS, 54),
    Entry("netkit/peer", .schedCLS, 55),
    Entry("classifier", .schedCLS, wasPrefix: true),
    Entry("action", .schedACT),
    Entry("tracepoint", .tracepoint),
    Entry("tp", .tracepoint),
    Entry("raw_tracepoint", .rawTracepoint),
    Entry("raw_tp", .rawTracepoint),
    Entry("raw_tracepoint.w", .rawTracepointWritable),
    Entry("raw_tp.w", .rawTracepointWritable),
    Entry("tp_btf", .tracing, 23),
    Entry("fentry", .tracing, 24),
    Entry("fentry.s", .tracing, 24),
    Entry("fexit", .tracing, 25),
    Entry("fexit.s", .tracing, 25),
    Entry("fsession", .tracing, 58),
    Entry("fmod_ret", .tracing, 26),
    Entry("fmod_ret.s", .tracing, 26),
    Entry("iter", .tracing, 28),
    Entry("iter.s", .tracing, 28),
    Entry("freplace", .ext),
    Entry("lsm", .lsm, 27),
    Entry("lsm.s", .lsm, 27),
    Entry("lsm_cgroup", .lsm, 43),
    Entry("syscall", .syscall),
    Entry("xdp", .xdp, 37, wasPrefix: true),
    Entry("xdp/devmap", .xdp, 33),
    Entry("xdp/cpumap", .xdp, 35),
    Entry("xdp.frags", .xdp, 37),
    Entry("xdp.frags/devmap", .xdp, 33),
    Entry("xdp.frags/cpumap", .xdp, 35),
    Entry("perf_event", .perfEvent),
    Entry("lwt_in", .lwtIn),
    Entry("lwt_out", .lwtOut),
    Entry("lwt_xmit", .lwtXmit),
    Entry("lwt_seg6local", .lwtSeg6Local),
    Entry("sockops", .sockOps, 3),
    Entry("sk_skb", .skSKB),
    Entry("sk_skb/stream_parser", .skSKB, 4),
    Entry("sk_skb/stream_verdict", .skSKB, 5),
    Entry("sk_skb/verdict", .skSKB, 38),
    Entry("sk_msg", .skMsg, 7),
    Entry("lirc_mode2", .lircMode2, 16),
    Entry("flow_dissector", .flowDissector, 17),
    Entry("cgroup_skb/ingress", .cgroupSKB, 0),
    Entry("cgroup_skb/egress", .cgroupSKB, 1),
    Entry("cgroup/skb", .cgroupSKB),
    Entry("cgroup/sock", .cgroupSock, 2),
    Entry("cgroup/sock_create", .cgroupSock, 2),
    Entry("cgroup/sock_release", .cgroupSock, 34),
    Entry("cgroup/post_bind4", .cgroupSock, 12),
    Entry("cgroup/post_bind6", .cgroupSock, 13),
    Entry("cgroup/bind4", .cgroupSockAddr, 8),
    Entry("cgroup/bind6", .cgroupSockAddr, 9),
    Entry("cgroup/connect4", .cgroupSockAddr, 10),
    Entry("cgroup/connect6", .cgroupSockAddr, 11),
    Entry("cgroup/connect_unix", .cgroupSockAddr, 49),
    Entry("cgroup/sendmsg4", .cgroupSockAddr, 14),
    Entry("cgroup/sendmsg6", .cgroupSockAddr, 15),
    Entry("cgroup/sendmsg_unix", .cgroupSockAddr, 50),
    Entry("cgroup/recvmsg4", .cgroupSockAddr, 19),
    Entry("cgroup/recvmsg6", .cgroupSockAddr, 20),
    Entry("cgroup/recvmsg_unix", .cgroupSockAddr, 51),
    Entry("cgroup/getpeername4", .cgroupSockAddr, 29),
    Entry("cgroup/getpeername6", .cgroupSockAddr, 30),
    Entry("cgroup/getpeername_unix", .cgroupSockAddr, 52),
    Entry("cgroup/getsockname4", .cgroupSockAddr, 31),
    Entry("cgroup/getsockname6", .cgroupSockAddr, 32),
    Entry("cgroup/getsockname_unix", .cgroupSockAddr, 53),
    Entry("cgroup/sysctl", .cgroupSysctl, 18),
    Entry("cgroup/getsockopt", .cgroupSockopt, 21),
    Entry("cgroup/setsockopt", .cgroupSockopt, 22),
    Entry("cgroup/dev", .cgroupDevice, 6),
    Entry("struct_ops", .structOps),
    Entry("struct_ops.s", .structOps),
    Entry("sk_lookup", .skLookup, 36),
    Entry("netfilter", .netfilter, 45),
  ]
}
