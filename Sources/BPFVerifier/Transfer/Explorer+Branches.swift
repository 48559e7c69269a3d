import BPFISA
import BPFPlatform

// Conditional jumps: which ways are possible, and what each says (kernel: `check_cond_jmp_op`).
extension Explorer {
  mutating func doBranch(
    _ condition: Condition, _ width: ArithmeticWidth, _ first: Register, _ second: Operand
  ) throws(Rejection.Problem) -> Bool {
    jumps += 1
    if let (left, right) = numbers(first, second) {
      let isTaken: Bool?
      switch right {
      case .register(let right):
        isTaken = Self.decide(condition, width, registers[left].number, registers[right].number)
        if isTaken != nil { provenance.markPrecise(registers[right].node) }
      case .constant(let constant):
        let number = Number(widened(constant, width))
        isTaken = Self.decide(condition, width, registers[left].number, number)
      }
      if let isTaken {
        // The other way is not followed: what decided it must not differ where states are held equal.
        provenance.markPrecise(registers[left].node)
        return try goOneWay(isTaken)
      }
      try putAside(.taken)
      return try takeBranch(isTaken: false, condition, width, first, second)
    }
    let left = try read(first)
    let right = try operand(second, width)
    if !options.isPrivileged { try checkComparison(left, first, right, second) }
    if let isTaken = decidePointers(condition, width, left, right) {
      if left.isScalar { markPrecise(left) }
      if right.isScalar { markPrecise(right) }
      return try goOneWay(isTaken)
    }
    try putAside(.taken)
    return try takeBranch(isTaken: false, condition, width, first, second)
  }

  /// Takes up a branch put aside.
  ///
  /// - Returns: whether it is possible after all.
  mutating func takeBranch(at slot: Int, as way: PendingBranches.Way) throws(Rejection.Problem)
    -> Bool
  {
    switch way {
    case .taken:
      switch code.instructions[slot] {
      case .jumpIf(let condition, let width, let first, let second, _):
        return try takeBranch(isTaken: true, condition, width, first, second)
      case .mayGoto, .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load,
        .store,
        .atomic, .loadAcquire, .storeRelease, .loadWide, .loadPacket, .jump, .jumpLong,
        .jumpIndirect, .call, .exit:
        preconditionFailure("only conditional jumps are put aside to be taken")
      }
    case .callback:
      try enterRepeatedCallback()
      return true
    case .tailCalled:
      returnFromTailCall()
      return true
    case .nextIteration:
      widenSinceLastIteration()
      mayGotoDepth += 1
      return try go(false)
    case .wronglyTaken: return try goWrong(isTaken: true)
    case .wronglyPassed: return try goWrong(isTaken: false)
    case .masked:
      moveByNothing()
      return true
    }
  }

  func operand(_ operand: Operand, _ width: ArithmeticWidth) throws(Rejection.Problem) -> Value {
    switch operand {
    case .register(let register): try read(register)
    case .immediate(let immediate):
      .constant(widened(immediate, width))
    }
  }

  private mutating func takeBranch(
    isTaken: Bool, _ condition: Condition, _ width: ArithmeticWidth, _ first: Register,
    _ second: Operand
  ) throws(Rejection.Problem) -> Bool {
    if let (left, right) = numbers(first, second) {
      let relation = Relation(condition, isTaken: isTaken)
      let isPossible =
        switch right {
        case .register(let right): refine(relation, width, left, with: right)
        case .constant(let constant): refine(relation, width, left, widened(constant, width))
        }
      guard isPossible else { return tracksSpeculation ? try goWrong(isTaken: isTaken) : false }
      return try goOn(isTaken)
    }
    let left = try read(first)
    let right = try operand(second, width)
    learn(condition, isTaken, width, first, left, second, right)
    return try goOn(isTaken)
  }

  /// Goes on after a conditional jump that may have proved something.
  private mutating func goOn(_ isTaken: Bool) throws(Rejection.Problem) -> Bool {
    let goesOn = try go(isTaken)
    if provesBytes {
      provesBytes = false
      facts.needBarrier(before: slot)
    }
    return goesOn
  }

