import BPFKit
import Glibc

/// A filled map, and keys to use on it.
///
/// SAFETY (whole type): keys lie one after another, each padded to 8 bytes; a value has 8 bytes.
@safe
final class MapSubject {
  let map: Map
  private let frame: ExecutionFrame
  private let bits: UInt64
  /// The keys that are in the map, in random order, then as many that are not; of an `lpm_trie` first the addresses to look
  /// up, then the prefixes.
  private let keys: UnsafeMutablePointer<UInt64>
  private let stride: Int
  private let count: Int
  /// Where among the keys those are that are in the map.
  private let contentsStart: Int
  private let value: UnsafeMutablePointer<UInt64>

  init(
    _ kind: MapKind, keySize: Int, entries: Int, maxEntries: Int? = nil, workers: Int = 1
  ) throws {
    map = try Map(
      MapSpec(
        name: "m", kind: kind, keySize: keySize, valueSize: 8, maxEntries: maxEntries ?? entries),
      workers: workers)
    stride = (keySize + 7) / 8
    count = entries
    contentsStart = 0
    (frame, bits) = unsafe (ExecutionFrame(type: .xdp, layout: nil), Self.bits(map))
    unsafe keys = .allocate(capacity: 2 * entries * stride)
    unsafe value = .allocate(capacity: 1)
    unsafe value.initialize(to: 1)
    var random = Random(state: 1)
    for index in 0..<2 * entries * stride {
      unsafe (keys + index).initialize(to: random.next())
    }
    if kind == .array {
      for index in 0..<2 * entries {
        unsafe keys[index] = random.next() % UInt64(entries)
      }
    } else if keySize <= 4 {
      // Distinct ones: a multiplication by an odd number is a permutation.
      for index in 0..<2 * entries {
        unsafe keys[index] = UInt64(UInt32(index) &* 0x9e37_79b1)
      }
    }
    fill()
    unsafe shuffle(keys)
    unsafe shuffle(keys + entries * stride)
  }

