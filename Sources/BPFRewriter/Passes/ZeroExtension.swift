import BPFISA
public import BPFVerifier

/// Clears the upper half of results of 32 bits, for machines that do not do it by themselves (kernel: `opt_subreg_zext_lo32_rnd_hi32`).
///
/// Of the program's own instructions those whose upper half may be looked at; of what passes inserted, all.
public struct ZeroExtension: Pass {
  public static let name = "zero-extension"

  private var isNeeded: [Bool]

  public init(_ program: VerifiedProgram) {
    isNeeded = [Bool](repeating: false, count: program.program.slots.count)
    for slot in program.zeroExtensionsNeeded() { isNeeded[slot] = true }
  }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      guard place.isInserted || isNeeded[place.original],
        let register = instruction.registerOf32Bits
      else { continue }
      patch.removeAll()
      patch.emit(instruction)
      patch.emit(
        .arithmetic(.move, .bits32, destination: register, source: .register(register)))
      try patcher.replace(at: &place, with: patch)
    }
  }
}

extension Instruction {
  /// The register that it leaves a number of 32 bits or fewer in, whose upper half has to be 0; a move of a register to itself,
  /// which clears it, is none.
  fileprivate var registerOf32Bits: Register? {
    switch self {
    case .arithmetic(.move, .bits32, let destination, .register(let source))
    where destination == source:
      nil
    case .arithmetic(_, .bits32, let destination, _), .negate(.bits32, let destination),
      .moveSignExtended(.bits32, from: _, let destination, _),
      .byteSwap(_, .bits16, let destination), .byteSwap(_, .bits32, let destination):
      destination
    case .load(let size, signExtended: false, let destination, _, _),
      .loadAcquire(let size, let destination, _, _):
      size == .double ? nil : destination
    case .atomic(let operation, .word, _, _, let source):
      switch operation {
      case .add, .or, .and, .xor: nil
      case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange: source
      case .compareExchange: .r0
      }
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .storeRelease, .loadWide, .loadPacket, .jump, .jumpLong, .jumpIndirect, .jumpIf,
      .mayGoto, .call, .exit:
      nil
    }
  }
}
