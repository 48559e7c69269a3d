import BPFISA

/// Hides every immediate that the author of a program chose: each is split in two by a fresh random key, so that no
/// machine code made from the program holds bytes the author picked (the defence against JIT spraying).
///
/// - `mov`, `xor`, `add` and `sub` are done in two steps, and so are 16-byte loads of a value (in five of 32 bits).
/// - Other arithmetic, comparisons and stores take the constant from a register that holds nothing of use there, made in
///   two steps just before. Where every register is in use, one is kept on the stack meanwhile, below what the program
///   uses of it; where that is not possible either, the pass throws ``PatchError/noScratchRegister(slot:)`` and nothing is
///   left half hidden.
/// - Displacements, offsets of loads and stores, helper numbers, byte orders and indices of maps are not hidden: a
///   verifier bounds them, as in Linux.
/// - A legacy packet load is refused (``PatchError/packetLoadNotLowered(slot:)``): ``PacketLoadLowering`` comes first.
public struct ConstantBlinding<Generator: RandomNumberGenerator>: Pass {
  public static var name: String { "blinding" }

  /// Where the keys come from.
  public var generator: Generator

  private let room: StackRoom
  private let keepsWithBarrier: Bool

  /// - Parameter keepsWithBarrier: whether a barrier (``BPFPlatform/HelperID/speculationBarrier``) follows where a register is
  ///   kept on the stack.
  public init(
    using generator: Generator, room: StackRoom = .belowUse, keepsWithBarrier: Bool = false
  ) {
    self.generator = generator
    self.room = room
    self.keepsWithBarrier = keepsWithBarrier
  }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var scratch = ScratchRegisters(
      try patcher.controlFlow(), reserved: room == .reserved ? PassStack.blindingScratch : nil,
      keepsWithBarrier: keepsWithBarrier)
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      scratch.advance(to: instruction)
      patch.removeAll()
      switch instruction {
      case .arithmetic(let operation, let width, let destination, .immediate(let value)):
        let key = generator.next()
        if !patch.emitBlinded(operation, width, destination, value, key) {
          let register = try scratch.take(for: instruction, at: place, patcher)
          patch.emitBlinded(value, into: register, key)
          patch.emit(
            .arithmetic(
              operation, width, destination: destination, source: .register(register.register)))
          register.release(&patch)
        }
      case .store(let size, let base, let offset, .immediate(let value)):
        let register = try scratch.take(for: instruction, at: place, patcher)
        patch.emitBlinded(value, into: register, generator.next())
        patch.emit(
          .store(size, base: base, offset: offset, source: .register(register.register)))
        register.release(&patch)
      case .jumpIf(let condition, let width, let left, .immediate(let value), offset: _):
        guard let target = patcher.target(at: place) else { continue }
        let register = try scratch.take(for: instruction, at: place, patcher)
        patch.emitBlinded(value, into: register, generator.next())
        let jump = Instruction.jumpIf(
          condition, width, left, .register(register.register), offset: 0)
        if register.isKept {
          // What the register held comes back on both ways.
          let taken = patch.label()
          patch.emit(jump, to: .label(taken))
          register.release(&patch)
          patch.emit(.jump(offset: 0), to: .end)
          patch.place(taken)
          register.release(&patch)
          patch.emit(.jump(offset: 0), to: target)
        } else {
          patch.emit(jump, to: target)
        }
      case .loadWide(let destination, .value(let value)):
        patch.emitBlinded(value, into: destination, generator.next())
      case .loadPacket: throw .packetLoadNotLowered(slot: place.original)
      case .loadWide(_, .map), .loadWide(_, .mapValue), .loadWide(_, .variable),
        .loadWide(_, .function), .loadWide(_, .mapIndex), .loadWide(_, .mapIndexValue):
        continue
      case .arithmetic(_, _, destination: _, .register), .store(_, _, _, .register),
        .jumpIf(_, _, _, .register, offset: _):
        continue
      case .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .atomic, .loadAcquire,
        .storeRelease, .jump, .jumpLong, .jumpIndirect, .mayGoto, .call, .exit:
        continue
      }
      try patcher.replace(at: &place, with: patch)
    }
  }
}

// Not in the pass, whose generic code asks its generator through a table: only for one word for each immediate.
extension Patch {
  /// Splits an operation that can be done in two steps on its own destination.
  ///
  /// - Parameter key: 64 random bits.
  /// - Returns: whether it is such an operation.
  fileprivate mutating func emitBlinded(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ destination: Register,
    _ value: Int32, _ key: UInt64
  ) -> Bool {
    let first: Int32
    let second: Int32
    let secondOperation: ArithmeticOperation
    switch operation {
    case .move, .xor:
      second = Int32(truncatingIfNeeded: key)
      first = value ^ second
      secondOperation = .xor
    case .add, .subtract:
      // Both parts are sign-extended to 64 bits, where their sum may not overflow: the lesser ends where the other begins.
      let lowest = max(Int64(value) - Int64(Int32.max), Int64(Int32.min))
      let highest = min(Int64(value) - Int64(Int32.min), Int64(Int32.max))
      // Even to one part in 2^31, of the at least 2^31 there are.
      let place = UInt64(highest - lowest + 1).multipliedFullWidth(by: key).high
      second = Int32(truncatingIfNeeded: lowest + Int64(place))
      first = value &- second
      secondOperation = operation
    case .multiply, .divide, .signedDivide, .or, .and, .shiftLeft, .shiftRight, .modulo,
      .signedModulo, .arithmeticShiftRight:
      return false
    }
    emit(.arithmetic(operation, width, destination: destination, source: .immediate(first)))
    emit(.arithmetic(secondOperation, width, destination: destination, source: .immediate(second)))
    return true
  }

  /// Makes a constant, sign-extended to 64 bits, in a scratch register.
  fileprivate mutating func emitBlinded(_ value: Int32, into scratch: Scratch, _ key: UInt64) {
    scratch.keep(&self)
    let key = Int32(truncatingIfNeeded: key)
    let register = scratch.register
    emit(.arithmetic(.move, .bits64, destination: register, source: .immediate(value ^ key)))
    emit(.arithmetic(.xor, .bits64, destination: register, source: .immediate(key)))
  }

  /// Makes all 64 bits of a constant in the register that is to hold it.
  fileprivate mutating func emitBlinded(
    _ value: UInt64, into destination: Register, _ key: UInt64
  ) {
    let low = Int32(truncatingIfNeeded: value)
    // The sign of the lower half reaches into the upper one, and is undone there beforehand.
    let high = Int32(truncatingIfNeeded: value >> 32) ^ (low < 0 ? -1 : 0)
    let keys = (Int32(truncatingIfNeeded: key), Int32(truncatingIfNeeded: key >> 32))
    func step(_ operation: ArithmeticOperation, _ immediate: Int32) {
      emit(
        .arithmetic(operation, .bits64, destination: destination, source: .immediate(immediate)))
    }
    step(.move, high ^ keys.0)
    step(.xor, keys.0)
    step(.shiftLeft, 32)
    step(.xor, low ^ keys.1)
    step(.xor, keys.1)
  }
}
