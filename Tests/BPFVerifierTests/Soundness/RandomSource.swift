/// Random choices, the same for the same seed.
struct RandomSource {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1
    if state == 0 { state = 1 }
    for _ in 0..<4 { _ = next() }
  }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_f491_4f6c_dd1d
  }

  /// A number from 0 to below a bound.
  mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }

  /// True once in a number of times.
  mutating func once(in count: Int) -> Bool { below(count) == 0 }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

  /// An immediate of the kind that finds mistakes.
  mutating func immediate() -> Int32 {
    switch below(5) {
    case 0:
      pick([
        0, 1, -1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, .max, .min,
        .max - 1,
      ])
    case 1, 2: Int32(below(64))
    case 3: Int32(below(64)) - 32
    default: Int32(truncatingIfNeeded: next())
    }
  }
}
