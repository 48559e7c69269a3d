/// The number of a helper function (`enum bpf_func_id` in `linux/bpf.h`).
@frozen
public struct HelperID: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}

extension HelperID: CustomStringConvertible {
  /// The name as C code writes it (`bpf_map_lookup_elem`), or the number where it names no helper.
  public var description: String {
    guard let name else { return "helper #\(rawValue)" }
    return "bpf_\(name)"
  }
}

/// The helpers that have a prototype. Computed, so that a `switch` over them compiles to a jump table.
extension HelperID {
  /// `bpf_map_lookup_elem`
  @inlinable public static var mapLookupElement: HelperID { HelperID(rawValue: 1) }
  /// `bpf_map_update_elem`
  @inlinable public static var mapUpdateElement: HelperID { HelperID(rawValue: 2) }
  /// `bpf_map_delete_elem`
  @inlinable public static var mapDeleteElement: HelperID { HelperID(rawValue: 3) }
  /// `bpf_ktime_get_ns`
  @inlinable public static var ktimeGetNanoseconds: HelperID { HelperID(rawValue: 5) }
  /// `bpf_trace_printk`
  @inlinable public static var tracePrintk: HelperID { HelperID(rawValue: 6) }
  /// `bpf_get_prandom_u32`
  @inlinable public static var getRandomU32: HelperID { HelperID(rawValue: 7) }
  /// `bpf_get_smp_processor_id`
  @inlinable public static var getProcessorID: HelperID { HelperID(rawValue: 8) }
  /// `bpf_skb_store_bytes`
  @inlinable public static var skbStoreBytes: HelperID { HelperID(rawValue: 9) }
  /// `bpf_l3_csum_replace`
  @inlinable public static var l3ChecksumReplace: HelperID { HelperID(rawValue: 10) }
  /// `bpf_l4_csum_replace`
  @inlinable public static var l4ChecksumReplace: HelperID { HelperID(rawValue: 11) }
  /// `bpf_tail_call`
  @inlinable public static var tailCall: HelperID { HelperID(rawValue: 12) }
  /// `bpf_get_current_pid_tgid`
  @inlinable public static var getCurrentPIDTGID: HelperID { HelperID(rawValue: 14) }
  /// `bpf_get_current_uid_gid`
  @inlinable public static var getCurrentUIDGID: HelperID { HelperID(rawValue: 15) }
  /// `bpf_get_current_comm`
  @inlinable public static var getCurrentComm: HelperID { HelperID(rawValue: 16) }
  /// `bpf_redirect`
  @inlinable public static var redirect: HelperID { HelperID(rawValue: 23) }
  /// `bpf_perf_event_output`
  @inlinable public static var perfEventOutput: HelperID { HelperID(rawValue: 25) }
  /// `bpf_skb_load_bytes`
  @inlinable public static var skbLoadBytes: HelperID { HelperID(rawValue: 26) }
  /// `bpf_csum_diff`
  @inlinable public static var checksumDifference: HelperID { HelperID(rawValue: 28) }
  /// `bpf_skb_pull_data`
  @inlinable public static var skbPullData: HelperID { HelperID(rawValue: 39) }
  /// `bpf_get_numa_node_id`
  @inlinable public static var getNUMANodeID: HelperID { HelperID(rawValue: 42) }
  /// `bpf_xdp_adjust_head`
  @inlinable public static var xdpAdjustHead: HelperID { HelperID(rawValue: 44) }
  /// `bpf_redirect_map`
  @inlinable public static var redirectMap: HelperID { HelperID(rawValue: 51) }
  /// `bpf_xdp_adjust_meta`
  @inlinable public static var xdpAdjustMetadata: HelperID { HelperID(rawValue: 54) }
  /// `bpf_xdp_adjust_tail`
  @inlinable public static var xdpAdjustTail: HelperID { HelperID(rawValue: 65) }
  /// `bpf_skb_load_bytes_relative`
  @inlinable public static var skbLoadBytesRelative: HelperID { HelperID(rawValue: 68) }
  /// `bpf_strtol`
  @inlinable public static var stringToLong: HelperID { HelperID(rawValue: 105) }
  /// `bpf_strtoul`
  @inlinable public static var stringToUnsignedLong: HelperID { HelperID(rawValue: 106) }
  /// `bpf_jiffies64`
  @inlinable public static var jiffies64: HelperID { HelperID(rawValue: 118) }
  /// `bpf_ktime_get_boot_ns`
  @inlinable public static var ktimeGetBootNanoseconds: HelperID { HelperID(rawValue: 125) }
  /// `bpf_ringbuf_output`
  @inlinable public static var ringBufferOutput: HelperID { HelperID(rawValue: 130) }
  /// `bpf_ringbuf_reserve`
  @inlinable public static var ringBufferReserve: HelperID { HelperID(rawValue: 131) }
  /// `bpf_ringbuf_submit`
  @inlinable public static var ringBufferSubmit: HelperID { HelperID(rawValue: 132) }
  /// `bpf_ringbuf_discard`
  @inlinable public static var ringBufferDiscard: HelperID { HelperID(rawValue: 133) }
  /// `bpf_ringbuf_query`
  @inlinable public static var ringBufferQuery: HelperID { HelperID(rawValue: 134) }
  /// `bpf_ktime_get_coarse_ns`
  @inlinable public static var ktimeGetCoarseNanoseconds: HelperID { HelperID(rawValue: 160) }
  /// `bpf_trace_vprintk`
  @inlinable public static var traceVprintk: HelperID { HelperID(rawValue: 177) }
  /// `bpf_strncmp`
  @inlinable public static var stringCompare: HelperID { HelperID(rawValue: 182) }
  /// `bpf_xdp_get_buff_len`
  @inlinable public static var xdpGetBufferLength: HelperID { HelperID(rawValue: 188) }
  /// `bpf_xdp_load_bytes`
  @inlinable public static var xdpLoadBytes: HelperID { HelperID(rawValue: 189) }
  /// `bpf_xdp_store_bytes`
  @inlinable public static var xdpStoreBytes: HelperID { HelperID(rawValue: 190) }
  /// `bpf_map_lookup_percpu_elem`
  @inlinable public static var mapLookupPerCPUElement: HelperID { HelperID(rawValue: 195) }
  /// `bpf_ktime_get_tai_ns`
  @inlinable public static var ktimeGetTAINanoseconds: HelperID { HelperID(rawValue: 208) }
}
