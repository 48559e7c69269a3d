import BPFISA
import BPFPlatform

// What a processor does where it guesses wrong, and what prevents harm (kernel: `sanitize_ptr_alu`, `sanitize_speculative_path`,
// and the barriers that have taken the place of rejections since Linux 6.17).
extension Explorer {
  /// Does the instruction reached on a way that only a processor that guesses wrong goes.
  ///
  /// - Returns: whether it goes on.
  mutating func stepSpeculatively() throws(Rejection.Problem) -> Bool {
    let reached = slot
    if facts.facts[reached].needsBarrier { return false }
    if try visit() { return false }
    try count()
    facts.process(reached)
    return try step() && !facts.facts[reached].needsBarrierAfter
  }

  /// Has a barrier keep a processor that guesses wrong from an instruction that would do harm.
  ///
  /// - Throws: the problem where it is one of the program itself, or a limit.
  mutating func avoid(_ problem: Rejection.Problem) throws(Rejection.Problem) {
    guard isSpeculative, problem.category != .tooComplex else { throw problem }
    facts.needBarrier(before: slot)
  }

  /// Begins a way that only a processor that guesses wrong goes.
  ///
  /// All numbers are forgotten: they matter little there, because masks keep those that pointers are moved by, and so ways soon come
  /// together.
  mutating func beginGuess() {
    isSpeculative = true
    forEachValue { explorer, place in
      let value = explorer[place]
      guard value.isScalar else { return }
      let size = value.spillSize
      let number: Number = size > 0 && size < 8 ? .unsigned(byteCount: Int(size)) : .unknown
      if value.number == number, value.id == 0 { return }
      explorer[place].setNumber(number, id: 0, offset: 0)
      // A slot's node says who reads its bytes.
      if size == 0 { explorer[place].node = Provenance.none }
    }
  }

  // MARK: Arithmetic

  /// Notes an operation on two registers that leaves a number: a mask would change it.
  mutating func noteNumbers(_ operation: ArithmeticOperation, _ width: ArithmeticWidth) {
    guard width == .bits64, operation == .add || operation == .subtract else { return }
    _ = facts.move(slot, by: nil)
  }

  /// Notes what the number in a register is kept to that a pointer is moved by.
  ///
  /// - Parameters:
  ///   - result: the pointer afterwards.
  ///   - isNumberMoved: whether the number is in the destination.
  mutating func noteMove(
    of pointer: Value, to result: Value, by number: Number, isNumberMoved: Bool
  ) throws(Rejection.Problem) {
    // The path that is followed is the masked one already.
    if isSpeculative, facts.facts[slot].mask != nil { return }
    if let constant = number.constant {
      let step = Int32(truncatingIfNeeded: constant)
      guard Int64(step) == Int64(bitPattern: constant) else {
        return facts.needBarrier(before: slot)
      }
      _ = facts.move(
        slot, by: PointerMask(limit: .exactly(step), isNumberInDestination: isNumberMoved))
      return
    }
    if pointer.isPacket {
      // What lies there is proved afterwards, and a barrier follows the proof.
      _ = facts.move(slot, by: nil)
      return
    }
    let (low, high) = (number.signedMinimum, number.signedMaximum)
    guard (low < 0) == (high < 0), isInside(pointer), isInside(result) else {
      return facts.needBarrier(before: slot)
    }
    // Numbers that pointers are moved by are less than 2²⁹.
    let limit: PointerMask.Limit =
      low < 0
      ? .downTo(Int32(truncatingIfNeeded: low)) : .upTo(Int32(truncatingIfNeeded: high))
    let mask = PointerMask(limit: limit, isNumberInDestination: isNumberMoved)
    if facts.move(slot, by: mask) { try putAside(.masked) }
  }

  /// The numbers that a mask leaves of one that a pointer is moved by where a processor guesses wrong.
  ///
  /// - Throws: where the mask would be one of the pointer.
  func masked(
    _ number: Number, _ register: Register, isNumberMoved: Bool
  ) throws(Rejection.Problem) -> Number {
    guard let mask = facts.facts[slot].mask else { return number }
    guard mask.isNumberInDestination == isNumberMoved else {
      throw .pointerArithmetic(register, .operation)
    }
    switch mask.limit {
    case .exactly(let constant): return Number(UInt64(bitPattern: Int64(constant)))
    case .upTo(let limit): return .signedRange(0, Int64(limit))
    case .downTo(let limit): return .signedRange(Int64(limit), 0)
    }
  }

  /// Whether a pointer leads into memory of a size that is known, or to its end.
  private func isInside(_ pointer: Value) -> Bool {
    let first: Int64
    let end: Int64
    switch pointer.kind {
    case .stack: (first, end) = (-Int64(VerifierLimits.stackBytes), 0)
    case .mapValue: (first, end) = (0, Int64(platform.maps[Int(pointer.object)].valueSize))
    case .mapKey: (first, end) = (0, Int64(platform.maps[Int(pointer.object)].spec.keySize))
    case .memory: (first, end) = (0, Int64(pointer.object))
    case .uninitialized, .scalar, .context, .packet, .packetMetadata, .packetEnd, .map, .function,
      .socket, .socketCommon, .tcpSocket, .dynptr:
      return false
    }
    let offset = Int64(pointer.offset)
    return offset + pointer.number.signedMinimum >= first
      && offset + pointer.number.signedMaximum <= end
  }

  /// Goes on with a pointer that a mask kept where it was.
  mutating func moveByNothing() {
    guard case .arithmetic(_, _, let destination, .register(let source)) = code.instructions[slot]
    else { preconditionFailure("only additions and subtractions of registers are masked") }
    beginGuess()
    if !registers[index(destination)].isPointer {
      registers[index(destination)] = registers[index(source)]
    }
    slot += 1
  }

  // MARK: Memory

  /// Notes what memory the instruction accesses.
  @inline(__always)
  mutating func note(access kind: PointerKind) throws(Rejection.Problem) {
    if isSpeculative {
      facts.accessSpeculatively(slot, kind)
    } else {
      try facts.access(slot, kind)
    }
  }

  /// Notes a store to some bytes of a stack slot: a load that passes it must find neither an address nor what others left there.
  mutating func noteStore(_ index: Int, _ byte: Int, _ size: Int, isPointer: Bool) {
    var isHarmless = !isPointer
    for offset in byte..<byte + size where isHarmless {
      switch stacks[index].kind(ofByte: offset) {
      case StackSlot.ByteKind.data, StackSlot.ByteKind.zero: break
      case StackSlot.ByteKind.spill: isHarmless = stacks[index].value.isScalar
      case _: isHarmless = false
      }
    }
    if !isHarmless { facts.needBarrier(after: slot) }
  }
}
