/// A statement of assembler text.
enum AssemblyStatement {
  case label(String)
  case numericLabel(UInt64)
  /// An instruction; its displacement stands for nothing if it has a label.
  case instruction(Instruction, label: AssemblyLabel?)
}

/// A label where an instruction names it.
enum AssemblyLabel {
  case named(String, AssemblyToken)
  case numeric(UInt64, isForward: Bool, AssemblyToken)
}

/// Parses statements by recursive descent with one token of lookahead, in the dialect of LLVM and the kernel.
struct StatementParser {
  var lexer: AssemblyLexer
  /// The token that is looked at.
  private(set) var current: AssemblyToken
  /// Numbers of helpers that may be called by name.
  let helpers: [String: Int32]

  init(_ text: [UInt8], helpers: [String: Int32]) {
    lexer = AssemblyLexer(text)
    current = AssemblyToken(kind: .separator, range: 0..<0, line: 1, column: 1)
    self.helpers = helpers
  }

  // MARK: Tokens

  @discardableResult
  mutating func advance() throws(AssemblyError) -> AssemblyToken {
    let token = current
    current = try lexer.next()
    return token
  }

  func string(_ token: AssemblyToken) -> String { lexer.string(token.range) }

  func error(at token: AssemblyToken, _ reason: AssemblyError.Reason) -> AssemblyError {
    AssemblyError(line: token.line, column: token.column, reason: reason)
  }

  func unexpected(_ expected: AssemblyError.Expectation) -> AssemblyError {
    error(at: current, .unexpected(found: found(current), expected: expected))
  }

  private func found(_ token: AssemblyToken) -> String {
    string(token) == "\n" ? "end of line" : string(token)
  }

