@testable import BPFISA

/// Legal encodings, made from the instruction table.
enum EncodingSamples {
  /// Every register and every extreme of every operand, for every form: all pairs of registers with one choice of
  /// operands, and all choices of operands with one pair of registers.
  static let exhaustive: [[RawInstruction]] = legalForms.flatMap { form in
    encodings(form, registers: Array(0...10), operands: .one)
      + encodings(form, registers: [7], operands: .extremes)
  }

  /// A few encodings of every form.
  static let brief: [[RawInstruction]] = legalForms.flatMap { form in
    encodings(form, registers: [3], operands: .few)
  }

  /// The forms that are accepted from outside.
  static let legalForms: [InstructionForm] = InstructionTable.forms.filter { form in
    if case .internalOnly = form.operation { false } else { true }
  }

  enum Operands {
    case one, few, extremes
  }

  static func encodings(
    _ form: InstructionForm, registers: [Int64], operands: Operands
  ) -> [[RawInstruction]] {
    var result: [[RawInstruction]] = []
    for destination in values(form.destination, registers: registers, operands: operands) {
      for source in values(form.source, registers: registers.reversed(), operands: operands) {
        for offset in values(form.offset, registers: [], operands: operands, bits: 16) {
          for immediate in values(form.immediate, registers: [], operands: operands) {
            let first = RawInstruction(
              opcode: form.opcode, destination: UInt8(destination), source: UInt8(source),
              offset: Int16(offset), immediate: Int32(immediate))
            guard let second = form.secondImmediate else {
              result.append([first])
              continue
            }
            for high in values(second, registers: [], operands: operands) {
              result.append([first, RawInstruction(opcode: 0, immediate: Int32(high))])
            }
          }
        }
      }
    }
    return result
  }

  private static func values(
    _ use: FieldUse, registers: [Int64], operands: Operands, bits: Int = 32
  ) -> [Int64] {
    switch use {
    case .unused: return [0]
    case .selector(let value): return [Int64(value)]
    case .stackArguments: return [11]
    case .register: return registers
    case .any: return [0]
    case .operand(.stackArgumentRead):
      return operands == .extremes ? [8, 16, 32760] : [8]
    case .operand(.stackArgumentWrite):
      return operands == .extremes ? [-8, -16, -32768] : [-8]
    case .operand:
      let least: Int64 = bits == 16 ? -0x8000 : -0x8000_0000
      switch operands {
      case .one: return [-5]
      case .few: return [5, -1, least]
      case .extremes:
        return [0, 1, 5, 9, 10, 0x7f, -1, -5, -8, 0x1234, -least - 1, least, least + 1]
      }
    }
  }
}
