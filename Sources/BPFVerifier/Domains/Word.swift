/// A machine word that abstract values range over: 64 and 32 bits in the verifier; 6, 4, 3 and 2 in tests that try every
/// value there is.
///
/// A signed number is the word of its two's complement; ``signed`` reads it.
public protocol Word: Hashable, Sendable, Comparable {
  static var bitWidth: Int { get }
  /// The word of the low bits of a number.
  init(truncating bits: UInt64)
  /// The word as an unsigned number.
  var bits: UInt64 { get }

  static func &+ (left: Self, right: Self) -> Self
  static func &- (left: Self, right: Self) -> Self
  static func &* (left: Self, right: Self) -> Self
  static func & (left: Self, right: Self) -> Self
  static func | (left: Self, right: Self) -> Self
  static func ^ (left: Self, right: Self) -> Self
  static prefix func ~ (word: Self) -> Self
}

/// A word with a lower half that 32-bit operations work on.
public protocol WideWord: Word {
  associatedtype Half: Word
}

extension UInt32: Word {
  @inlinable public init(truncating bits: UInt64) { self.init(truncatingIfNeeded: bits) }
  @inlinable public var bits: UInt64 { UInt64(self) }
}

extension UInt64: WideWord {
  public typealias Half = UInt32
  @inlinable public init(truncating bits: UInt64) { self = bits }
  @inlinable public var bits: UInt64 { self }
}

extension Word {
  @inline(__always) static var zero: Self { Self(truncating: 0) }
  @inline(__always) static var one: Self { Self(truncating: 1) }
  @inline(__always) static var allOnes: Self { Self(truncating: .max) }
  @inline(__always) static var signBit: Self { Self(truncating: 1 << UInt64(bitWidth - 1)) }
  /// The greatest signed number.
  @inline(__always) static var signedMaximum: Self { ~signBit }
  /// The least signed number.
  @inline(__always) static var signedMinimum: Self { signBit }

  /// The word of a signed number.
  @inline(__always)
  init(signed number: Int64) { self.init(truncating: UInt64(bitPattern: number)) }

  /// The word as a signed number.
  @inline(__always)
  var signed: Int64 {
    let shift = Int64(64 - Self.bitWidth)
    return (Int64(bitPattern: bits) << shift) >> shift
  }

  @inline(__always) var isNegative: Bool { self & Self.signBit != .zero }

  /// Shifts by less than the width.
  @inline(__always)
  func shiftedLeft(_ count: Int) -> Self { Self(truncating: bits << UInt64(count)) }

  @inline(__always)
  func shiftedRight(_ count: Int) -> Self { Self(truncating: bits >> UInt64(count)) }

  @inline(__always)
  func arithmeticShiftedRight(_ count: Int) -> Self { Self(signed: signed >> Int64(count)) }

  /// The word with all bits set from the highest set one down; 0 for 0.
  @inline(__always)
  var smeared: Self {
    bits == 0
      ? .zero : Self(truncating: .max >> UInt64(bits.leadingZeroBitCount))
  }
}

/// The lesser of two words as signed numbers.
@inline(__always)
func signedMin<W: Word>(_ left: W, _ right: W) -> W { left.signed <= right.signed ? left : right }

/// The greater of two words as signed numbers.
@inline(__always)
func signedMax<W: Word>(_ left: W, _ right: W) -> W { left.signed >= right.signed ? left : right }
