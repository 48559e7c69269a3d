/// The first word of an entry of a state in compact form, which says what follows it: a word of stack bytes; one or two
/// words of what a value refers to; one or eight words of its number.
struct StateEntry {
  let word: UInt64

  // Bits 0 to 6: the register, or the stack slot plus `firstSlot`; 7 to 9: the frame.
  private static let specialBit: UInt64 = 1 << 15
  private static let kindShift: UInt64 = 16
  private static let flagsShift: UInt64 = 24
  private static let spillShift: UInt64 = 32
  private static let formShift: UInt64 = 36
  fileprivate static let bytesBit: UInt64 = 1 << 40
  fileprivate static let identityBit: UInt64 = 1 << 41
  fileprivate static let secondIdentityBit: UInt64 = 1 << 42
  private static let rangeShift: UInt64 = 48

  static let firstSlot = 16

  @inline(__always) init(_ word: UInt64) { self.word = word }

  @inline(__always)
  init(location: Int, _ value: Value, _ form: Form, _ parts: UInt64) {
    let kind =
      UInt64(value.kind.rawValue) << Self.kindShift
      | UInt64(value.flags.rawValue) << Self.flagsShift
    let shape =
      UInt64(value.spillSize) << Self.spillShift | UInt64(form.rawValue) << Self.formShift
    let range = UInt64(UInt16(truncatingIfNeeded: value.range)) << Self.rangeShift
    word = UInt64(truncatingIfNeeded: location) | kind | shape | range | parts
  }

  /// An entry that is no value, with a number of its own; a word follows.
  init(_ special: Special, _ number: UInt32) {
    word = Self.specialBit | UInt64(special.rawValue) | UInt64(number) << 32
  }

  enum Special: UInt8 {
    /// How a frame came to run.
    case frame
    /// Something to release.
    case reference
    /// The lock held.
    case lock
  }

  /// What follows of a number.
  enum Form: UInt8 {
    /// Nothing: it can be any.
    case unknown
    /// Nothing: it is 0.
    case zero
    /// Nothing: it can be any of 1, 2 or 4 bytes.
    case byte, half, word
    /// The number itself.
    case constant
    /// Its bits and bounds: eight words.
    case full
  }

  @inline(__always) var isSpecial: Bool { word & Self.specialBit != 0 }
  var special: Special {
    guard let special = Special(rawValue: UInt8(truncatingIfNeeded: word)) else {
      preconditionFailure("only entries that exist are written")
    }
    return special
  }
  var specialNumber: UInt32 { UInt32(truncatingIfNeeded: word >> 32) }

  @inline(__always) var frame: Int { Int(word >> 7 & 7) }
  /// The register, or the stack slot plus ``firstSlot``.
  @inline(__always) var place: Int { Int(word & 0x7f) }
  @inline(__always) var isSlot: Bool { place >= Self.firstSlot }
  @inline(__always) var kindNumber: UInt8 { UInt8(truncatingIfNeeded: word >> Self.kindShift) }
  @inline(__always) var flags: Value.Flags {
    Value.Flags(rawValue: UInt8(truncatingIfNeeded: word >> Self.flagsShift))
  }
  @inline(__always) var spillSize: UInt8 {
    UInt8(truncatingIfNeeded: word >> Self.spillShift) & 0xf
  }
  @inline(__always) var hasBytes: Bool { word & Self.bytesBit != 0 }
  @inline(__always) var hasIdentity: Bool { word & Self.identityBit != 0 }
  @inline(__always) var hasSecondIdentity: Bool { word & Self.secondIdentityBit != 0 }
  @inline(__always) var range: Int32 {
    Int32(UInt16(truncatingIfNeeded: word >> Self.rangeShift))
  }

  @inline(__always) var isScalar: Bool { kindNumber == Value.Kind.scalar.rawValue }

  @inline(__always) var form: Form {
    guard let form = Form(rawValue: UInt8(truncatingIfNeeded: word >> Self.formShift) & 0xf) else {
      preconditionFailure("only forms that exist are written")
    }
    return form
  }

  @inline(__always)
  static func location(frame: Int, place: Int) -> Int { frame << 7 | place }

  /// The words before those of the number, the entry's own included.
  @inline(__always) var numberOffset: Int {
    1 + Int(word >> 40 & 1) + Int(word >> 41 & 1) + Int(word >> 42 & 1)
  }

  /// The words the entry takes, its own included.
  @inline(__always) var wordCount: Int {
    let form = word >> Self.formShift & 0xf
    let number =
      form == UInt64(Form.full.rawValue) ? 8 : form == UInt64(Form.constant.rawValue) ? 1 : 0
    return numberOffset + number
  }
}

