@testable import BPFJIT

/// Instructions that one file of expected bytes is for.
struct EncoderFamily: Sendable {
  /// The file's, without `.txt`.
  let name: String
  private let write: @Sendable (OperandChoice, inout InstructionList) -> Void

  init(
    _ name: String, _ write: @escaping @Sendable (OperandChoice, inout InstructionList) -> Void
  ) {
    self.name = name
    self.write = write
  }

  func instructions(_ choice: OperandChoice) -> [EncodedInstruction] {
    var list = InstructionList()
    write(choice, &list)
    return list.instructions
  }

  /// Together, every method of the encoder.
  static let all = [
    addresses, arithmetic, arithmeticInMemory, shifts, moves, loadsAndStores, atomics, control,
  ]

  /// Every address, in one instruction whose register goes through all.
  static let addresses = EncoderFamily("addresses") { choice, list in
    for (number, address) in choice.allAddresses.enumerated() {
      let register = OperandChoice.registers[number % 16]
      list.add("movq \(address.text), \(register.text)") { $0.load(.double, register, address) }
    }
  }
}
