extension ContextLayout {
  /// Where every runtime context structure keeps the packet's bounds: three host addresses of 8 bytes each.
  /// The scalars follow at ``scalarOffset``, at the offsets of the program's view.
  public enum PacketSlot {
    public static let start = Storage(offset: 0, size: 8)
    public static let end = Storage(offset: 8, size: 8)
    public static let metadataStart = Storage(offset: 16, size: 8)
    /// Where the copy of the view's scalars begins.
    public static let scalarOffset = 64
  }

  /// The context a program type gets, or nil where a process has none to give.
  ///
  /// `raw` has a layout without fields: r1 is the memory itself.
  public init?(for type: ProgramType) {
    switch type {
    case .xdp: self = .xdp
    case .schedCLS, .schedACT: self = .schedCLS
    case .socketFilter: self = .socketFilter
    case .cgroupSKB: self = .cgroupSKB
    case .lwtIn, .lwtOut, .lwtXmit, .lwtSeg6Local: self = .lightweightTunnel
    default: return nil
    }
  }

  /// `struct xdp_md` (linux/bpf.h; access rules of `xdp_is_valid_access`).
  public static let xdp: ContextLayout = {
    var view = ViewBuilder()
    view.packet("data", .packetStart, PacketSlot.start)
    view.packet("data_end", .packetEnd, PacketSlot.end)
    view.packet("data_meta", .packetMetadataStart, PacketSlot.metadataStart)
    view.word("ingress_ifindex", .read)
    view.word("rx_queue_index", .read)
    // Readable only by programs attached to a devmap or with that expected attach type.
    view.word("egress_ifindex", .read)
    return view.layout(name: "xdp_md")
  }()

  /// `struct __sk_buff` as `sched_cls` and `sched_act` programs may use it (`tc_cls_act_is_valid_access`).
  public static let schedCLS = socketBuffer(
    readable: Set(socketBufferWords).subtracting([
      "family", "remote_ip4", "local_ip4", "remote_port", "local_port",
    ]),
    writable: ["mark", "tc_index", "priority", "tc_classid", "tstamp", "queue_mapping"],
    packet: true, metadata: true)

  /// `struct __sk_buff` as socket filters may use it (`sk_filter_is_valid_access`).
  public static let socketFilter = socketBuffer(
    readable: Set(socketBufferWords).subtracting([
      "tc_classid", "tstamp", "wire_len", "hwtstamp", "family", "remote_ip4", "local_ip4",
      "remote_port",
      "local_port",
    ]),
    writable: [], packet: false, metadata: false)

  /// `struct __sk_buff` as `cgroup_skb` programs may use it (`cg_skb_is_valid_access`).
  public static let cgroupSKB = socketBuffer(
    readable: Set(socketBufferWords).subtracting(["tc_classid", "wire_len"]),
    writable: ["mark", "priority", "tstamp"], packet: true, metadata: false)

  /// `struct __sk_buff` as programs of lightweight tunnels may use it (`lwt_is_valid_access`).
  public static let lightweightTunnel = socketBuffer(
    readable: Set(socketBufferWords).subtracting([
      "tc_classid", "tstamp", "wire_len", "hwtstamp", "family", "remote_ip4", "local_ip4",
      "remote_port", "local_port",
    ]),
    writable: ["mark", "priority"], packet: true, metadata: false)

  /// The scalar fields of `struct __sk_buff` but for its arrays.
  private static let socketBufferWords = [
    "len", "pkt_type", "mark", "queue_mapping", "protocol", "vlan_present", "vlan_tci",
    "vlan_proto",
    "priority", "ingress_ifindex", "ifindex", "tc_index", "hash", "tc_classid", "napi_id", "family",
    "remote_ip4", "local_ip4", "remote_port", "local_port", "tstamp", "wire_len", "gso_segs",
    "gso_size",
    "tstamp_type", "hwtstamp",
  ]

  /// How many bytes of some words the kernel has.
  private static let shortWords = [
    "pkt_type": 1, "queue_mapping": 2, "protocol": 2, "vlan_present": 1, "vlan_tci": 2,
    "vlan_proto": 2, "tc_index": 2, "tc_classid": 2, "gso_segs": 2, "gso_size": 2,
  ]

