/// A group of RFC 9669 section 2.4: what an implementation supports or does not support as a whole.
@frozen
public enum ConformanceGroup: String, CaseIterable, Hashable, Sendable {
  case base32, base64, atomic32, atomic64, divmul32, divmul64, packet
  /// Not of the RFC: a group of the conformance suite.
  case callx
}

/// When an instruction came.
@frozen
public enum Introduction: Hashable, Sendable {
  /// With a version of the instruction set, as compilers number them (`-mcpu=v1` to `-mcpu=v4`).
  case version(Int)
  /// After RFC 9669, with a Linux release (or a year, where the release is not known).
  case linux(String)
  /// Known to assemblers and the conformance suite, and never to the kernel.
  case assemblersOnly
  /// Produced by the kernel's own passes, and never accepted from outside.
  case internalOnly
}

/// Where execution goes after an instruction.
@frozen
public enum ControlFlowEffect: String, CaseIterable, Hashable, Sendable {
  case next
  case jump
  case branch
  case indirectJump
  case call
  case exit
  /// To the next instruction, or to the end of the program.
  case nextOrExit
  case unspecified
}

/// What an instruction does to memory.
@frozen
public enum MemoryEffect: String, CaseIterable, Hashable, Sendable {
  case none
  case load, store
  case atomic
  case loadAcquire, storeRelease
  case packetLoad
  /// Whatever the callee does.
  case callee
  case unspecified
}

extension Operation {
  /// The short name, without operands.
  public var mnemonic: String {
    switch self {
    case .arithmetic(let operation, let width, _): operation.mnemonic + width.suffix
    case .negate(let width): "neg" + width.suffix
    case .moveSignExtended(let width, let size): "movsx\(size.byteCount * 8)" + width.suffix
    case .byteSwap(let swap, let width): "\(swap.prefix)\(width.rawValue)"
    case .castAddressSpace: "addr_space_cast"
    case .load(let size, let signExtended): (signExtended ? "ldxs" : "ldx") + size.suffix
    case .store(let size, .immediate): "st" + size.suffix
    case .store(let size, .register): "stx" + size.suffix
    case .atomic(let operation, let size): operation.mnemonic + size.valueWidth.suffix
    case .loadAcquire(let size): "load_acquire_" + size.suffix
    case .storeRelease(let size): "store_release_" + size.suffix
    case .loadWide(let kind): kind.mnemonic
    case .loadPacket(let size, .absolute): "ldabs" + size.suffix
    case .loadPacket(let size, .indirect): "ldind" + size.suffix
    case .jump: "ja"
    case .jumpLong: "gotol"
    case .jumpIndirect: "gotox"
    case .jumpIf(let condition, let width, _): condition.mnemonic + width.suffix
    case .mayGoto: "may_goto"
    case .call(.helper): "call"
    case .call(.local): "call_local"
    case .call(.kernelFunction): "call_kfunc"
    case .call(.register): "callx"
    case .exit: "exit"
    case .internalOnly(let operation): operation.mnemonic
    }
  }

  /// The conformance group, nil for what came after RFC 9669 and for what is internal.
  public var group: ConformanceGroup? {
    switch self {
    case .arithmetic(let operation, let width, _):
      switch (operation, width) {
      case (.multiply, .bits32), (.divide, .bits32), (.signedDivide, .bits32), (.modulo, .bits32),
        (.signedModulo, .bits32):
        .divmul32
      case (.multiply, .bits64), (.divide, .bits64), (.signedDivide, .bits64), (.modulo, .bits64),
        (.signedModulo, .bits64):
        .divmul64
      case (.add, _), (.subtract, _), (.or, _), (.and, _), (.shiftLeft, _), (.shiftRight, _),
        (.xor, _), (.move, _), (.arithmeticShiftRight, _):
        width.baseGroup
      }
    case .negate(let width), .moveSignExtended(let width, from: _), .jumpIf(_, let width, _):
      width.baseGroup
    case .byteSwap(_, .bits64): .base64
    case .byteSwap(_, .bits16), .byteSwap(_, .bits32): .base32
    case .load(let size, signExtended: _), .store(let size, _): size.valueWidth.baseGroup
    case .atomic(_, let size): size == .double ? .atomic64 : .atomic32
    case .loadWide: .base64
    case .loadPacket: .packet
    case .jump, .jumpLong, .call(.helper), .call(.local), .call(.kernelFunction), .exit: .base32
    case .call(.register): .callx
    case .castAddressSpace, .loadAcquire, .storeRelease, .jumpIndirect, .mayGoto, .internalOnly: nil
    }
  }

