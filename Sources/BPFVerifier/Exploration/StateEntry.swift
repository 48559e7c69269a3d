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
  private static let bytesBit: UInt64 = 1 << 40
  private static let identityBit: UInt64 = 1 << 41
  private static let secondIdentityBit: UInt64 = 1 << 42
  private static let rangeShift: UInt64 = 48

  static let firstSlot = 16

  @inline(__always) init(_ word: UInt64) { self.word = word }

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

  /// How a frame came to run. With it goes how often the callback of the frame below has run: the more, the less often it
  /// was followed from there.
  init(frame: Int, callbackDepth: Int32) {
    let count = UInt32(truncatingIfNeeded: min(max(callbackDepth, 0), Self.callbackLimit))
    self.init(.frame, UInt32(truncatingIfNeeded: frame) | count << 8)
  }

  /// Callback depths from here on are not told apart.
  static let callbackLimit: Int32 = 0xff_ffff

  /// The callback depth of the frame below, for a frame; nil where it is not known.
  var callbackDepth: Int32? {
    let count = Int32(truncatingIfNeeded: specialNumber >> 8)
    return count < Self.callbackLimit ? count : nil
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

extension StateEntry {
  /// The most words an entry takes.
  static let wordLimit = 12

  /// Writes a value in compact form. The range of a packet pointer is at most 0xffff.
  @inline(__always)
  static func write(
    _ value: Value, at location: Int, bytes: UInt64?, keepsIdentity: Bool,
    to words: inout MutableSpan<UInt64>, _ end: inout Int
  ) {
    let form = value.number.form
    var parts: UInt64 = bytes == nil ? 0 : bytesBit
    let isScalar = value.kind == .scalar
    let isPointer = !isScalar && value.kind != .uninitialized
    let hasSecond = isPointer && (value.id != 0 || value.reference != 0)
    if isPointer || isScalar && keepsIdentity { parts |= identityBit }
    if hasSecond { parts |= secondIdentityBit }
    let kind = UInt64(value.kind.rawValue) << kindShift | UInt64(value.flags.rawValue) << flagsShift
    let shape = UInt64(value.spillSize) << spillShift | UInt64(form.rawValue) << formShift
    let range = UInt64(UInt16(truncatingIfNeeded: value.range)) << rangeShift
    words[end] = UInt64(truncatingIfNeeded: location) | kind | shape | range | parts
    end &+= 1
    if let bytes {
      words[end] = bytes
      end &+= 1
    }
    if isPointer {
      words[end] =
        UInt64(UInt32(bitPattern: value.object)) | UInt64(UInt32(bitPattern: value.offset)) << 32
      end &+= 1
      if hasSecond {
        words[end] = UInt64(value.id) | UInt64(value.reference) << 32
        end &+= 1
      }
    } else if isScalar, keepsIdentity {
      words[end] = UInt64(value.id) | UInt64(UInt32(bitPattern: value.offset)) << 32
      end &+= 1
    }
    switch form {
    case .unknown, .zero, .byte, .half, .word: break
    case .constant:
      words[end] = value.number.bits.value
      end &+= 1
    case .full:
      let low = value.number.low
      words[end] = value.number.bits.value
      words[end + 1] = value.number.bits.mask
      words[end + 2] = value.number.range.minimum
      words[end + 3] = value.number.range.maximum
      words[end + 4] = value.number.range.signedMinimum
      words[end + 5] = value.number.range.signedMaximum
      words[end + 6] = UInt64(low.minimum) | UInt64(low.maximum) << 32
      words[end + 7] = UInt64(low.signedMinimum) | UInt64(low.signedMaximum) << 32
      end &+= 8
    }
  }
}

extension [UInt64] {
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