  /// Goes on after a conditional jump that goes one way only.
  private mutating func goOneWay(_ isTaken: Bool) throws(Rejection.Problem) -> Bool {
    if tracksSpeculation { try putAside(isTaken ? .wronglyPassed : .wronglyTaken) }
    return try go(isTaken)
  }

  /// Goes on after a conditional jump as it does not go, but a processor may guess: then nothing is known of what it compares,
  /// pointers neither.
  private mutating func goWrong(isTaken: Bool) throws(Rejection.Problem) -> Bool {
    guard case .jumpIf(_, _, let first, let second, _) = code.instructions[slot] else {
      preconditionFailure("only conditional jumps are guessed")
    }
    beginGuess()
    if first != .r10 { try write(first, .scalar(.unknown)) }
    if case .register(let register) = second, register != .r10 {
      try write(register, .scalar(.unknown))
    }
    return try go(isTaken)
  }

  /// What a number is compared with.
  private enum Compared {
    /// The number in a register, by index.
    case register(Int)
    case constant(Int32)
  }

  /// What a conditional jump compares, if both are numbers: the register's index, and the other.
  @inline(__always)
  private func numbers(_ first: Register, _ second: Operand) -> (Int, Compared)? {
    guard first.rawValue < Self.registerCount, registers[index(first)].kind == .scalar else {
      return nil
    }
    switch second {
    case .immediate(let immediate): return (index(first), .constant(immediate))
    case .register(let register):
      guard register.rawValue < Self.registerCount, registers[index(register)].kind == .scalar
      else { return nil }
      return (index(first), .register(index(register)))
    }
  }

  /// Goes on after a conditional jump.
  private mutating func go(_ isTaken: Bool) throws(Rejection.Problem) -> Bool {
    if !isSpeculative { facts.branch(slot, isTaken: isTaken) }
    path.append(UInt32(truncatingIfNeeded: slot) << 1 | (isTaken ? 1 : 0))
    if isTaken, let target = code.instructions[slot].target(at: slot) {
      slot = target
    } else {
      slot += 1
    }
    return true
  }

  mutating func doMayGoto() throws(Rejection.Problem) -> Bool {
    jumps += 1
    try putAside(.nextIteration)
    return try go(true)
  }

  // MARK: Deciding

  /// Which way a conditional jump that looks at a pointer goes; nil where it may go both.
  private func decidePointers(
    _ condition: Condition, _ width: ArithmeticWidth, _ left: Value, _ right: Value
  ) -> Bool? {
    if width == .bits64, left.isPacket, right.isPacket {
      if right.kind == .packetEnd { return decide(condition, packet: left) }
      if left.kind == .packetEnd { return decide(condition.swapped, packet: right) }
      return nil
    }
    // An address is never null, unless it is said so; but that of no bytes may be.
    guard width == .bits64, left.isPointer, right.constant == 0, !left.isNullable, !left.isPacket
    else { return nil }
    switch condition {
    case .equal: return false
    case .notEqual: return true
    case .greater, .greaterOrEqual, .bitsSet, .signedGreater, .signedGreaterOrEqual, .less,
      .lessOrEqual, .signedLess, .signedLessOrEqual:
      return nil
    }
  }

  @inline(__always)
  private static func decide(
    _ condition: Condition, _ width: ArithmeticWidth, _ left: Number, _ right: Number
  ) -> Bool? {
    width == .bits64
      ? Number.decide(condition, left, right) : Number.decideHalves(condition, left, right)
  }

  /// Which way a comparison of a packet pointer with the packet's end goes, if it was compared before.
  private func decide(_ condition: Condition, packet: Value) -> Bool? {
    let isAtEnd = packet.flags.contains(.atEnd)
    let isBeyond = packet.flags.contains(.beyondEnd)
    guard isAtEnd || isBeyond else { return nil }
    switch condition {
    case .greater: return isBeyond ? true : nil
    case .lessOrEqual: return isBeyond ? false : nil
    case .greaterOrEqual: return true
    case .less: return false
    case .equal, .notEqual, .bitsSet, .signedGreater, .signedGreaterOrEqual, .signedLess,
      .signedLessOrEqual:
      return nil
    }
  }

