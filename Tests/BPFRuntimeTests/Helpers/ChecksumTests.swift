import Testing

@testable import BPFRuntime

@Suite struct ChecksumTests {
  private func sum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt16 {
    unsafe Checksum.fold(Checksum.partial(bytes.span.bytes, seed: seed))
  }

  @Test func `sums as RFC 1071's example`() {
    // 00 01 f2 03 f4 f5 f6 f7 sums to ddf2 in network order.
    #expect(sum([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]).byteSwapped == 0xddf2)
  }

  @Test func `an odd byte counts as followed by zeroes`() {
    for count in 0..<9 {
      let bytes = (0..<count).map { UInt8(200 + $0) }
      let padded = bytes + [UInt8](repeating: 0, count: (4 - count % 4) % 4)
      #expect(sum(bytes, seed: 7) == sum(padded, seed: 7))
    }
  }

  @Test func `only zeroes sum to zero`() {
    #expect(sum([0, 0, 0, 0]) == 0)
    #expect(sum([0xff, 0xff, 0xff, 0xff]) == 0xffff)
    #expect(sum([0xff, 0xff, 0, 0]) == 0xffff)
  }

  @Test func `replacing a field is summing anew`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      var header = (0..<20).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let before = ~sum(header)
      let old =
        UInt32(header[8]) | UInt32(header[9]) << 8 | UInt32(header[10]) << 16 | UInt32(header[11])
        << 24
      let new = UInt32.random(in: 0 ... .max, using: &generator)
      for index in 0..<4 { header[8 + index] = UInt8(truncatingIfNeeded: new >> (8 * index)) }
      let after = ~sum(header)
      #expect(Checksum.replace(before, from: old, to: new) == after)
      let difference = Checksum.add(new, ~old)
      #expect(Checksum.replace(before, byDifference: difference) == after)
    }
  }
}
