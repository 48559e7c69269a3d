import BPFPlatform
import TestSupport

/// Random operations on a map, the same ones for the same seed.
struct MapTraffic {
  private let spec: MapSpec
  private let valueSize: Int
  private let keys: Int
  private var choices: SeededGenerator

  /// - Parameter keys: from how many keys the operations choose.
  init(_ spec: MapSpec, valueSize: Int, keys: Int, seed: UInt64) {
    self.spec = spec
    self.valueSize = valueSize
    self.keys = keys
    choices = SeededGenerator(seed: seed)
  }

  /// Whether the kind can be asked to look up and remove.
  private var takes: Bool {
    [.hash, .perCPUHash, .lruHash, .lruPerCPUHash, .lpmTrie, .array].contains(spec.kind)
  }

  mutating func next() -> MapOperation {
    if spec.kind == .queue || spec.kind == .stack, choices.below(4) == 0 { return .take([]) }
    switch choices.below(100) {
    case ..<35: return .get(key())
    case ..<75: return .set(key(), value(), flags: flags())
    case ..<88: return .delete(key())
    case ..<93: return takes ? .take(key()) : .delete(key())
    default: return .nextKey(choices.below(8) == 0 ? nil : key())
    }
  }

  mutating func flags() -> UInt64 {
    switch choices.below(20) {
    case ..<12: 0
    case ..<15: 1
    case ..<18: 2
    case 18: UInt64(choices.below(8))
    default: choices.next()
    }
  }

  mutating func key() -> [UInt8] {
    switch spec.kind {
    case .queue, .stack, .userRingBuffer, .arena: []
    case .lpmTrie: prefix()
    case .array, .perCPUArray, .deviceMap, .programArray, .perfEventArray, .cpuMap, .deviceMapHash,
      .stackTrace, .cgroupArray, .xskMap, .socketMap, .reuseportSocketArray:
      bytes(
        choices.below(20) == 0 ? choices.next() : UInt64(choices.below(spec.maxEntries + 2)),
        count: 4)
    default: bytes(UInt64(choices.below(keys)) &* 0x0101_0101_0101_0101, count: spec.keySize)
    }
  }

  /// A prefix, at times longer than its data; few distinct bytes, so that prefixes meet.
  private mutating func prefix() -> [UInt8] {
    let size = spec.keySize - 4
    let length =
      choices.below(40) == 0
      ? UInt64(size * 8 + choices.below(3)) : UInt64(choices.below(size * 8 + 1))
    var data: [UInt8] = []
    for _ in 0..<size {
      data.append([0x00, 0x80, 0xff, 0x0a][choices.below(4)])
    }
    return bytes(length, count: 4) + data
  }

  mutating func value() -> [UInt8] {
    if spec.kind == .cpuMap {
      let program = choices.below(4) == 0 ? choices.next() >> 32 : 0
      let length = choices.below(8) == 0 ? 16384 + choices.below(2) : choices.below(3) * 64
      return bytes(UInt64(length) | program << 32, count: spec.valueSize)
    }
    switch spec.kind {
    // Descriptors of nothing.
    case .cgroupArray, .xskMap, .socketMap, .socketHash, .reuseportSocketArray:
      let isTooLarge = spec.valueSize == 8 && choices.below(4) == 0
      return bytes(isTooLarge ? 0x1_0000_0000 : 0x7fff_fff0, count: spec.valueSize)
    default: break
    }
    if spec.kind == .deviceMap || spec.kind == .deviceMapHash {
      // Interface 1 is the loopback, in every network namespace.
      let program = choices.below(4) == 0 ? choices.next() >> 32 : 0
      return bytes(UInt64(choices.below(4) > 0 ? 1 : 0) | program << 32, count: spec.valueSize)
    }
    return (0..<valueSize).map { _ in UInt8(truncatingIfNeeded: choices.next()) }
  }

  private func bytes(_ number: UInt64, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0 % 8))) }
  }
}
