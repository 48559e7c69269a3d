// Instructions that compilers write one after another and that work on one register become one: a copy and an operation on
// it, a counter and the jump that ends its loop, a field and what it is compared with, the address of an array's element and its
// load. The loop's way from one instruction to the next takes longer than most instructions do (`make bench`, micro).
extension BoundInstruction {
  /// Makes instructions do what the ones in the slots after them do, too.
  ///
  /// Those stay as they are, so that a branch may lead to them; none is changed before the ones that lie ahead of it were
  /// looked at.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  static func fuse(_ instructions: UnsafeMutableBufferPointer<BoundInstruction>) {
    for slot in instructions.indices.dropLast() {
      // SAFETY: the slots lie in the buffer.
      let first = unsafe instructions[slot]
      let second = unsafe instructions[slot + 1]
      let third = unsafe slot + 2 < instructions.count ? instructions[slot + 2] : nil
      guard let fused = first.fused(with: second, third) else { continue }
      unsafe instructions[slot] = fused
    }
  }

  private func fused(with second: Self, _ third: Self?) -> Self? {
    if let load = third.flatMap({ indexedLoad(second, $0) }) { return load }
    return loadAtSum(second) ?? operationOnCopy(second) ?? countedJump(second)
      ?? comparedLoad(second) ?? pairOfShifts(second) ?? pairOfCopies(second, third)
  }

  private static var stride: UInt64 { UInt64(MemoryLayout<Self>.stride) }

  /// `d = a; d += b; d = *(d + offset)`.
  private func indexedLoad(_ second: Self, _ third: Self) -> Self? {
    guard opcode == .mov64X, second.opcode == .add64X, second.destination == destination,
      second.source != destination, var load = second.loadAtSum(third)
    else { return nil }
    load.source = source
    load.immediate += Self.stride
    return load
  }

  /// `d += b; d = *(d + offset)`.
  private func loadAtSum(_ second: Self) -> Self? {
    guard opcode == .add64X, second.source == destination, second.destination == destination else {
      return nil
    }
    let indexed: Opcode
    switch second.opcode {
    case .ldx8: indexed = .ldx8indexed
    case .ldx16: indexed = .ldx16indexed
    case .ldx32: indexed = .ldx32indexed
    case .ldx64: indexed = .ldx64indexed
    case _: return nil
    }
    return Self(
      opcode: indexed, destination: destination, source: destination, operand: source,
      offset: second.offset, immediate: Self.stride)
  }

  /// `d = s; d op= x`.
  private func operationOnCopy(_ second: Self) -> Self? {
    guard second.destination == destination, let opcode = second.opcode.onCopy(by: opcode) else {
      return nil
    }
    // What the copy made of the register is the source.
    let operand = second.source == destination ? source : second.source
    return Self(
      opcode: opcode, destination: destination, source: source, operand: operand,
      immediate: second.immediate)
  }

  /// `d += K; if d < x goto`.
  private func countedJump(_ second: Self) -> Self? {
    guard opcode == .add64K || opcode == .add32K, second.destination == destination,
      let opcode = second.opcode.counted(by: opcode)
    else { return nil }
    return Self(
      opcode: opcode, destination: destination, source: second.source, offset: second.offset,
      immediate: immediate & 0xffff_ffff | second.immediate << 32)
  }

  /// `d = *(s + offset); if d == K goto`.
  private func comparedLoad(_ second: Self) -> Self? {
    guard second.destination == destination else { return nil }
    // What was loaded has no upper half.
    let isWide = second.opcode == .jeq64K || second.opcode == .jne64K
    guard !isWide || second.immediate >> 32 == 0 else { return nil }
    let isEqual = second.opcode == .jeq64K || second.opcode == .jeq32K
    guard isEqual || second.opcode == .jne64K || second.opcode == .jne32K else { return nil }
    let fused: Opcode
    switch opcode {
    case .ldx8: fused = isEqual ? .ldx8jeq : .ldx8jne
    case .ldx16: fused = isEqual ? .ldx16jeq : .ldx16jne
    case .ldx32: fused = isEqual ? .ldx32jeq : .ldx32jne
    case _: return nil
    }
    return Self(
      opcode: fused, destination: destination, source: source, offset: second.offset,
      immediate: second.immediate & 0xffff_ffff | UInt64(UInt32(bitPattern: offset)) << 32)
  }

  /// `d <<= a; d >>= b`.
  private func pairOfShifts(_ second: Self) -> Self? {
    guard opcode == .lsh64K, second.destination == destination,
      second.opcode == .rsh64K || second.opcode == .arsh64K
    else { return nil }
    return Self(
      opcode: second.opcode == .rsh64K ? .lshRsh64 : .lshArsh64, destination: destination,
      immediate: immediate & 63 | (second.immediate & 63) << 32)
  }

  /// `d = s; e = t`, unless the second copy is better done with what follows it.
  private func pairOfCopies(_ second: Self, _ third: Self?) -> Self? {
    guard opcode == .mov64X, second.opcode == .mov64X,
      third.flatMap({ second.operationOnCopy($0) }) == nil
    else { return nil }
    return Self(
      opcode: .movMov64, destination: destination, source: source, operand: second.destination,
      immediate: UInt64(second.source))
  }
}

