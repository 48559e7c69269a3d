extension StatementParser {
  /// A statement with the token it begins at, and the bytes a listing shows for it.
  struct Parsed {
    let statement: AssemblyStatement
    let token: AssemblyToken
    let bytes: (slots: [RawInstruction], text: String)?
  }

  /// The next statement; nil at the end of the text.
  mutating func next() throws(AssemblyError) -> Parsed? {
    var bytes: (slots: [RawInstruction], text: String)?
    while current.kind == .separator {
      bytes = nil
      let line = lexer.line
      switch lexer.skipListingPrefix() {
      case .bytes(let slots, let range):
        bytes = (slots, lexer.string(range))
      case .header(let name, let range):
        let token = AssemblyToken(
          kind: .word, range: range, line: line, column: range.lowerBound - lexer.lineStart + 1)
        try advance()
        try expectEnd()
        return Parsed(statement: .label(name), token: token, bytes: nil)
      case .title, nil:
        break
      }
      try advance()
      if bytes != nil { break }
    }
    if current.kind == .end, bytes == nil { return nil }
    let token = current
    let statement = try statement()
    switch statement {
    case .instruction: try expectEnd()
    case .label, .numericLabel: break
    }
    return Parsed(statement: statement, token: token, bytes: bytes)
  }

  private func expectEnd() throws(AssemblyError) {
    switch current.kind {
    case .separator, .end: break
    case .word, .number, .numericLabel, .symbol, .unknown: throw unexpected(.endOfStatement)
    }
  }

  private mutating func statement() throws(AssemblyError) -> AssemblyStatement {
    if case .number(let value) = current.kind {
      guard let value else { throw unexpected(.statement) }
      try advance()
      try expectSymbol(":")
      return .numericLabel(value)
    }
    if try takeSymbol("*") {
      return .instruction(try store(), label: nil)
    }
    guard current.kind == .word else { throw unexpected(.statement) }
    if let named = currentRegister {
      try advance()
      return try assignment(to: named)
    }
    let token = try advance()
    if try takeSymbol(":") {
      return .label(string(token))
    }
    return try keywordStatement(token)
  }

  private mutating func keywordStatement(
    _ token: AssemblyToken
  ) throws(AssemblyError) -> AssemblyStatement {
    switch string(token) {
    case "exit":
      return .instruction(.exit, label: nil)
    case "if":
      return try conditionalJump()
    case "goto":
      let (offset, label) = try shortTarget()
      return .instruction(.jump(offset: offset), label: label)
    case "may_goto":
      let (offset, label) = try shortTarget()
      return .instruction(.mayGoto(offset: offset), label: label)
    case "gotol":
      let (number, label) = try target()
      guard let number else { return .instruction(.jumpLong(offset: 0), label: label) }
      return .instruction(.jumpLong(offset: try longDisplacement(number)), label: nil)
    case "gotox":
      return .instruction(.jumpIndirect(try register()), label: nil)
    case "call":
      return try call()
    case "callx":
      return .instruction(.call(.register(try register())), label: nil)
    case "lock":
      return .instruction(try lock(), label: nil)
    case "store_release":
      return .instruction(try storeRelease(), label: nil)
    case "ld_pseudo":
      return .instruction(try loadPseudo(), label: nil)
    default:
      throw error(at: token, .unexpected(found: string(token), expected: .statement))
    }
  }

  // MARK: Jumps and calls

  /// A label, or a displacement with an optional `pc` before its sign; then the symbol a listing names.
  private mutating func target() throws(AssemblyError) -> (SignedNumber?, AssemblyLabel?) {
    let result: (SignedNumber?, AssemblyLabel?)
    if case .numericLabel(let value, let isForward) = current.kind {
      result = (nil, .numeric(value, isForward: isForward, try advance()))
    } else if current.kind == .word, !isWord("pc") {
      let token = try advance()
      result = (nil, .named(string(token), token))
    } else {
      if try takeWord("pc"), !isSymbol("+"), !isSymbol("-") { throw unexpected(.symbol("+")) }
      result = (try number(orElse: .labelOrDisplacement), nil)
    }
    if current.kind == .symbol, lexer.skipHint(at: current.range.lowerBound) {
      try advance()
    }
    return result
  }

  private mutating func shortTarget() throws(AssemblyError) -> (Int16, AssemblyLabel?) {
    let (number, label) = try target()
    guard let number else { return (0, label) }
    return (try offset(number), nil)
  }

  private mutating func conditionalJump() throws(AssemblyError) -> AssemblyStatement {
    guard let first = currentRegister else { throw unexpected(.anyRegister) }
    try advance()
    let symbol = string(current)
    guard current.kind == .symbol,
      let condition = Condition.allCases.first(where: { $0.symbol == symbol })
    else { throw unexpected(.comparisonOperator) }
    try advance()
    let second = try operand(first.width)
    try expectWord("goto")
    let (offset, label) = try shortTarget()
    return .instruction(
      .jumpIf(condition, first.width, first.register, second, offset: offset), label: label)
  }

  private mutating func call() throws(AssemblyError) -> AssemblyStatement {
    if try takeWord("pc") {
      guard isSymbol("+") || isSymbol("-") else { throw unexpected(.symbol("+")) }
      let displacement = try longDisplacement(try number())
      return .instruction(.call(.local(displacement)), label: nil)
    }
    if isWord("kfunc") {
      return .instruction(.call(try kernelFunction()), label: nil)
    }
    if case .numericLabel(let value, let isForward) = current.kind {
      let label = AssemblyLabel.numeric(value, isForward: isForward, try advance())
      return .instruction(.call(.local(0)), label: label)
    }
    if current.kind == .word {
      let token = try advance()
      if let helper = helpers[string(token)] {
        return .instruction(.call(.helper(helper)), label: nil)
      }
      return .instruction(.call(.local(0)), label: .named(string(token), token))
    }
    let helper = try immediate(try number(orElse: .callee))
    return .instruction(.call(.helper(helper)), label: nil)
  }

  /// `kfunc[id:5]`, `kfunc[id:5, module:3]`.
  private mutating func kernelFunction() throws(AssemblyError) -> CallTarget {
    try advance()
    try expectSymbol("[")
    try expectWord("id")
    try expectSymbol(":")
    let identifier = try immediate(try number())
    var module: Int16 = 0
    if try takeSymbol(",") {
      try expectWord("module")
      try expectSymbol(":")
      module = try offset(try number())
    }
    try expectSymbol("]")
    return .kernelFunction(id: identifier, module: module)
  }
}
