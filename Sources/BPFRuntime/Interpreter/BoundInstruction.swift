/// An instruction as the interpreter runs it, bound to what it works on in this process: one per slot.
///
/// 16 bytes: a constant has all its 64 bits here, so that a 16-byte load immediate is read at once.
struct BoundInstruction {
  var opcode: Opcode
  var destination: UInt8 = 0
  var source: UInt8 = 0
  /// The third register of instructions that are two or three in one.
  var operand: UInt8 = 0
  /// The displacement of an access; of a branch or a local call, from the instruction that follows it. In bytes both.
  var offset: Int32 = 0
  /// The sign-extended constant, what a 16-byte load immediate loads, or a helper's number.
  var immediate: UInt64 = 0

  /// In the order of `ArithmeticOperation` and `Condition`, so that those lead here by counting.
  enum Opcode: UInt8, CaseIterable {
    case add64K, sub64K, mul64K, div64K, sdiv64K, or64K, and64K, lsh64K, rsh64K, mod64K, smod64K,
      xor64K, mov64K, arsh64K
    case add64X, sub64X, mul64X, div64X, sdiv64X, or64X, and64X, lsh64X, rsh64X, mod64X, smod64X,
      xor64X, mov64X, arsh64X
    case add32K, sub32K, mul32K, div32K, sdiv32K, or32K, and32K, lsh32K, rsh32K, mod32K, smod32K,
      xor32K, mov32K, arsh32K
    case add32X, sub32X, mul32X, div32X, sdiv32X, or32X, and32X, lsh32X, rsh32X, mod32X, smod32X,
      xor32X, mov32X, arsh32X
    case jeq64K, jgt64K, jge64K, jset64K, jne64K, jsgt64K, jsge64K, jlt64K, jle64K, jslt64K, jsle64K
    case jeq64X, jgt64X, jge64X, jset64X, jne64X, jsgt64X, jsge64X, jlt64X, jle64X, jslt64X, jsle64X
    case jeq32K, jgt32K, jge32K, jset32K, jne32K, jsgt32K, jsge32K, jlt32K, jle32K, jslt32K, jsle32K
    case jeq32X, jgt32X, jge32X, jset32X, jne32X, jsgt32X, jsge32X, jlt32X, jle32X, jslt32X, jsle32X
    case neg64, neg32
    case movsx64from8, movsx64from16, movsx64from32, movsx32from8, movsx32from16
    case le16, le32, nothing, swap16, swap32, swap64
    case ldx8, ldx16, ldx32, ldx64, ldsx8, ldsx16, ldsx32
    case stx8, stx16, stx32, stx64, st8, st16, st32, st64
    case atomicAdd32, atomicAdd64, atomic32, atomic64, loadAcquire, storeRelease
    case loadWide
    case jump
    // Two instructions in one, the second being the next slot's (``fuse(_:)``).
    /// A copy, then an operation on it: `destination = source op constant`, or `op operand`.
    case movAdd64K, movSub64K, movMul64K, movOr64K, movAnd64K, movLsh64K, movRsh64K, movXor64K,
      movArsh64K
    case movAdd64X, movSub64X, movMul64X, movOr64X, movAnd64X, movLsh64X, movRsh64X, movXor64X,
      movArsh64X
    case movAdd32K, movSub32K, movMul32K, movOr32K, movAnd32K, movLsh32K, movRsh32K, movXor32K,
      movArsh32K
    case movAdd32X, movSub32X, movMul32X, movOr32X, movAnd32X, movLsh32X, movRsh32X, movXor32X,
      movArsh32X
    /// An addition of the lower half of the constant, then a jump that compares with the upper half, or with `source`.
    case addJgt64K, addJne64K, addJlt64K, addJslt64K, addJgt64X, addJne64X, addJlt64X, addJslt64X
    case addJgt32K, addJne32K, addJlt32K, addJslt32K, addJgt32X, addJne32X, addJlt32X, addJslt32X
    /// A load at the displacement that the upper half of the constant says, then a jump if what was loaded is the lower half,
    /// or is not.
    case ldx8jeq, ldx16jeq, ldx32jeq, ldx8jne, ldx16jne, ldx32jne
    /// Two copies: the second one's registers are `operand` and the constant.
    case movMov64
    /// A shift to the left by the lower half of the constant, then one to the right by the upper half.
    case lshRsh64, lshArsh64
    /// A load at the sum of `source` and `operand`, which was computed by as many bytes of instructions before as the
    /// constant says.
    case ldx8indexed, ldx16indexed, ldx32indexed, ldx64indexed
    /// A helper, by its number.
    case callHelper
    /// A helper that is control flow, which the machine does.
    case callControlFlow
    /// `HelperID.hashLookup` and `HelperID.prefixLookup`.
    case callHashLookup, callPrefixLookup
    /// A C function of the host's, and a closure, by their addresses.
    case callFunction, callHost
    case callLocal, exit
    /// What the program's own function, a callback, and what cannot go on return to.
    case end, endOfCallback, fault
    /// The second slot of a 16-byte load immediate: not to be reached.
    case secondSlot
    /// The slot after the last.
    case endOfProgram
  }
}
