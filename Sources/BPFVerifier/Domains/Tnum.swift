/// A tracked number: which bits of a word are known, and what they are (kernel: `tnum`, "tristate number").
///
/// Stands for every word that equals ``value`` in the bits that ``mask`` does not have. No bit is set in both.
@frozen
public struct Tnum<W: Word>: Hashable, Sendable {
  /// The bits known to be 1.
  public let value: W
  /// The bits that are unknown.
  public let mask: W

  @inline(__always)
  init(value: W, mask: W) {
    self.value = value & ~mask
    self.mask = mask
  }

  /// The tnum of one number.
  @inline(__always)
  init(_ value: W) { self.init(value: value, mask: .zero) }

  /// The tnum of all numbers.
  @inline(__always) static var unknown: Tnum { Tnum(value: .zero, mask: .allOnes) }

  /// The least tnum that has all numbers from `minimum` to `maximum`, unsigned.
  static func range(_ minimum: W, _ maximum: W) -> Tnum {
    Tnum(value: minimum, mask: (minimum ^ maximum).smeared)
  }

  @inline(__always)
  public static func == (left: Tnum, right: Tnum) -> Bool {
    left.value == right.value && left.mask == right.mask
  }

  @inline(__always) public var isConstant: Bool { mask == .zero }
  @inline(__always) var isUnknown: Bool { mask == .allOnes }

  /// The least number it stands for, unsigned.
  @inline(__always) var minimum: W { value }
  /// The greatest number it stands for, unsigned.
  @inline(__always) var maximum: W { value | mask }
  @inline(__always) var signedMinimum: W { value | (mask & .signBit) }
  @inline(__always) var signedMaximum: W { value | (mask & .signedMaximum) }

  public func contains(_ word: W) -> Bool { word & ~mask == value }

  /// Whether it stands for every number that another stands for.
  func contains(_ other: Tnum) -> Bool {
    other.mask & ~mask == .zero && other.value & ~mask == value
  }

  /// The numbers both stand for; nil where there are none.
  @inline(__always)
  func intersection(_ other: Tnum) -> Tnum? {
    if (value ^ other.value) & ~(mask | other.mask) != .zero { return nil }
    return Tnum(value: value | other.value, mask: mask & other.mask)
  }

  /// The least tnum that has what either stands for.
  @inline(__always)
  func union(_ other: Tnum) -> Tnum {
    let mask = mask | other.mask | (value ^ other.value)
    return Tnum(value: value, mask: mask)
  }

  /// The least number it stands for that is not below a bound; nil where there is none.
  func least(from bound: W) -> W? {
    if bound <= value { return value }
    if bound > maximum { return nil }
    // Keep the bound's bits as far down as they fit; at the first that does not, the number is fixed from there on.
    let wanted = (bound & mask) | value
    if wanted == bound { return bound }
    let difference = wanted ^ bound
    let lower = difference.smeared
    if wanted > bound {
      // A known 1 where the bound has 0: the unknown bits below may be 0.
      return (wanted & ~lower) | (value & lower)
    }
    // A known 0 where the bound has 1: the next number differs in an unknown 0 bit above.
    let free = mask & ~wanted & ~lower
    if free == .zero { return nil }
    let step = free & (.zero &- free)
    let below = step &- .one
    return ((wanted | step) & ~below) | (value & below)
  }

  /// The greatest number it stands for that is not above a bound; nil where there is none.
  func greatest(upTo bound: W) -> W? {
    // The complement of a tnum is the tnum of complements.
    Tnum(value: ~(value | mask), mask: mask).least(from: ~bound).map { ~$0 }
  }
}
