import BPFPlatform
import Foundation

/// Maps of every kind that has entries, small enough to fill up.
enum MapSamples {
  /// Maps whose values have a spin lock.
  static let locked: [MapSpec] = [MapKind.hash, .array].map { kind in
    var spec = MapSpec(
      name: "\(kind.name)_lock", kind: kind, keySize: 4, valueSize: 16, maxEntries: 20)
    spec.specialFields = [.init(.spinLock, offset: 8)]
    return spec
  }

  static let all: [MapSpec] = [
    MapSpec(name: "hash", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 24),
    MapSpec(name: "hash_8", kind: .hash, keySize: 8, valueSize: 4, maxEntries: 31),
    MapSpec(name: "hash_odd", kind: .hash, keySize: 13, valueSize: 21, maxEntries: 24),
    MapSpec(name: "hash_1", kind: .hash, keySize: 1, valueSize: 1, maxEntries: 1),
    MapSpec(
      name: "hash_lazy", kind: .hash, keySize: 16, valueSize: 3, maxEntries: 20,
      flags: .noPreallocation),
    MapSpec(name: "percpu_hash", kind: .perCPUHash, keySize: 6, valueSize: 12, maxEntries: 20),
    MapSpec(name: "lru_hash", kind: .lruHash, keySize: 4, valueSize: 8, maxEntries: 4096),
    MapSpec(
      name: "lru_percpu", kind: .lruPerCPUHash, keySize: 20, valueSize: 12, maxEntries: 4096),
    MapSpec(name: "hash_40", kind: .hash, keySize: 40, valueSize: 16, maxEntries: 24),
    MapSpec(name: "array", kind: .array, keySize: 4, valueSize: 8, maxEntries: 16),
    MapSpec(name: "array_odd", kind: .array, keySize: 4, valueSize: 5, maxEntries: 7),
    MapSpec(
      name: "percpu_array", kind: .perCPUArray, keySize: 4, valueSize: 12, maxEntries: 9),
    MapSpec(
      name: "lpm_v4", kind: .lpmTrie, keySize: 8, valueSize: 4, maxEntries: 40,
      flags: .noPreallocation),
    MapSpec(
      name: "lpm_many", kind: .lpmTrie, keySize: 8, valueSize: 24, maxEntries: 9000,
      flags: .noPreallocation),
    MapSpec(
      name: "lpm_1", kind: .lpmTrie, keySize: 5, valueSize: 1, maxEntries: 12,
      flags: .noPreallocation),
    MapSpec(
      name: "lpm_v6", kind: .lpmTrie, keySize: 20, valueSize: 16, maxEntries: 60,
      flags: .noPreallocation),
    MapSpec(
      name: "lpm_long", kind: .lpmTrie, keySize: 260, valueSize: 9, maxEntries: 60,
      flags: .noPreallocation),
    MapSpec(name: "devmap", kind: .deviceMap, keySize: 4, valueSize: 8, maxEntries: 6),
    MapSpec(name: "queue", kind: .queue, keySize: 0, valueSize: 12, maxEntries: 7),
    MapSpec(name: "queue_1", kind: .queue, keySize: 0, valueSize: 8, maxEntries: 1),
    MapSpec(name: "stack", kind: .stack, keySize: 0, valueSize: 5, maxEntries: 6),
    MapSpec(name: "devmap_hash", kind: .deviceMapHash, keySize: 4, valueSize: 8, maxEntries: 6),
    MapSpec(name: "devmap_hash_4", kind: .deviceMapHash, keySize: 4, valueSize: 4, maxEntries: 5),
    MapSpec(name: "cpumap", kind: .cpuMap, keySize: 4, valueSize: 4, maxEntries: 6),
    MapSpec(name: "cpumap_8", kind: .cpuMap, keySize: 4, valueSize: 8, maxEntries: 6),
    MapSpec(name: "stack_trace", kind: .stackTrace, keySize: 4, valueSize: 16, maxEntries: 6),
    MapSpec(name: "cgroup_array", kind: .cgroupArray, keySize: 4, valueSize: 4, maxEntries: 6),
    MapSpec(name: "xskmap", kind: .xskMap, keySize: 4, valueSize: 4, maxEntries: 6),
    MapSpec(name: "sockmap", kind: .socketMap, keySize: 4, valueSize: 8, maxEntries: 6),
    MapSpec(name: "sockmap_4", kind: .socketMap, keySize: 4, valueSize: 4, maxEntries: 6),
    MapSpec(name: "sockhash", kind: .socketHash, keySize: 4, valueSize: 8, maxEntries: 6),
    MapSpec(
      name: "reuseport", kind: .reuseportSocketArray, keySize: 4, valueSize: 8, maxEntries: 6),
    MapSpec(
      name: "cgroup_storage", kind: .cgroupStorage, keySize: 16, valueSize: 8, maxEntries: 0),
    MapSpec(
      name: "percpu_cgroup", kind: .perCPUCgroupStorage, keySize: 8, valueSize: 8, maxEntries: 0),
    MapSpec(
      name: "user_ringbuf", kind: .userRingBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
    MapSpec(
      name: "arena", kind: .arena, keySize: 0, valueSize: 0, maxEntries: 1, flags: .memoryMappable),
    MapSpec(name: "devmap_4", kind: .deviceMap, keySize: 4, valueSize: 4, maxEntries: 6),
  ]

  /// The operations to run on a map: `BPFKIT_MODEL_OPERATIONS`, else 100,000 where the code is optimised.
  static var operations: Int { askedOperations ?? usualOperations }

  /// The operations that the environment asks for.
  static let askedOperations = ProcessInfo.processInfo.environment["BPFKIT_MODEL_OPERATIONS"]
    .flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }

  private static var usualOperations: Int {
    #if DEBUG
    3_000
    #else
    100_000
    #endif
  }

  /// Whether the model knows the kind: that is, whether it holds something in a process.
  static func isModeled(_ kind: MapKind) -> Bool {
    switch kind {
    case .stackTrace, .cgroupArray, .xskMap, .socketMap, .socketHash, .reuseportSocketArray,
      .cgroupStorage, .perCPUCgroupStorage, .userRingBuffer, .arena:
      false
    default: true
    }
  }

  /// Whether the order of keys is a matter of rules, not of hashes.
  static func isOrdered(_ kind: MapKind) -> Bool {
    switch kind {
    case .array, .perCPUArray, .lpmTrie, .deviceMap, .queue, .stack, .cpuMap, .stackTrace,
      .cgroupArray, .xskMap, .socketMap, .socketHash, .reuseportSocketArray, .cgroupStorage,
      .perCPUCgroupStorage, .userRingBuffer, .arena:
      true
    default: false
    }
  }
}
