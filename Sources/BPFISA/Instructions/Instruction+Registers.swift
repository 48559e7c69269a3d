/// A set of registers.
@frozen
public struct RegisterSet: OptionSet, Hashable, Sendable {
  /// Bit *n* stands for register *n*.
  public let rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inlinable
  public init(_ register: Register) {
    self.init(rawValue: 1 << UInt16(register.rawValue))
  }

  @inlinable
  public func contains(_ register: Register) -> Bool {
    contains(RegisterSet(register))
  }

  /// `r1` to `r5`, which hold arguments and which a call clobbers.
  public static let arguments = RegisterSet(rawValue: 0b11_1110)

  /// The registers in the set, by rising number.
  public var registers: [Register] {
    Register.allCases.filter { contains($0) }
  }
}

extension Instruction {
  /// The registers whose value the instruction uses.
  ///
  /// A call is said to read all of `r1` to `r5`: how many it does read is for the callee's prototype to say.
  public var registersRead: RegisterSet {
    switch self {
    case .arithmetic(.move, _, _, let operand): operand.registers
    case .arithmetic(_, _, let destination, let operand):
      RegisterSet(destination).union(operand.registers)
    case .negate(_, let destination), .byteSwap(_, _, let destination): RegisterSet(destination)
    case .moveSignExtended(_, _, _, let source), .castAddressSpace(_, let source, _, _):
      RegisterSet(source)
    case .load(_, _, _, let base, _), .loadAcquire(_, _, let base, _): RegisterSet(base)
    case .store(_, let base, _, let operand): RegisterSet(base).union(operand.registers)
    case .atomic(.compareExchange, _, let base, _, let source):
      [RegisterSet(base), RegisterSet(source), RegisterSet(.r0)]
    case .atomic(_, _, let base, _, let source), .storeRelease(_, let base, _, let source):
      RegisterSet(base).union(RegisterSet(source))
    case .loadWide: []
    case .loadPacket(_, .absolute): RegisterSet(.r6)
    case .loadPacket(_, .indirect(let register, _)):
      RegisterSet(.r6).union(RegisterSet(register))
    case .jump, .jumpLong, .mayGoto: []
    case .jumpIndirect(let register): RegisterSet(register)
    case .jumpIf(_, _, let first, let second, _): RegisterSet(first).union(second.registers)
    case .call(.register(let register)): RegisterSet.arguments.union(RegisterSet(register))
    case .call(.helper), .call(.local), .call(.kernelFunction): .arguments
    case .exit: RegisterSet(.r0)
    }
  }

  /// The registers that hold another value afterwards, or none that may be used (as `r1` to `r5` after a call).
  public var registersWritten: RegisterSet {
    switch self {
    case .arithmetic(_, _, let destination, _), .negate(_, let destination),
      .moveSignExtended(_, _, let destination, _), .byteSwap(_, _, let destination),
      .castAddressSpace(let destination, _, _, _), .load(_, _, let destination, _, _),
      .loadAcquire(_, let destination, _, _), .loadWide(let destination, _):
      RegisterSet(destination)
    case .atomic(.compareExchange, _, _, _, _): RegisterSet(.r0)
    case .atomic(.fetchAdd, _, _, _, let source), .atomic(.fetchOr, _, _, _, let source),
      .atomic(.fetchAnd, _, _, _, let source), .atomic(.fetchXor, _, _, _, let source),
      .atomic(.exchange, _, _, _, let source):
      RegisterSet(source)
    case .atomic(.add, _, _, _, _), .atomic(.or, _, _, _, _), .atomic(.and, _, _, _, _),
      .atomic(.xor, _, _, _, _), .store, .storeRelease:
      []
    case .loadPacket, .call: RegisterSet.arguments.union(RegisterSet(.r0))
    case .jump, .jumpLong, .jumpIndirect, .jumpIf, .mayGoto, .exit: []
    }
  }
}

extension Operand {
  /// The registers of the operand, none or one.
  var registers: RegisterSet {
    switch self {
    case .register(let register): RegisterSet(register)
    case .immediate: []
    }
  }
}
