public import BPFPlatform
import Glibc

/// A map of the running kernel.
public final class KernelMap {
  public let spec: MapSpec
  let descriptor: KernelDescriptor
  /// The template of the maps in a map of maps.
  private let inner: KernelMap?
  /// The map's types, where its values have a lock.
  private let types: KernelDescriptor?

  /// Creates an empty map. Its initial contents are for ``KernelProgram`` to set, since they may name programs.
  public init(_ spec: MapSpec) throws {
    self.spec = spec
    inner = try spec.inner.map { try KernelMap($0.value) }
    var attributes = BPFAttributes()
    attributes.set(spec.kind.rawValue, at: 0)
    attributes.set(UInt32(spec.keySize), at: 4)
    attributes.set(UInt32(spec.valueSize), at: 8)
    // As libbpf does: a perf event array declared without a size has a slot for every processor.
    let isSizedByProcessors = spec.kind == .perfEventArray && spec.maxEntries == 0
    attributes.set(
      UInt32(isSizedByProcessors ? KernelOracle.possibleProcessors : spec.maxEntries), at: 12)
    attributes.set(spec.flags.rawValue, at: 16)
    if let inner { attributes.set(inner.descriptor.number, at: 20) }
    attributes.setName(spec.name, at: 28)
    attributes.set(spec.extra, at: 64)
    if let lock = spec.specialFields.first(where: { $0.kind == .spinLock }) {
      let types = try KernelTypes.valueWithLock(at: lock.offset, size: spec.valueSize)
      attributes.set(types.number, at: 48)
      attributes.set(UInt32(1), at: 52)
      attributes.set(UInt32(3), at: 56)
      self.types = consume types
    } else {
      types = nil
    }
    let result = unsafe attributes.call(.createMap)
    guard result >= 0 else {
      throw KernelRefusal(operation: "map \(spec.name)", number: Int32(-result), log: "")
    }
    descriptor = KernelDescriptor(number: Int32(result))
  }

  /// The bytes of a value as the host sees it: for a per-CPU map all slots, each padded to 8 bytes.
  public var hostValueSize: Int {
    isPerCPU ? (spec.valueSize + 7) / 8 * 8 * KernelOracle.possibleProcessors : spec.valueSize
  }

  public var isPerCPU: Bool {
    [.perCPUArray, .perCPUHash, .lruPerCPUHash, .perCPUCgroupStorage].contains(spec.kind)
  }

  /// The value of a key, or nil if there is none.
  public func get(_ key: [UInt8]) throws -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: max(hostValueSize, 8))
    let result = unsafe key.withUnsafeBytes { key in
      unsafe value.withUnsafeMutableBytes { value in
        unsafe call(.lookUpElement, key: key.baseAddress, value: value.baseAddress, flags: 0)
      }
    }
    if result == -Int(ENOENT) { return nil }
    try check(result, "lookup")
    return Array(value.prefix(hostValueSize))
  }

  /// The value of a key, which is removed; for a queue or stack, whose key is empty, the next value.
  public func take(_ key: [UInt8], flags: UInt64 = 0) throws -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: max(hostValueSize, 8))
    let result = unsafe key.withUnsafeBytes { key in
      unsafe value.withUnsafeMutableBytes { value in
        unsafe call(
          .takeElement, key: key.baseAddress, value: value.baseAddress, flags: flags)
      }
    }
    if result == -Int(ENOENT) { return nil }
    try check(result, "lookup and delete")
    return Array(value.prefix(hostValueSize))
  }

  /// Whether a Bloom filter may have been given a value.
  public func contains(_ value: [UInt8]) throws -> Bool {
    var copy = value
    let result = unsafe copy.withUnsafeMutableBytes { value in
      unsafe call(.lookUpElement, key: nil, value: value.baseAddress, flags: 0)
    }
    if result == -Int(ENOENT) { return false }
    try check(result, "lookup")
    return true
  }

  /// Puts a map into a map of maps.
  public func set(_ key: [UInt8], map: KernelMap, flags: UInt64 = 0) throws {
    let number = UInt32(bitPattern: map.descriptor.number)
    try set(key, (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }, flags: flags)
  }

  public func set(_ key: [UInt8], _ value: [UInt8], flags: UInt64 = 0) throws {
    let padded = value + [UInt8](repeating: 0, count: max(hostValueSize - value.count, 0))
    let result = unsafe key.withUnsafeBytes { key in
      unsafe padded.withUnsafeBytes { value in
        unsafe call(.updateElement, key: key.baseAddress, value: value.baseAddress, flags: flags)
      }
    }
    try check(result, "update")
  }

  /// Whether there was such a key.
  public func delete(_ key: [UInt8]) throws -> Bool {
    let result = unsafe key.withUnsafeBytes { key in
      unsafe call(.deleteElement, key: key.baseAddress, value: nil, flags: 0)
    }
    if result == -Int(ENOENT) { return false }
    try check(result, "delete")
    return true
  }

  public func nextKey(after key: [UInt8]?) throws -> [UInt8]? {
    var next = [UInt8](repeating: 0, count: spec.keySize)
    let result = unsafe (key ?? []).withUnsafeBytes { bytes in
      unsafe next.withUnsafeMutableBytes { next in
        unsafe call(
          .nextKey, key: key == nil ? nil : bytes.baseAddress, value: next.baseAddress, flags: 0)
      }
    }
    if result == -Int(ENOENT) { return nil }
    try check(result, "next key")
    return next
  }

  /// All entries, in the kernel's order.
  public func entries() throws -> [(key: [UInt8], value: [UInt8])] {
    var entries: [(key: [UInt8], value: [UInt8])] = []
    var key = try nextKey(after: nil)
    while let current = key {
      if let value = try get(current) { entries.append((current, value)) }
      key = try nextKey(after: current)
    }
    return entries
  }

  /// Makes the map unchangeable for the host.
  public func freeze() throws {
    var attributes = BPFAttributes()
    attributes.set(descriptor.number, at: 0)
    try check(unsafe attributes.call(.freezeMap), "freeze")
  }

  @unsafe
  private func call(
    _ command: BPFCommand, key: UnsafeRawPointer?, value: UnsafeRawPointer?, flags: UInt64
  ) -> Int {
    var attributes = BPFAttributes()
    attributes.set(descriptor.number, at: 0)
    // A map without keys takes no address of one.
    unsafe attributes.set(spec.keySize == 0 ? nil : key, at: 8)
    unsafe attributes.set(value, at: 16)
    attributes.set(flags, at: 24)
    return unsafe attributes.call(command)
  }

  private func check(_ result: Int, _ operation: String) throws {
    guard result >= 0 else {
      throw KernelRefusal(
        operation: "\(operation) in map \(spec.name)", number: Int32(-result), log: "")
    }
  }
}
