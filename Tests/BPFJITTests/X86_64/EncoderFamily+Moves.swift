@testable import BPFJIT

extension EncoderFamily {
  static let moves = EncoderFamily("moves") { choice, list in
    for (first, second) in OperandChoice.allPairs {
      for width in OperandWidth.allCases {
        list.add("mov\(width.suffix) \(second.text(width)), \(first.text(width))") {
          $0.move(width, first, second)
        }
      }
      list.add("movzbl \(second.text(.byte)), \(first.text(.word))") {
        $0.extendZero(.byte, first, second)
      }
    }
    for (first, second) in choice.pairs {
      for size in [AccessSize.half, .word, .double] {
        list.add(zeroExtension(size, first, second)) { $0.extendZero(size, first, second) }
      }
      for width in OperandWidth.allCases {
        for size in AccessSize.allCases {
          list.add(signExtension(size, width, first, second)) {
            $0.extendSign(size, to: width, first, second)
          }
        }
        for condition in FlagCondition.allCases {
          let name = "cmov\(condition.text)\(width.suffix)"
          list.add("\(name) \(second.text(width)), \(first.text(width))") {
            $0.moveIf(condition, width, first, second)
          }
        }
      }
    }
    for register in OperandChoice.registers {
      for constant in constants {
        list.add(shortestMove(register, constant)) { $0.move(register, constant) }
      }
      list.add("pushq \(register.text)") { $0.push(register) }
      list.add("popq \(register.text)") { $0.pop(register) }
    }
  }

  private static let constants: [UInt64] = [
    0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff,
    0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_7fff_ffff, 0xffff_ffff_8000_0000,
    0xffff_ffff_8000_0001, 0xffff_ffff_ffff_ff80, .max,
  ]

  /// What loads a constant in the fewest bytes, where an assembler takes the instruction it is told: nothing is shorter than
  /// the exclusive or for 0, and writing 32 bits clears the upper ones.
  private static func shortestMove(_ register: GeneralRegister, _ constant: UInt64) -> String {
    let (word, double) = (register.text(.word), register.text)
    return switch constant {
    case 0: "xorl \(word), \(word)"
    case ...0xffff_ffff: "movl $\(constant), \(word)"
    case 0xffff_ffff_8000_0000...: "movq $\(Int64(bitPattern: constant)), \(double)"
    default: "movabsq $\(constant), \(double)"
    }
  }

  /// Moving 32 bits is what extends them.
  private static func zeroExtension(
    _ size: AccessSize, _ first: GeneralRegister, _ second: GeneralRegister
  ) -> String {
    switch size {
    case .byte, .half: "movz\(size.suffix)l \(second.text(size)), \(first.text(.word))"
    case .word, .double: "mov\(size.suffix) \(second.text(size)), \(first.text(size))"
    }
  }

  /// As many bits as the width has, or more, are moved.
  private static func signExtension(
    _ size: AccessSize, _ width: OperandWidth, _ first: GeneralRegister, _ second: GeneralRegister
  ) -> String {
    size.rawValue < width.size.rawValue
      ? "movs\(size.suffix)\(width.suffix) \(second.text(size)), \(first.text(width))"
      : "mov\(width.suffix) \(second.text(width)), \(first.text(width))"
  }

  static let loadsAndStores = EncoderFamily("loads-and-stores") { choice, list in
    for (register, place) in choice.places {
      for size in AccessSize.allCases {
        list.add(load(size, register, place)) { $0.load(size, register, place) }
        list.add(signedLoad(size, register, place)) { $0.loadSigned(size, register, place) }
        list.add("mov\(size.suffix) \(register.text(size)), \(place.text)") {
          $0.store(size, place, register)
        }
      }
      for width in OperandWidth.allCases {
        let (suffix, value) = (width.suffix, register.text(width))
        list.add("movbe\(suffix) \(place.text), \(value)") {
          $0.loadSwapped(width, register, place)
        }
        list.add("lea\(suffix) \(place.text), \(value)") { $0.loadAddress(width, register, place) }
      }
    }
    for place in choice.addresses {
      for size in AccessSize.allCases {
        for constant in choice.constants {
          list.add("mov\(size.suffix) $\(size.cut(constant)), \(place.text)") {
            $0.store(size, place, constant)
          }
        }
      }
    }
  }

  private static func load(
    _ size: AccessSize, _ register: GeneralRegister, _ place: Address
  ) -> String {
    switch size {
    case .byte, .half: "movz\(size.suffix)l \(place.text), \(register.text(.word))"
    case .word, .double: "mov\(size.suffix) \(place.text), \(register.text(size))"
    }
  }

  private static func signedLoad(
    _ size: AccessSize, _ register: GeneralRegister, _ place: Address
  ) -> String {
    switch size {
    case .byte, .half, .word: "movs\(size.suffix)q \(place.text), \(register.text)"
    case .double: "movq \(place.text), \(register.text)"
    }
  }

  static let atomics = EncoderFamily("atomics") { choice, list in
    for (register, place) in choice.places {
      for width in OperandWidth.allCases {
        let operands = "\(register.text(width)), \(place.text)"
        list.add("lock xadd\(width.suffix) \(operands)") {
          $0.exchangeAndAdd(width, place, register)
        }
        list.add("xchg\(width.suffix) \(operands)") { $0.exchange(width, place, register) }
        list.add("lock cmpxchg\(width.suffix) \(operands)") {
          $0.compareAndExchange(width, place, register)
        }
      }
    }
  }
}
