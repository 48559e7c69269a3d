@testable import BPFJIT

extension GeneralRegister {
  private var digits: String? { rawValue < 8 ? nil : "\(rawValue)" }

  /// All 64 bits, as AT&T syntax has them.
  var text: String { "%\(self)" }

  /// So many of its lowest bits.
  func text(_ size: AccessSize) -> String {
    if let digits {
      switch size {
      case .byte: return "%r\(digits)b"
      case .half: return "%r\(digits)w"
      case .word: return "%r\(digits)d"
      case .double: return text
      }
    }
    let name = "\(self)".dropFirst()
    switch size {
    case .byte: return name.hasSuffix("x") ? "%\(name.dropLast())l" : "%\(name)l"
    case .half: return "%\(name)"
    case .word: return "%e\(name)"
    case .double: return text
    }
  }

  func text(_ width: OperandWidth) -> String { text(width.size) }
}

extension Address {
  var text: String {
    if base == nil, index == nil { return "\(displacement)" }
    let number = displacement == 0 ? "" : "\(displacement)"
    let first = base.map(\.text) ?? ""
    guard let index else { return "\(number)(\(first))" }
    return "\(number)(\(first),\(index.text),\(1 << scale))"
  }
}

extension OperandWidth {
  var size: AccessSize { self == .bits64 ? .double : .word }
  var suffix: String { size.suffix }
}

extension AccessSize {
  var suffix: String {
    switch self {
    case .byte: "b"
    case .half: "w"
    case .word: "l"
    case .double: "q"
    }
  }
}

extension BinaryOperation {
  var text: String {
    switch self {
    case .add: "add"
    case .or: "or"
    case .addWithCarry: "adc"
    case .subtractWithBorrow: "sbb"
    case .and: "and"
    case .subtract: "sub"
    case .xor: "xor"
    case .compare: "cmp"
    }
  }
}

extension UnaryOperation {
  var text: String {
    switch self {
    case .not: "not"
    case .negate: "neg"
    case .multiply: "mul"
    case .multiplySigned: "imul"
    case .divide: "div"
    case .divideSigned: "idiv"
    }
  }
}

extension ShiftOperation {
  var text: String {
    switch self {
    case .rotateLeft: "rol"
    case .rotateRight: "ror"
    case .shiftLeft: "shl"
    case .shiftRight: "shr"
    case .shiftRightArithmetic: "sar"
    }
  }
}

extension FlagCondition {
  var text: String {
    switch self {
    case .overflow: "o"
    case .noOverflow: "no"
    case .below: "b"
    case .aboveOrEqual: "ae"
    case .equal: "e"
    case .notEqual: "ne"
    case .belowOrEqual: "be"
    case .above: "a"
    case .negative: "s"
    case .notNegative: "ns"
    case .parity: "p"
    case .noParity: "np"
    case .less: "l"
    case .greaterOrEqual: "ge"
    case .lessOrEqual: "le"
    case .greater: "g"
    }
  }
}