  private static func socketBuffer(
    readable: Set<String>, writable: Set<String>, packet: Bool, metadata: Bool
  ) -> ContextLayout {
    func access(_ name: String) -> Access {
      var access: Access = readable.contains(name) ? [.read, .narrowRead] : []
      if writable.contains(name) { access.insert(.write) }
      return access
    }
    let family = readable.contains("family") ? [Access.read, .narrowRead] : []
    var view = ViewBuilder()
    for name in socketBufferWords.prefix(12) {
      view.word(
        name, access(name), valueSize: shortWords[name],
        ignoresLargeValues: name == "queue_mapping")
    }
    // The kernel allows accesses of 8 bytes to `cb`, two words at once.
    view.array("cb", count: 5, elementSize: 8, [.read, .narrowRead, .write, .narrowWrite])
    view.word("hash", access("hash"))
    view.word("tc_classid", access("tc_classid"), valueSize: shortWords["tc_classid"])
    view.packet("data", .packetStart, PacketSlot.start, packet ? .read : [])
    view.packet("data_end", .packetEnd, PacketSlot.end, packet ? .read : [])
    view.word("napi_id", access("napi_id"))
    view.word("family", access("family"))
    view.word("remote_ip4", access("remote_ip4"))
    view.word("local_ip4", access("local_ip4"))
    view.array("remote_ip6", count: 4, Access(family))
    view.array("local_ip6", count: 4, Access(family))
    view.word("remote_port", access("remote_port"))
    view.word("local_port", access("local_port"))
    view.packet("data_meta", .packetMetadataStart, PacketSlot.metadataStart, metadata ? .read : [])
    view.pointer("flow_keys", to: "bpf_flow_keys", [])
    view.double("tstamp", access("tstamp").subtracting(.narrowRead))
    view.word("wire_len", access("wire_len"))
    view.word("gso_segs", access("gso_segs"), valueSize: shortWords["gso_segs"])
    view.pointer("sk", to: "bpf_sock", .read)
    view.word("gso_size", access("gso_size"), valueSize: shortWords["gso_size"])
    view.byte("tstamp_type", readable.contains("wire_len") ? .read : [])
    view.padding(3)
    view.double("hwtstamp", access("hwtstamp").subtracting(.narrowRead))
    return view.layout(name: "__sk_buff")
  }

  /// Lays a C structure of words out, field after field; scalars keep their offsets after
  /// ``PacketSlot/scalarOffset``.
  private struct ViewBuilder {
    private var fields: [Field] = []
    private var offset = 0

    mutating func word(
      _ name: String, _ access: Access, valueSize: Int? = nil, ignoresLargeValues: Bool = false
    ) {
      scalar(name, 4, access, valueSize: valueSize, ignoresLargeValues: ignoresLargeValues)
    }

    mutating func double(_ name: String, _ access: Access) { scalar(name, 8, access) }
    mutating func byte(_ name: String, _ access: Access) { scalar(name, 1, access) }
    mutating func padding(_ bytes: Int) { offset += bytes }

    mutating func array(
      _ name: String, count: Int, elementSize: Int = 4, _ access: Access
    ) {
      add(
        name, size: 4 * count, elementSize: elementSize, access, .scalar,
        Storage(offset: PacketSlot.scalarOffset + offset, size: 4 * count))
    }

    mutating func packet(
      _ name: String, _ kind: Kind, _ storage: Storage, _ access: Access = .read
    ) {
      add(name, size: 4, elementSize: 4, access, kind, storage)
    }

    mutating func pointer(_ name: String, to target: String, _ access: Access) {
      add(
        name, size: 8, elementSize: 8, access, .pointer(to: target),
        Storage(offset: PacketSlot.scalarOffset + offset, size: 8))
    }

    private mutating func scalar(
      _ name: String, _ size: Int, _ access: Access, valueSize: Int? = nil,
      ignoresLargeValues: Bool = false
    ) {
      add(
        name, size: size, elementSize: size, valueSize: valueSize,
        ignoresLargeValues: ignoresLargeValues, access, .scalar,
        Storage(offset: PacketSlot.scalarOffset + offset, size: size))
    }

    private mutating func add(
      _ name: String, size: Int, elementSize: Int, valueSize: Int? = nil,
      ignoresLargeValues: Bool = false, _ access: Access, _ kind: Kind, _ storage: Storage
    ) {
      fields.append(
        Field(
          name: name, offset: offset, size: size, elementSize: elementSize, valueSize: valueSize,
          ignoresLargeValues: ignoresLargeValues, access: access, kind: kind, storage: storage))
      offset += size
    }

    func layout(name: String) -> ContextLayout {
      let size = (offset + 7) / 8 * 8
      return ContextLayout(
        name: name, size: size, storageSize: PacketSlot.scalarOffset + size, fields: fields)
    }
  }
}
