import BPFVerifier

/// Words small enough to try every value of.
protocol SmallWord: Word {
  var raw: UInt8 { get }
  init(raw: UInt8)
}

extension SmallWord {
  static var mask: UInt8 { UInt8((1 << UInt(bitWidth)) - 1) }
  init(truncating bits: UInt64) { self.init(raw: UInt8(truncatingIfNeeded: bits) & Self.mask) }
  var bits: UInt64 { UInt64(raw) }

  static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }
  static func &+ (left: Self, right: Self) -> Self { Self(raw: (left.raw &+ right.raw) & mask) }
  static func &- (left: Self, right: Self) -> Self { Self(raw: (left.raw &- right.raw) & mask) }
  static func &* (left: Self, right: Self) -> Self { Self(raw: (left.raw &* right.raw) & mask) }
  static func & (left: Self, right: Self) -> Self { Self(raw: left.raw & right.raw) }
  static func | (left: Self, right: Self) -> Self { Self(raw: left.raw | right.raw) }
  static func ^ (left: Self, right: Self) -> Self { Self(raw: left.raw ^ right.raw) }
  static prefix func ~ (word: Self) -> Self { Self(raw: ~word.raw & mask) }

  /// Every value.
  static var all: [Self] { (0...mask).map { Self(raw: $0) } }
}

struct Word2: SmallWord {
  let raw: UInt8
  static var bitWidth: Int { 2 }
}

struct Word3: SmallWord {
  let raw: UInt8
  static var bitWidth: Int { 3 }
}

struct Word4: SmallWord, WideWord {
  typealias Half = Word2
  let raw: UInt8
  static var bitWidth: Int { 4 }
}

struct Word6: SmallWord, WideWord {
  typealias Half = Word3
  let raw: UInt8
  static var bitWidth: Int { 6 }
}