extension Scalar where W == UInt64 {
  /// How it is written into an entry.
  @inline(__always)
  var form: StateEntry.Form {
    if bits.mask == 0 { return bits.value == 0 ? .zero : .constant }
    if bits.value == 0, range.minimum == 0, range.maximum == bits.mask, low.minimum == 0 {
      switch bits.mask {
      case 0xff: return self == .unsigned(byteCount: 1) ? .byte : .full
      case 0xffff: return self == .unsigned(byteCount: 2) ? .half : .full
      case 0xffff_ffff: return self == .unsigned(byteCount: 4) ? .word : .full
      case .max: return isUnknown ? .unknown : .full
      case _: return .full
      }
    }
    return .full
  }
}

extension [UInt64] {
  /// Appends a value in compact form. The range of a packet pointer is at most 0xffff.
  @inline(__always)
  mutating func append(
    _ value: Value, at location: Int, bytes: UInt64?, keepsIdentity: Bool
  ) {
    let form = value.number.form
    var parts: UInt64 = bytes == nil ? 0 : StateEntry.bytesBit
    if value.kind == .scalar {
      if keepsIdentity { parts |= StateEntry.identityBit }
    } else if value.kind != .uninitialized {
      parts |= StateEntry.identityBit
      if value.id != 0 || value.reference != 0 { parts |= StateEntry.secondIdentityBit }
    }
    append(StateEntry(location: location, value, form, parts).word)
    if let bytes { append(bytes) }
    if value.kind == .scalar {
      if keepsIdentity {
        append(UInt64(value.id) | UInt64(UInt32(bitPattern: value.offset)) << 32)
      }
    } else if value.kind != .uninitialized {
      append(
        UInt64(UInt32(bitPattern: value.object)) | UInt64(UInt32(bitPattern: value.offset)) << 32)
      if value.id != 0 || value.reference != 0 {
        append(UInt64(value.id) | UInt64(value.reference) << 32)
      }
    }
    switch form {
    case .unknown, .zero, .byte, .half, .word: break
    case .constant: append(value.number.bits.value)
    case .full: append(value.number)
    }
  }

  private mutating func append(_ number: Number) {
    append(number.bits.value)
    append(number.bits.mask)
    append(number.range.minimum)
    append(number.range.maximum)
    append(number.range.signedMinimum)
    append(number.range.signedMaximum)
    append(UInt64(number.low.minimum) | UInt64(number.low.maximum) << 32)
    append(UInt64(number.low.signedMinimum) | UInt64(number.low.signedMaximum) << 32)
  }

  /// The number of an entry, whose words are at an index.
  @inline(__always)
  func number(at index: Int, _ form: StateEntry.Form) -> Number {
    switch form {
    case .zero: return .zero
    case .unknown: return .unknown
    case .byte: return .unsigned(byteCount: 1)
    case .half: return .unsigned(byteCount: 2)
    case .word: return .unsigned(byteCount: 4)
    case .constant: return Number(self[index])
    case .full:
      return Number(
        parts: Tnum(value: self[index], mask: self[index + 1]),
        NumberRange(self[index + 2], self[index + 3], signed: self[index + 4], self[index + 5]),
        NumberRange(
          UInt32(truncatingIfNeeded: self[index + 6]),
          UInt32(truncatingIfNeeded: self[index + 6] >> 32),
          signed: UInt32(truncatingIfNeeded: self[index + 7]),
          UInt32(truncatingIfNeeded: self[index + 7] >> 32)))
    }
  }
}

/// Which identity of one state stands for which of another.
struct IdentityPairs {
  private var pairs: [(old: UInt32, new: UInt32)] = []

  mutating func removeAll() { pairs.removeAll(keepingCapacity: true) }

  /// Whether an identity may stand for another, given those paired before.
  mutating func match(_ old: UInt32, _ new: UInt32) -> Bool {
    if (old == 0) != (new == 0) { return false }
    if old == 0 { return true }
    for pair in pairs {
      if pair.old == old { return pair.new == new }
      if pair.new == new { return false }
    }
    pairs.append((old, new))
    return true
  }
}

/// How many values have an identity.
struct IdentityCounts {
  private var counts: [(id: UInt32, count: Int)] = []

  mutating func removeAll() { counts.removeAll(keepingCapacity: true) }

  mutating func add(_ id: UInt32) {
    for index in counts.indices where counts[index].id == id {
      counts[index].count += 1
      return
    }
    counts.append((id, 1))
  }

  /// Whether more than one value has it.
  func isShared(_ id: UInt32) -> Bool {
    for entry in counts where entry.id == id { return entry.count > 1 }
    return false
  }
}
