/// What a random test case is made of: choices taken from given bytes first, then from a generator that they seed.
public struct Choices {
  private var bytes: ArraySlice<UInt8>
  private var state: UInt64

  public init(seed: UInt64) {
    bytes = []
    state = seed
  }

  public init(bytes: [UInt8]) {
    self.bytes = bytes[...]
    state = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// A number from 0 up to, not including, `count`.
  public mutating func below(_ count: Int) -> Int {
    if let byte = bytes.popFirst() { return Int(byte) % count }
    // splitmix64
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ (mixed >> 31)) % UInt64(count))
  }

  /// True once in so many times.
  public mutating func once(in count: Int) -> Bool { below(count) == 0 }

  public mutating func one<Element>(of elements: [Element]) -> Element {
    elements[below(elements.count)]
  }
}