extension BoundInstruction.Opcode {
  /// The operation on a register that a copy made, or nil.
  fileprivate func onCopy(by copy: Self) -> Self? {
    guard copy == .mov64X || copy == .mov32X else { return nil }
    let isWide = copy == .mov64X
    // A 32-bit operation looks at the lower half only, however much was copied.
    return switch self {
    case .add64K where isWide: .movAdd64K
    case .sub64K where isWide: .movSub64K
    case .mul64K where isWide: .movMul64K
    case .or64K where isWide: .movOr64K
    case .and64K where isWide: .movAnd64K
    case .lsh64K where isWide: .movLsh64K
    case .rsh64K where isWide: .movRsh64K
    case .xor64K where isWide: .movXor64K
    case .arsh64K where isWide: .movArsh64K
    case .add64X where isWide: .movAdd64X
    case .sub64X where isWide: .movSub64X
    case .mul64X where isWide: .movMul64X
    case .or64X where isWide: .movOr64X
    case .and64X where isWide: .movAnd64X
    case .lsh64X where isWide: .movLsh64X
    case .rsh64X where isWide: .movRsh64X
    case .xor64X where isWide: .movXor64X
    case .arsh64X where isWide: .movArsh64X
    case .add32K: .movAdd32K
    case .sub32K: .movSub32K
    case .mul32K: .movMul32K
    case .or32K: .movOr32K
    case .and32K: .movAnd32K
    case .lsh32K: .movLsh32K
    case .rsh32K: .movRsh32K
    case .xor32K: .movXor32K
    case .arsh32K: .movArsh32K
    case .add32X: .movAdd32X
    case .sub32X: .movSub32X
    case .mul32X: .movMul32X
    case .or32X: .movOr32X
    case .and32X: .movAnd32X
    case .lsh32X: .movLsh32X
    case .rsh32X: .movRsh32X
    case .xor32X: .movXor32X
    case .arsh32X: .movArsh32X
    case _: nil
    }
  }

  /// The jump on a register that an addition made, or nil.
  fileprivate func counted(by addition: Self) -> Self? {
    let isWide = addition == .add64K
    return switch self {
    case .jgt64K where isWide: .addJgt64K
    case .jne64K where isWide: .addJne64K
    case .jlt64K where isWide: .addJlt64K
    case .jslt64K where isWide: .addJslt64K
    case .jgt64X where isWide: .addJgt64X
    case .jne64X where isWide: .addJne64X
    case .jlt64X where isWide: .addJlt64X
    case .jslt64X where isWide: .addJslt64X
    case .jgt32K where !isWide: .addJgt32K
    case .jne32K where !isWide: .addJne32K
    case .jlt32K where !isWide: .addJlt32K
    case .jslt32K where !isWide: .addJslt32K
    case .jgt32X where !isWide: .addJgt32X
    case .jne32X where !isWide: .addJne32X
    case .jlt32X where !isWide: .addJlt32X
    case .jslt32X where !isWide: .addJslt32X
    case _: nil
    }
  }
}
