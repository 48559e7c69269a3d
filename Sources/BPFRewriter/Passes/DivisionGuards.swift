import BPFISA

/// Makes divisions safe for machines whose division traps: by zero, and of the smallest number by -1.
///
/// A quotient of zero's is 0, a remainder leaves the dividend, and a signed overflow wraps (RFC 9669 section 4.1). A
/// divisor in a register is tested before it is used; one that is an immediate 0, or -1 where the division is signed,
/// makes another instruction. Divisions by other immediates stay as they are.
public struct DivisionGuards: Pass {
  public static let name = "division"

  public init() {}

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      guard case .arithmetic(let operation, let width, let destination, let divisor) = instruction,
        let division = Division(operation, width, destination)
      else { continue }
      patch.removeAll()
      switch divisor {
      case .register(let register): division.guarded(by: register, instruction, &patch)
      case .immediate(0): division.byZero(&patch)
      case .immediate(-1) where division.isSigned: division.byMinusOne(&patch)
      case .immediate: continue
      }
      try patcher.replace(at: &place, with: patch)
    }
  }
}

/// A division or remainder, apart from its divisor.
private struct Division {
  let isSigned: Bool
  let isRemainder: Bool
  let width: ArithmeticWidth
  let destination: Register

  init?(_ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ destination: Register) {
    switch operation {
    case .divide: (isSigned, isRemainder) = (false, false)
    case .signedDivide: (isSigned, isRemainder) = (true, false)
    case .modulo: (isSigned, isRemainder) = (false, true)
    case .signedModulo: (isSigned, isRemainder) = (true, true)
    case .add, .subtract, .multiply, .or, .and, .shiftLeft, .shiftRight, .xor, .move,
      .arithmeticShiftRight:
      return nil
    }
    self.width = width
    self.destination = destination
  }

  /// What dividing by zero gives.
  func byZero(_ patch: inout Patch) {
    guard isRemainder else { return clear(&patch) }
    // A 32-bit result clears the upper half, also where the lower one stays.
    patch.emit(
      .arithmetic(.move, width, destination: destination, source: .register(destination)))
  }

  /// What dividing by -1 gives.
  func byMinusOne(_ patch: inout Patch) {
    if isRemainder { return clear(&patch) }
    patch.emit(.negate(width, destination: destination))
  }

  func guarded(by divisor: Register, _ division: Instruction, _ patch: inout Patch) {
    let zero = patch.label()
    let minusOne = patch.label()
    patch.emit(.jumpIf(.equal, width, divisor, .immediate(0), offset: 0), to: .label(zero))
    if isSigned {
      patch.emit(.jumpIf(.equal, width, divisor, .immediate(-1), offset: 0), to: .label(minusOne))
    }
    patch.emit(division)
    patch.emit(.jump(offset: 0), to: .end)
    if isSigned {
      patch.place(minusOne)
      byMinusOne(&patch)
      patch.emit(.jump(offset: 0), to: .end)
    }
    patch.place(zero)
    byZero(&patch)
  }

  private func clear(_ patch: inout Patch) {
    patch.emit(.arithmetic(.move, width, destination: destination, source: .immediate(0)))
  }
}
