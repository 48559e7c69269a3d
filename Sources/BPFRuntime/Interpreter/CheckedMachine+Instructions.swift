import BPFISA
import BPFPlatform
import Synchronization

// The instructions that the interpreter's loop leaves to the machine, because they are rare or slow anyway.
extension CheckedMachine {
  // MARK: Atomics (RFC 9669 section 5.3; load-acquire and store-release since Linux 6.15)

  /// Executes an atomic instruction; false with ``failure`` set where it may not access its memory.
  func executeAtomic(_ instruction: DecodedInstruction) -> Bool {
    let r = unsafe registers
    let destination = Int(instruction.destination)
    let source = Int(instruction.source)
    let isLoad = instruction.opcode == .loadAcquire
    let isPlain = isLoad || instruction.opcode == .storeRelease
    let size =
      isPlain ? Int(instruction.immediate) : instruction.opcode == .atomic64 ? 8 : 4
    let base = unsafe r[isLoad ? source : destination]
    let address = base &+ UInt64(bitPattern: Int64(instruction.offset))
    // A read-modify-write also reads: what it changes must hold something.
    if instruction.opcode != .storeRelease {
      guard unsafe memory(address, count: size, isWrite: false) != nil else { return false }
    }
    guard let pointer = unsafe memory(address, count: size, isWrite: !isLoad) else { return false }
    guard Int(bitPattern: pointer) % size == 0 else {
      failure = .misalignedAtomic(.init(address: address, size: size, isWrite: !isLoad))
      return false
    }
    // SAFETY: `pointer` addresses `size` bytes of a region, aligned to their size.
    if isPlain {
      unsafe executeOrdered(
        pointer, size, isLoad: isLoad, register: r + (isLoad ? destination : source))
      return true
    }
    guard
      let operation = AtomicOperation(rawValue: UInt8(truncatingIfNeeded: instruction.immediate))
    else { preconditionFailure("an atomic instruction is decoded with its operation") }
    if size == 8 {
      unsafe readModifyWrite(
        pointer.assumingMemoryBound(to: Atomic<UInt64>.self), operation, r + source, r)
    } else {
      unsafe readModifyWrite(
        pointer.assumingMemoryBound(to: Atomic<UInt32>.self), operation, r + source, r)
    }
    return true
  }

  private func executeOrdered(
    _ pointer: UnsafeMutableRawPointer, _ size: Int, isLoad: Bool,
    register: UnsafeMutablePointer<UInt64>
  ) {
    func cell<Word>(_ type: Word.Type) -> UnsafeMutablePointer<Atomic<Word>> {
      unsafe pointer.assumingMemoryBound(to: Atomic<Word>.self)
    }
    let value = unsafe register.pointee
    switch (size, isLoad) {
    case (1, true):
      unsafe register.pointee = unsafe UInt64(cell(UInt8.self).pointee.load(ordering: .acquiring))
    case (2, true):
      unsafe register.pointee = unsafe UInt64(cell(UInt16.self).pointee.load(ordering: .acquiring))
    case (4, true):
      unsafe register.pointee = unsafe UInt64(cell(UInt32.self).pointee.load(ordering: .acquiring))
    case (_, true):
      unsafe register.pointee = unsafe cell(UInt64.self).pointee.load(ordering: .acquiring)
    case (1, false):
      unsafe cell(UInt8.self).pointee.store(UInt8(truncatingIfNeeded: value), ordering: .releasing)
    case (2, false):
      unsafe cell(UInt16.self).pointee.store(
        UInt16(truncatingIfNeeded: value), ordering: .releasing)
    case (4, false):
      unsafe cell(UInt32.self).pointee.store(
        UInt32(truncatingIfNeeded: value), ordering: .releasing)
    case (_, false): unsafe cell(UInt64.self).pointee.store(value, ordering: .releasing)
    }
  }

  /// Applies an operation to memory and leaves the old value where the operation wants it.
  private func readModifyWrite<Word: AtomicWord>(
    _ cell: UnsafeMutablePointer<Atomic<Word>>, _ operation: AtomicOperation,
    _ source: UnsafeMutablePointer<UInt64>, _ r0: UnsafeMutablePointer<UInt64>
  ) {
    let operand = unsafe Word(truncatingIfNeeded: source.pointee)
    let expected = unsafe Word(truncatingIfNeeded: r0.pointee)
    // A first guess; the exchange says what memory held.
    var old: Word = 0
    while true {
      let new: Word =
        switch operation {
        case .add, .fetchAdd: old &+ operand
        case .or, .fetchOr: old | operand
        case .and, .fetchAnd: old & operand
        case .xor, .fetchXor: old ^ operand
        case .exchange: operand
        case .compareExchange: old == expected ? operand : old
        }
      let result = unsafe Word.exchange(cell, expected: old, desired: new)
      if result.exchanged { break }
      old = result.original
    }
    switch operation {
    case .add, .or, .and, .xor: break
    case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange:
      unsafe source.pointee = UInt64(truncatingIfNeeded: old)
    case .compareExchange: unsafe r0.pointee = UInt64(truncatingIfNeeded: old)
    }
  }