  /// A program that may not see addresses may compare them with null and packet pointers with each other.
  private func checkComparison(
    _ left: Value, _ first: Register, _ right: Value, _ second: Operand
  ) throws(Rejection.Problem) {
    if left.isPointer, right.isPointer {
      guard left.isPacket, right.isPacket else { throw .pointerLeak(first) }
    } else if left.isPointer {
      guard right.constant == 0 else { throw .pointerLeak(first) }
    } else if right.isPointer, case .register(let register) = second {
      throw .pointerLeak(register)
    }
  }

  // MARK: Learning

  /// Narrows the number in a register to what a comparison with a constant says of it.
  ///
  /// - Returns: whether there are any left.
  private mutating func refine(
    _ relation: Relation, _ width: ArithmeticWidth, _ register: Int, _ constant: UInt64
  ) -> Bool {
    let refined =
      width == .bits64
      ? Number.refine(registers[register].number, Number(constant), relation)
      : Number.refineHalves(registers[register].number, Number(constant), relation)
    guard let refined else {
      // As where it is decided: this way is not followed.
      provenance.markPrecise(registers[register].node)
      return false
    }
    if refined.left != registers[register].number {
      narrow(register, refined.left, registers[register].node)
    }
    return true
  }

  /// Narrows the numbers in two registers to what a comparison says of them.
  ///
  /// - Returns: whether there are any left.
  private mutating func refine(
    _ relation: Relation, _ width: ArithmeticWidth, _ first: Int, with second: Int
  ) -> Bool {
    let refined =
      width == .bits64
      ? Number.refine(registers[first].number, registers[second].number, relation)
      : Number.refineHalves(registers[first].number, registers[second].number, relation)
    guard let refined else {
      // As where it is decided: this way is not followed.
      provenance.markPrecise(registers[first].node)
      provenance.markPrecise(registers[second].node)
      return false
    }
    let node = provenance.join(registers[first].node, registers[second].node)
    let isNarrower = refined.right != registers[second].number
    if refined.left != registers[first].number { narrow(first, refined.left, node) }
    if second != first, isNarrower { narrow(second, refined.right, node) }
    return true
  }

  /// Narrows the number in a register, and those that are as far from it as is known.
  private mutating func narrow(_ index: Int, _ number: Number, _ node: UInt32) {
    registers[index].number = number
    registers[index].node = node
    if registers[index].flags.contains(.length) {
      provenance.markPrecise(node)
      proveLength(number.range.minimum)
    }
    if registers[index].id == 0 { return }
    let value = registers[index]
    forEachValue { explorer, place in
      let other = explorer[place]
      guard other.isScalar, other.id == value.id, place != .register(index) else { return }
      let delta = Int64(other.offset) - Int64(value.offset)
      let moved =
        delta == 0
        ? number : Number.apply(.add, number, Number(UInt64(bitPattern: delta)))
      guard let both = moved.intersection(other.number), both != other.number else { return }
      explorer[place].number = both
      explorer[place].node = explorer.provenance.join(other.node, node)
    }
  }

  /// `raw`: memory is as long as the length was found to be at least.
  private mutating func proveLength(_ length: UInt64) {
    let range = Int32(truncatingIfNeeded: min(length, VerifierLimits.packetOffset))
    provesBytes = tracksSpeculation && range > 0
    forEachValue { explorer, place in
      let value = explorer[place]
      guard value.kind == .packet, value.id == 0, value.hasConstantOffset else { return }
      explorer[place].range = max(value.range, range)
    }
  }

  /// What a comparison with a pointer says.
  private mutating func learn(
    _ condition: Condition, _ isTaken: Bool, _ width: ArithmeticWidth, _ first: Register,
    _ left: Value, _ second: Operand, _ right: Value
  ) {
    guard width == .bits64 else { return }
    if left.isNullable, right.constant == 0 {
      markPrecise(right)
      switch condition {
      case .equal: resolveNull(left, isNull: isTaken)
      case .notEqual: resolveNull(left, isNull: !isTaken)
      case .greater, .greaterOrEqual, .bitsSet, .signedGreater, .signedGreaterOrEqual, .less,
        .lessOrEqual, .signedLess, .signedLessOrEqual:
        break
      }
    } else if left.isPointer, right.isPointer, left.isNullable != right.isNullable {
      // Equal to what is not null.
      let nullable = left.isNullable ? left : right
      if condition == .equal && isTaken || condition == .notEqual && !isTaken {
        resolveNull(nullable, isNull: false)
      }
    } else if left.isPacket, right.isPacket {
      let relation = Relation(condition, isTaken: isTaken)
      if isBounded(left, by: right) {
        prove(left, relation)
      } else if isBounded(right, by: left) {
        prove(right, Relation(condition.swapped, isTaken: isTaken))
      }
    }
  }

