/// A kind of map. The raw value is the kernel's number (`enum bpf_map_type` in `linux/bpf.h`).
@frozen
public enum MapKind: UInt32, CaseIterable, Hashable, Sendable {
  case hash = 1
  case array = 2
  case programArray = 3
  case perfEventArray = 4
  case perCPUHash = 5
  case perCPUArray = 6
  case stackTrace = 7
  case cgroupArray = 8
  case lruHash = 9
  case lruPerCPUHash = 10
  case lpmTrie = 11
  case arrayOfMaps = 12
  case hashOfMaps = 13
  case deviceMap = 14
  case socketMap = 15
  case cpuMap = 16
  case xskMap = 17
  case socketHash = 18
  case cgroupStorage = 19
  case reuseportSocketArray = 20
  case perCPUCgroupStorage = 21
  case queue = 22
  case stack = 23
  case socketStorage = 24
  case deviceMapHash = 25
  case structOps = 26
  case ringBuffer = 27
  case inodeStorage = 28
  case taskStorage = 29
  case bloomFilter = 30
  case userRingBuffer = 31
  case cgroupLocalStorage = 32
  case arena = 33
  case instructionArray = 34
  case resizableHash = 35

  /// The kernel's name in lower case, without the `BPF_MAP_TYPE_` prefix.
  public var name: String {
    switch self {
    case .hash: "hash"
    case .array: "array"
    case .programArray: "prog_array"
    case .perfEventArray: "perf_event_array"
    case .perCPUHash: "percpu_hash"
    case .perCPUArray: "percpu_array"
    case .stackTrace: "stack_trace"
    case .cgroupArray: "cgroup_array"
    case .lruHash: "lru_hash"
    case .lruPerCPUHash: "lru_percpu_hash"
    case .lpmTrie: "lpm_trie"
    case .arrayOfMaps: "array_of_maps"
    case .hashOfMaps: "hash_of_maps"
    case .deviceMap: "devmap"
    case .socketMap: "sockmap"
    case .cpuMap: "cpumap"
    case .xskMap: "xskmap"
    case .socketHash: "sockhash"
    case .cgroupStorage: "cgroup_storage"
    case .reuseportSocketArray: "reuseport_sockarray"
    case .perCPUCgroupStorage: "percpu_cgroup_storage"
    case .queue: "queue"
    case .stack: "stack"
    case .socketStorage: "sk_storage"
    case .deviceMapHash: "devmap_hash"
    case .structOps: "struct_ops"
    case .ringBuffer: "ringbuf"
    case .inodeStorage: "inode_storage"
    case .taskStorage: "task_storage"
    case .bloomFilter: "bloom_filter"
    case .userRingBuffer: "user_ringbuf"
    case .cgroupLocalStorage: "cgrp_storage"
    case .arena: "arena"
    case .instructionArray: "insn_array"
    case .resizableHash: "rhash"
    }
  }

  /// The kind with a kernel name, in any case, with or without the `BPF_MAP_TYPE_` prefix.
  public init?(name: String) {
    var wanted = name.lowercased()
    if wanted.hasPrefix("bpf_map_type_") { wanted.removeFirst(13) }
    guard let kind = MapKind.allCases.first(where: { $0.name == wanted }) else { return nil }
    self = kind
  }

  /// Whether its values are other maps.
  public var holdsMaps: Bool { self == .arrayOfMaps || self == .hashOfMaps }
}
