import Testing
import TestSupport

@testable import BPFISA

@Test func formsEncodeBack() throws {
  for form in InstructionTable.forms {
    var slot = RawInstruction(opcode: form.opcode)
    var bits = slot.bits
    let matcher = FormMatcher(form)
    bits |= matcher.selectorBits
    slot = RawInstruction(bits: bits)
    if form.offset == .operand(.stackArgumentRead) { slot.offset = 8 }
    if form.offset == .operand(.stackArgumentWrite) { slot.offset = -8 }
    let slots =
      form.secondImmediate == nil
      ? [slot] : [slot, RawInstruction(opcode: 0, immediate: 0)]
    if case .internalOnly = form.operation {
      #expect(
        throws: DecodingError(slot: 0, reason: .internalInstruction(opcode: form.opcode))
      ) { try Instruction(decoding: slots, at: 0) }
      continue
    }
    let instruction = try Instruction(decoding: slots, at: 0)
    #expect(try instruction.encoded.slots == slots)
  }
}
