import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// Programs that nobody checked, made of whatever decodes, end in a value or a fault, and leave the process whole.
@Suite struct HostileProgramTests {
  @Test(arguments: [ProgramType.raw, .xdp, .schedCLS, .socketFilter, .cgroupSKB])
  func randomSlotsEnd(type: ProgramType) throws {
    var state: UInt64 = 0x2545_f491_4f6c_dd1d &+ UInt64(type.rawValue)
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let opcodes = (0...255).map(UInt8.init)
    let packet = (0..<80).map { UInt8(truncatingIfNeeded: $0) }
    var returned = 0
    var faulted = 0
    for _ in 0..<500 {
      var slots: [RawInstruction] = []
      // Registers that hold pointers, so that accesses go near and beyond what the program has.
      if type != .raw {
        for text in ["r6 = r1", "r7 = r10", "r8 = *(u32 *)(r1 + 0)", "r9 = *(u32 *)(r1 + 4)"] {
          if type == .socketFilter && text.contains("*") { continue }
          let offset = type == .xdp ? "" : "skb"
          let adjusted =
            offset.isEmpty
            ? text
            : text.replacing("(r1 + 0)", with: "(r1 + 76)").replacing("(r1 + 4)", with: "(r1 + 80)")
          slots += try Assembler.assemble(adjusted)
        }
      }
      while slots.count < 40 {
        let word = next()
        let candidate = RawInstruction(
          opcode: opcodes[Int(word & 0xff)], destination: UInt8(truncatingIfNeeded: word >> 8) % 11,
          source: UInt8(truncatingIfNeeded: word >> 16) % 11,
          offset: Int16(truncatingIfNeeded: (word >> 24) % 64) - 32,
          immediate: Int32(truncatingIfNeeded: next() % 250) - 20)
        let pair = [candidate, RawInstruction(bits: next() & 0xffff_ffff_0000_0000)]
        if let instruction = try? Instruction(decoding: pair, at: 0) {
          slots += pair.prefix(instruction.slotCount)
        }
      }
      let loaded = try LoadedProgram(
        unverified: Program(name: "hostile", slots: slots), type: type, maps: [])
      let frame = loaded.makeFrame()
      try frame.load(packet)
      let outcome = loaded.run(frame, budget: 2_000)
      #expect(try #require(outcome.instructions) <= 2_000)
      if let fault = outcome.fault {
        faulted += 1
        #expect(!"\(fault)".isEmpty)
      } else {
        returned += 1
      }
    }
    #expect(faulted > 0)
    #expect(returned + faulted == 500)
  }
}