  /// Whether the second is where the bytes end that the first leads to: the packet its end, metadata the packet.
  private func isBounded(_ value: Value, by end: Value) -> Bool {
    if value.kind == .packet { return end.kind == .packetEnd }
    return value.kind == .packetMetadata && end.kind == .packet && end.id == 0 && end.offset == 0
      && end.hasConstantOffset
  }

  /// What a comparison of a packet pointer with the end of its bytes proves (kernel: `find_good_pkt_pointers`).
  private mutating func prove(_ pointer: Value, _ relation: Relation) {
    switch relation {
    case .lessOrEqual: proveRange(pointer, bytes: 0)
    // One more byte is there.
    case .less: proveRange(pointer, bytes: 1)
    case .greater: markEnd(pointer, .beyondEnd)
    case .greaterOrEqual: markEnd(pointer, .atEnd)
    case .equal, .notEqual, .signedLess, .signedLessOrEqual, .signedGreater, .signedGreaterOrEqual,
      .bitsSet, .bitsClear:
      break
    }
  }

  private mutating func markEnd(_ pointer: Value, _ flag: Value.Flags) {
    guard pointer.kind == .packet else { return }
    forEachValue { explorer, place in
      let value = explorer[place]
      guard value.kind == .packet, value.id == pointer.id, value.offset == pointer.offset,
        value.hasConstantOffset == pointer.hasConstantOffset
      else { return }
      explorer[place].flags.insert(flag)
    }
  }

  /// Bytes up to a packet pointer's offset are there, and some more, for all pointers with its variable part.
  private mutating func proveRange(_ pointer: Value, bytes: Int32) {
    guard pointer.offset >= 0 else { return }
    guard pointer.number.signedMinimum >= 0,
      pointer.number.range.maximum <= VerifierLimits.packetOffset,
      pointer.number.range.maximum + UInt64(pointer.offset) <= VerifierLimits.packetOffset
    else { return }
    let range = min(pointer.offset + bytes, Int32(VerifierLimits.packetOffset))
    provesBytes = tracksSpeculation
    forEachValue { explorer, place in
      let value = explorer[place]
      guard value.kind == pointer.kind, value.id == pointer.id else { return }
      explorer[place].range = max(value.range, range)
    }
  }

  /// Settles what all copies of a pointer are (kernel: `mark_ptr_or_null_regs`).
  mutating func resolveNull(_ pointer: Value, isNull: Bool) {
    // Not if it is only derived from what is held: a slice of a record, a socket's TCP socket.
    if isNull, pointer.reference != 0, pointer.reference == pointer.id {
      references.removeAll { $0.id == pointer.reference }
    }
    let keepsID = pointer.kind == .mapValue && hasLock(Int(pointer.object))
    forEachValue { explorer, place in
      let value = explorer[place]
      guard value.isNullable, value.isPointer, value.id == pointer.id, value.kind == pointer.kind
      else { return }
      if isNull {
        var null = Value.constant(0)
        null.spillSize = value.spillSize
        null.node = value.node
        explorer[place] = null
      } else {
        explorer[place].flags.remove(.nullable)
        if !keepsID { explorer[place].id = 0 }
      }
    }
  }

  private func hasLock(_ map: Int) -> Bool {
    platform.maps.indices.contains(map)
      && (platform.maps[map].lockOffset != nil || platform.maps[map].spec.kind.holdsMaps)
  }
}

extension Condition {
  /// The condition with its operands exchanged.
  var swapped: Condition {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .bitsSet: .bitsSet
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .signedGreater: .signedLess
    case .signedGreaterOrEqual: .signedLessOrEqual
    case .signedLess: .signedGreater
    case .signedLessOrEqual: .signedGreaterOrEqual
    }
  }
}