  /// Routes of lengths as in a routing table, and addresses of which most are in one.
  init(prefixes: Int, isIPv6: Bool = false) throws {
    let keySize = isIPv6 ? 20 : 8
    map = try Map(
      MapSpec(
        name: "routes", kind: .lpmTrie, keySize: keySize, valueSize: 8, maxEntries: prefixes,
        flags: .noPreallocation))
    stride = isIPv6 ? 3 : 1
    count = prefixes
    contentsStart = prefixes
    (frame, bits) = unsafe (ExecutionFrame(type: .xdp, layout: nil), Self.bits(map))
    unsafe keys = .allocate(capacity: 2 * prefixes * stride)
    unsafe value = .allocate(capacity: 1)
    unsafe value.initialize(to: 1)
    var random = Random(state: 1)
    for index in 0..<2 * prefixes {
      let choice = random.next() % 100
      let length =
        choice < 60
        ? 24
        : choice < 90
          ? 16 + random.next() % 8 : choice < 97 ? 25 + random.next() % 8 : 8 + choice % 8
      let key = unsafe keys + index * stride
      if isIPv6 {
        for word in 0..<3 { unsafe (key + word).initialize(to: random.next()) }
        // 2000::/3 in small part, as addresses given out are.
        let network = UInt32(0x20) | UInt32(truncatingIfNeeded: random.next()) & 0x0003_ff00
        unsafe UnsafeMutableRawPointer(key).storeBytes(
          of: UInt32(length * 2), toByteOffset: 0, as: UInt32.self)
        unsafe UnsafeMutableRawPointer(key).storeBytes(
          of: network, toByteOffset: 4, as: UInt32.self)
      } else {
        let address = (random.next() & 0xffff_ffff) % 0xe000_0000
        unsafe key.initialize(
          to: UInt64(UInt32(truncatingIfNeeded: address).byteSwapped) << 32 | length)
      }
    }
    fill()
    // Addresses under the prefixes: the same data with the host part changed, and the full length.
    for index in 0..<prefixes {
      let (from, to) = unsafe (keys + index * stride, keys + (prefixes + index) * stride)
      unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: stride * 8)
      let start = UnsafeMutableRawPointer(to)
      unsafe start.storeBytes(of: isIPv6 ? 128 : 32, as: UInt32.self)
      unsafe start.storeBytes(
        of: UInt8(truncatingIfNeeded: random.next()), toByteOffset: keySize - 1, as: UInt8.self)
    }
    unsafe shuffle(keys + prefixes * stride)
    for index in 0..<prefixes {
      let (here, there) = unsafe (keys + index * stride, keys + (prefixes + index) * stride)
      for word in 0..<stride {
        let held = unsafe here[word]
        unsafe here[word] = there[word]
        unsafe there[word] = held
      }
    }
  }

  deinit {
    unsafe keys.deallocate()
    unsafe value.deallocate()
  }

  /// What the subject takes beside the map.
  var ownBytes: Int { 2 * count * stride * 8 }

  @unsafe
  private static func bits(_ map: Map) -> UInt64 {
    unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque()))
  }

  private func fill() {
    for index in 0..<count {
      let key = unsafe UInt64(UInt(bitPattern: keys + index * stride))
      _ = unsafe frame.callHelper(.mapUpdateElement, bits, key, valueBits, 0, 0)
    }
  }

  private var valueBits: UInt64 { unsafe UInt64(UInt(bitPattern: value)) }

  @unsafe
  private func shuffle(_ start: UnsafeMutablePointer<UInt64>) {
    var random = Random(state: 7)
    for index in (1..<count).reversed() {
      let other = Int(random.next() % UInt64(index + 1))
      for word in 0..<stride {
        let (left, right) = (index * stride + word, other * stride + word)
        let held = unsafe start[left]
        unsafe start[left] = start[right]
        unsafe start[right] = held
      }
    }
  }

  // MARK: Loops

  /// Calls a helper for `count` keys from one on.
  @inline(__always)
  private func forEachKey(from first: Int = 0, _ body: (UInt64) -> Void) {
    var key = unsafe UInt64(UInt(bitPattern: keys + first * stride))
    for _ in 0..<count {
      body(key)
      key += UInt64(8 * stride)
    }
  }

  /// Times a pass over all keys so often that a batch takes a few milliseconds.
  private func timePerKey(_ body: () -> Void) -> Double {
    let passes = max(1, 200_000 / count)
    return nanosecondsPerCall(batches: count > 200_000 ? 5 : 15, calls: passes, body)
      / Double(count)
  }

  private func lookUp(from first: Int) -> Double {
    var found: UInt64 = 0
    let time = timePerKey {
      forEachKey(from: first) { key in
        let address = unsafe frame.callHelper(.mapLookupElement, bits, key, 0, 0, 0)
        if let value = unsafe UnsafePointer<UInt64>(bitPattern: UInt(address)) {
          unsafe found &+= value.pointee
        }
      }
    }
    unsafe sink = found
    return time
  }

  func lookupTime() -> Double { lookUp(from: 0) }

  /// Of keys that are not there.
  func missTime() -> Double { lookUp(from: count) }

  /// Of keys that are there.
  func updateTime() -> Double {
    timePerKey {
      forEachKey(from: contentsStart) { key in
        _ = unsafe frame.callHelper(.mapUpdateElement, bits, key, valueBits, 0, 0)
      }
    }
  }

  /// Of keys of a map that was emptied before, and of their removal.
  func insertAndDeleteTimes() -> (insert: Double, delete: Double) {
    let clock = ContinuousClock()
    var best = (insert: Double.infinity, delete: Double.infinity)
    let passes = max(1, 200_000 / count)
    for _ in 0..<15 {
      var (insert, delete) = (Duration.zero, Duration.zero)
      for _ in 0..<passes {
        let start = clock.now
        forEachKey { key in _ = unsafe frame.callHelper(.mapDeleteElement, bits, key, 0, 0, 0) }
        let middle = clock.now
        forEachKey { key in
          _ = unsafe frame.callHelper(.mapUpdateElement, bits, key, valueBits, 1, 0)
        }
        delete += middle - start
        insert += clock.now - middle
      }
      best.insert = min(best.insert, insert / .nanoseconds(passes * count))
      best.delete = min(best.delete, delete / .nanoseconds(passes * count))
    }
    return best
  }

  /// Of eight lookups, an update of an existing key, a deletion and an insertion; for each of these.
  func mixedTime() -> Double {
    var round = 0
    return timePerKey {
      forEachKey { key in
        round &+= 1
        switch round % 10 {
        case 0: _ = unsafe frame.callHelper(.mapUpdateElement, bits, key, valueBits, 0, 0)
        case 1:
          _ = unsafe frame.callHelper(.mapDeleteElement, bits, key, 0, 0, 0)
          _ = unsafe frame.callHelper(.mapUpdateElement, bits, key, valueBits, 0, 0)
        default: unsafe sink &+= unsafe frame.callHelper(.mapLookupElement, bits, key, 0, 0, 0)
        }
      }
    }
  }

  /// Of keys that are never there, in a full `lru_hash`.
  func evictionTime() -> Double {
    let key = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    defer { unsafe key.deallocate() }
    var random = Random(state: 99)
    return nanosecondsPerCall(calls: 200_000) {
      unsafe key.pointee = random.next()
      let bits = UInt64(UInt(bitPattern: key))
      _ = unsafe frame.callHelper(.mapUpdateElement, self.bits, bits, valueBits, 0, 0)
    }
  }

  // MARK: The kernel

  /// What the running kernel's map takes for the same keys; nil where bpf(2) is not permitted, and for keys of more than 8
  /// bytes.
  func kernelTime(_ operation: KernelMapTimes.Operation) -> Double? {
    guard stride == 1 else { return nil }
    let contents = keyList(from: contentsStart)
    return KernelMapTimes(map.spec, contents: contents)?
      .time(operation, keys: operation == .lookup ? keyList(from: 0) : contents)
  }

  /// As ``evictionTime()``: with so many keys that none is there when it comes again.
  func kernelEvictionTime() -> Double? {
    var random = Random(state: 99)
    let many = (0..<1 << 18).map { _ in random.next() }
    return KernelMapTimes(map.spec, contents: many)?.time(.update, keys: many)
  }

  private func keyList(from first: Int) -> [UInt64] {
    (first..<first + count).map { unsafe keys[$0] }
  }

  // MARK: Threads

  /// The calls per nanosecond of one thread, and of two at once.
  private func throughput(_ body: @escaping @Sendable (ExecutionFrame, Int) -> Void)
    -> (one: Double, two: Double)
  {
    let passes = max(1, 4_000_000 / count)
    func rate(_ threads: Int) -> Double {
      let time = elapsedOnThreads(threads) { thread in
        let frame = ExecutionFrame(type: .xdp, layout: nil, worker: thread)
        for _ in 0..<passes { body(frame, thread) }
      }
      return Double(threads * passes * count) / time
    }
    // In turns, so that what else the machine does meets both alike.
    var best = (one: 0.0, two: 0.0)
    for _ in 0..<9 {
      best.one = max(best.one, rate(1))
      best.two = max(best.two, rate(2))
    }
    return best
  }

  func threadedLookups() -> (one: Double, two: Double) {
    let (bits, count, stride) = (bits, count, stride)
    let start = unsafe UInt64(UInt(bitPattern: keys))
    return throughput { frame, _ in
      var key = start
      var found: UInt64 = 0
      for _ in 0..<count {
        found &+= unsafe frame.callHelper(.mapLookupElement, bits, key, 0, 0, 0)
        key += UInt64(8 * stride)
      }
      precondition(found != 0, "the keys are there")
    }
  }

  func threadedUpdates() -> (one: Double, two: Double) {
    let (bits, count, stride, value) = (bits, count, stride, valueBits)
    let start = unsafe UInt64(UInt(bitPattern: keys))
    return throughput { frame, thread in
      // Each thread begins elsewhere.
      let half = thread * count / 2
      for index in 0..<count {
        let key = start + UInt64(8 * stride * ((index + half) % count))
        _ = unsafe frame.callHelper(.mapUpdateElement, bits, key, value, 0, 0)
      }
    }
  }
}

/// Where results go so that they are not optimised away.
nonisolated(unsafe) var sink: UInt64 = 0

/// A generator of numbers, the same for the same state.
struct Random {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
