import Synchronization

/// The call stacks in a `stack_trace` map, each in the bucket that its hash names.
///
/// Stacks are rare and long: one lock is enough.
final class StackTable: SpecialTable {
  private let buckets: Mutex<[Stack?]>
  private let bucketCount: Int
  /// The most addresses of a stack.
  let depth: Int
  private let valueSize: Int

  private struct Stack {
    let hash: UInt32
    let addresses: [UInt64]
  }

  /// - Parameter hasBuildIDs: whether values have room for 32 bytes an address (`BPF_F_STACK_BUILD_ID`), which only a stack
  ///   of user space would take.
  init(
    entries: Int, valueSize: Int, hasBuildIDs: Bool, limits: MapLimits
  ) throws(MapMemoryRefusal) {
    var count = 1
    while count < entries { count *= 2 }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Stack?>.stride)
    guard !overflow, bytes <= limits.maximumBytes else { throw .overLimit(limits.maximumBytes) }
    bucketCount = count
    self.valueSize = valueSize
    depth = valueSize / (hasBuildIDs ? 32 : 8)
    buckets = Mutex([Stack?](repeating: nil, count: count))
  }

  /// Flags of `bpf_get_stackid`.
  enum Flags {
    static let compareHashOnly: UInt64 = 1 << 9
    static let replace: UInt64 = 1 << 10
  }

  /// The number of a stack's bucket, into which it is put where it is not there yet.
  ///
  /// - Throws: `EEXIST` where another stack is there that may not be replaced.
  func insert(_ addresses: [UInt64], flags: UInt64) throws(MapErrno) -> Int64 {
    let hash = Self.hash(addresses)
    let index = Int(hash) & (bucketCount - 1)
    return try buckets.withLock { (buckets) throws(MapErrno) in
      if let stack = buckets[index] {
        if stack.hash == hash {
          if flags & Flags.compareHashOnly != 0 || stack.addresses == addresses {
            return Int64(index)
          }
        }
        if flags & Flags.replace == 0 { throw .exists }
      }
      buckets[index] = Stack(hash: hash, addresses: addresses)
      return Int64(index)
    }
  }

  /// FNV-1a, and a last mixing of its bits.
  private static func hash(_ addresses: [UInt64]) -> UInt32 {
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    for address in addresses { state = (state ^ address) &* 0x100_0000_01b3 }
    state ^= state >> 29
    state = state &* 0xbf58_476d_1ce4_e5b9
    return UInt32(truncatingIfNeeded: state >> 32)
  }

  // SAFETY: keys have 4 bytes.

  @unsafe
  private func index(_ key: UnsafeRawPointer) -> Int? {
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    return index < bucketCount ? index : nil
  }

  /// The addresses of a stack, innermost first, and zeroes after them.
  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? {
    guard let index = unsafe index(key) else { return nil }
    guard let stack = buckets.withLock({ $0[index] }) else { return nil }
    var bytes = stack.addresses.flatMap { address in
      (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * UInt64($0))) }
    }
    bytes += [UInt8](repeating: 0, count: max(valueSize - bytes.count, 0))
    return bytes
  }

  /// Only programs add stacks.
  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    .invalidArgument
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    guard let index = unsafe index(key) else { return .tooBig }
    return buckets.withLock { buckets in
      defer { buckets[index] = nil }
      return buckets[index] == nil ? .noEntry : nil
    }
  }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    let last = if let key = unsafe key { unsafe index(key) } else { nil as Int? }
    return buckets.withLock { buckets in
      // After a bucket without a stack comes the first with one.
      let start = if let last, buckets[last] != nil { last + 1 } else { 0 }
      return buckets[min(start, bucketCount)...].firstIndex { $0 != nil }
    }.map { Map.bytes(of: UInt32($0)) }
  }
}
