import Synchronization

/// The bits of a `bloom_filter`.
///
/// Values that were added are always found; others are found by chance, as rarely as the number of bits for each of the
/// map's entries lets them. Size, hash function (Bob Jenkins' lookup3) and hashes of a filter without a seed are the kernel's, so
/// that the same values are found by chance.
@safe
final class BloomFilter: SpecialTable, @unchecked Sendable {
  // `@unchecked`: words are atomic.
  private let memory: MappedMemory
  private let mask: UInt32
  private let valueSize: Int
  private let hashCount: UInt32
  private let seed: UInt32

  /// - Parameter hashes: the number of hash functions, 1 to 15; 0 for the kernel's default of 5.
  init(
    entries: Int, valueSize: Int, hashes: Int, isSeeded: Bool, limits: MapLimits
  ) throws(MapMemoryRefusal) {
    let hashCount = hashes == 0 ? 5 : hashes
    self.hashCount = UInt32(hashCount)
    self.valueSize = valueSize
    seed = isSeeded ? UInt32.random(in: .min ... .max) : 0
    // The best number of bits is entries times hashes over ln 2, about 7/5.
    let (product, overflow) = UInt32(entries).multipliedReportingOverflow(by: UInt32(hashCount))
    let wanted = overflow ? UInt64(UInt32.max) : UInt64(product) / 5 * 7
    let mask: UInt32
    if overflow || wanted > 1 << 31 {
      mask = .max
    } else {
      var bits: UInt64 = 64
      while bits < wanted { bits *= 2 }
      mask = UInt32(bits - 1)
    }
    self.mask = mask
    var plan = MemoryLayoutPlan()
    _ = plan.add((Int(mask) + 1) / 8, stride: 1)
    memory = try MappedMemory(plan, limits: limits)
  }

  // SAFETY (whole type): hashes are masked to the filter's bits; callers give pointers to as many bytes as a value has.

  @unsafe
  private func word(of bit: UInt32) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (memory.base + Int(bit >> 6) * 8).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  @unsafe
  func add(_ value: UnsafeRawPointer) {
    for index in 0..<hashCount {
      let bit = unsafe hash(value, seed: seed &+ index) & mask
      unsafe word(of: bit).pointee.bitwiseOr(1 << UInt64(bit & 63), ordering: .relaxed)
    }
  }

  @unsafe
  func contains(_ value: UnsafeRawPointer) -> Bool {
    for index in 0..<hashCount {
      let bit = unsafe hash(value, seed: seed &+ index) & mask
      let bits = unsafe word(of: bit).pointee.load(ordering: .relaxed)
      if bits >> UInt64(bit & 63) & 1 == 0 { return false }
    }
    return true
  }

  // MARK: What bpf(2) does without a key

  /// The value would have to be given.
  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? { throw .invalidArgument }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    guard flags == MapUpdateFlags.any.rawValue else { return .invalidArgument }
    unsafe add(value)
    return nil
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? { .notSupportedByOperation }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    throw .notSupportedByOperation
  }

  func explanation(of number: MapErrno) -> String? {
    if number == .invalidArgument {
      return "a bloom_filter takes values, with flags 0, and is asked with contains(_:)"
    }
    if number == .notSupportedByOperation {
      return "a bloom_filter does not know which values it was given"
    }
    return nil
  }

  // MARK: Hash

  @unsafe
  private func hash(_ value: UnsafeRawPointer, seed: UInt32) -> UInt32 {
    let isWords = valueSize % 4 == 0
    let length = UInt32(truncatingIfNeeded: isWords ? valueSize / 4 : valueSize)
    let start = 0xdead_beef &+ (isWords ? length << 2 : length) &+ seed
    var state = (start, start, start)
    var offset = 0
    while valueSize - offset > 12 {
      state.0 &+= unsafe value.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      state.1 &+= unsafe value.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
      state.2 &+= unsafe value.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)
      mix(&state)
      offset += 12
    }
    if offset == valueSize { return state.2 }
    state.0 &+= unsafe tail(value, offset)
    state.1 &+= unsafe tail(value, offset + 4)
    state.2 &+= unsafe tail(value, offset + 8)
    finish(&state)
    return state.2
  }

  /// A word of the value's end, what is beyond it being zero.
  @unsafe
  private func tail(_ value: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    var word: UInt32 = 0
    for index in 0..<max(0, min(4, valueSize - offset)) {
      let byte = unsafe value.load(fromByteOffset: offset + index, as: UInt8.self)
      #if _endian(little)
      word |= UInt32(byte) << UInt32(8 * index)
      #else
      word |= UInt32(byte) << UInt32(24 - 8 * index)
      #endif
    }
    return word
  }

  private func mix(_ state: inout (UInt32, UInt32, UInt32)) {
    func turn(_ word: inout UInt32, _ last: inout UInt32, _ next: UInt32, by count: UInt32) {
      word = (word &- last) ^ (last << count | last >> (32 - count))
      last &+= next
    }
    var (a, b, c) = state
    turn(&a, &c, b, by: 4)
    turn(&b, &a, c, by: 6)
    turn(&c, &b, a, by: 8)
    turn(&a, &c, b, by: 16)
    turn(&b, &a, c, by: 19)
    turn(&c, &b, a, by: 4)
    state = (a, b, c)
  }

  private func finish(_ state: inout (UInt32, UInt32, UInt32)) {
    func turn(_ word: inout UInt32, _ other: UInt32, by count: UInt32) {
      word = (word ^ other) &- (other << count | other >> (32 - count))
    }
    var (a, b, c) = state
    turn(&c, b, by: 14)
    turn(&a, c, by: 11)
    turn(&b, a, by: 25)
    turn(&c, b, by: 16)
    turn(&a, c, by: 4)
    turn(&b, a, by: 14)
    turn(&c, b, by: 24)
    state = (a, b, c)
  }
}
