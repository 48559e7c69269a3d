@testable import BPFJIT

/// The operands that each form of an instruction is tested with.
enum OperandChoice {
  /// Those of which the bytes are committed: each value of each field, fields in pairs.
  case committed
  /// Fields in all combinations, for comparison with an assembler that is there.
  case exhaustive

  static let registers = GeneralRegister.allCases

  /// Registers for two fields. The committed ones have each register in both, with four others.
  var pairs: [(GeneralRegister, GeneralRegister)] {
    Self.registers.flatMap { first -> [(GeneralRegister, GeneralRegister)] in
      let number = Int(first.rawValue)
      let others =
        switch self {
        case .committed: [number, number ^ 8, (number + 5) % 16, 15 - number]
        case .exhaustive: Array(0..<16)
        }
      return others.map { (first, Self.registers[$0]) }
    }
  }

  /// All pairs, for forms that stand for others with the same fields.
  static var allPairs: [(GeneralRegister, GeneralRegister)] { Self.exhaustive.pairs }

  /// Registers for three fields.
  var triples: [(GeneralRegister, GeneralRegister, GeneralRegister)] {
    pairs.flatMap { first, second -> [(GeneralRegister, GeneralRegister, GeneralRegister)] in
      let number = Int(first.rawValue) + 3 * Int(second.rawValue)
      let others =
        switch self {
        case .committed: [number % 16, (number + 8) % 16]
        case .exhaustive: Array(0..<16)
        }
      return others.map { (first, second, Self.registers[$0]) }
    }
  }

  /// The constants around which forms differ, and those around which they must not.
  var constants: [Int32] {
    switch self {
    case .committed: [0, -1, 127, 128, -128, -129, .max, .min]
    case .exhaustive:
      [
        0, 1, -1, 5, 127, 128, -128, -129, 255, 256, -255, -256, -257, 32767, 32768, -32768, -32769,
        65407, 65408, 65535, 65536, 65663, 65664, 1 << 24, .max, .max - 1, .min, .min + 1,
      ]
    }
  }

  /// The displacements around which forms differ.
  private static let displacements: [Int32] = [0, 1, -1, 127, 128, -128, -129, .max, .min]

  /// Every base, index and scale, or none. The committed ones have three displacements with all, and all with some.
  var allAddresses: [Address] {
    var addresses: [Address] = []
    for base in [nil] + Self.registers.map(Optional.some) {
      for index in [nil] + Self.registers.filter({ $0 != .rsp }).map(Optional.some) {
        for scale: UInt8 in 0..<(index == nil ? 1 : 4) {
          for displacement in Self.displacements {
            let isChosen =
              switch self {
              case .committed:
                [0, 127, -129].contains(displacement)
                  || (scale == 0 && [nil, .rcx, .rbp, .r12].contains(index))
              case .exhaustive: true
              }
            guard isChosen else { continue }
            addresses.append(Address(base, index: index, scale: scale, displacement))
          }
        }
      }
    }
    return addresses
  }

  /// An address of each layout: with and without base and index, of all lengths, with and without the bits of REX, and with the
  /// bases that need more bytes than others.
  private static let layouts: [Address] = [
    Address(.rax), Address(.rbp), Address(.rsp), Address(.r12), Address(.r13), Address(.r9),
    Address(.rdi, -128), Address(.rsp, 127), Address(.r12, -1), Address(.r14, 128),
    Address(.rsp, -129), Address(.r12, .max), Address(.rbx, index: .rsi, scale: 1),
    Address(.rbp, index: .r12, scale: 0), Address(.r13, index: .rdx, scale: 3, 64),
    Address(.r8, index: .r15, scale: 2, 4096), Address(.rsp, index: .rbp, scale: 2, -8),
    Address(nil, index: .rcx, scale: 3, 8), Address(nil, index: .r13, scale: 0),
    Address(nil, 4096), Address(nil, .min),
  ]

  /// Registers with addresses. The committed ones have each register with four layouts, and each layout.
  var places: [(GeneralRegister, Address)] {
    Self.registers.flatMap { register -> [(GeneralRegister, Address)] in
      let number = Int(register.rawValue)
      switch self {
      case .committed:
        return (0..<4).map { (register, Self.layouts[(number * 4 + $0 * 5) % Self.layouts.count]) }
      case .exhaustive: return Self.layouts.map { (register, $0) }
      }
    }
  }

  /// Addresses without registers beside them.
  var addresses: [Address] { Self.layouts }
}
