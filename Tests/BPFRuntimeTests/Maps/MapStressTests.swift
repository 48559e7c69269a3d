import BPFPlatform
import Synchronization
import TestSupport
import Testing

@testable import BPFRuntime

/// Maps under eight threads at once.
///
/// SAFETY (whole file): keys and values are as large as the maps'.
struct MapStressTests {
  private static let threads = 8
  /// The operations of each thread.
  private static var rounds: Int {
    if let asked = MapSamples.askedOperations { return max(asked / threads, 8) }
    #if DEBUG
    return 2_000
    #else
    return 100_000
    #endif
  }

  /// A value that says which key it belongs to, and is whole.
  private static func value(_ key: UInt32, _ salt: UInt32) -> (UInt64, UInt64) {
    let half = UInt64(key) << 32 | UInt64(salt)
    return (half, ~half)
  }

  @Test(arguments: [MapKind.hash, .lruHash, .lpmTrie])
  func `values belong to their keys`(_ kind: MapKind) async throws {
    let isTrie = kind == .lpmTrie
    let map = try Map(
      MapSpec(
        name: "m", kind: kind, keySize: isTrie ? 8 : 4, valueSize: 16, maxEntries: 64,
        flags: isTrie ? .noPreallocation : []), workers: Self.threads)
    let torn = Atomic(0)
    let wrong = Atomic(0)
    await onThreads(Self.threads) { thread in
      var state = UInt64(thread + 1)
      for round in 0..<Self.rounds {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let number = UInt32(state >> 33) % 96
        // For a trie: a full-length prefix, its data in the high half.
        let key = isTrie ? UInt64(number) << 56 | 32 : UInt64(number)
        let length = isTrie ? 8 : 4
        unsafe withUnsafeBytes(of: key) { bytes in
          guard let address = bytes.baseAddress else { return }
          switch state >> 60 {
          case ..<6:
            var value = Self.value(number, UInt32(round))
            let result = unsafe map.update(address, value: &value, flags: 0, worker: thread)
            if ![0, -7, -28, -12].contains(result) { wrong.add(1, ordering: .relaxed) }
          case ..<9:
            if ![0, -2].contains(unsafe map.delete(address)) { wrong.add(1, ordering: .relaxed) }
          case ..<13:
            // What a program finds may be reused under its hands: it stays readable.
            if let value = unsafe map.lookup(address, worker: thread) {
              _ = unsafe value.load(as: UInt64.self)
            }
          default:
            let host = unsafe [UInt8](bytes.prefix(length))
            guard let value = try? map.get(host) else { return }
            let halves = unsafe value.withUnsafeBytes { bytes in
              unsafe bytes.loadUnaligned(as: (UInt64, UInt64).self)
            }
            if halves.0 != ~halves.1 { torn.add(1, ordering: .relaxed) }
            if halves.0 >> 32 != number { wrong.add(1, ordering: .relaxed) }
          }
        }
      }
    }
    #expect(torn.load(ordering: .relaxed) == 0)
    #expect(wrong.load(ordering: .relaxed) == 0)
    // Nothing was lost: the map fills up to its size, then empties.
    let entries = try map.entries()
    #expect(entries.count <= 64)
    #expect(Set(entries.map(\.key)).count == entries.count)
    #expect(Set(try map.walk()) == Set(entries.map(\.key)))
    for entry in entries { #expect(try map.delete(entry.key)) }
    for number in 0..<64 as Range<UInt8> {
      try map.set(
        isTrie ? [32, 0, 0, 0, 1, 1, 1, number] : [number, 1, 1, 1],
        [UInt8](repeating: 0, count: 16))
    }
    #expect(try map.entries().count == 64)
  }

  /// Keys that stay are found by every look-up, with their value, whatever goes on around them.
  @Test(arguments: [4, 8, 16, 20])
  func `what nobody changes is always found`(_ keySize: Int) async throws {
    // So few buckets that they overflow, and chains change all the time.
    let map = try Map(
      MapSpec(name: "m", kind: .hash, keySize: keySize, valueSize: 8, maxEntries: 160),
      workers: Self.threads)
    let wrong = Atomic(0)
    for number: UInt64 in 0..<64 {
      try map.set(Self.key(number, keySize), Self.key(number, 8))
    }
    await onThreads(Self.threads) { thread in
      var state = UInt64(thread + 1)
      for _ in 0..<Self.rounds {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let isStable = state >> 62 < 2
        let number = isStable ? state >> 33 % 64 : 100 + state >> 33 % 200
        unsafe Self.key(number, keySize).withUnsafeBytes { bytes in
          guard let key = bytes.baseAddress else { return }
          if isStable {
            let found = unsafe map.lookup(key, worker: thread)
            if unsafe found?.load(as: UInt64.self) != number { wrong.add(1, ordering: .relaxed) }
          } else if state >> 61 & 1 == 0 {
            var value = number
            _ = unsafe map.update(key, value: &value, flags: 0, worker: thread)
          } else {
            _ = unsafe map.delete(key, worker: thread)
          }
        }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    let entries = try map.entries()
    #expect(Set(entries.map(\.key)).count == entries.count)
    #expect(entries.count <= 160)
  }

  private static func key(_ number: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0 % 8))) }
  }

  /// Prefixes that stay are found while longer ones beside them, and tables, come and go.
  @Test func `prefixes that nobody changes are always found`() async throws {
    let map = try Map(
      MapSpec(
        name: "m", kind: .lpmTrie, keySize: 8, valueSize: 8, maxEntries: 10_000,
        flags: .noPreallocation), workers: Self.threads)
    let wrong = Atomic(0)
    for network: UInt8 in 0..<64 {
      try map.set([16, 0, 0, 0, 10, network, 0, 0], Self.key(UInt64(network), 8))
    }
    await onThreads(Self.threads) { thread in
      var state = UInt64(thread + 1)
      for _ in 0..<Self.rounds / 2 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let network = state >> 33 & 63
        if thread < 5 {
          // Nothing longer covers the upper half of a network.
          let address = 32 | 10 << 32 | network << 40 | ((state >> 40 | 0x80) & 0xff) << 48
          let found = unsafe withUnsafeBytes(of: address) { bytes in
            unsafe bytes.baseAddress.flatMap { unsafe map.lookup($0, worker: thread) }
          }
          if unsafe found?.load(as: UInt64.self) != network { wrong.add(1, ordering: .relaxed) }
        } else {
          let length = 18 + state >> 50 % 15
          let data = UInt8(truncatingIfNeeded: state >> 41) & 0x3f
          let key = [
            UInt8(length), 0, 0, 0, 10, UInt8(network), data,
            UInt8(truncatingIfNeeded: state >> 55),
          ]
          unsafe key.withUnsafeBytes { bytes in
            guard let key = bytes.baseAddress else { return }
            var value: UInt64 = .max
            if state >> 63 == 0 {
              _ = unsafe map.update(key, value: &value, flags: 0, worker: thread)
            } else {
              _ = unsafe map.delete(key)
            }
          }
        }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    // What is left is found by walking and by looking up alike.
    for entry in try map.entries() { #expect(try map.get(entry.key) != nil) }
  }

  @Test func `one of many makes an entry`() async throws {
    let map = try Map(
      MapSpec(name: "m", kind: .hash, keySize: 4, valueSize: 4, maxEntries: Self.rounds))
    let made = Atomic(0)
    await onThreads(Self.threads) { thread in
      for round in 0..<UInt32(Self.rounds) {
        if map.programUpdate(round, UInt64(thread), flags: 1) == 0 {
          made.add(1, ordering: .relaxed)
        }
      }
    }
    #expect(made.load(ordering: .relaxed) == Self.rounds)
    #expect(try map.entries().count == Self.rounds)
  }

  @Test func `counters of workers add up`() async throws {
    let map = try Map(
      MapSpec(name: "m", kind: .perCPUArray, keySize: 4, valueSize: 8, maxEntries: 1),
      workers: Self.threads)
    await onThreads(Self.threads) { thread in
      for _ in 0..<Self.rounds {
        guard let slot = map.programLookup(0, worker: thread) else { return }
        Map.write(UInt32(Map.read(slot)) + 1, to: slot)
      }
    }
    let counts = try #require(try map.getPerWorker(UInt32(0), as: UInt64.self))
    #expect(counts == [UInt64](repeating: UInt64(Self.rounds), count: Self.threads))
  }

  @Test func `no record is lost, doubled or torn`() async throws {
    let map = try Map(
      MapSpec(name: "r", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 1 << 16))
    let sent = Atomic(0)
    let wrong = Atomic(0)
    let received = Mutex<[[UInt32]]>(Array(repeating: [], count: Self.threads))
    await onThreads(Self.threads) { thread in
      if thread == 0 {
        // The consumer, until all producers are done.
        while sent.load(ordering: .acquiring) < Self.threads - 1 || map.queryRing(0) > 0 {
          map.forEachRecord { record in
            let word = unsafe record.unsafeLoadUnaligned(as: UInt32.self)
            for offset in stride(from: 0, to: record.byteCount, by: 4)
            where unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self) != word
            {
              wrong.add(1, ordering: .relaxed)
            }
            received.withLock { $0[Int(word >> 24)].append(word & 0xff_ffff) }
          }
        }
        return
      }
      for round in 0..<UInt32(Self.rounds / 4) {
        let words = Int(round % 20) + 1
        var reserved = map.reserve(UInt64(4 * words))
        while reserved == nil { reserved = map.reserve(UInt64(4 * words)) }
        guard let record = reserved else { return }
        Map.write(UInt32(thread) << 24 | round, count: words, to: record)
        if round % 7 == 3 {
          Map.discard(record)
        } else {
          Map.submit(record)
        }
      }
      sent.add(1, ordering: .releasing)
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    let expected = (0..<UInt32(Self.rounds / 4)).filter { $0 % 7 != 3 }
    for rounds in received.withLock({ $0 }).dropFirst() { #expect(rounds == expected) }
  }
}
