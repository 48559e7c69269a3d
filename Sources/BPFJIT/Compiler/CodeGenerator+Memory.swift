import BPFISA

// Loads, stores and atomic operations. What they access was proved to be there.
extension CodeGenerator {
  mutating func load(
    _ size: MemorySize, isSigned: Bool, _ destination: Register, _ base: Register, _ offset: Int16
  ) {
    assign(
      destination, .load(size, isSigned: isSigned, at: address(base, offset)))
  }

  mutating func store(
    _ size: MemorySize, _ base: Register, _ offset: Int16, _ source: Operand
  ) {
    let accessSize = CodeGenerator.accessSize(size.rawValue)
    loadBefore(storing: size.rawValue, at: address(base, offset))
    if let constant = constant(source, size) {
      encoder.store(accessSize, Self.address(address(base, offset)), constant)
    } else if case .register(let source) = source {
      let value = read(source)
      encoder.store(accessSize, Self.address(address(base, offset)), value)
    }
  }

  /// What is to be stored, where an instruction can hold it.
  private func constant(_ source: Operand, _ size: MemorySize) -> Int32? {
    switch source {
    case .immediate(let constant): return constant
    case .register(let register):
      guard let value = pendingValue(register), value.kind == .constant, options.foldsConstants
      else { return nil }
      let signed = Int64(bitPattern: value.constant)
      return size == .double ? Int32(exactly: signed) : Int32(truncatingIfNeeded: signed)
    }
  }

  /// Loads what is needed and may be changed by a store.
  private mutating func loadBefore(storing size: UInt8, at address: Pending) {
    var rest = loadMask & needed
    while rest != 0 {
      let bit = rest & ~(rest - 1)
      rest &= rest - 1
      if !pending[lowestOf: bit].isDisjoint(from: address, size: size) {
        materialize(bit)
        rest &= loadMask
      }
    }
    // What is not needed any more is not to be loaded later.
    let dead = loadMask & ~needed
    pendingMask &= ~dead
    loadMask &= ~dead
  }

  /// Atomic operations (RFC 9669 section 5.3).
  mutating func atomic(
    _ operation: AtomicOperation, _ width: OperandWidth, _ base: Register, _ offset: Int16,
    _ source: Register
  ) {
    materialize(needed & loadMask)
    let value = read(source)
    switch operation {
    case .add, .or, .and, .xor:
      guard let operation = operation.binary else { return }
      let place = Self.address(address(base, offset))
      encoder.operate(operation, width, place, value, isLocked: true)
    case .fetchAdd:
      let place = readAddress(base, offset)
      define(source)
      encoder.exchangeAndAdd(width, place, value)
      mark(source, width)
    case .exchange:
      let place = readAddress(base, offset)
      define(source)
      encoder.exchange(width, place, value)
      mark(source, width)
    case .compareExchange:
      _ = read(.r0)
      let place = readAddress(base, offset)
      define(.r0)
      encoder.compareAndExchange(width, place, value)
      // Where it exchanged, the upper half of rax is as it was.
      if width == .bits32 { encoder.move(.bits32, .rax, .rax) }
      mark(.r0, width)
    case .fetchOr, .fetchAnd, .fetchXor:
      guard let operation = operation.binary else { return }
      exchangeInLoop(operation, width, readAddress(base, offset), source)
    }
  }

  /// The address that a register in its machine register makes with a displacement.
  private mutating func readAddress(_ base: Register, _ offset: Int16) -> Address {
    Address(read(base), Int32(offset))
  }

  private mutating func mark(_ register: Register, _ width: OperandWidth) {
    mark(register, isZeroExtended: width == .bits32)
  }

  /// Applies an operation until nobody else came between, and loads what was there.
  private mutating func exchangeInLoop(
    _ operation: BinaryOperation, _ width: OperandWidth, _ place: Address, _ source: Register
  ) {
    let target = source.machine
    define(source)
    let needsRAX = source != .r0
    // The processor compares with rax; the address may be made of it.
    var place = place
    var operand = target
    if place.base == .rax {
      encoder.move(.bits64, .r11, .rax)
      place.base = .r11
    } else if needsRAX {
      encoder.move(.bits64, .r11, .rax)
    }
    if source == .r0 {
      encoder.move(.bits64, .r9, .rax)
      operand = .r9
    }
    encoder.load(width == .bits64 ? .double : .word, .rax, place)
    let start = encoder.code.count
    encoder.move(width, .r10, .rax)
    encoder.operate(operation, width, .r10, operand)
    encoder.compareAndExchange(width, place, .r10)
    guard let distance = Int8(exactly: start - (encoder.code.count + 2)) else {
      preconditionFailure("the loop is short")
    }
    encoder.jumpShort(if: .notEqual, distance)
    if needsRAX {
      encoder.move(width, target, .rax)
      encoder.move(.bits64, .rax, .r11)
    } else if width == .bits32 {
      encoder.move(.bits32, .rax, .rax)
    }
    mark(source, width)
  }
}

extension AtomicOperation {
  /// The operation on values, of those that have one.
  fileprivate var binary: BinaryOperation? {
    switch self {
    case .add, .fetchAdd: .add
    case .or, .fetchOr: .or
    case .and, .fetchAnd: .and
    case .xor, .fetchXor: .xor
    case .exchange, .compareExchange: nil
    }
  }
}
