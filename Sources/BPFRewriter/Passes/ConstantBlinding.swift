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

  public init(using generator: Generator) { self.generator = generator }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var scratch = ScratchRegisters(try patcher.controlFlow())
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      scratch.advance(to: instruction)
      patch.removeAll()
      switch instruction {
      case .arithmetic(let operation, let width, let destination, .immediate(let value)):
        if !blindInPlace(operation, width, destination, value, &patch) {
          let register = try scratch.take(for: instruction, at: place, patcher)
          blind(value, into: register, &patch)
          patch.emit(
            .arithmetic(
              operation, width, destination: destination, source: .register(register.register)))
          register.release(&patch)
        }
      case .store(let size, let base, let offset, .immediate(let value)):
        let register = try scratch.take(for: instruction, at: place, patcher)
        blind(value, into: register, &patch)
        patch.emit(
          .store(size, base: base, offset: offset, source: .register(register.register)))
        register.release(&patch)
      case .jumpIf(let condition, let width, let left, .immediate(let value), offset: _):
        guard let target = patcher.target(at: place) else { continue }
        let register = try scratch.take(for: instruction, at: place, patcher)
        blind(value, into: register, &patch)
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
        blind(value, into: destination, &patch)
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

  // MARK: Splitting

  private mutating func key() -> Int32 {
    Int32(truncatingIfNeeded: generator.next() as UInt64)
  }

  /// Splits an operation that can be done in two steps on its own destination; false for another.
  private mutating func blindInPlace(
    _ operation: ArithmeticOperation, _ width: ArithmeticWidth, _ destination: Register,
    _ value: Int32, _ patch: inout Patch
  ) -> Bool {
    let key: Int32
    let first: Int32
    let second: ArithmeticOperation
    switch operation {
    case .move, .xor:
      key = self.key()
      first = value ^ key
      second = .xor
    case .add, .subtract:
      // Both parts are sign-extended to 64 bits, where their sum may not overflow.
      let lowest = max(Int64(value) - Int64(Int32.max), Int64(Int32.min))
      let highest = min(Int64(value) - Int64(Int32.min), Int64(Int32.max))
      key = Int32(truncatingIfNeeded: Int64.random(in: lowest...highest, using: &generator))
      first = value &- key
      second = operation
    case .multiply, .divide, .signedDivide, .or, .and, .shiftLeft, .shiftRight, .modulo,
      .signedModulo, .arithmeticShiftRight:
      return false
    }
    patch.emit(.arithmetic(operation, width, destination: destination, source: .immediate(first)))
    patch.emit(.arithmetic(second, width, destination: destination, source: .immediate(key)))
    return true
  }

  /// Makes a constant, sign-extended to 64 bits, in a scratch register.
  private mutating func blind(_ value: Int32, into scratch: Scratch, _ patch: inout Patch) {
    scratch.keep(&patch)
    let key = key()
    let register = scratch.register
    patch.emit(
      .arithmetic(.move, .bits64, destination: register, source: .immediate(value ^ key)))
    patch.emit(.arithmetic(.xor, .bits64, destination: register, source: .immediate(key)))
  }

  /// Makes all 64 bits of a constant in the register that is to hold it.
  private mutating func blind(
    _ value: UInt64, into destination: Register, _ patch: inout Patch
  ) {
    let low = Int32(truncatingIfNeeded: value)
    // The sign of the lower half reaches into the upper one, and is undone there beforehand.
    let high = Int32(truncatingIfNeeded: value >> 32) ^ (low < 0 ? -1 : 0)
    let keys = (key(), key())
    for (operation, immediate) in [
      (.move, high ^ keys.0), (.xor, keys.0), (.shiftLeft, 32), (.xor, low ^ keys.1),
      (.xor, keys.1),
    ] as [(ArithmeticOperation, Int32)] {
      patch.emit(
        .arithmetic(operation, .bits64, destination: destination, source: .immediate(immediate)))
    }
  }
}
