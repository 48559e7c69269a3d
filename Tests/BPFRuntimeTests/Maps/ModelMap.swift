import BPFPlatform
import BPFRuntime

/// A map as simple as can be: a dictionary and the kernel's rules, one by one.
final class ModelMap: MapSubject {
  private let spec: MapSpec
  private let workers: Int
  private var entries: [[UInt8]: [UInt8]] = [:]
  /// The values of a queue or stack, oldest first.
  private var queue: [[UInt8]] = []
  private var isFrozen = false

  init(_ spec: MapSpec, workers: Int) {
    self.spec = spec
    self.workers = workers
  }

  private enum Errno {
    static let permission: Int32 = 1
    static let noEntry: Int32 = 2
    static let tooBig: Int32 = 7
    static let exists: Int32 = 17
    static let invalid: Int32 = 22
    static let noSpace: Int32 = 28
    static let noMemory: Int32 = 12
    static let noDevice: Int32 = 19
    static let overflow: Int32 = 75
    static let notSupported: Int32 = 524
  }

  private func index(_ key: [UInt8]) -> Int {
    key.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private var valueSize: Int {
    switch spec.kind {
    case .perCPUArray, .perCPUHash, .lruPerCPUHash: (spec.valueSize + 7) / 8 * 8 * workers
    default: spec.valueSize
    }
  }

  func perform(_ operation: MapOperation) -> MapAnswer {
    switch operation {
    case .freeze:
      isFrozen = true
      return .done
    case .get(let key): return get(key)
    case .set(let key, let value, let flags):
      if spec.flags.contains(.readOnly) || isFrozen { return .refused(Errno.permission) }
      if flags > 2 { return .refused(Errno.invalid) }
      return set(key, value, flags)
    case .delete(let key):
      if spec.flags.contains(.readOnly) || isFrozen { return .refused(Errno.permission) }
      return delete(key)
    case .nextKey(let key): return nextKey(key)
    case .take(let key):
      if spec.flags.contains(.readOnly) || spec.flags.contains(.writeOnly) || isFrozen {
        return .refused(Errno.permission)
      }
      let value: [UInt8]?
      switch spec.kind {
      case .queue, .stack:
        value = isStack ? queue.popLast() : queue.isEmpty ? nil : queue.removeFirst()
      case .hash, .perCPUHash, .lruHash, .lruPerCPUHash: value = entries.removeValue(forKey: key)
      default: return .refused(Errno.notSupported)
      }
      return value.map { .value($0) } ?? .missing
    }
  }

  private var isStack: Bool { spec.kind == .stack }

  private func get(_ key: [UInt8]) -> MapAnswer {
    if spec.flags.contains(.writeOnly) { return .refused(Errno.permission) }
    switch spec.kind {
    case .array, .perCPUArray:
      guard index(key) < spec.maxEntries else { return .missing }
      return .value(entries[key] ?? [UInt8](repeating: 0, count: valueSize))
    case .lpmTrie:
      guard index(key) <= 8 * (key.count - 4) else { return .missing }
      let best = entries.keys.filter { covers($0, key) }.max { index($0) < index($1) }
      return best.flatMap { entries[$0] }.map { .value($0) } ?? .missing
    case .queue: return queue.first.map { .value($0) } ?? .missing
    case .stack: return queue.last.map { .value($0) } ?? .missing
    default:
      return entries[key].map { .value($0) } ?? .missing
    }
  }

  private func set(_ key: [UInt8], _ value: [UInt8], _ flags: UInt64) -> MapAnswer {
    switch spec.kind {
    case .array, .perCPUArray:
      guard index(key) < spec.maxEntries else { return .refused(Errno.tooBig) }
      if flags == 1 { return .refused(Errno.exists) }
    case .queue, .stack:
      if flags == 1 { return .refused(Errno.invalid) }
      if queue.count == spec.maxEntries {
        if flags != 2 { return .refused(Errno.tooBig) }
        queue.removeFirst()
      }
      queue.append(value)
      return .done
    case .cpuMap:
      guard index(key) < spec.maxEntries else { return .refused(Errno.tooBig) }
      if flags == 1 { return .refused(Errno.exists) }
      let length = index(value)
      if length > 16384 { return .refused(Errno.overflow) }
      if index(key) >= workers { return .refused(Errno.noDevice) }
      if value.count == 8, length > 0, value[7] < 128, value[4...].contains(where: { $0 != 0 }) {
        return .refused(Errno.noMemory)
      }
      entries[key] =
        length == 0 ? nil : Array((value.prefix(4) + [0, 0, 0, 0]).prefix(value.count))
      return .done
    case .deviceMapHash:
      if index(value) == 0 { return .refused(Errno.invalid) }
      if flags == 1, entries[key] != nil { return .refused(Errno.exists) }
      if value.count == 8, value[7] < 128, value[4...].contains(where: { $0 != 0 }) {
        return .refused(Errno.invalid)
      }
      if entries[key] == nil, entries.count == spec.maxEntries { return .refused(Errno.tooBig) }
      entries[key] = Array((value.prefix(4) + [0, 0, 0, 0]).prefix(value.count))
      return .done
    case .deviceMap:
      guard index(key) < spec.maxEntries else { return .refused(Errno.tooBig) }
      if flags == 1 { return .refused(Errno.exists) }
      if value.count == 8, value[7] < 128, value[4...].contains(where: { $0 != 0 }) {
        return .refused(Errno.invalid)
      }
      if value.prefix(4).allSatisfy({ $0 == 0 }) {
        entries[key] = nil
        return .done
      }
      entries[key] = Array((value.prefix(4) + [0, 0, 0, 0]).prefix(value.count))
      return .done
    case .lpmTrie:
      guard index(key) <= 8 * (key.count - 4) else { return .refused(Errno.invalid) }
      // A prefix is the same whatever the bits after it; the last ones given are kept.
      let same = entries.keys.first { index($0) == index(key) && covers($0, key) }
      if let refusal = refusal(isPresent: same != nil, flags, full: Errno.noSpace) {
        return .refused(refusal)
      }
      if let same { entries[same] = nil }
    default:
      if let refusal = refusal(isPresent: entries[key] != nil, flags, full: Errno.tooBig) {
        return .refused(refusal)
      }
    }
    entries[key] = value
    return .done
  }

  private func refusal(isPresent: Bool, _ flags: UInt64, full: Int32) -> Int32? {
    if isPresent { return flags == 1 ? Errno.exists : nil }
    if flags == 2 { return Errno.noEntry }
    return entries.count == spec.maxEntries ? full : nil
  }

  private func delete(_ key: [UInt8]) -> MapAnswer {
    switch spec.kind {
    case .array, .perCPUArray, .queue, .stack: return .refused(Errno.invalid)
    case .deviceMap, .cpuMap:
      guard index(key) < spec.maxEntries else { return .refused(Errno.invalid) }
      entries[key] = nil
      return .done
    case .lpmTrie:
      guard index(key) <= 8 * (key.count - 4) else { return .refused(Errno.invalid) }
      let same = entries.keys.first { index($0) == index(key) && covers($0, key) }
      guard let same else { return .missing }
      entries[same] = nil
      return .done
    default: return entries.removeValue(forKey: key) == nil ? .missing : .done
    }
  }

  /// Arrays only: the order of other kinds is not a matter of rules as simple as that.
  private func nextKey(_ key: [UInt8]?) -> MapAnswer {
    if spec.kind == .queue || isStack { return .refused(Errno.invalid) }
    let next = key.map { index($0) < spec.maxEntries ? index($0) + 1 : 0 } ?? 0
    guard next < spec.maxEntries else { return .missing }
    return .key((0..<4).map { UInt8(truncatingIfNeeded: next >> (8 * $0)) })
  }

  /// Whether a prefix, its length in bits before its data, begins a key.
  private func covers(_ prefix: [UInt8], _ key: [UInt8]) -> Bool {
    guard index(prefix) <= index(key) else { return false }
    return (0..<index(prefix)).allSatisfy { bit in
      let shift = UInt8(7 - bit % 8)
      return (prefix[4 + bit / 8] ^ key[4 + bit / 8]) >> shift & 1 == 0
    }
  }

  var contents: [[UInt8]: [UInt8]] { entries }
  var queued: [[UInt8]] { queue }
}
