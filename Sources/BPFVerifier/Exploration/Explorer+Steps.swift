import BPFISA
import BPFPlatform

// One instruction after the other.
extension Explorer {
  /// Does the instruction reached.
  ///
  /// - Returns: whether the path goes on.
  mutating func step() throws(Rejection.Problem) -> Bool {
    let instruction = code.instructions[slot]
    switch instruction {
    case .arithmetic(let operation, let width, let destination, let source):
      try doArithmetic(operation, width, destination, source)
    case .negate(let width, let destination):
      try doUnary(destination) { number in width == .bits64 ? number.negated : number.halfNegated }
    case .moveSignExtended(let width, let size, let destination, let source):
      try moveSignExtended(width, size, destination, source)
    case .byteSwap(let swap, let width, let destination): try swapBytes(swap, width, destination)
    case .castAddressSpace: throw .unsupported("addr_space_cast: arenas")
    case .load(let size, let isSigned, let destination, let base, let offset):
      try load(size, isSigned, destination, base, Int(offset))
    case .loadAcquire(let size, let destination, let base, let offset):
      try checkAtomicBase(base, Int(offset), size)
      try load(size, false, destination, base, Int(offset))
    case .store(let size, let base, let offset, let source):
      try store(size, base, Int(offset), source)
    case .storeRelease(let size, let base, let offset, let source):
      try checkAtomicBase(base, Int(offset), size)
      try store(size, base, Int(offset), .register(source))
    case .atomic(let operation, let size, let base, let offset, let source):
      try doAtomic(operation, size, base, Int(offset), source)
    case .loadWide(let destination, let immediate): try loadWide(destination, immediate)
    case .loadPacket(let size, let offset): try loadPacket(size, offset)
    case .jump, .jumpLong:
      jumps += 1
      guard let target = instruction.target(at: slot) else {
        preconditionFailure("a jump has a target")
      }
      slot = target
      return true
    case .jumpIndirect: throw .unsupported("gotox: jumps through tables")
    case .jumpIf(let condition, let width, let first, let second, _):
      return try doBranch(condition, width, first, second)
    case .mayGoto: return try doMayGoto()
    case .call(let target): return try doCall(target)
    case .exit: return try doExit()
    }
    slot += instruction.slotCount
    return true
  }

  // MARK: Numbers

  private mutating func doUnary(
    _ destination: Register, _ body: (Number) -> Number
  ) throws(Rejection.Problem) {
    let value = try read(destination)
    guard value.isScalar else { return try makeNumber(ofPointer: destination) }
    var result = Value.scalar(body(value.number))
    result.node = value.node
    try write(destination, result)
  }

  /// An operation that leaves no pointer: its result is some number, for programs that may know addresses.
  private mutating func makeNumber(ofPointer register: Register) throws(Rejection.Problem) {
    guard options.isPrivileged else { throw .pointerArithmetic(register, .operation) }
    try write(register, .scalar(.unknown))
  }

  private mutating func moveSignExtended(
    _ width: ArithmeticWidth, _ size: MemorySize, _ destination: Register, _ source: Register
  ) throws(Rejection.Problem) {
    let value = try read(source)
    guard value.isScalar else {
      guard options.isPrivileged else { throw .pointerArithmetic(source, .partialCopy) }
      try write(destination, width == .bits64 ? .scalar(.unknown) : .loaded(byteCount: 4))
      return
    }
    let bits = size.byteCount * 8
    let number =
      width == .bits64
      ? value.number.signExtended(fromBits: bits) : value.number.halfSignExtended(fromBits: bits)
    var result = Value.scalar(number)
    result.node = value.node
    if number == value.number, value.id != 0 {
      result.id = value.id
      result.offset = value.offset
    }
    try write(destination, result)
  }

  private mutating func swapBytes(_ swap: ByteSwap, _ width: SwapWidth, _ destination: Register)
    throws(Rejection.Problem)
  {
    let value = try read(destination)
    guard value.isScalar else { return try makeNumber(ofPointer: destination) }
    let bits = Int(width.rawValue)
    var result: Value
    if let constant = value.constant {
      let swapped: UInt64 =
        switch swap {
        case .toLittleEndian: constant
        case .toBigEndian, .unconditional: constant.byteSwapped >> UInt64(64 - bits)
        }
      result = .scalar(Number(swapped).zeroExtended(fromBits: bits))
    } else {
      switch swap {
      case .toLittleEndian: result = .scalar(value.number.zeroExtended(fromBits: bits))
      case .toBigEndian, .unconditional: result = .scalar(value.number.byteSwapped(bits: bits))
      }
    }
    result.node = value.node
    try write(destination, result)
  }

  private mutating func loadWide(_ destination: Register, _ immediate: WideImmediate)
    throws(Rejection.Problem)
  {
    switch immediate {
    case .value(let value): try write(destination, .constant(value))
    case .mapIndex(let index):
      guard platform.maps.indices.contains(Int(index)) else { throw .noSuchMap(Int(index)) }
      try write(destination, .pointer(.map, to: Int(index)))
    case .mapIndexValue(let index, let offset):
      guard platform.maps.indices.contains(Int(index)) else { throw .noSuchMap(Int(index)) }
      let spec = platform.maps[Int(index)].spec
      guard spec.kind == .array, spec.maxEntries == 1 else {
        throw spec.kind == .arena ? .unsupported("arena") : .noDirectValue(map: Int(index))
      }
      guard offset >= 0, Int(offset) < spec.valueSize else {
        throw .mapValueBounds(
          map: Int(index), size: spec.valueSize, offset: Int64(offset)...Int64(offset), bytes: 1)
      }
      try write(destination, .pointer(.mapValue, to: Int(index), offset: Int(offset)))
    case .function(let displacement):
      let function = slot + 1 + Int(displacement)
      guard code.prototypes[Int(code.functionIndices[function])] == nil else {
        throw .globalCallback
      }
      try write(destination, .pointer(.function, to: function))
    case .map, .mapValue: throw .unresolvedMap
    case .variable: throw .unsupported("a variable of the kernel (ksym)")
    }
  }

  /// A legacy packet load: of the packet that r6, the context, stands for.
  private mutating func loadPacket(_ size: MemorySize, _ offset: PacketOffset)
    throws(Rejection.Problem)
  {
    guard platform.type.loadsPacketsByLegacyInstructions else { throw .legacyLoadNotAllowed }
    guard depth == 0, root == 0 else { throw .legacyLoadInFunction }
    // The program ends here where the packet is too short.
    try checkReferencesReleased()
    let context = try read(.r6)
    guard context.kind == .context || platform.type == .raw && context.kind == .packet,
      context.offset == 0, context.hasConstantOffset
    else { throw .legacyLoadWithoutContext }
    if case .indirect(let register, _) = offset {
      guard try read(register).isScalar || options.isPrivileged else {
        throw .pointerLeak(register)
      }
    }
    clobberCallerSaved()
    registers[index(.r0)] = .loaded(byteCount: size.byteCount)
  }

  /// Forgets r0 to r5, as a call does.
  mutating func clobberCallerSaved() {
    let first = depth * Self.registerCount
    for index in first...first + 5 where registers[index].kind != .uninitialized {
      registers[index].kind = .uninitialized
    }
  }
}

extension Scalar where W == UInt64 {
  /// The low bits in reverse byte order, with zeros above.
  func byteSwapped(bits count: Int) -> Scalar {
    let shift = UInt64(64 - count)
    return .result(
      bits: Tnum(
        value: bits.value.byteSwapped >> shift, mask: bits.mask.byteSwapped >> shift))
  }
}
