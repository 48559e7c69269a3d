/// A value as kept states have it, in one word or a few: what it is; two words of what a pointer refers to, or one of what a
/// number is equal to; one or eight words of its number.
struct Encoding {
  /// The first word.
  let word: UInt64

  @inline(__always) init(_ word: UInt64) { self.word = word }

  // Bits 0 to 7: the kind; 8 to 15: the flags.
  private static let formShift: UInt64 = 16
  private static let rangeShift: UInt64 = 32

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

  @inline(__always) var kindNumber: UInt8 { UInt8(truncatingIfNeeded: word) }
  @inline(__always) var isScalar: Bool { kindNumber == Value.Kind.scalar.rawValue }
  @inline(__always) var flags: Value.Flags {
    Value.Flags(rawValue: UInt8(truncatingIfNeeded: word >> 8))
  }
  @inline(__always) var range: Int32 { Int32(UInt16(truncatingIfNeeded: word >> Self.rangeShift)) }

  @inline(__always) var form: Form {
    guard let form = Form(rawValue: UInt8(truncatingIfNeeded: word >> Self.formShift)) else {
      preconditionFailure("only forms that exist are written")
    }
    return form
  }

  /// The words before those of the number, the first included.
  @inline(__always) var numberOffset: Int { isScalar ? 2 : 3 }

  /// Writes a value. The range of a packet pointer is at most 0xffff.
  ///
  /// - Returns: where it is.
  static func write(_ value: Value, to words: inout [UInt64]) -> UInt32 {
    let start = words.count
    let form = value.number.form
    words.append(
      UInt64(value.kind.rawValue) | UInt64(value.flags.rawValue) << 8
        | UInt64(form.rawValue) << formShift
        | UInt64(UInt16(truncatingIfNeeded: value.range)) << rangeShift)
    if value.kind == .scalar {
      words.append(UInt64(value.id) | UInt64(UInt32(bitPattern: value.offset)) << 32)
    } else {
      words.append(
        UInt64(UInt32(bitPattern: value.object)) | UInt64(UInt32(bitPattern: value.offset)) << 32)
      words.append(UInt64(value.id) | UInt64(value.reference) << 32)
    }
    switch form {
    case .unknown, .zero, .byte, .half, .word: break
    case .constant: words.append(value.number.bits.value)
    case .full:
      let number = value.number
      words.append(number.bits.value)
      words.append(number.bits.mask)
      words.append(number.range.minimum)
      words.append(number.range.maximum)
      words.append(number.range.signedMinimum)
      words.append(number.range.signedMaximum)
      words.append(UInt64(number.low.minimum) | UInt64(number.low.maximum) << 32)
      words.append(UInt64(number.low.signedMinimum) | UInt64(number.low.signedMaximum) << 32)
    }
    return UInt32(truncatingIfNeeded: start)
  }
}

extension Scalar where W == UInt64 {
  /// How it is written.
  @inline(__always)
  fileprivate var form: Encoding.Form {
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

extension Span<UInt64> {
  /// A number whose words are at an index.
  @inline(__always)
  func number(at index: Int, _ form: Encoding.Form) -> Number {
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
