extension StatementParser {
  /// `*(u32 *)(r1 + 4) = r2`; the star is read.
  mutating func store() throws(AssemblyError) -> Instruction {
    try expectSymbol("(")
    let size = try pointerType(signedAllowed: false).size
    let (base, offset) = try parenthesizedAddress()
    try expectSymbol("=")
    let source: Operand
    if currentRegister != nil {
      source = .register(try register(holding: size))
    } else {
      source = .immediate(try immediate(try number(orElse: .registerOrNumber(size.valueWidth))))
    }
    return .store(size, base: base, offset: offset, source: source)
  }

  /// `*(u64 *)(r1 + 0) += r2` after `lock`.
  mutating func lock() throws(AssemblyError) -> Instruction {
    try expectSymbol("*")
    try expectSymbol("(")
    let size = try pointerType(signedAllowed: false).size
    let (base, offset) = try parenthesizedAddress()
    let symbol = string(current)
    let operation = AtomicOperation.allCases.first { operation in
      if case .lock(let arithmetic) = operation.spelling {
        arithmetic.symbol == symbol
      } else {
        false
      }
    }
    guard current.kind == .symbol, let operation else { throw unexpected(.atomicOperator) }
    try advance()
    let source = try register(holding: size)
    return .atomic(operation, size, base: base, offset: offset, source: source)
  }

  /// `((u32 *)(r1 + 4), w2)` after `store_release`.
  mutating func storeRelease() throws(AssemblyError) -> Instruction {
    let (size, base, offset) = try pointerArgument()
    try expectSymbol(",")
    let source = try register(holding: size)
    try expectSymbol(")")
    return .storeRelease(size, base: base, offset: offset, source: source)
  }

  /// `load_acquire((u32 *)(r2 + 4))`.
  mutating func loadAcquire(to destination: NamedRegister) throws(AssemblyError) -> Instruction {
    let name = try advance()
    let (size, base, offset) = try pointerArgument()
    try expectSymbol(")")
    guard destination.width == .bits64 || size != .double else {
      throw error(
        at: name,
        .unexpected(found: destination.register.name(.bits32), expected: .register(.bits64)))
    }
    return .loadAcquire(
      size, destination: destination.register, base: base, offset: offset)
  }

  /// An atomic operation that gives a result: `atomic_fetch_add((u64 *)(r1 + 0), r2)`, `xchg_64(r1 + 0, r2)`,
  /// `cmpxchg_64(r1 + 0, r0, r2)`, and the kernel's forms of the last two, with a type.
  mutating func atomic(
    _ name: AtomicOperation.Name, result: NamedRegister
  ) throws(AssemblyError) -> Instruction {
    try advance()
    var size: MemorySize
    let base: Register
    let offset: Int16
    if let fixedSize = name.size {
      try expectSymbol("(")
      size = fixedSize
      (base, offset) = try address()
    } else {
      (size, base, offset) = try pointerArgument()
    }
    guard result.width == .bits64 || size != .double else { throw unexpected(.register(.bits64)) }
    try expectSymbol(",")
    let source: Register
    if name.operation == .compareExchange {
      // The expected value and the result are both `r0`.
      guard result.register == .r0 else {
        throw unexpected(.sameRegister(result.register.name(result.width)))
      }
      try sameRegister(result)
      try expectSymbol(",")
      source = try register(holding: size)
    } else {
      try sameRegister(result)
      source = result.register
    }
    try expectSymbol(")")
    return .atomic(name.operation, size, base: base, offset: offset, source: source)
  }
}

extension AtomicOperation {
  /// What a function's name says.
  struct Name {
    let operation: AtomicOperation
    /// The size that the name implies; nil if the argument's type gives it.
    let size: MemorySize?
  }

  /// The operation that is written as a function of a name.
  static func named(_ name: String) -> Name? {
    for operation in AtomicOperation.allCases {
      switch operation.spelling {
      case .lock:
        break
      case .function(let function):
        if name == function { return Name(operation: operation, size: nil) }
      case .exchange(let double, let word), .compareExchange(let double, let word):
        if name == double { return Name(operation: operation, size: .double) }
        if name == word { return Name(operation: operation, size: .word) }
      }
    }
    // The kernel's names.
    switch name {
    case "atomic_xchg": return Name(operation: .exchange, size: nil)
    case "atomic_cmpxchg": return Name(operation: .compareExchange, size: nil)
    default: return nil
    }
  }
}
