/// A piece of a kernel format string: text, or how one argument is to be written.
///
/// The formats BPF programs may use are a subset of the kernel's (`bpf_bprintf_prepare`): `%d %i %u %x %X`, each with `l`
/// or `ll`; `%c`; `%s`, `%pks` and `%pus`; `%p`, `%px`, `%pK`, `%ps`, `%pS`, `%pB`; `%pI4`, `%pi4`, `%pI6`, `%pi6`;
/// and `%%`. A width with the flags `0`, `+`, `-` and space may stand before the letter. There is no precision.
enum FormatDirective: Equatable {
  case literal(UInt8)
  case integer(IntegerFormat, Field)
  case character(Field)
  case string(Field)
  /// A string that ignores its field (`%pks`, `%pus`).
  case bareString
  /// The pointer in hexadecimal digits.
  case pointer(Field)
  /// The name of the symbol there; a process has none, so its address.
  case symbol(Field)
  /// As ``symbol(_:)``, ignoring the field (`%pB`).
  case bareSymbol
  /// An IP address in network byte order; `isPadded` for the fixed-width forms `%pi4`; `%pi6` has no colons.
  case internetAddress(isVersion6: Bool, isPadded: Bool)

  struct IntegerFormat: Equatable {
    var isSigned: Bool
    var isLong: Bool
    var radix: Int
    var isUppercase: Bool
  }

  /// The width and flags of a directive.
  struct Field: Equatable {
    var width = 0
    var isLeftAligned = false
    var hasPlus = false
    var hasSpace = false
    var isZeroPadded = false
  }

  /// Whether it takes an argument.
  var takesArgument: Bool {
    if case .literal = self { false } else { true }
  }

  /// The greatest width the kernel's `printf` keeps.
  private static let maximumWidth = 1 << 23 - 1

  /// Parses a format string without its terminating zero.
  ///
  /// - Parameter argumentLimit: the number of arguments there are.
  /// - Complexity: O(*n*), *n* the format's length.
  /// - Throws: ``KernelError/invalidArgument`` for what the kernel refuses: a control character that is no white space, another
  ///   directive than those above, or more directives than arguments.
  static func parse(_ format: [UInt8], argumentLimit: Int) throws(KernelError) -> [FormatDirective]
  {
    var parser = Parser(format: format)
    var directives: [FormatDirective] = []
    var arguments = 0
    while let byte = parser.next() {
      guard !byte.isControl else { throw .invalidArgument }
      guard byte == UInt8(ascii: "%") else {
        directives.append(.literal(byte))
        continue
      }
      if parser.skip("%") {
        directives.append(.literal(byte))
        continue
      }
      guard arguments < argumentLimit else { throw .invalidArgument }
      arguments += 1
      directives.append(try parser.directive())
    }
    return directives
  }

  private struct Parser {
    let format: [UInt8]
    var position = 0

    /// The byte ahead; 0 at the end, as in a C string.
    func peek(_ distance: Int = 0) -> UInt8 {
      position + distance < format.count ? format[position + distance] : 0
    }

    mutating func next() -> UInt8? {
      guard position < format.count else { return nil }
      defer { position += 1 }
      return format[position]
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      guard position < format.count, format[position] == UInt8(ascii: character) else {
        return false
      }
      position += 1
      return true
    }

    mutating func directive() throws(KernelError) -> FormatDirective {
      let field = field()
      if skip("p") { return try pointer(field) }
      if skip("s") {
        try endOfString()
        return .string(field)
      }
      if skip("c") { return .character(field) }
      let isLong = skip("l")
      if isLong { _ = skip("l") }
      var integer = IntegerFormat(isSigned: false, isLong: isLong, radix: 10, isUppercase: false)
      switch next() {
      case UInt8(ascii: "d"), UInt8(ascii: "i"): integer.isSigned = true
      case UInt8(ascii: "u"): break
      case UInt8(ascii: "x"): integer.radix = 16
      case UInt8(ascii: "X"):
        integer.radix = 16
        integer.isUppercase = true
      default: throw .invalidArgument
      }
      return .integer(integer, field)
    }

    private mutating func field() -> Field {
      var field = Field()
      flags: while true {
        switch peek() {
        case UInt8(ascii: "0"): field.isZeroPadded = true
        case UInt8(ascii: "+"): field.hasPlus = true
        case UInt8(ascii: "-"): field.isLeftAligned = true
        case UInt8(ascii: " "): field.hasSpace = true
        default: break flags
        }
        position += 1
      }
      while peek().isDigit {
        field.width = min(
          field.width * 10 + Int(peek() - UInt8(ascii: "0")), FormatDirective.maximumWidth)
        position += 1
      }
      return field
    }

    private mutating func pointer(_ field: Field) throws(KernelError) -> FormatDirective {
      let following = peek()
      if following == 0 || following.isWhitespace || following.isPunctuation {
        return .pointer(field)
      }
      let directive: FormatDirective
      switch (following, peek(1)) {
      case (UInt8(ascii: "k"), UInt8(ascii: "s")), (UInt8(ascii: "u"), UInt8(ascii: "s")):
        position += 2
        try endOfString()
        return .bareString
      case (UInt8(ascii: "K"), _), (UInt8(ascii: "x"), _):
        position += 1
        directive = .pointer(field)
      case (UInt8(ascii: "s"), _), (UInt8(ascii: "S"), _):
        position += 1
        directive = .symbol(field)
      case (UInt8(ascii: "B"), _):
        position += 1
        directive = .bareSymbol
      case (UInt8(ascii: "I"), UInt8(ascii: "4")), (UInt8(ascii: "i"), UInt8(ascii: "4")),
        (UInt8(ascii: "I"), UInt8(ascii: "6")), (UInt8(ascii: "i"), UInt8(ascii: "6")):
        directive = .internetAddress(
          isVersion6: peek(1) == UInt8(ascii: "6"), isPadded: following == UInt8(ascii: "i"))
        position += 2
      default: throw .invalidArgument
      }
      // The kernel takes every letter and digit after %p for a part of it.
      while peek().isLetterOrDigit { position += 1 }
      return directive
    }

    /// A string's directive ends at white space, punctuation or the end.
    private func endOfString() throws(KernelError) {
      let following = peek()
      guard following == 0 || following.isWhitespace || following.isPunctuation else {
        throw .invalidArgument
      }
    }
  }
}

/// The kernel's character classes, which are those of Latin-1.
extension UInt8 {
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isWhitespace: Bool { self == 0x20 || (self >= 9 && self <= 13) || self == 0xa0 }

  fileprivate var isControl: Bool { (self < 0x20 && !isWhitespace) || self == 0x7f }

  fileprivate var isLetterOrDigit: Bool {
    if self >= 0xc0 { return self != 0xd7 && self != 0xf7 }
    return isDigit || (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z"))
  }

  fileprivate var isPunctuation: Bool {
    !isControl && !isLetterOrDigit && !isWhitespace && !(0x80..<0xa0).contains(self)
  }
}
