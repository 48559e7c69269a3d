extension Instruction {
  /// The displacement, in slots from the next slot, to where the instruction may branch, to the function it calls
  /// or to the function it takes the address of; nil for instructions that have none.
  @inlinable
  public var displacement: Int? {
    switch self {
    case .jump(let offset), .mayGoto(let offset), .jumpIf(_, _, _, _, let offset): Int(offset)
    case .jumpLong(let offset): Int(offset)
    case .call(.local(let displacement)): Int(displacement)
    case .loadWide(_, .function(let displacement)): Int(displacement)
    case .call(.helper), .call(.kernelFunction), .call(.register): nil
    case .loadWide(_, .value), .loadWide(_, .map), .loadWide(_, .mapValue),
      .loadWide(_, .variable), .loadWide(_, .mapIndex), .loadWide(_, .mapIndexValue):
      nil
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadPacket, .jumpIndirect, .exit:
      nil
    }
  }

  /// The slot that ``displacement`` names, for an instruction at a slot; it may lie outside the program.
  @inlinable
  public func target(at slot: Int) -> Int? {
    displacement.map { slot + 1 + $0 }
  }

  /// Whether the instruction may go on at ``target(at:)``: a jump, and neither a call nor a function's address.
  @inlinable
  public var isBranch: Bool {
    switch self {
    case .jump, .jumpLong, .jumpIf, .mayGoto: true
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadWide, .loadPacket, .jumpIndirect, .call, .exit:
      false
    }
  }

  /// Whether the instruction may go on at the instruction that follows it (a call does, by returning).
  @inlinable
  public var fallsThrough: Bool {
    switch self {
    case .jump, .jumpLong, .jumpIndirect, .exit: false
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadWide, .loadPacket, .jumpIf, .mayGoto, .call:
      true
    }
  }
}

extension Instruction {
  /// The same instruction with another ``displacement``; nil if it does not fit, or if the instruction has none.
  @inlinable
  public func with(displacement: Int) -> Instruction? {
    switch self {
    case .jump: Int16(exactly: displacement).map { .jump(offset: $0) }
    case .mayGoto: Int16(exactly: displacement).map { .mayGoto(offset: $0) }
    case .jumpIf(let condition, let width, let first, let second, offset: _):
      Int16(exactly: displacement).map { .jumpIf(condition, width, first, second, offset: $0) }
    case .jumpLong: Int32(exactly: displacement).map { .jumpLong(offset: $0) }
    case .call(.local): Int32(exactly: displacement).map { .call(.local($0)) }
    case .loadWide(let destination, .function):
      Int32(exactly: displacement).map { .loadWide(destination: destination, .function($0)) }
    case .call(.helper), .call(.kernelFunction), .call(.register): nil
    case .loadWide(_, .value), .loadWide(_, .map), .loadWide(_, .mapValue),
      .loadWide(_, .variable), .loadWide(_, .mapIndex), .loadWide(_, .mapIndexValue):
      nil
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadPacket, .jumpIndirect, .exit:
      nil
    }
  }

  /// Whether the instruction has a displacement of 16 bits.
  @inlinable
  public var hasShortDisplacement: Bool {
    switch self {
    case .jump, .jumpIf, .mayGoto: true
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadWide, .loadPacket, .jumpLong, .jumpIndirect,
      .call, .exit:
      false
    }
  }
}
