import BPFPlatform

/// What a program's return value means to whoever runs the program: to a driver, a qdisc, a socket.
struct Verdict: Hashable {
  /// The kernel's name for it where it has one.
  let name: String
  /// Where it stands among the verdicts of its program: the number that means it.
  let order: Int64
  /// Whether the packet goes on, and so belongs into what `--write` makes.
  let passesPacket: Bool

  /// Whether the packet goes where the program sent it.
  var isRedirect: Bool { name == "XDP_REDIRECT" || name == "TC_ACT_REDIRECT" }

  /// The meaning of a return value of a program of a type, for a packet of a length.
  init(returnValue: UInt64, type: ProgramType, packetLength: Int) {
    // The kernel's callers look at 32 bits.
    let value = UInt32(truncatingIfNeeded: returnValue)
    switch type {
    case .xdp: self = Self.xdp(value)
    case .schedCLS, .schedACT: self = Self.trafficControl(Int32(bitPattern: value))
    case .socketFilter: self = Self.socketFilter(value, packetLength: packetLength)
    case .cgroupSKB: self = Self.cgroup(value)
    case .raw:
      self.init(
        name: "0x" + String(returnValue, radix: 16), order: Int64(truncatingIfNeeded: returnValue),
        passesPacket: true)
    case .unspecified, .kprobe, .tracepoint, .perfEvent, .cgroupSock, .lwtIn, .lwtOut, .lwtXmit,
      .sockOps, .skSKB, .cgroupDevice, .skMsg, .rawTracepoint, .cgroupSockAddr, .lwtSeg6Local,
      .lircMode2, .skReuseport, .flowDissector, .cgroupSysctl, .rawTracepointWritable,
      .cgroupSockopt, .tracing, .structOps, .ext, .lsm, .skLookup, .syscall, .netfilter, .seccomp,
      .hostDefined:
      self.init(number: Int64(Int32(bitPattern: value)))
    }
  }

  /// What stands for all others where there are too many to list.
  static let anyOther = Verdict(name: "(others)", order: .max, passesPacket: false)

  private init(name: String, order: Int64, passesPacket: Bool) {
    self.name = name
    self.order = order
    self.passesPacket = passesPacket
  }

  /// A value without a name. What it would do with a packet is unknown, so the packet does not go on.
  private init(number: Int64) {
    self.init(name: String(number), order: number, passesPacket: false)
  }

  /// `enum xdp_action` in linux/bpf.h.
  private static func xdp(_ value: UInt32) -> Verdict {
    switch value {
    case 0: Verdict(name: "XDP_ABORTED", order: 0, passesPacket: false)
    case 1: Verdict(name: "XDP_DROP", order: 1, passesPacket: false)
    case 2: Verdict(name: "XDP_PASS", order: 2, passesPacket: true)
    case 3: Verdict(name: "XDP_TX", order: 3, passesPacket: true)
    case 4: Verdict(name: "XDP_REDIRECT", order: 4, passesPacket: true)
    default: Verdict(number: Int64(value))
    }
  }

  /// `TC_ACT_…` in linux/pkt_cls.h.
  private static func trafficControl(_ value: Int32) -> Verdict {
    switch value {
    case -1: Verdict(name: "TC_ACT_UNSPEC", order: -1, passesPacket: true)
    case 0: Verdict(name: "TC_ACT_OK", order: 0, passesPacket: true)
    case 1: Verdict(name: "TC_ACT_RECLASSIFY", order: 1, passesPacket: true)
    case 2: Verdict(name: "TC_ACT_SHOT", order: 2, passesPacket: false)
    case 3: Verdict(name: "TC_ACT_PIPE", order: 3, passesPacket: true)
    case 4: Verdict(name: "TC_ACT_STOLEN", order: 4, passesPacket: false)
    case 5: Verdict(name: "TC_ACT_QUEUED", order: 5, passesPacket: false)
    case 6: Verdict(name: "TC_ACT_REPEAT", order: 6, passesPacket: true)
    case 7: Verdict(name: "TC_ACT_REDIRECT", order: 7, passesPacket: true)
    case 8: Verdict(name: "TC_ACT_TRAP", order: 8, passesPacket: false)
    default: Verdict(number: Int64(value))
    }
  }

  /// A socket filter returns how many bytes of the packet to keep.
  private static func socketFilter(_ value: UInt32, packetLength: Int) -> Verdict {
    if value == 0 { return Verdict(name: "drop", order: 0, passesPacket: false) }
    let isCut = value < packetLength
    return Verdict(name: isCut ? "accept, cut" : "accept", order: isCut ? 1 : 2, passesPacket: true)
  }

  /// The kernel document `bpf/prog_cgroup_…` knows 0 and 1; egress programs may add 2 to report congestion.
  private static func cgroup(_ value: UInt32) -> Verdict {
    switch value {
    case 0: Verdict(name: "deny", order: 0, passesPacket: false)
    case 1: Verdict(name: "allow", order: 1, passesPacket: true)
    case 2: Verdict(name: "deny, congested", order: 2, passesPacket: false)
    case 3: Verdict(name: "allow, congested", order: 3, passesPacket: true)
    default: Verdict(number: Int64(value))
    }
  }
}
