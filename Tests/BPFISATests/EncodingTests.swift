import Testing

@testable import BPFISA

@Suite struct EncodingTests {
  @Test func everyLegalEncodingRoundTrips() throws {
    var count = 0
    for slots in EncodingSamples.exhaustive {
      let instruction = try Instruction(decoding: slots, at: 0)
      #expect(instruction.slotCount == slots.count)
      let encoded = try instruction.encoded.slots
      if encoded != slots {
        Issue.record("\(slots) decodes to \(instruction) and encodes to \(encoded)")
      }
      count += 1
    }
    #expect(count > 15_000)
  }
}
