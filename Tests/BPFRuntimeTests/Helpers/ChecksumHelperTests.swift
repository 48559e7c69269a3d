import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// `bpf_csum_diff` against the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct ChecksumHelperTests {
  /// A program that gives `bpf_csum_diff` of 32 packet bytes at 18 and 32 at 50, with the seed at 14.
  private func program(from: Int32, to: Int32) throws -> ComparedProgram {
    var builder = ProgramBuilder("csum_diff")
    builder.load(.r2, .word, .r1, 0)
    builder.load(.r3, .word, .r1, 4)
    builder.move(.r4, .r2)
    builder.apply(.add, .r4, .immediate(82))
    builder.move(.r0, 99)
    builder.jump(if: .greater, .r4, .register(.r3), to: "exit")
    builder.load(.r5, .word, .r2, 14)
    for offset in stride(from: Int16(0), to: 64, by: 4) {
      builder.load(.r4, .word, .r2, 18 + offset)
      builder.store(.word, .r10, -64 + offset, .register(.r4))
    }
    builder.move(.r1, 0)
    if from > 0 {
      builder.move(.r1, .r10)
      builder.apply(.add, .r1, .immediate(-64))
    }
    builder.move(.r2, from)
    builder.move(.r3, 0)
    if to > 0 {
      builder.move(.r3, .r10)
      builder.apply(.add, .r3, .immediate(-32))
    }
    builder.move(.r4, to)
    builder.call(.checksumDifference)
    builder.label("exit")
    builder.exit()
    return try builder.compared(as: .xdp)
  }

  @Test func `differences of sums are the kernel's`() throws {
    var generator = SystemRandomNumberGenerator()
    var packets: [[UInt8]] = []
    let seeds: [UInt32] = [0, 1, 0xffff, 0x1_0000, 0xffff_0000, 0xffff_fffe, .max]
    for seed in seeds {
      let patterns: [(UInt8, UInt8)] = [(0, 0), (0xff, 0xff), (0, 0xff), (0xff, 0), (1, 0)]
      for (old, new) in patterns {
        packets.append(
          [UInt8](repeating: 0, count: 14)
            + (0..<4).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) }
            + [UInt8](repeating: old, count: 32) + [UInt8](repeating: new, count: 32))
      }
      // Words whose sums differ in representation only.
      packets.append(
        [UInt8](repeating: 0, count: 14)
          + (0..<4).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) }
          + [0xff, 0xff, 0, 0] + [UInt8](repeating: 0, count: 28)
          + [0, 0, 0xff, 0xff] + [UInt8](repeating: 0, count: 28))
    }
    for _ in 0..<200 {
      packets.append((0..<82).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
    for from: Int32 in [0, 1, 2, 3, 4, 8, 20, 32] {
      for to: Int32 in [0, 1, 4, 7, 8, 32] {
        try expectSameAsKernel(program(from: from, to: to), on: packets)
      }
    }
  }
}