  /// When the operation came.
  public var introduction: Introduction {
    switch self {
    case .arithmetic(.signedDivide, _, _), .arithmetic(.signedModulo, _, _), .moveSignExtended,
      .byteSwap(.unconditional, _), .load(_, signExtended: true), .jumpLong:
      .version(4)
    case .arithmetic, .negate, .byteSwap(.toLittleEndian, _), .byteSwap(.toBigEndian, _),
      .load(_, signExtended: false), .store, .loadWide, .loadPacket, .jump, .call(.helper), .exit:
      .version(1)
    case .atomic(.add, _): .version(1)
    case .atomic: .version(3)
    case .jumpIf(_, .bits32, _): .version(3)
    case .jumpIf(.less, .bits64, _), .jumpIf(.lessOrEqual, .bits64, _),
      .jumpIf(.signedLess, .bits64, _), .jumpIf(.signedLessOrEqual, .bits64, _):
      .version(2)
    case .jumpIf(_, .bits64, _): .version(1)
    case .call(.local), .call(.kernelFunction): .version(3)
    case .call(.register): .assemblersOnly
    case .mayGoto, .castAddressSpace: .linux("6.9")
    case .loadAcquire, .storeRelease: .linux("6.15")
    case .jumpIndirect: .linux("6.19")
    case .internalOnly: .internalOnly
    }
  }

  /// Where execution goes.
  public var controlFlow: ControlFlowEffect {
    switch self {
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadWide:
      .next
    case .loadPacket: .nextOrExit
    case .jump, .jumpLong: .jump
    case .jumpIndirect: .indirectJump
    case .jumpIf, .mayGoto: .branch
    case .call: .call
    case .exit: .exit
    case .internalOnly: .unspecified
    }
  }

  /// What happens to memory.
  public var memory: MemoryEffect {
    switch self {
    case .load: .load
    case .store: .store
    case .atomic: .atomic
    case .loadAcquire: .loadAcquire
    case .storeRelease: .storeRelease
    case .loadPacket: .packetLoad
    case .call: .callee
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .loadWide, .jump,
      .jumpLong, .jumpIndirect, .jumpIf, .mayGoto, .exit:
      .none
    case .internalOnly: .unspecified
    }
  }
}

// MARK: Mnemonics

extension ArithmeticOperation {
  /// The operation's part of a mnemonic.
  public var mnemonic: String {
    switch self {
    case .add: "add"
    case .subtract: "sub"
    case .multiply: "mul"
    case .divide: "div"
    case .signedDivide: "sdiv"
    case .or: "or"
    case .and: "and"
    case .shiftLeft: "lsh"
    case .shiftRight: "rsh"
    case .modulo: "mod"
    case .signedModulo: "smod"
    case .xor: "xor"
    case .move: "mov"
    case .arithmeticShiftRight: "arsh"
    }
  }
}

extension Condition {
  /// The condition's part of a mnemonic.
  public var mnemonic: String {
    switch self {
    case .equal: "jeq"
    case .greater: "jgt"
    case .greaterOrEqual: "jge"
    case .bitsSet: "jset"
    case .notEqual: "jne"
    case .signedGreater: "jsgt"
    case .signedGreaterOrEqual: "jsge"
    case .less: "jlt"
    case .lessOrEqual: "jle"
    case .signedLess: "jslt"
    case .signedLessOrEqual: "jsle"
    }
  }
}

extension AtomicOperation {
  /// The operation's part of a mnemonic.
  public var mnemonic: String {
    switch self {
    case .add: "atomic_add"
    case .or: "atomic_or"
    case .and: "atomic_and"
    case .xor: "atomic_xor"
    case .fetchAdd: "atomic_fetch_add"
    case .fetchOr: "atomic_fetch_or"
    case .fetchAnd: "atomic_fetch_and"
    case .fetchXor: "atomic_fetch_xor"
    case .exchange: "xchg"
    case .compareExchange: "cmpxchg"
    }
  }
}

extension Operation.WideKind {
  /// The whole mnemonic.
  var mnemonic: String {
    switch self {
    case .value: "lddw"
    case .map: "ld_map_fd"
    case .mapValue: "ld_map_value"
    case .variable: "ld_variable"
    case .function: "ld_function"
    case .mapIndex: "ld_map_index"
    case .mapIndexValue: "ld_map_index_value"
    }
  }
}

extension Operation.InternalOperation {
  /// A name that says what the kernel uses it for.
  var mnemonic: String {
    switch self {
    case .perCPUAddress: "per_cpu_address"
    case .speculationBarrier: "speculation_barrier"
    case .tailCall: "tail_call"
    case .probeLoad: "probe_load"
    case .probeSignExtendedLoad: "probe_sign_extended_load"
    case .probeArenaLoad: "probe_arena_load"
    case .probeArenaSignExtendedLoad: "probe_arena_sign_extended_load"
    case .probeArenaStore: "probe_arena_store"
    case .probeArenaAtomic: "probe_arena_atomic"
    }
  }
}

extension ArithmeticWidth {
  fileprivate var suffix: String {
    switch self {
    case .bits32: "32"
    case .bits64: ""
    }
  }

  fileprivate var baseGroup: ConformanceGroup {
    switch self {
    case .bits32: .base32
    case .bits64: .base64
    }
  }
}

extension MemorySize {
  fileprivate var suffix: String {
    switch self {
    case .byte: "b"
    case .half: "h"
    case .word: "w"
    case .double: "dw"
    }
  }
}
