import Testing

@testable import BPFISA

@Suite struct TextRoundTripTests {
  @Test(arguments: [TextStyle.Radix.hexadecimal, .decimal])
  func assemblingADisassemblyGivesTheSameSlots(_ radix: TextStyle.Radix) throws {
    let disassembler = Disassembler(style: TextStyle(dialect: .lossless, radix: radix))
    var text = ""
    var slots: [RawInstruction] = []
    for encoding in EncodingSamples.exhaustive {
      text += disassembler.text(of: try Instruction(decoding: encoding, at: 0)) + "\n"
      slots += encoding
    }
    let assembled = try Assembler.assemble(text)
    #expect(assembled.count == slots.count)
    for (index, (found, expected)) in zip(assembled, slots).enumerated() where found != expected {
      Issue.record("slot \(index): \(expected) became \(found)")
      break
    }
  }
}
