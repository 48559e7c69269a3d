import BPFISA

/// Bytes as assembler text; what assembles is shown as text, which must assemble to the same bytes.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let assembled = try? Assembler().assemble(utf8: bytes) else { return 0 }
  let disassembler = Disassembler()
  var lines: [String] = []
  var slot = 0
  while slot < assembled.slots.count {
    guard let instruction = try? Instruction(decoding: assembled.slots, at: slot) else {
      preconditionFailure("what the assembler writes can be decoded")
    }
    lines.append(disassembler.text(of: instruction))
    slot += instruction.slotCount
  }
  let text = lines.joined(separator: "\n")
  guard let again = try? Assembler.assemble(text) else {
    preconditionFailure("what the disassembler writes can be assembled")
  }
  precondition(again == assembled.slots, "assembling a disassembly gives the same bytes")
  return 0
}
