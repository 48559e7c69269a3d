extension StatementParser {
  /// The rest of `r1 = …`, `r1 += …`.
  mutating func assignment(to destination: NamedRegister) throws(AssemblyError) -> AssemblyStatement
  {
    let symbol = string(current)
    guard current.kind == .symbol,
      let operation = ArithmeticOperation.allCases.first(where: { $0.symbol == symbol })
    else { throw unexpected(.assignmentOperator) }
    try advance()
    if operation == .move {
      return try value(for: destination)
    }
    let source = try operand(destination.width)
    return .instruction(
      .arithmetic(
        operation, destination.width, destination: destination.register, source: source),
      label: nil)
  }

  /// What may stand after `r1 =`.
  private mutating func value(
    for destination: NamedRegister
  ) throws(AssemblyError) -> AssemblyStatement {
    if isSymbol("-") {
      let sign = try advance()
      if currentRegister != nil {
        try sameRegister(destination)
        return .instruction(
          .negate(destination.width, destination: destination.register), label: nil)
      }
      let value = try number(
        sign: sign, isNegative: true, orElse: .registerOrNumber(destination.width))
      return .instruction(try move(value, to: destination), label: nil)
    }
    if isAtNumber {
      return .instruction(try move(try number(), to: destination), label: nil)
    }
    if try takeSymbol("(") {
      return .instruction(try signExtension(to: destination), label: nil)
    }
    if try takeSymbol("*") {
      return .instruction(try load(to: destination), label: nil)
    }
    if currentRegister != nil {
      let source = try register(destination.width)
      return .instruction(
        .arithmetic(
          .move, destination.width, destination: destination.register, source: .register(source)),
        label: nil)
    }
    guard current.kind == .word else { throw unexpected(.value) }
    return try operation(for: destination)
  }

  /// A number that is moved or, before `ll`, loaded in 16 bytes.
  private mutating func move(
    _ number: SignedNumber, to destination: NamedRegister
  ) throws(AssemblyError) -> Instruction {
    if isWord("ll") {
      guard destination.width == .bits64 else { throw unexpected(.endOfStatement) }
      try advance()
      if let value = number.value(as: UInt64.self) {
        return .loadWide(destination: destination.register, .value(value))
      }
      if let value = number.value(as: Int64.self) {
        return .loadWide(destination: destination.register, .value(UInt64(bitPattern: value)))
      }
      throw outOfRange(number, .wideImmediate)
    }
    return .arithmetic(
      .move, destination.width, destination: destination.register,
      source: .immediate(try immediate(number)))
  }

  /// `(s8)r2`; the opening parenthesis is read.
  private mutating func signExtension(
    to destination: NamedRegister
  ) throws(AssemblyError) -> Instruction {
    for size in [MemorySize.byte, .half, .word]
    where current.kind == .word && string(current) == size.signedTypeName {
      try advance()
      try expectSymbol(")")
      let source = try register(destination.width)
      return .moveSignExtended(
        destination.width, from: size, destination: destination.register, source: source)
    }
    throw unexpected(.signedType)
  }

  /// `*(u32 *)(r2 + 4)`, `*(u32 *)skb[4]`; the star is read.
  private mutating func load(to destination: NamedRegister) throws(AssemblyError) -> Instruction {
    try expectSymbol("(")
    let (size, signed) = try pointerType(signedAllowed: true)
    if isWord("skb"), !signed {
      guard destination.register == .r0, destination.width == .bits64 else {
        throw unexpected(.symbol("("))
      }
      try advance()
      return .loadPacket(size, try packetOffset())
    }
    let (base, offset) = try parenthesizedAddress()
    try require(destination, holds: size, signed: signed)
    return .load(
      size, signExtended: signed, destination: destination.register, base: base, offset: offset)
  }

  /// Refuses the lower half of a register where all of it is written.
  private func require(
    _ destination: NamedRegister, holds size: MemorySize, signed: Bool
  ) throws(AssemblyError) {
    if destination.width == .bits32, signed || size == .double {
      throw unexpected(.register(.bits64))
    }
  }

  /// `[4]`, `[r3]`, `[r3 + 4]`.
  private mutating func packetOffset() throws(AssemblyError) -> PacketOffset {
    try expectSymbol("[")
    let result: PacketOffset
    if currentRegister != nil {
      let register = try register()
      let isSigned = isSymbol("+") || isSymbol("-")
      result = .indirect(register, isSigned ? try immediate(try number()) : 0)
    } else {
      result = .absolute(try immediate(try number(orElse: .registerOrNumber(.bits64))))
    }
    try expectSymbol("]")
    return result
  }

  // MARK: Operations with a name

  private mutating func operation(
    for destination: NamedRegister
  ) throws(AssemblyError) -> AssemblyStatement {
    let name = string(current)
    for swap in ByteSwap.allCases where name.hasPrefix(swap.prefix) {
      for width in SwapWidth.allCases where name == "\(swap.prefix)\(width.rawValue)" {
        guard destination.width == .bits64 else { throw unexpected(.value) }
        try advance()
        try sameRegister(destination)
        return .instruction(
          .byteSwap(swap, width, destination: destination.register), label: nil)
      }
    }
    if let atomic = AtomicOperation.named(name) {
      return .instruction(try self.atomic(atomic, result: destination), label: nil)
    }
    switch name {
    case "load_acquire":
      return .instruction(try loadAcquire(to: destination), label: nil)
    case "addr_space_cast" where destination.width == .bits64:
      return .instruction(try castAddressSpace(to: destination.register), label: nil)
    case "map" where destination.width == .bits64:
      try advance()
      return .instruction(.loadWide(destination: destination.register, try map()), label: nil)
    case "var" where destination.width == .bits64:
      try advance()
      return .instruction(.loadWide(destination: destination.register, try variable()), label: nil)
    case "subprog" where destination.width == .bits64:
      try advance()
      let (displacement, label) = try functionAddress()
      return .instruction(
        .loadWide(destination: destination.register, .function(displacement)), label: label)
    default:
      throw unexpected(.value)
    }
  }

  /// `addr_space_cast(r2, 0, 1)`.
  private mutating func castAddressSpace(
    to destination: Register
  ) throws(AssemblyError) -> Instruction {
    try advance()
    try expectSymbol("(")
    let source = try register()
    try expectSymbol(",")
    let to = try addressSpace()
    try expectSymbol(",")
    let from = try addressSpace()
    try expectSymbol(")")
    return .castAddressSpace(destination: destination, source: source, to: to, from: from)
  }

  private mutating func addressSpace() throws(AssemblyError) -> UInt16 {
    let number = try number()
    guard let value = number.value(as: UInt16.self) else {
      throw outOfRange(number, .addressSpace)
    }
    return value
  }

  // MARK: 16-byte load immediates

  /// `[fd:5]`, `[idx:5]`, either with `[0]+8` after it for an address in the map's first value.
  private mutating func map() throws(AssemblyError) -> WideImmediate {
    try expectSymbol("[")
    let isIndex = isWord("idx")
    guard isIndex || isWord("fd") else { throw unexpected(.word("fd")) }
    try advance()
    try expectSymbol(":")
    let map = try immediate(try number())
    try expectSymbol("]")
    guard try takeSymbol("[") else { return isIndex ? .mapIndex(map) : .map(map) }
    let index = try number()
    guard index.magnitude == 0 else { throw outOfRange(index, .valueIndex) }
    try expectSymbol("]")
    guard isSymbol("+") || isSymbol("-") else { throw unexpected(.symbol("+")) }
    let offset = try immediate(try number())
    return isIndex ? .mapIndexValue(map, offset: offset) : .mapValue(map, offset: offset)
  }

  /// `[id:5]`, `[id:5, fd:7]`.
  private mutating func variable() throws(AssemblyError) -> WideImmediate {
    try expectSymbol("[")
    try expectWord("id")
    try expectSymbol(":")
    let identifier = try immediate(try number())
    var module: Int32 = 0
    if try takeSymbol(",") {
      try expectWord("fd")
      try expectSymbol(":")
      module = try immediate(try number())
    }
    try expectSymbol("]")
    return .variable(identifier, module: module)
  }

  /// `[+5]`, `[name]`.
  private mutating func functionAddress() throws(AssemblyError) -> (Int32, AssemblyLabel?) {
    try expectSymbol("[")
    var displacement: Int32 = 0
    var label: AssemblyLabel?
    if current.kind == .word {
      let token = try advance()
      label = .named(string(token), token)
    } else {
      displacement = try longDisplacement(try number(orElse: .labelOrDisplacement))
    }
    try expectSymbol("]")
    return (displacement, label)
  }

  /// `ld_pseudo r1, 1, 5`: LLVM's form, in which the second slot is zero.
  mutating func loadPseudo() throws(AssemblyError) -> Instruction {
    let destination = try register()
    try expectSymbol(",")
    let source = try number()
    try expectSymbol(",")
    let value = try immediate(try number())
    let kind = source.value(as: UInt8.self).flatMap(Operation.WideKind.init(rawValue:))
    guard let kind, kind != .value else { throw outOfRange(source, .wideSource) }
    return .loadWide(destination: destination, WideImmediate(kind, first: value, second: 0))
  }
}
