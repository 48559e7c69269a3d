/// A hash under a key that outsiders do not know: SipHash-2-4 (Aumasson and Bernstein, 2012).
public struct KeyedHash: Hashable, Sendable {
  private let key: (UInt64, UInt64)

  public init(_ first: UInt64, _ second: UInt64) { key = (first, second) }

  public static func == (left: KeyedHash, right: KeyedHash) -> Bool { left.key == right.key }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(key.0)
    hasher.combine(key.1)
  }

  /// A random key, the same for the whole process.
  public static let processKey: KeyedHash = {
    var random = SystemRandomNumberGenerator()
    return KeyedHash(random.next(), random.next())
  }()

  /// The hash of words, each as its 8 bytes in little-endian order.
  ///
  /// - Complexity: O(*n*), *n* the number of words.
  func callAsFunction(_ words: [UInt64]) -> UInt64 {
    var state = (
      key.0 ^ 0x736f_6d65_7073_6575, key.1 ^ 0x646f_7261_6e64_6f6d,
      key.0 ^ 0x6c79_6765_6e65_7261, key.1 ^ 0x7465_6462_7974_6573
    )
    func mix(_ rounds: Int) {
      for _ in 0..<rounds {
        state.0 &+= state.1
        state.1 = Self.rotate(state.1, 13) ^ state.0
        state.0 = Self.rotate(state.0, 32)
        state.2 &+= state.3
        state.3 = Self.rotate(state.3, 16) ^ state.2
        state.0 &+= state.3
        state.3 = Self.rotate(state.3, 21) ^ state.0
        state.2 &+= state.1
        state.1 = Self.rotate(state.1, 17) ^ state.2
        state.2 = Self.rotate(state.2, 32)
      }
    }
    // The last block has the length in bytes in its highest byte, and nothing else here.
    for word in words + [UInt64(truncatingIfNeeded: words.count * 8) << 56] {
      state.3 ^= word
      mix(2)
      state.0 ^= word
    }
    state.2 ^= 0xff
    mix(4)
    return state.0 ^ state.1 ^ state.2 ^ state.3
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }
}
