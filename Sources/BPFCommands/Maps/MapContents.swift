import BPFPlatform
import BPFRuntime

/// What maps hold, as hosts give and get it.
enum MapContents {
  /// The value that ``Map/set(_:_:flags:)`` takes for the value of one CPU: in a per-CPU map, one for each
  /// worker, padded to 8 bytes, all the same.
  static func hostValue(of value: [UInt8], in map: Map) -> [UInt8] {
    guard map.spec.kind.isPerCPU else { return value }
    return hostValue(ofEachCPU: Array(repeating: value, count: map.workers))
  }

  /// The value that ``Map/set(_:_:flags:)`` takes for the values of all CPUs.
  static func hostValue(ofEachCPU values: [[UInt8]]) -> [UInt8] {
    values.flatMap { $0 + Array(repeating: 0, count: (8 - $0.count % 8) % 8) }
  }

  /// About how many bytes a map will take; the most an `Int` holds where that is more.
  static func estimatedSize(of spec: MapSpec, workers: Int = 1) -> Int {
    if spec.kind == .ringBuffer { return spec.maxEntries }
    // What an element of a hash takes beside its key and value.
    let overhead = 48
    let (entry, overflow) = spec.keySize.addingReportingOverflow(
      spec.valueSize.multipliedReportingOverflow(by: spec.kind.isPerCPU ? workers : 1).partialValue)
    guard !overflow, entry >= 0 else { return .max }
    let (size, sizeOverflow) = (entry + overhead).multipliedReportingOverflow(by: spec.maxEntries)
    return sizeOverflow || size < 0 ? .max : size
  }
}

extension MapKind {
  /// Whether a map of this kind has a value for each CPU.
  var isPerCPU: Bool {
    switch self {
    case .perCPUHash, .perCPUArray, .lruPerCPUHash, .perCPUCgroupStorage: true
    case .hash, .array, .programArray, .perfEventArray, .stackTrace, .cgroupArray, .lruHash,
      .lpmTrie, .arrayOfMaps, .hashOfMaps, .deviceMap, .socketMap, .cpuMap, .xskMap, .socketHash,
      .cgroupStorage, .reuseportSocketArray, .queue, .stack, .socketStorage, .deviceMapHash,
      .structOps, .ringBuffer, .inodeStorage, .taskStorage, .bloomFilter, .userRingBuffer,
      .cgroupLocalStorage, .arena, .instructionArray, .resizableHash:
      false
    }
  }
}