  func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol && matches(symbol) }
  func isWord(_ word: String) -> Bool { current.kind == .word && matches(word) }

  private func matches(_ text: String) -> Bool {
    lexer.text[current.range].elementsEqual(text.utf8)
  }

  mutating func takeSymbol(_ symbol: String) throws(AssemblyError) -> Bool {
    guard isSymbol(symbol) else { return false }
    try advance()
    return true
  }

  mutating func expectSymbol(_ symbol: String) throws(AssemblyError) {
    guard try takeSymbol(symbol) else { throw unexpected(.symbol(symbol)) }
  }

  mutating func takeWord(_ word: String) throws(AssemblyError) -> Bool {
    guard isWord(word) else { return false }
    try advance()
    return true
  }

  mutating func expectWord(_ word: String) throws(AssemblyError) {
    guard try takeWord(word) else { throw unexpected(.word(word)) }
  }

  // MARK: Registers

  /// A register's name and the width it stands for.
  struct NamedRegister {
    let register: Register
    let width: ArithmeticWidth
  }

  /// The register that the current token names, if it names one.
  var currentRegister: NamedRegister? {
    guard current.kind == .word else { return nil }
    let bytes = lexer.text[current.range]
    let width: ArithmeticWidth
    switch bytes.first {
    case UInt8(ascii: "r"): width = .bits64
    case UInt8(ascii: "w"): width = .bits32
    default: return nil
    }
    let digits = bytes.dropFirst()
    guard digits.count == 1 || digits.count == 2 && digits.first == UInt8(ascii: "1"),
      digits.allSatisfy(AssemblyLexer.isDigit)
    else { return nil }
    let number = digits.reduce(0 as UInt8) { $0 * 10 + ($1 - UInt8(ascii: "0")) }
    return Register(rawValue: number).map { NamedRegister(register: $0, width: width) }
  }

  mutating func register(_ width: ArithmeticWidth = .bits64) throws(AssemblyError) -> Register {
    guard let named = currentRegister, named.width == width else {
      throw unexpected(.register(width))
    }
    try advance()
    return named.register
  }

  /// A register that holds a value of a size: at less than 8 bytes its lower half may be named too.
  mutating func register(holding size: MemorySize) throws(AssemblyError) -> Register {
    guard let named = currentRegister else { throw unexpected(.anyRegister) }
    guard size != .double || named.width == .bits64 else { throw unexpected(.register(.bits64)) }
    try advance()
    return named.register
  }

  /// The register that was named before, at the same width.
  mutating func sameRegister(_ expected: NamedRegister) throws(AssemblyError) {
    guard let named = currentRegister, named.register == expected.register,
      named.width == expected.width
    else { throw unexpected(.sameRegister(expected.register.name(expected.width))) }
    try advance()
  }

  // MARK: Numbers

  /// A number with its sign.
  struct SignedNumber {
    let isNegative: Bool
    /// Nil if it does not fit 64 bits.
    let magnitude: UInt64?
    let token: AssemblyToken
    let text: String

    func value<Value: FixedWidthInteger>(as type: Value.Type) -> Value? {
      guard let magnitude else { return nil }
      guard isNegative else { return Value(exactly: magnitude) }
      // The magnitude of the least value is one more than that of the greatest.
      guard let positive = Int64(exactly: magnitude) else {
        return magnitude == Int64.min.magnitude ? Value(exactly: Int64.min) : nil
      }
      return Value(exactly: -positive)
    }
  }

  /// Whether a number begins here.
  var isAtNumber: Bool {
    switch current.kind {
    case .number: true
    case .symbol: isSymbol("-") || isSymbol("+")
    case .word, .numericLabel, .separator, .end, .unknown: false
    }
  }

  /// A number with an optional sign.
  mutating func number(
    orElse expected: AssemblyError.Expectation = .number
  ) throws(AssemblyError) -> SignedNumber {
    let isNegative = isSymbol("-")
    let sign = isNegative || isSymbol("+") ? try advance() : nil
    return try number(sign: sign, isNegative: isNegative, orElse: sign == nil ? expected : .number)
  }

  /// The rest of a number whose sign, if it has one, is read.
  mutating func number(
    sign: AssemblyToken?, isNegative: Bool, orElse expected: AssemblyError.Expectation = .number
  ) throws(AssemblyError) -> SignedNumber {
    guard case .number(let magnitude) = current.kind else { throw unexpected(expected) }
    let token = try advance()
    return SignedNumber(
      isNegative: isNegative, magnitude: magnitude, token: sign ?? token,
      text: (isNegative ? "-" : "") + string(token))
  }

  func outOfRange(
    _ number: SignedNumber, _ field: AssemblyError.NumericField
  ) -> AssemblyError {
    error(at: number.token, .outOfRange(found: number.text, field: field))
  }

  /// A number as the 32 bits of an immediate, which may be written signed or unsigned.
  func immediate(_ number: SignedNumber) throws(AssemblyError) -> Int32 {
    if let value = number.value(as: Int32.self) { return value }
    if let value = number.value(as: UInt32.self) { return Int32(bitPattern: value) }
    throw outOfRange(number, .immediate)
  }

  func offset(_ number: SignedNumber) throws(AssemblyError) -> Int16 {
    guard let value = number.value(as: Int16.self) else { throw outOfRange(number, .offset) }
    return value
  }

  func longDisplacement(_ number: SignedNumber) throws(AssemblyError) -> Int32 {
    guard let value = number.value(as: Int32.self) else {
      throw outOfRange(number, .longDisplacement)
    }
    return value
  }

  /// A register of a width, or an immediate.
  mutating func operand(_ width: ArithmeticWidth) throws(AssemblyError) -> Operand {
    if let named = currentRegister, named.width == width {
      try advance()
      return .register(named.register)
    }
    return .immediate(try immediate(try number(orElse: .registerOrNumber(width))))
  }

  // MARK: Memory

  /// An integer type in parentheses with a star: `(u32 *)`; the opening parenthesis is read.
  mutating func pointerType(
    signedAllowed: Bool
  ) throws(AssemblyError) -> (size: MemorySize, signed: Bool) {
    for size in MemorySize.allCases where current.kind == .word {
      let isUnsigned = string(current) == size.typeName
      let isSigned = signedAllowed && size != .double && string(current) == size.signedTypeName
      if isUnsigned || isSigned {
        try advance()
        try expectSymbol("*")
        try expectSymbol(")")
        return (size, isSigned)
      }
    }
    throw unexpected(signedAllowed ? .integerType : .unsignedType)
  }

  /// `r1 + 8`.
  mutating func address() throws(AssemblyError) -> (base: Register, offset: Int16) {
    let base = try register()
    guard isSymbol("+") || isSymbol("-") else { throw unexpected(.symbol("+")) }
    return (base, try offset(try number()))
  }

  /// `(r1 + 8)`.
  mutating func parenthesizedAddress() throws(AssemblyError) -> (base: Register, offset: Int16) {
    try expectSymbol("(")
    let address = try address()
    try expectSymbol(")")
    return address
  }

  /// `((u32 *)(r1 + 8)`, the first argument of a function and its opening parenthesis.
  mutating func pointerArgument() throws(AssemblyError) -> (
    size: MemorySize, base: Register, offset: Int16
  ) {
    try expectSymbol("(")
    try expectSymbol("(")
    let size = try pointerType(signedAllowed: false).size
    let (base, offset) = try parenthesizedAddress()
    return (size, base, offset)
  }
}
