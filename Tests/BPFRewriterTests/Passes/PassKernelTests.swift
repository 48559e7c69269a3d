import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Linux takes rewritten programs for what they were.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct PassKernelTests {
  @Test func `the kernel runs rewritten random programs with the same result`() throws {
    var ran = 0
    for seed in 1000..<1150 as Range<UInt64> {
      let comparison = PassComparison(try RandomProgram.program(seed: seed))
      let patched = try comparison.patched([
        UnreachableCodeRemoval(), EmptyJumpRemoval(), DivisionGuards(), MayGotoLowering(),
        ConstantBlinding(using: SeededGenerator(seed: seed)),
      ])
      let packet = [UInt8](repeating: 7, count: 64)
      let outcome = try comparison.run(comparison.program, packet)
      #expect(outcome.fault == nil)
      let kernel = try KernelProgram(patched.program, type: .schedCLS, maps: [])
      #expect(
        try kernel.run(packet).returnValue == UInt32(truncatingIfNeeded: outcome.returnValue),
        "seed \(seed)")
      ran += 1
    }
    #expect(ran == 150)
  }

  @Test(arguments: [ProgramType.schedCLS, .socketFilter])
  func `the kernel gives lowered packet loads what it gives the loads`(type: ProgramType) throws {
    for program in try PassTests.packetLoads() {
      let lowered = try PassComparison(program, type: type)
        .patched([PacketLoadLowering(for: type), UnreachableCodeRemoval()]).program
      let before = try KernelProgram(program, type: type, maps: [])
      let after = try KernelProgram(lowered, type: type, maps: [])
      for packet in PassTests.packets {
        let expected = try before.run(packet).returnValue
        let found = try after.run(packet).returnValue
        #expect(
          found == expected,
          "\(packet.count) bytes: \(listing(of: program)) \(listing(of: lowered))")
      }
    }
  }
}
