@testable import BPFJIT

extension EncoderFamily {
  static let arithmetic = EncoderFamily("arithmetic") { choice, list in
    for width in OperandWidth.allCases {
      let suffix = width.suffix
      for operation in BinaryOperation.allCases {
        let name = operation.text + suffix
        for (first, second) in operation == .add ? OperandChoice.allPairs : choice.pairs {
          list.add("\(name) \(second.text(width)), \(first.text(width))") {
            $0.operate(operation, width, first, second)
          }
        }
        for register in OperandChoice.registers {
          for constant in choice.constants {
            list.add("\(name) $\(constant), \(register.text(width))") {
              $0.operate(operation, width, register, constant)
            }
          }
        }
      }
      for (first, second) in choice.pairs {
        list.add("test\(suffix) \(second.text(width)), \(first.text(width))") {
          $0.test(width, first, second)
        }
        list.add("imul\(suffix) \(second.text(width)), \(first.text(width))") {
          $0.multiply(width, first, second)
        }
        for constant in choice.constants {
          list.add("imul\(suffix) $\(constant), \(second.text(width)), \(first.text(width))") {
            $0.multiply(width, first, second, by: constant)
          }
        }
      }
      for register in OperandChoice.registers {
        for operation in UnaryOperation.allCases {
          list.add("\(operation.text)\(suffix) \(register.text(width))") {
            $0.operate(operation, width, register)
          }
        }
        for constant in choice.constants {
          list.add(shortestTest(width, register, constant)) { $0.test(width, register, constant) }
        }
        list.add("bswap\(suffix) \(register.text(width))") { $0.swapBytes(width, register) }
      }
    }
    list.add("cltd") { $0.extendSignOfRAX(.bits32) }
    list.add("cqto") { $0.extendSignOfRAX(.bits64) }
  }

  /// What tests a register as one of 32 or 64 bits does, in fewer bytes than an assembler would take: constants whose result
  /// has no bits above the lowest 8 or 32, and the highest of those 0 where more are asked for, are tested there.
  private static func shortestTest(
    _ width: OperandWidth, _ register: GeneralRegister, _ constant: Int32
  ) -> String {
    switch constant {
    case 0..<128: "testb $\(constant), \(register.text(.byte))"
    case 128...: "testl $\(constant), \(register.text(.word))"
    default: "test\(width.suffix) $\(constant), \(register.text(width))"
    }
  }

  static let arithmeticInMemory = EncoderFamily("arithmetic-in-memory") { choice, list in
    for width in OperandWidth.allCases {
      for (register, place) in choice.places {
        let value = register.text(width)
        for operation in BinaryOperation.allCases {
          let name = operation.text + width.suffix
          list.add("\(name) \(place.text), \(value)") {
            $0.operate(operation, width, register, place)
          }
          list.add("\(name) \(value), \(place.text)") {
            $0.operate(operation, width, place, register)
          }
          // A comparison stores nothing: the processor refuses the prefix there.
          guard operation != .compare else { continue }
          list.add("lock \(name) \(value), \(place.text)") {
            $0.operate(operation, width, place, register, isLocked: true)
          }
        }
        list.add("imul\(width.suffix) \(place.text), \(value)") {
          $0.multiply(width, register, place)
        }
      }
    }
    for size in AccessSize.allCases {
      for operation in BinaryOperation.allCases {
        for (number, place) in choice.addresses.enumerated() {
          let constants =
            switch choice {
            case .committed: [choice.constants[number % choice.constants.count]]
            case .exhaustive: choice.constants
            }
          for constant in constants {
            let text = "$\(size.cut(constant)), \(place.text)"
            list.add("\(operation.text)\(size.suffix) \(text)") {
              $0.operate(operation, size, place, constant)
            }
          }
        }
      }
    }
  }

  static let shifts = EncoderFamily("shifts") { choice, list in
    for width in OperandWidth.allCases {
      let suffix = width.suffix
      for operation in ShiftOperation.allCases {
        let name = operation.text + suffix
        for register in OperandChoice.registers {
          for count: UInt8 in [0, 1, 2, 31, 32, 63, 127, 128, 255] {
            list.add("\(name) $\(count), \(register.text(width))") {
              $0.shift(operation, width, register, by: count)
            }
          }
          list.add("\(name) %cl, \(register.text(width))") {
            $0.shiftByRCX(operation, width, register)
          }
        }
      }
      for operation in [ShiftOperation.shiftLeft, .shiftRight, .shiftRightArithmetic] {
        let name = "\(operation.text)x\(suffix)"
        for (first, second, third) in choice.triples {
          list.add("\(name) \(third.text(width)), \(second.text(width)), \(first.text(width))") {
            $0.shift(operation, width, first, second, by: third)
          }
        }
      }
      for (first, second) in choice.pairs {
        for count: UInt8 in [0, 1, 8, 31, 63, 255] {
          list.add("rorx\(suffix) $\(count), \(second.text(width)), \(first.text(width))") {
            $0.rotateRight(width, first, second, by: count)
          }
        }
      }
    }
    for register in OperandChoice.registers {
      for count: UInt8 in [0, 1, 8, 15, 255] {
        list.add("rolw $\(count), \(register.text(.half))") { $0.rotateHalf(register, by: count) }
      }
    }
  }
}

extension AccessSize {
  /// The bits of a constant that memory of this size takes.
  func cut(_ constant: Int32) -> Int32 {
    switch self {
    case .byte: Int32(Int8(truncatingIfNeeded: constant))
    case .half: Int32(Int16(truncatingIfNeeded: constant))
    case .word, .double: constant
    }
  }
}