  // MARK: Legacy packet loads (RFC 9669 section 5.5)

  enum PacketLoad {
    case value(UInt64)
    /// The packet has no such bytes: the program ends.
    case outside
    /// With ``CheckedMachine/failure`` set.
    case failed
  }

  func loadPacket(_ instruction: DecodedInstruction, isIndirect: Bool) -> PacketLoad {
    guard unsafe frame.type.loadsPacketsByLegacyInstructions else {
      failure = unsafe .packetLoadNotAllowed(frame.type)
      return .failed
    }
    let expected = GuestAddress.make(region: RegionNumber.context, offset: 0)
    if unsafe !isRaw && registers[6] != expected {
      failure = .packetLoadWithoutContext
      return .failed
    }
    var offset = Int(instruction.immediate)
    if isIndirect {
      // The kernel adds as 32-bit integers.
      let register = unsafe Int32(truncatingIfNeeded: registers[Int(instruction.source)])
      offset = Int(register &+ instruction.immediate)
    }
    guard let value = unsafe frame.packetInteger(at: offset, size: Int(instruction.destination))
    else {
      return .outside
    }
    return .value(value)
  }

  // MARK: Branches out of the program

  /// Where a branch that leaves the program leads, or nil if it is not taken.
  func strayTarget(at slot: Int) -> Int? {
    let instruction = code.program.instruction(at: slot)
    if case .jumpIf(let condition, let width, let left, let right, offset: _) = instruction {
      let first = unsafe registers[Int(left.rawValue)]
      let second =
        switch right {
        case .register(let register): unsafe registers[Int(register.rawValue)]
        case .immediate(let value): UInt64(bitPattern: Int64(value))
        }
      guard condition.holds(first, second, width) else { return nil }
    }
    guard let target = instruction.target(at: slot) else {
      preconditionFailure("only a branch leaves the program")
    }
    return target
  }
}

extension Condition {
  /// Whether the condition holds for two register values at a width.
  fileprivate func holds(_ left: UInt64, _ right: UInt64, _ width: ArithmeticWidth) -> Bool {
    let isWide = width == .bits64
    let first = isWide ? left : left & 0xffff_ffff
    let second = isWide ? right : right & 0xffff_ffff
    let signedFirst = isWide ? Int64(bitPattern: left) : Int64(Int32(truncatingIfNeeded: left))
    let signedSecond = isWide ? Int64(bitPattern: right) : Int64(Int32(truncatingIfNeeded: right))
    return switch self {
    case .equal: first == second
    case .notEqual: first != second
    case .greater: first > second
    case .greaterOrEqual: first >= second
    case .less: first < second
    case .lessOrEqual: first <= second
    case .bitsSet: first & second != 0
    case .signedGreater: signedFirst > signedSecond
    case .signedGreaterOrEqual: signedFirst >= signedSecond
    case .signedLess: signedFirst < signedSecond
    case .signedLessOrEqual: signedFirst <= signedSecond
    }
  }
}

/// The words read-modify-write instructions work on. `Atomic` declares its operations for each width alone.
private protocol AtomicWord: FixedWidthInteger, UnsignedInteger, AtomicRepresentable {
  @unsafe static func exchange(
    _ cell: UnsafeMutablePointer<Atomic<Self>>, expected: Self, desired: Self
  ) -> (exchanged: Bool, original: Self)
}

extension UInt32: AtomicWord {
  @unsafe fileprivate static func exchange(
    _ cell: UnsafeMutablePointer<Atomic<UInt32>>, expected: UInt32, desired: UInt32
  ) -> (exchanged: Bool, original: UInt32) {
    unsafe cell.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .sequentiallyConsistent)
  }
}

extension UInt64: AtomicWord {
  @unsafe fileprivate static func exchange(
    _ cell: UnsafeMutablePointer<Atomic<UInt64>>, expected: UInt64, desired: UInt64
  ) -> (exchanged: Bool, original: UInt64) {
    unsafe cell.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .sequentiallyConsistent)
  }
}
