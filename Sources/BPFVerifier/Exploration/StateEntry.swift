/// The first word of an entry of a state in compact form, which says what follows it:
/// a word of stack bytes; three words of what a value refers to; one or eight words of its number.
struct StateEntry {
  let word: UInt64

  @inline(__always) init(_ word: UInt64) { self.word = word }

  @inline(__always)
  init(location: Int, _ value: Value, form: UInt64, hasIdentity: Bool, hasBytes: Bool) {
    let kind = UInt64(value.kind.rawValue) << 16 | UInt64(value.flags.rawValue) << 24
    let shape = UInt64(value.spillSize) << 32 | form << 40
    let follows: UInt64 = (hasIdentity ? 1 << 42 : 0) | (hasBytes ? 1 << 43 : 0)
    word = UInt64(truncatingIfNeeded: location) | kind | shape | follows
  }

  /// An entry that is no value, with a number of its own.
  init(_ special: Special, _ number: UInt32) {
    word = Self.specialBit | UInt64(special.rawValue) | UInt64(number) << 8
  }

  enum Special: UInt8 {
    /// How a frame came to run; a word with its call follows.
    case frame
    /// Something to release; a word follows.
    case reference
    /// The lock held; a word follows.
    case lock
  }

  enum Form {
    static let unknown: UInt64 = 0
    static let constant: UInt64 = 1
    static let full: UInt64 = 2
    static let zero: UInt64 = 3
  }

  private static let specialBit: UInt64 = 1 << 63

  @inline(__always) var isSpecial: Bool { word & Self.specialBit != 0 }
  var special: Special {
    guard let special = Special(rawValue: UInt8(truncatingIfNeeded: word)) else {
      preconditionFailure("only entries that exist are written")
    }
    return special
  }
  var specialNumber: UInt32 { UInt32(truncatingIfNeeded: word >> 8) }

  /// The frame.
  @inline(__always) var frame: Int { Int(word >> 7 & 7) }
  /// The register, or the stack slot plus ``firstSlot``.
  @inline(__always) var place: Int { Int(word & 0x7f) }
  @inline(__always) var kind: Value.Kind {
    guard let kind = Value.Kind(rawValue: UInt8(truncatingIfNeeded: word >> 16)) else {
      preconditionFailure("only kinds that exist are written")
    }
    return kind
  }
  @inline(__always) var flags: Value.Flags {
    Value.Flags(rawValue: UInt8(truncatingIfNeeded: word >> 24))
  }
  @inline(__always) var spillSize: UInt8 { UInt8(truncatingIfNeeded: word >> 32) }
  @inline(__always) var form: UInt64 { word >> 40 & 3 }
  @inline(__always) var hasIdentity: Bool { word >> 42 & 1 != 0 }
  @inline(__always) var hasBytes: Bool { word >> 43 & 1 != 0 }
  @inline(__always) var isSlot: Bool { place >= Self.firstSlot }

  static let firstSlot = 16

  @inline(__always)
  static func location(frame: Int, place: Int) -> Int { frame << 7 | place }

  /// The words the entry takes, itself included.
  @inline(__always) var wordCount: Int {
    let number = form == Form.full ? 8 : form == Form.constant ? 1 : 0
    return 1 + (hasBytes ? 1 : 0) + (hasIdentity ? 3 : 0) + number
  }
}

extension [UInt64] {
  /// Appends a value in compact form.
  mutating func append(
    _ value: Value, at location: Int, bytes: UInt64?, keepsIdentity: Bool = true
  ) {
    let number = value.number
    let form: UInt64
    if number.isConstant {
      form = number.bits.value == 0 ? StateEntry.Form.zero : StateEntry.Form.constant
    } else {
      form = number.isUnknown ? StateEntry.Form.unknown : StateEntry.Form.full
    }
    let hasIdentity =
      value.kind != .uninitialized && (value.kind != .scalar || keepsIdentity && value.id != 0)
    append(
      StateEntry(
        location: location, value, form: form, hasIdentity: hasIdentity, hasBytes: bytes != nil
      ).word)
    if let bytes { append(bytes) }
    if hasIdentity {
      append(
        UInt64(UInt32(bitPattern: value.object)) | UInt64(UInt32(bitPattern: value.offset)) << 32)
      append(UInt64(value.id) | UInt64(value.reference) << 32)
      append(UInt64(UInt32(bitPattern: value.range)))
    }
    if form == StateEntry.Form.constant {
      append(number.bits.value)
    } else if form == StateEntry.Form.full {
      append(number.bits.value)
      append(number.bits.mask)
      append(number.range.minimum)
      append(number.range.maximum)
      append(number.range.signedMinimum)
      append(number.range.signedMaximum)
      append(UInt64(number.low.minimum) | UInt64(number.low.maximum) << 32)
      append(UInt64(number.low.signedMinimum) | UInt64(number.low.signedMaximum) << 32)
    }
  }

  /// The value of an entry, and the bytes of its stack slot.
  func value(at index: Int, _ entry: StateEntry) -> (value: Value, bytes: UInt64) {
    var index = index + 1
    var bytes: UInt64 = 0
    if entry.hasBytes {
      bytes = self[index]
      index += 1
    }
    var value = Value(entry.kind, number: .zero)
    value.flags = entry.flags
    value.spillSize = entry.spillSize
    if entry.hasIdentity {
      value.object = Int32(truncatingIfNeeded: self[index])
      value.offset = Int32(truncatingIfNeeded: self[index] >> 32)
      value.id = UInt32(truncatingIfNeeded: self[index + 1])
      value.reference = UInt32(truncatingIfNeeded: self[index + 1] >> 32)
      value.range = Int32(truncatingIfNeeded: self[index + 2])
      index += 3
    }
    value.number = number(at: index, entry.form)
    return (value, bytes)
  }

  @inline(__always)
  func number(at index: Int, _ form: UInt64) -> Number {
    switch form {
    case StateEntry.Form.zero: return .zero
    case StateEntry.Form.constant: return Number(self[index])
    case StateEntry.Form.unknown: return .unknown
    case _:
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
