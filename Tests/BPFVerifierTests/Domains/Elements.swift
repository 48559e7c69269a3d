import TestSupport

@testable import BPFVerifier

/// The abstract values of small words.
enum Elements {
  static func tnums<W: SmallWord>(_ type: W.Type) -> [Tnum<W>] {
    var all: [Tnum<W>] = []
    for mask in W.all {
      for value in W.all where value & mask == W(raw: 0) {
        all.append(Tnum(value: value, mask: mask))
      }
    }
    return all
  }

  static func ranges<W: SmallWord>(_ type: W.Type) -> [NumberRange<W>] {
    var all: [NumberRange<W>] = []
    for low in W.all {
      for high in W.all {
        if low <= high {
          all.append(NumberRange(low, high, signed: .signedMinimum, .signedMaximum))
        }
        if low.signed <= high.signed {
          all.append(NumberRange(.zero, .allOnes, signed: low, high))
        }
      }
    }
    return all
  }

  /// Scalars of which one part says something, and some of which two do.
  static func scalars<W: SmallWord & WideWord>(_ type: W.Type, mixed: Int) -> [Scalar<W>]
  where W.Half: SmallWord {
    let tnums = tnums(W.self)
    let ranges = ranges(W.self)
    let halves = Self.ranges(W.Half.self)
    var all: [Scalar<W>] = []
    all += tnums.compactMap { .deduced(bits: $0, range: .full, low: .full) }
    all += ranges.compactMap { .deduced(bits: .unknown, range: $0, low: .full) }
    all += halves.compactMap { .deduced(bits: .unknown, range: .full, low: $0) }
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<mixed {
      let scalar = Scalar<W>.deduced(
        bits: tnums[Int(generator.next() % UInt64(tnums.count))],
        range: ranges[Int(generator.next() % UInt64(ranges.count))],
        low: generator.next() % 2 == 0
          ? .full : halves[Int(generator.next() % UInt64(halves.count))])
      if let scalar { all.append(scalar) }
    }
    var seen = Set<Scalar<W>>()
    return all.filter { seen.insert($0).inserted }
  }
}
